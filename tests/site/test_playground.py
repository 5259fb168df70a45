"""The playground, used as a reader would, and held against NumPy."""

import numpy as np
import pytest

from playground import train, weights

# Pictures are shown in 256 levels of grey: the nearest is at most this far.
HALF_A_LEVEL = 0.5 / 255 + 1e-4
PICTURE = """id => {
  const canvas = document.getElementById(`play-${id}`);
  const { width, height } = canvas;
  const pixels = canvas.getContext("2d").getImageData(0, 0, width, height);
  return [...pixels.data].filter((_, k) => k % 4 === 3);
}"""
MARK = """id => ["cx", "cy"].map(name => Number(
  document.querySelector(`#play-${id} circle`).getAttribute(name)))"""
EDGE = """() =>
  document.querySelector("#play-plane svg").viewBox.baseVal.width / 2"""


class Reader:
    """A tab with the playground, and what it shows as numbers."""

    def __init__(self, tab):
        self.tab = tab
        self.edge = tab.evaluate(EDGE)

    def picture(self, name, columns=1):
        """One or several pictures of 784 numbers from 0 to 1."""
        pixels = np.array(self.tab.evaluate(PICTURE, name)) / 255
        rows = pixels.reshape(28, columns, 28).swapaxes(0, 1)
        return rows.reshape(columns, 784)

    def mark(self, name):
        """Where the point of a plane is."""
        x, y = self.tab.evaluate(MARK, name)
        return np.array([[x, -y]], "float32")

    def box(self, name):
        target = self.tab.locator(f"#play-{name}")
        target.scroll_into_view_if_needed()
        return target.bounding_box()

    def at(self, name, x, y):
        """A place of the window, from shares of an element."""
        box = self.box(name)
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    def draw(self, *points):
        """Draw with the mouse on the board."""
        places = [self.at("board", *point) for point in points]
        self.tab.mouse.move(*places[0])
        self.tab.mouse.down()
        for place in places[1:]:
            self.tab.mouse.move(*place, steps=5)
        self.tab.mouse.up()

    def slide(self, name, *keys):
        slider = self.tab.get_by_role("slider", name=name)
        slider.focus()
        for key in keys:
            slider.press(key)


@pytest.fixture(scope="module")
def models():
    """The models, with the committed weights, on the side of Keras."""
    return train.committed()


@pytest.fixture
def open_page(browser, site):
    """Open the page with some settings; nothing may reach the console."""
    contexts, complaints = [], []

    def begin(root=site, **settings):
        context = browser.new_context(**settings)
        contexts.append(context)
        # A busy machine is slow, and nothing here is about that.
        context.set_default_timeout(300_000)
        tab = context.new_page()
        # The theme logs; a complaint is anything else.
        tab.on(
            "console",
            lambda said: said.type == "log" or complaints.append(said.text),
        )
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.goto(f"{root}/book/playground.html", wait_until="load")
        return Reader(tab)

    yield begin
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def reader(open_page):
    return open_page(viewport={"width": 1280, "height": 900})


def check_decoded(reader, models, z):
    """The point is at z, and the picture is what NumPy decodes there."""
    np.testing.assert_allclose(reader.mark("plane"), z, atol=0.02)
    wanted = models["vae"].decode(reader.mark("plane"))
    shown = reader.picture("decoded")
    np.testing.assert_allclose(shown, wanted, atol=HALF_A_LEVEL)


def check_reconstructions(reader, models):
    """All that is shown of the input is what NumPy makes of it."""
    x = reader.picture("input").astype("float32")
    assert x.any()
    for name, model in models.items():
        shape = (1, 28, 28, 1) if name == "denoiser" else (1, 784)
        wanted = model.reconstruct(x.reshape(shape)).reshape(1, 784)
        # The input was read in 256 levels, and the models amplify that.
        shown = reader.picture(name)
        np.testing.assert_allclose(shown, wanted, atol=5 * HALF_A_LEVEL)
    z = models["vae"].encode(x)
    np.testing.assert_allclose(reader.mark("placed"), z, atol=0.02)


def test_javascript_computes_what_numpy_does(reader, models):
    found = reader.tab.evaluate("""() => {
        const { load, noisy } = globalThis.playground;
        const { models, images } = load(globalThis.playgroundWeights);
        return images.map((image) => {
            const x = noisy(image, 0.4);
            const made = { x: [...x] };
            for (const [name, model] of Object.entries(models)) {
                made[name] = [...model.reconstruct(x)];
                made[`${name} code`] = [...model.encode(x)];
            }
            return made;
        });
    }""")
    assert len(found) == 10
    x = np.array([made["x"] for made in found], "float32")
    for name, model in models.items():
        shape = (10, 28, 28, 1) if name == "denoiser" else (10, 784)
        z = model.encode(x.reshape(shape))
        codes = [made[f"{name} code"] for made in found]
        np.testing.assert_allclose(codes, z.reshape(10, -1), atol=1e-4)
        pictures = [made[name] for made in found]
        wanted = model.decode(z).reshape(10, 784)
        np.testing.assert_allclose(pictures, wanted, atol=1e-4)


def test_the_mouse_drags_the_point(reader, models):
    check_decoded(reader, models, [[0, 0]])
    reader.tab.mouse.move(*reader.at("plane", 0.5, 0.5))
    reader.tab.mouse.down()
    reader.tab.mouse.move(*reader.at("plane", 0.7, 0.4), steps=4)
    check_decoded(reader, models, [[0.4 * reader.edge, 0.2 * reader.edge]])
    reader.tab.mouse.up()
    reader.tab.mouse.move(*reader.at("plane", 0.2, 0.2))
    check_decoded(reader, models, [[0.4 * reader.edge, 0.2 * reader.edge]])


def test_a_finger_drags_the_point_and_draws(open_page, models):
    size = {"width": 390, "height": 844}
    reader = open_page(viewport=size, has_touch=True, is_mobile=True)
    width = reader.tab.evaluate("document.documentElement.scrollWidth")
    assert width == 390
    session = reader.tab.context.new_cdp_session(reader.tab)

    def touch(kind, *place):
        x_and_y = dict(zip("xy", place, strict=True)) if place else None
        points = [x_and_y] if place else []
        event = {"type": kind, "touchPoints": points}
        session.send("Input.dispatchTouchEvent", event)

    def drag(name, *points):
        first, *rest = [reader.at(name, *point) for point in points]
        touch("touchStart", *first)
        for place in rest:
            touch("touchMove", *place)
        touch("touchEnd")

    drag("plane", (0.5, 0.5), (0.4, 0.5), (0.4, 0.8))
    check_decoded(reader, models, [[-0.2 * reader.edge, -0.6 * reader.edge]])
    before = reader.picture("input")
    drag("board", (0.5, 0.1), (0.5, 0.4), (0.5, 0.9))
    assert np.abs(reader.picture("input") - before).max() > 0.5
    check_reconstructions(reader, models)


def test_the_keyboard_moves_the_point(reader, models):
    plane = reader.tab.get_by_role("application", name="Code plane")
    plane.focus()
    for key in ["ArrowRight"] * 5 + ["ArrowUp"] * 3 + ["ArrowLeft"]:
        plane.press(key)
    check_decoded(reader, models, [[0.4, 0.3]])
    plane.press("ArrowDown")
    reader.slide("z₁", "End")
    z = float(reader.tab.get_by_role("slider", name="z₁").input_value())
    assert z > 1
    check_decoded(reader, models, [[z, 0.2]])


def test_a_result_is_read_aloud(reader):
    status = reader.tab.get_by_role("status")
    assert not status.text_content()
    reader.slide("z₁", "ArrowRight")
    said = "z₁ = 0.01, z₂ = 0.00. Of the 10 nearest test digits"
    status.filter(has_text=said).wait_for(state="attached")
    reader.tab.get_by_role("button", name="Clear the board").click()
    status.filter(has_text="The board is empty").wait_for(state="attached")


def test_a_drawing_gets_the_form_of_the_data(reader, models):
    reader.draw((0.1, 0.1), (0.2, 0.1), (0.2, 0.3), (0.1, 0.3))
    # Small and in a corner; its image is large, and in the middle.
    image = reader.picture("input").reshape(28, 28)
    (rows,) = np.nonzero(image.max(axis=1) > 0.2)
    assert 19 <= np.ptp(rows) + 1 <= 21
    entries, _ = weights.load()
    for axis in (0, 1):
        mass = image.sum(axis=axis) / image.sum()
        place = mass @ (np.arange(28) + 0.5)
        assert place == pytest.approx(entries["centre"], abs=0.05)
    width = train.stroke_width(image)
    assert width == pytest.approx(entries["stroke"], abs=0.4)
    check_reconstructions(reader, models)


def test_a_digit_can_be_chosen_by_keyboard(reader, models):
    (_, _), (x_test, y_test) = train.load_mnist(flat=True)
    button = reader.tab.get_by_role("button", name="Test digit 8")
    button.focus()
    button.press("Enter")
    first = x_test[np.flatnonzero(y_test == 8)[0]]
    shown = reader.picture("input")[0]
    np.testing.assert_allclose(shown, first, atol=HALF_A_LEVEL)
    check_reconstructions(reader, models)


def test_an_empty_board_shows_nothing(reader):
    reader.tab.get_by_role("button", name="Clear the board").click()
    for name in ("input", "vae", "plain", "denoiser"):
        assert not reader.picture(name).any()
    assert reader.tab.locator("#play-placed svg").is_hidden()
    assert "Draw a digit" in reader.tab.locator("#play-code").text_content()


def test_noise_is_slid_in_and_the_denoiser_takes_it_out(reader, models):
    clean = reader.picture("input")
    reader.slide("Noise", *["ArrowRight"] * 8)
    assert reader.tab.locator("#play-level").text_content() == "0.40"
    noisy = reader.picture("input")
    assert np.mean((noisy - clean) ** 2) > 0.03
    check_reconstructions(reader, models)

    def error(name):
        return np.mean((reader.picture(name) - clean) ** 2)

    assert error("denoiser") < error("plain")
    for name in models:
        text = reader.tab.locator(f"#play-{name}-error").text_content()
        shown = float(text.rpartition(" ")[2])
        assert shown == pytest.approx(error(name), abs=1e-3)


def test_the_walk_goes_from_one_digit_to_the_other(reader, models):
    for name, digit in (("From", "0"), ("to", "1")):
        reader.tab.get_by_label(name, exact=True).select_option(digit)
    strips = {n: reader.picture(f"strip-{n}", 9) for n in ("vae", "plain")}
    pixels = reader.picture("strip-pixels", 9)
    part = np.linspace(0, 1, 9, dtype="float32")[:, None]
    ends = pixels[[0, 8]].astype("float32")
    straight = (1 - part) * ends[0] + part * ends[1]
    np.testing.assert_allclose(pixels, straight, atol=2 * HALF_A_LEVEL)
    for name, shown in strips.items():
        z = models[name].encode(ends)
        wanted = models[name].decode((1 - part) * z[0] + part * z[1])
        np.testing.assert_allclose(shown, wanted, atol=5 * HALF_A_LEVEL)
    reader.slide("On the way", "Home")
    np.testing.assert_array_equal(reader.picture("walk-pixels")[0], pixels[0])
    reader.slide("On the way", "End")
    for name in ("vae", "plain"):
        here = reader.picture(f"walk-{name}")[0]
        np.testing.assert_array_equal(here, strips[name][8])


def test_the_walk_takes_what_was_drawn(reader):
    reader.tab.get_by_label("From", exact=True).select_option("board")
    reader.draw((0.5, 0.1), (0.5, 0.9))
    first = reader.picture("strip-pixels", 9)[0]
    np.testing.assert_array_equal(first, reader.picture("input")[0])


def test_it_works_from_disk(open_page, html, models):
    reader = open_page(html.as_uri(), viewport={"width": 1280, "height": 900})
    plane = reader.tab.get_by_role("application", name="Code plane")
    plane.press("ArrowUp")
    check_decoded(reader, models, [[0, 0.1]])
    reader.draw((0.5, 0.1), (0.4, 0.9))
    check_reconstructions(reader, models)


def test_nothing_moves_by_itself(open_page):
    reader = open_page(reduced_motion="reduce")
    assert reader.tab.evaluate("document.getAnimations().length") == 0


def test_dark_pictures_are_light_ink_on_dark_paper(open_page):
    reader = open_page(color_scheme="dark")
    style = "e => getComputedStyle(e).filter"
    decoded = reader.tab.locator("#play-decoded")
    assert decoded.evaluate(style) == "invert(1)"
    reader.tab.evaluate("document.documentElement.dataset.theme = 'light'")
    assert decoded.evaluate(style) == "none"


def test_without_javascript_the_page_says_so(browser, site):
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(f"{site}/book/playground.html")
    # Not by its text: Playwright skips what is inside of noscript.
    assert tab.locator("article noscript p").is_visible()
    assert not tab.get_by_role("slider", name="Noise").is_visible()
    context.close()


def test_no_other_page_loads_the_playground(html):
    loading = [
        page.stem
        for page in (html / "book").glob("*.html")
        if "playground-weights" in page.read_text("utf-8")
    ]
    assert loading == ["playground"]


def test_the_models_are_as_good_as_the_chapters(browser, site):
    tab = browser.new_page()
    tab.goto(f"{site}/book/playground.html")
    table = tab.locator("article table", has_text="Before rounding")
    rows = table.locator("tbody tr").all()
    assert len(rows) == 3
    for row in rows:
        numbers = row.locator("td").all_text_contents()[1:]
        _, exported, chapter = map(float, numbers)
        # What two seeds may differ by, and the narrower VAE.
        assert exported == pytest.approx(chapter, rel=0.04)
    tab.close()
