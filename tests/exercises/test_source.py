"""Reading the sources: what is taken in, and what is refused."""

import pytest

from exercises.grader.source import SourceError, read, read_checks, variant
from tests.exercises.samples import PRIVATE, SOURCE


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "ex01_sums.md"

    def write(old="", new=""):
        assert old in SOURCE
        path.write_text(SOURCE.replace(old, new, 1))
        return path

    return write


def test_it_reads_all_kinds_of_cells(source):
    exercise = read(source())
    assert (exercise.title, exercise.chapter) == ("Sums", "01_theory")
    assert exercise.minutes == 5
    kinds = [cell.kind for cell in exercise.cells]
    assert kinds == "prose code answer visible held-out mutant".split()
    assert "a fence in the prose" in exercise.cells[0].text
    assert exercise.questions == ["q1"]
    assert exercise.points() == exercise.points("q1") == 3
    assert [check["hidden"] for check in exercise.checks] == [False, True]
    assert exercise.of("mutant")[0].defect == "D05"


def test_a_variant_keeps_one_of_the_two_answers(source):
    text = read(source()).of("answer")[0].text
    head = "# q1\ndef total(x):\n    "
    assert variant(text, True) == head + "return x.sum()"
    assert variant(text, False) == head + "raise NotImplementedError"


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("---\ntitle", "title", 1, "first line must be ---"),
        ("minutes: 5\n", "", 1, "the head needs"),
        ("minutes: 5", "minutes: five", 4, "whole number"),
        ("minutes: 5", "hours: 5", 4, "expected one of"),
        ("minutes: 5", "minutes: 5\nminutes: 6", 5, "expected one of"),
        (":tags: [check]", ":tags: [test]", 30, "unknown tags ['test']"),
        (":tags: [check]", ":label: a", 29, "unknown option ':label: a'"),
        ("# q1 points=1", "# q1 point=1", 30, "expected # q1 name=… points"),
        ("points=1", "points=0", 30, "above 0"),
        ("# q1 points=1", "# q2 points=1", 19, "q1 has no visible"),
        ("name=held_out", "name=seen", 41, "stands in line 30 already"),
        ("    ### ELSE\n", "", 24, "expected ### ELSE"),
        ("    ### END SOLUTION\n", "", 19, "the answer needs"),
        ("def probe(ns):", "def probes(ns):", 30, "expected inputs, probe"),
        ("def judge(out):", "def judge(o):", 30, "expected probe(ns"),
        ("def inputs(rng)", "def inputs(x)", 41, "expected inputs(rng)"),
        ("def probe(ns, x)", "def probe(ns, y)", 41, "expected probe(ns"),
        ("return x.mean()", "return x.mean(", 58, "does not parse"),
        ("[check, hidden]", "[check]", 19, "q1 has no held-out check"),
        ("    return x.mean()\n```", "", 54, "a fence is not closed"),
        ("```{code-cell}\nimport", "```{code-cell}\n1\nimport", 0, ""),
    ],
)
def test_an_error_names_file_and_line(source, old, new, line, message):
    if line == 0:
        assert read(source(old, new))
        return
    with pytest.raises(SourceError) as caught:
        read(source(old, new))
    assert f"ex01_sums.md:{line}: " in str(caught.value)
    assert message in str(caught.value)


def test_the_file_s_name_has_a_number(tmp_path):
    path = tmp_path / "sums.md"
    path.write_text(SOURCE)
    with pytest.raises(SourceError, match="name must be like ex05_sparse"):
        read(path)


def test_private_checks_are_held_out(tmp_path):
    path = tmp_path / "private.md"
    path.write_text(PRIVATE)
    checks = read_checks(path, ["q1"])
    assert [check["hidden"] for check in checks] == [True, True]
    with pytest.raises(SourceError, match="no answer for q1"):
        read_checks(path, ["q7"])


def test_private_checks_hold_nothing_else(tmp_path):
    path = tmp_path / "private.md"
    path.write_text(SOURCE.partition("Some prose.")[2])
    with pytest.raises(SourceError, match="only checks may stand here"):
        read_checks(path, ["q1"])


def cells(path):
    return [(c.kind, c.text) for c in read(path).cells if c.kind != "mutant"]


def test_cells_are_where_markdown_finds_them(source):
    before = cells(source())
    code = ("code", "a = '''\n```\n'''")
    fenced = f"````{{code-cell}}\n{code[1]}\n````\n\n"
    first = "```{code-cell}\nimport numpy"
    assert cells(source(first, fenced + first)) == [
        before[0],
        code,
        *before[1:],
    ]
    tilde = fenced.replace("````", "~~~")
    assert cells(source(first, tilde + first))[1] == code
    shown = "````\n```{code-cell}\nno = 1\n```\n````\n"
    (kind, text), *others = cells(source("Some prose.\n", shown))
    assert others == before[1:]
    assert kind == "prose"
    assert shown in text
    listed = "- a list:\n  ```{code-cell}\n  no = 1\n  ```\n\n"
    assert len(cells(source("Some prose.\n", listed))) == len(before)


def test_a_fence_that_is_not_closed_swallows_no_cell(source):
    path = source("import numpy as np\n```", "import numpy as np\n")
    with pytest.raises(SourceError, match=r"md:13: a fence is not closed"):
        read(path)
