"""Reading what was handed in: bad files get a reason, not a crash."""

import json
import os

import pytest

from exercises.grader.build_text import MARK
from exercises.grader.submission import (
    MAX_BYTES,
    SubmissionError,
    plain_python,
    read_cells,
)
from tests.exercises.samples import notebook


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b" \n", "the file is empty"),
        (b"print(1)", "not valid JSON"),
        (notebook("x = 1").encode()[:-20], "was cut off"),
        (b"\xff\xfe\x00x", "no text in UTF-8"),
        (b"[" * 100_000, "not valid JSON"),
        (b"[1, 2]", "JSON, but no notebook"),
        (b'{"a": 1}', "JSON, but no notebook"),
        (notebook(nbformat=3, worksheets=[]).encode(), "has format 3"),
        (notebook(nbformat="x" * 999).encode(), "has format xxx"),
        (notebook(cells="all").encode(), "no list of cells"),
        (notebook().encode(), "no code cells"),
        (notebook(cells=[1, None, {}]).encode(), "no code cells"),
    ],
)
def test_a_bad_file_gets_a_reason(tmp_path, content, message):
    path = tmp_path / "a.ipynb"
    path.write_bytes(content)
    with pytest.raises(SubmissionError, match=message):
        read_cells(path)


def test_a_missing_file_a_folder_and_a_huge_file(tmp_path):
    with pytest.raises(SubmissionError, match="No such file"):
        read_cells(tmp_path / "none.ipynb")
    with pytest.raises(SubmissionError, match="directory"):
        read_cells(tmp_path)
    path = tmp_path / "huge.ipynb"
    path.touch()
    os.truncate(path, MAX_BYTES + 1)
    with pytest.raises(SubmissionError, match="too large.*outputs"):
        read_cells(path)


def test_cells_keep_their_numbers_and_the_checks_are_left_out(tmp_path):
    path = tmp_path / "a.ipynb"
    markdown = {"cell_type": "markdown", "source": "text"}
    cells = json.loads(notebook("a = 1", f"{MARK}\nb = 2", ["c =", " 3"]))
    cells["cells"].insert(0, markdown)
    path.write_text(json.dumps(cells))
    assert read_cells(path) == [(2, "a = 1"), (4, "c = 3")]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("%pip install x\na = 1", "pass\na = 1"),
        ("!ls\na = 1", "pass\na = 1"),
        ("if a:\n    %pip install x\n", "if a:\n    pass\n"),
        ("np.mean?\na = 1", "pass\na = 1"),
        ("?np.mean", "pass"),
        ("%%time\na = 1", "\na = 1"),
        ("%%bash\nrm -rf x", "pass"),
        ("a = (7\n% 4)", "a = (7\n% 4)"),
        ("def f(:", "def f(:"),
        ("\x00", "\x00"),
    ],
)
def test_magics_and_shell_lines_are_left_out(text, plain):
    assert plain_python(text) == plain
