"""Reading what was handed in: bad files get a reason, not a crash."""

import json
import os

import pytest

from exercises.grader.build import notebooks
from exercises.grader.submission import (
    MAX_BYTES,
    SubmissionError,
    label,
    read,
    without_checks,
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
        read(path)


def test_a_missing_file_an_empty_folder_and_a_huge_file(tmp_path):
    with pytest.raises(SubmissionError, match="No such file"):
        read(tmp_path / "none.ipynb")
    with pytest.raises(SubmissionError, match="the folder holds no notebook"):
        read(tmp_path)
    path = tmp_path / "huge.ipynb"
    path.touch()
    os.truncate(path, MAX_BYTES + 1)
    with pytest.raises(SubmissionError, match="too large.*outputs"):
        read(path)


@pytest.mark.parametrize("form", [4, "4", " 4 ", 4.0])
def test_format_four_is_read_however_it_is_written(tmp_path, form):
    path = tmp_path / "a.ipynb"
    path.write_text(notebook("a = 1", nbformat=form))
    assert read(path).cells == [("'a = 1'", "a = 1")]


def test_code_is_handed_on_as_it_stands(tmp_path):
    path = tmp_path / "a.ipynb"
    texts = ["%time a = 1", "!ls\n\ud800", ["c =", " 3"], "", "def f(:"]
    cells = json.loads(notebook(*texts))
    cells["cells"].insert(1, {"cell_type": "markdown", "source": "text"})
    path.write_text(json.dumps(cells))
    found = read(path)
    assert found.file == "a.ipynb"
    assert found.notes == []
    joined = ["".join(text) for text in texts]
    assert [text for _, text in found.cells] == joined


def test_a_cell_is_called_what_its_owner_sees():
    cells = [
        (3, "a = 1"),
        (None, "# q1\n\n  def f(x):\n    return x"),
        (7, "first"),
        (7, "second"),
        (None, "second"),
        (None, "# only this"),
        (None, " "),
        (True, "x" * 99),
        ("9", "[9]"),
    ]
    assert [name for name, _ in label(cells)] == [
        "[3]",
        "'def f(x):'",
        "'first'",
        "'second'",
        "'second' (no. 2 of this name)",
        "'# only this'",
        "without text",
        f"'{'x' * 40}'",
        "'[9]'",
    ]


@pytest.fixture(scope="module")
def checks(sources):
    """The text of the cell with the checks, as it is handed out."""
    where = {"url": "https://github.com/a/b", "branch": "main"}
    student, _ = notebooks(sources / "ex05_sparse.md", where)
    cells = {cell["id"]: cell for cell in json.loads(student)["cells"]}
    return "".join(cells["checks"]["source"])


def test_only_the_program_of_the_checks_is_removed(checks):
    rest = without_checks(checks)
    assert "import base64\nimport json\nimport types\n" in rest
    assert len(rest) < 300
    own = "a = 1\n\n"
    assert without_checks(own) == own
    assert (
        without_checks(own + checks + "\n" + own) == own + rest + "\n" + own
    )
    assert without_checks(checks + checks) == rest + rest


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "  " + text.replace("\n", "\n  "),
        lambda text: text.replace("commands(\n    json", "commands(json"),
        lambda text: text.partition("\n")[2],
    ],
    ids=["line_ends", "indented", "formatted", "without_its_first_line"],
)
def test_the_program_is_found_in_a_changed_cell(checks, change):
    changed = change(checks) + "\nb = 2"
    rest = without_checks(changed)
    assert rest.endswith("b = 2")
    assert "exec(" not in rest
    assert "commands(" not in rest
    assert "import types" in rest
    assert len(rest) < 300


def test_an_incomplete_program_stays(checks):
    cut = checks[: checks.index("check, score =")]
    assert without_checks(cut) == cut
    many = "program = r'''\n" * 200_000
    assert without_checks(many) == many


def write(folder, names, **changes):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(notebook(f"name = {name!r}", **changes))


def test_hidden_files_of_a_folder_are_passed_over(tmp_path):
    hidden = [
        ".ipynb_checkpoints/ex05_sparse-checkpoint.ipynb",
        "__MACOSX/._ex05_sparse.ipynb",
        "week/.ipynb_checkpoints/ex05_sparse-checkpoint.ipynb",
        ".hidden.ipynb",
    ]
    write(tmp_path, hidden)
    with pytest.raises(SubmissionError, match="no notebook"):
        read(tmp_path)
    write(tmp_path, ["week/mine.ipynb"])
    (tmp_path / "zlink.ipynb").symlink_to(tmp_path / hidden[0])
    (tmp_path / "folder.ipynb").mkdir()
    found = read(tmp_path, "ex05_sparse")
    assert (found.file, found.notes) == ("week/mine.ipynb", [])


@pytest.mark.parametrize(
    ("names", "made_for", "taken"),
    [
        (["a.ipynb", "ex05_sparse.ipynb"], [], "ex05_sparse.ipynb"),
        (["a.ipynb", "b.ipynb"], ["b.ipynb"], "b.ipynb"),
        (["ex05_sparse.ipynb", "z.ipynb"], ["z.ipynb"], "z.ipynb"),
        (
            ["ex05_sparse-Copy1.ipynb", "ex05_sparse.ipynb"],
            ["ex05_sparse-Copy1.ipynb", "ex05_sparse.ipynb"],
            "ex05_sparse.ipynb",
        ),
        (["a.ipynb", "ex05_sparse (1).ipynb"], [], "ex05_sparse (1).ipynb"),
        (["a.IPYNB", "b.ipynb"], [], "a.IPYNB"),
    ],
)
def test_of_several_the_one_for_the_exercise_is_graded(
    tmp_path, names, made_for, taken
):
    write(tmp_path, names)
    write(tmp_path, made_for, metadata={"exercise": "ex05_sparse"})
    (tmp_path / "0broken.ipynb").write_text("{")
    found = read(tmp_path, "ex05_sparse")
    assert found.file == taken
    others = sorted({*names, "0broken.ipynb"} - {taken})
    assert found.notes == [
        f"of several notebooks {taken} was graded, not {', '.join(others)}"
    ]


def test_a_notebook_of_another_exercise_is_named(tmp_path):
    write(tmp_path, ["a.ipynb"], metadata={"exercise": "ex03_basic"})
    found = read(tmp_path / "a.ipynb", "ex05_sparse")
    assert found.notes == ["a.ipynb was made for ex03_basic, not ex05_sparse"]
    write(tmp_path, ["a.ipynb"], metadata={"exercise": ["ex03_basic"]})
    assert read(tmp_path / "a.ipynb", "ex05_sparse").notes == []
