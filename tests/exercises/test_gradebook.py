"""The files that Canvas and Moodle import, from whatever was handed in."""

import csv
import types

import pytest

from exercises.grader import __main__ as command
from exercises.grader import report
from exercises.grader.grade import NOT_GRADED, Grade, Result


@pytest.fixture
def results_of(tmp_path, monkeypatch):
    """Write the results of a class in which the first learner did best."""
    monkeypatch.chdir(tmp_path)

    def write(*files, lost=()):
        names = report.names_of(files)
        exercise = types.SimpleNamespace(title="Sums", questions=["q1"])
        known = dict.fromkeys(names, "f00")
        with report.Results("results", exercise, known, {}) as results:
            for number, name in enumerate(names):
                words = "" if number == 0 else "<b>"
                one = Result("q1", "one", 3, False, number == 0, words)
                status = NOT_GRADED if number in lost else "graded"
                results.add(Grade(name, [one], status, ["a reason"]))
            results.finish()

    return write


def run(*arguments):
    return command.main(["canvas", "results/scores.csv", *arguments])


def table():
    with open("canvas.csv", newline="") as file:
        return list(csv.reader(file))


HEAD = ["Student", "ID", "Section", "Exercise 5"]
TITLE = ["canvas.csv", "--title", "Exercise 5"]


def test_canvas_gets_the_scores_and_you_hear_who_is_late(results_of, capsys):
    results_of(
        "doejane_12_345_ex05_sparse.ipynb",
        "roejim_LATE_67_89_ex05_sparse-1.ipynb",
        "o_neill_2_5_77_ex05.ipynb",
    )
    assert run(*TITLE) == 0
    assert table() == [
        HEAD,
        ["doejane", "12", "", "3"],
        ["roejim", "67", "", "0"],
        ["o_neill", "2", "", "0"],
    ]
    printed = capsys.readouterr()
    assert "late: roejim_LATE_67_89_ex05_sparse-1\n" in printed.out
    assert printed.out.count("late:") == 1
    assert printed.err == ""


def test_whoever_canvas_cannot_know_is_named(results_of, capsys):
    results_of(
        "doejane_12_345_ex05.ipynb",
        "Untitled.ipynb",
        "twice_5_1_ex05.ipynb",
        "twice_5_2_ex05-1.ipynb",
        "lost_7_8_ex05.ipynb",
        "=cmd_.ipynb",
        lost={4},
    )
    assert run(*TITLE) == 1
    assert table() == [HEAD, ["doejane", "12", "", "3"]]
    assert capsys.readouterr().err.splitlines() == [
        "left out: Untitled: no learner's number in the name",
        "left out: twice_5_2_ex05-1: handed in twice",
        "left out: lost_7_8_ex05: not graded",
        "left out: _cmd_: no learner's number in the name",
        "left out: twice_5_1_ex05: likewise",
    ]


WORKSHEET = """\
\ufeffIdentifier,Full name,Grade,Maximum grade,Feedback comments
Participant 67,Jim Roe,,3.00,
Participant 12,"Doe, Jane",,3.00,
Participant 5,Max Moe,,3.00,
Hidden,Nobody,,3.00,
"""


def test_moodle_gets_its_worksheet_back(results_of, tmp_path, capsys):
    results_of(
        "Jane Doe_12_assignsubmission_file_ex05_sparse.ipynb",
        "Jim Roe_67_assignsubmission_file_ex05_sparse.ipynb",
        "Eve_99_assignsubmission_file_ex05_sparse.ipynb",
        "copy.ipynb",
    )
    (tmp_path / "worksheet.csv").write_text(WORKSHEET)
    arguments = ["results/scores.csv", "worksheet.csv", "moodle.csv"]
    assert command.main(["moodle", *arguments]) == 1
    with open("moodle.csv", newline="") as file:
        head, *filled = csv.reader(file)
    assert head == WORKSHEET.splitlines()[0].lstrip("\ufeff").split(",")
    assert [line[2] for line in filled] == ["0", "3", "", ""]
    assert filled[1][1] == "Doe, Jane"
    assert "&lt;b&gt;" in filled[0][4]
    assert filled[2][4] == filled[3][4] == ""
    assert capsys.readouterr().err.splitlines() == [
        "left out: copy: no learner's number in the name",
        "left out: Eve_99_assignsubmission_file_ex05_sparse: "
        "not in the worksheet",
    ]


@pytest.mark.parametrize("content", [None, b"", b"a,b\n1,2\n", b"\xff\xfe"])
def test_no_table_is_an_error_and_leaves_no_file(content, tmp_path, capsys):
    scores = tmp_path / "scores.csv"
    if content is not None:
        scores.write_bytes(content)
    target = tmp_path / "out.csv"
    for more in (["canvas", str(scores)], ["moodle", str(scores), "w.csv"]):
        title = ["--title", "A"] if more[0] == "canvas" else []
        assert command.main([*more, str(target), *title]) == 2
        assert "scores.csv" in capsys.readouterr().err
    assert [*tmp_path.iterdir()] == ([] if content is None else [scores])
