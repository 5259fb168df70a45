"""The built pages in a real browser, read and used as a person would.

Each page is opened once, from top to bottom, and looked at in both widths
and both themes. axe's rules on structure do not depend on the theme.
"""

from pathlib import Path
from urllib.parse import urlsplit

import axe_playwright_python
import pytest

from benchmarks.lighthouse import BASE, compressed
from tests.site.tabs import PAGES, read

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
WIDTHS = pytest.mark.parametrize("width", [1280, 390])
THEMES = pytest.mark.parametrize("theme", ["light", "dark"])
CHAPTER = "book/03_basic.html"
COLOURS = ["color-contrast", "link-in-text-block"]

# Formulas and figures are made when they come into view.
SCROLL = """async () => {
  const pause = ms => new Promise(done => setTimeout(done, ms));
  for (let y = 0; y < document.body.scrollHeight; y += 800) {
    window.scrollTo(0, y);
    await pause(30);
  }
  for (let left, i = 0; i < 200; i++) {
    if (!(left = document.querySelector("mjx-lazy"))) break;
    left.scrollIntoView();
    await pause(50);
  }
  await Promise.all([...document.images].map(i => i.decode().catch(() => 0)));
  window.scrollTo(0, 0);
  // The theme makes what scrolls focusable a moment later.
  await pause(400);
}"""

# Contrast is a matter of the text's style and of what lies behind it: one
# text of each kind stands for all. A chapter has thousands of words of code.
ONE_OF_EACH = """() => {
  const seen = new Map();
  for (const e of document.querySelectorAll("body *")) {
    if (![...e.childNodes].some(n => n.nodeType == 3 && n.data.trim()))
      continue;
    if (!e.checkVisibility()) continue;
    const own = getComputedStyle(e);
    const key = [own.color, own.fontSize, own.fontWeight, e.closest("a, p")];
    key[3] = key[3]?.nodeName;
    for (let box = e; box; box = box.parentElement) {
      const style = getComputedStyle(box);
      key.push(style.backgroundColor, style.opacity);
    }
    if (!seen.has(key.join())) seen.set(key.join(), e);
  }
  return [...seen.values()];
}"""
# axe looks at each element: of coloured words in code one of each kind stays,
# and of a formula what is read aloud.
THIN = """() => {
  const seen = new Set();
  for (const word of document.querySelectorAll("pre span")) {
    const box = getComputedStyle(word.closest("pre")).backgroundColor;
    const kind = box + word.className;
    if (seen.has(kind)) word.replaceWith(...word.childNodes);
    seen.add(kind);
  }
  for (const drawn of document.querySelectorAll("mjx-math")) {
    const {width, height} = drawn.getBoundingClientRect();
    drawn.replaceChildren();
    drawn.style.display = "inline-block";
    [drawn.style.width, drawn.style.height] = [`${width}px`, `${height}px`];
  }
}"""
RUN = """async only => {
  const options = {preload: false, resultTypes: ["violations"]};
  if (only) options.runOnly = only;
  else options.rules = {"color-contrast": {enabled: false}};
  const where = only ? {include: (ONE_OF_EACH)()} : document;
  const found = await axe.run(where, options);
  return found.violations.flatMap(v => v.nodes.map(
    n => `${v.id}: ${n.html.slice(0, 200)} ${n.failureSummary}`));
}""".replace("ONE_OF_EACH", ONE_OF_EACH)


@pytest.fixture(scope="module")
def page(request, browser, site):
    """A tab that has shown a page from top to bottom."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    tab = read(context, f"{site}/{request.param}.html")
    tab.wait_for_load_state("networkidle")
    tab.evaluate(SCROLL)
    tab.wait_for_load_state("networkidle")
    tab.add_script_tag(content=AXE.read_text("utf-8"))
    yield tab
    context.close()


EVERY_PAGE = pytest.mark.parametrize(
    "page",
    [*(f"book/{page}" for page in PAGES), "search", "genindex"],
    indirect=True,
)


@pytest.fixture
def thin(page):
    """The tab, ready for axe."""
    page.evaluate(THIN)
    return page


@EVERY_PAGE
def test_a_page_loads_from_here_and_says_nothing(page, site):
    assert page.complaints == []
    assert [url for url in page.loaded if not url.startswith(site)] == []
    scripts = [url for url in page.loaded if ".js" in url]
    assert len(scripts) == len(set(scripts))


@EVERY_PAGE
def test_a_page_is_light(page, html):
    files = {urlsplit(url).path.removeprefix(BASE) for url in page.loaded}
    weight = {
        file: len(compressed(html / file))
        for file in files
        if not file.startswith("_images/")
    }
    assert len(weight) > 5
    assert sum(weight.values()) <= 600_000, weight


@EVERY_PAGE
def test_figures_and_formulas_are_shown(page):
    broken = "i => i.filter(e => !e.naturalWidth).length"
    assert page.eval_on_selector_all("main img", broken) == 0
    squeezed = """i => i.filter(e => {
      const shape = e.naturalWidth / e.naturalHeight, style =
        getComputedStyle(e), pad = 2 * parseFloat(style.paddingTop);
      return e.width && Math.abs(
        (e.width - pad) / (e.height - pad) / shape - 1) > 0.05;
    }).length"""
    assert page.eval_on_selector_all("main img", squeezed) == 0
    unset = "e => e.filter(m => !m.querySelector('mjx-math')).length"
    assert page.eval_on_selector_all("article .math", unset) == 0
    assert page.locator("mjx-merror, mjx-lazy").count() == 0


@EVERY_PAGE
@WIDTHS
def test_nothing_sticks_out_of_the_page(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # What is cut off does not widen the page.
    right = "all => all.map(e => e.getBoundingClientRect().right)"
    arrows = page.eval_on_selector_all(".prev-next-area i", right)
    assert max(arrows, default=0) <= width


@EVERY_PAGE
@WIDTHS
def test_axe_finds_nothing_in_the_structure(thin, width):
    thin.set_viewport_size({"width": width, "height": 900})
    thin.wait_for_timeout(400)
    assert thin.evaluate(RUN, None) == []


@EVERY_PAGE
@WIDTHS
@THEMES
def test_axe_finds_nothing_in_the_colours(thin, theme, width):
    thin.set_viewport_size({"width": width, "height": 900})
    thin.emulate_media(color_scheme=theme, reduced_motion="reduce")
    # The theme follows a moment later.
    thin.wait_for_function(
        "theme => document.documentElement.dataset.theme == theme", arg=theme
    )
    assert thin.evaluate(RUN, COLOURS) == []


@pytest.mark.parametrize(
    ("term", "where"),
    [
        ("checkerboard", "06_convolutional"),  # in prose
        ("collapse", "09_vae"),  # in prose
        ("undercomplete", "02_undercomplete"),  # in a heading
    ],
)
@pytest.mark.parametrize("origin", ["server", "disk"])
def test_search_finds_a_term(term, where, origin, site, html, visit):
    start = site if origin == "server" else html.as_uri()
    tab = visit(f"{start}/{CHAPTER}")
    tab.keyboard.press("Control+k")
    tab.keyboard.type(term)
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/search.html*")
    results = tab.locator("#search-results li a")
    results.first.wait_for()
    tab.locator(f"#search-results li a[href*='{where}.html']").first.click()
    assert where in tab.url
    assert term in tab.inner_text("article").lower()
    assert tab.complaints == []


def test_the_theme_that_was_chosen_stays(site, visit):
    tab = visit(f"{site}/{CHAPTER}", color_scheme="light")
    shown = "document.documentElement.dataset.theme"
    for _ in range(3):
        if tab.evaluate(shown) == "dark":
            break
        tab.locator(".theme-switch-button:visible").click()
    assert tab.evaluate(shown) == "dark"
    tab.reload()
    assert tab.evaluate(shown) == "dark"
    tab.goto(f"{site}/book/intro.html")
    assert tab.evaluate(shown) == "dark"


def test_folded_code_opens_by_mouse_and_by_keyboard(site, visit):
    tab = visit(f"{site}/{CHAPTER}")
    cell = tab.locator("article details").first
    code = cell.locator("pre").first
    assert not code.is_visible()
    cell.locator("summary").click()
    assert code.is_visible()
    cell.locator("summary").focus()
    tab.keyboard.press("Enter")
    assert not code.is_visible()
    tab.keyboard.press("Space")
    assert code.is_visible()


def test_the_keyboard_skips_to_the_text_and_shows_where_it_is(site, visit):
    tab = visit(f"{site}/{CHAPTER}")
    # A formula that is set while it has the focus loses it.
    tab.evaluate(SCROLL)
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.hash") == "#main-content"
    # The link slides in.
    tab.wait_for_function(
        "document.activeElement.getBoundingClientRect().top >= 0"
    )
    for _ in range(60):
        tab.keyboard.press("Tab")
        style = tab.evaluate("""() => {
          const e = document.activeElement, s = getComputedStyle(e);
          return [e.outerHTML.slice(0, 120), s.outlineStyle, s.boxShadow];
        }""")
        assert style[1:] != ["none", "none"], style[0]


@WIDTHS
def test_every_button_at_the_top_is_reached_by_the_keyboard(
    width, site, visit
):
    tab = visit(f"{site}/{CHAPTER}", width=width)
    wanted = tab.locator(".bd-header-article :is(a, button):visible").count()
    assert wanted >= 5
    reached = set()
    for _ in range(80):
        tab.keyboard.press("Tab")
        reached.add(
            tab.evaluate(
                "document.activeElement.closest('.bd-header-article') &&"
                " document.activeElement.outerHTML.replace(/ aria-d.*?>/, '')"
            )
        )
    assert len(reached - {None}) >= wanted


def test_who_asks_for_less_motion_gets_none(site, visit):
    tab = visit(f"{site}/{CHAPTER}", reduced_motion="reduce")
    moving = """e => e.filter(x => {
      const s = getComputedStyle(x);
      return s.transitionDuration.split(", ").some(d => d != "0s")
        || s.animationName != "none" || s.scrollBehavior != "auto";
    }).length"""
    assert tab.eval_on_selector_all("*", moving) == 0


@pytest.mark.parametrize("page", ["intro", "03_basic"])
def test_a_page_works_from_disk(page, html, visit):
    tab = visit((html / "book" / f"{page}.html").as_uri())
    tab.evaluate(SCROLL)
    tab.wait_for_load_state("networkidle")
    assert tab.complaints == []
    assert {urlsplit(url).scheme for url in tab.loaded} <= {"file", "data"}
    unset = "e => e.filter(m => !m.querySelector('mjx-math')).length"
    assert tab.eval_on_selector_all("article .math", unset) == 0


def test_a_wrong_address_leads_home_from_any_depth(site, visit):
    for wrong in ["nothing.html", "book/very/deep/nothing"]:
        tab = visit(site)
        answer = tab.goto(f"{site}/{wrong}")
        assert answer.status == 404
        tab.get_by_role("link", name="Start of the course").click()
        tab.wait_for_url("**/book/intro.html")
