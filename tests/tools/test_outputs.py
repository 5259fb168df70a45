"""What ships of the executed chapters: small, fresh, whole."""

from base64 import b64decode, b64encode
from io import BytesIO

import nbformat
from nbformat.v4 import new_output
import numpy as np
from PIL import Image
import pytest

from tests.tools.test_pipeline import site, stale, write
from tools import execution, freshness, outputs

__all__ = ["site"]  # a fixture


def png(noise, width=900, height=600):
    """A picture of flat areas, or of noise."""
    rng = np.random.default_rng(0)
    pixels = np.zeros((height, width, 3), "uint8")
    pixels[: height // 2] = (0, 114, 178)
    pixels[noise] = rng.integers(0, 255, pixels.shape)[noise]
    file = BytesIO()
    Image.fromarray(pixels).save(file, "PNG", dpi=(150, 150))
    return file.getvalue()


def test_a_figure_keeps_its_size_and_its_colours():
    before = png(np.s_[:0])
    after = Image.open(BytesIO(outputs.small(before)))
    assert after.mode == "P"
    assert after.size == (900, 600)
    assert after.info["dpi"][0] == pytest.approx(150, rel=1e-3)
    assert after.convert("RGB").getpixel((5, 5)) == (0, 114, 178)
    assert outputs.small(before) == outputs.small(before)


def test_a_large_figure_has_fewer_pixels_and_is_as_large_on_paper():
    small = outputs.small(png(np.s_[:]))
    assert len(small) <= outputs.LARGEST
    image = Image.open(BytesIO(small))
    assert image.width < 900
    inches = image.width / image.info["dpi"][0]
    assert inches == pytest.approx(6, rel=0.01)


@pytest.fixture
def executed(site):
    """Two chapters, of which the first one drew a figure."""
    for name in ("one", "two"):
        path = write(site, name, ("1", {}, None))
        notebook = nbformat.read(path, as_version=4)
        data = {"image/png": b64encode(png(np.s_[:])).decode()}
        (cell,) = execution.code_cells(notebook)
        cell.outputs = [new_output("display_data", data)]
        key = freshness.key(path, root=site)
        execution.store(path, notebook, 2.0, key, root=site)
    return site


def test_what_was_executed_ships(executed):
    outputs.main([], executed)
    for file in (executed / execution.LOCAL).iterdir():
        file.unlink()
    assert stale(executed) == []
    path = executed / "book" / "one.ipynb"
    notebook, seconds = execution.record(path, executed)
    assert seconds == 2.0
    (cell,) = execution.code_cells(notebook)
    figure = b64decode(cell.outputs[0].data["image/png"])
    assert figure == outputs.small(png(np.s_[:]))
    assert outputs.size(executed) < 2.1 * 4 / 3 * outputs.LARGEST


def test_chapters_can_be_named(executed, capsys):
    outputs.main(["two"], executed)
    folder = executed / execution.SHIPPED
    assert [file.name for file in folder.iterdir()] == ["two.json"]
    assert capsys.readouterr().out.startswith("two: ")
    with pytest.raises(LookupError, match="no chapter 'three': one, two"):
        outputs.main(["three"], executed)


def test_nothing_stale_ships(executed):
    write(executed, "two", ("2", {}, None))
    with pytest.raises(execution.StaleError, match="two.ipynb has no"):
        outputs.main(["two"], executed)
    assert not (executed / execution.SHIPPED).exists()


def test_too_much_is_an_error(executed, monkeypatch):
    monkeypatch.setattr(outputs, "LIMIT", 100)
    with pytest.raises(ValueError, match="bytes, more than 100"):
        outputs.main([], executed)


def test_what_ships_here_is_within_the_limit_and_of_this_book():
    assert outputs.size() <= outputs.LIMIT
    chapters = {path.stem for path in execution.notebooks()}
    files = (execution.ROOT / execution.SHIPPED).glob("*")
    assert {file.stem for file in files} <= chapters
