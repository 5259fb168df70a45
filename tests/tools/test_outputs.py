"""What ships of the executed chapters: small, fresh, shown at its size.

The machinery and the small site are those of `test_pipeline`.
"""

from base64 import b64decode, b64encode
from io import BytesIO
import json
from statistics import median
import sys

from bs4 import BeautifulSoup
import numpy as np
from PIL import Image
import pytest

from tests.tools.test_pipeline import (
    EXECUTE,
    build,
    edit,
    executed,
    page,
    run,
    site,
    stale,
    write,
)
from tools import execution, outputs

__all__ = ["executed", "site"]  # fixtures
OUTPUTS = [sys.executable, "-m", "tools.outputs"]
SHIPPED = execution.ROOT / execution.SHIPPED
FILES = sorted(SHIPPED.glob("*.json"))


def png(pixels):
    file = BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def opened(content):
    image = Image.open(BytesIO(content))
    return image, np.array(image.convert("RGB"))


def test_a_small_figure_keeps_its_pixels_and_its_colours():
    pixels = np.full((40, 60, 3), 255, np.uint8)
    pixels[10:20, 30:50] = 0, 114, 178
    image, found = opened(outputs.small(png(pixels)))
    assert image.mode == "P"
    assert outputs.shown_size(image) == image.size == (60, 40)
    np.testing.assert_array_equal(found, pixels)


def test_a_large_figure_loses_pixels_and_says_how_large_it_was():
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (600, 800, 3), np.uint8)
    content = outputs.small(png(pixels))
    image, _ = opened(content)
    assert len(content) <= outputs.LARGEST
    assert image.width < 800
    assert outputs.shown_size(image) == (800, 600)
    # Made small again, it still does.
    again, _ = opened(outputs.small(content))
    assert again.size == image.size
    assert outputs.shown_size(again) == (800, 600)


def test_a_figure_of_many_colours_stays_close():
    ramp = np.linspace(0, 255, 256).astype(np.uint8)
    pixels = np.repeat(np.tile(ramp, (40, 1))[..., None], 3, axis=-1)
    _, found = opened(outputs.small(png(pixels)))
    assert np.abs(found.astype(int) - pixels).max() <= 3


NOISE = """
import matplotlib.pyplot as plt
import numpy as np

noise = np.random.default_rng(0).random((500, 500))
plt.figure(figsize=(8, 8))
plt.imshow(noise);
"""
FIGURE = {
    "mystnb": {
        "figure": {"name": "fig-noise", "caption": "Noise of 500 pixels."},
        "image": {"alt": "A square of grey points."},
    }
}


def shown(site):
    """Width and height in the page, and the image's own."""
    soup = BeautifulSoup(page(site, "one"), "html.parser")
    (image,) = soup.select("article img")
    assert image["alt"] == "A square of grey points."
    file = site / "_build/html/book" / image["src"]
    with Image.open(file) as stored:
        return (int(image["width"]), int(image["height"])), stored.size


def test_a_new_clone_shows_what_ships_at_the_size_that_it_had(site):
    """It executes what is out of date and says so."""
    toc = "format: jb-book\nroot: book/one\nchapters:\n  - file: book/two\n"
    (site / "_toc.yml").write_text(toc)
    one = write(site, "one", (NOISE, FIGURE, None))
    two = write(site, "two", ("print('two', 6 * 7)", {}, None))
    status, log = run(site, *EXECUTE)
    assert status == 0, log
    build(site)
    size, stored = shown(site)
    assert size == stored

    status, log = run(site, *OUTPUTS)
    assert status == 0, log
    lines = [line.split() for line in log.splitlines()]
    assert [line[1:] for line in lines] == [
        ["kB", "one.json"],
        ["kB", "two.json"],
        ["kB", "in", "all"],
    ]
    kept = [execution.shipped_file(path, site) for path in (one, two)]
    assert kept[0].stat().st_size < 200_000

    # As in a clone: what ships is all that there is.
    for file in (site / execution.LOCAL).iterdir():
        file.unlink()
    assert stale(site) == []
    build(site)
    assert "two 42" in page(site, "two")
    small_size, small_stored = shown(site)
    assert small_size == size
    assert small_stored[0] < stored[0]

    edit(two, lambda cells: cells[1].update(source="print('two', 43)"))
    status, log = run(site, *EXECUTE)
    assert status == 0, log
    assert "1 of 2 notebooks to execute" in log
    assert "out of date in book/_outputs: two\n" in log
    build(site)
    assert "two 43" in page(site, "two")


def test_only_named_chapters_are_written_and_the_others_stay(executed):
    assert outputs.write(["one"], executed).keys() == {
        execution.shipped_file(executed / "book" / "one.ipynb", executed)
    }
    sizes = outputs.write(["two"], executed)
    assert [file.name for file in sorted(sizes)] == ["one.json", "two.json"]
    for file, size in sizes.items():
        assert file.stat().st_size == size


def test_what_ships_of_a_removed_chapter_is_removed(executed):
    outputs.write(["one", "two"], executed)
    (executed / "book" / "two.ipynb").unlink()
    outputs.write(["one"], executed)
    (file,) = (executed / execution.SHIPPED).iterdir()
    assert file.name == "one.json"


def test_too_much_is_refused_and_nothing_is_written(executed, monkeypatch):
    outputs.write(["one"], executed)
    (file,) = (executed / execution.SHIPPED).iterdir()
    before = file.read_bytes()
    monkeypatch.setattr(outputs, "LIMIT", len(before) + 100)
    with pytest.raises(ValueError, match="would take .* at most may ship"):
        outputs.write(["two"], executed)
    assert [*(executed / execution.SHIPPED).iterdir()] == [file]
    assert file.read_bytes() == before


def test_a_chapter_that_is_stale_or_unknown_is_named(executed):
    path = executed / "book" / "two.ipynb"
    edit(path, lambda cells: cells[2].update(source="4"))
    status, log = run(executed, *OUTPUTS)
    assert status == 1
    assert log == (
        "two.ipynb has no outputs of its present code: run `make book`\n"
    )
    status, log = run(executed, *OUTPUTS, "one", "three")
    assert status == 1
    assert log == "no chapter three in the book\n"
    assert not (executed / execution.SHIPPED).exists()


def figures(content):
    """The figures in a file of outputs."""
    cells = json.loads(content)["outputs"]
    return [
        b64decode(data[outputs.PNG])
        for cell in cells
        for data in outputs.figures(cell)
    ]


def test_figures_are_found_in_a_file_of_outputs(executed):
    pixels = png(np.zeros((4, 4, 3), np.uint8))
    data = {outputs.PNG: b64encode(pixels).decode(), "text/plain": "one"}
    output = {"output_type": "display_data", "data": data, "metadata": {}}
    text = execution.written("key", 1.0, [[], [output]])
    assert figures(text) == [pixels]


@pytest.mark.skipif(not FILES, reason="nothing ships yet")
def test_published_outputs_are_small():
    every = [file.read_text("utf-8") for file in FILES]
    sizes = [len(figure) for text in every for figure in figures(text)]
    assert max(sizes) <= outputs.LARGEST
    assert median(sizes) <= 40_000
    assert sum(file.stat().st_size for file in FILES) <= outputs.LIMIT


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_published_outputs_are_those_of_a_chapter(file):
    assert (execution.ROOT / "book" / f"{file.stem}.ipynb").exists()
