"""The pages for learners and teachers say what is true."""

import csv
import io
import re

import pytest

from book._ext import pages, teaching
from exercises.grader import __main__ as grader
from exercises.grader import report
from exercises.grader.grade import Grade, Result
from exercises.grader.source import read, read_checks


@pytest.fixture(scope="module")
def page(root):
    return (root / "book" / "teaching.md").read_text("utf-8")


@pytest.fixture(scope="module")
def exercises(root):
    return [read(p) for p in sorted((root / "exercises/src").glob("*.md"))]


def fenced(text, language):
    """The contents of the fences in this language."""
    pattern = rf"^(```+){language}\n(.*?)^\1$"
    found = re.findall(pattern, text, flags=re.M | re.S)
    return [content for _, content in found]


def cells(line):
    return [part.strip() for part in line.strip("|").split("|")]


def results_of(names, folder):
    """Write the results of a class in which the first learner did best."""
    grades = []
    for number, name in enumerate(names):
        passed = number == 0
        result = Result(
            "q1", "one", 3, False, passed, "" if passed else "<b>"
        )
        grades.append(Grade(name, [result]))
    report.write(grades, ["q1"], "Exercise 5", folder / "results")


def test_the_overview_has_a_row_for_each_assignment(exercises):
    head, _, *rows, last = map(cells, teaching.exercise_table())
    assert head[2:] == ["Questions", "Points", "Minutes"]
    assert len(rows) == len(exercises)
    for row, exercise in zip(rows, exercises, strict=True):
        assert exercise.title in row[0]
        sizes = [len(exercise.questions), exercise.points()]
        assert row[1].count(f"/exercises/{exercise.name}.ipynb)") == 2
        assert row[2:] == [str(n) for n in [*sizes, exercise.minutes]]
    assert int(last[3]) == sum(exercise.points() for exercise in exercises)


def test_every_chapter_states_its_minutes(root):
    for path in (root / "book").glob("[0-9]*.ipynb"):
        minutes = teaching.reading_minutes(pages.number_of(path.stem))
        assert 20 <= minutes <= 120


def test_the_page_lists_the_options_of_the_grader(page):
    chosen = vars(grader.options(["source", "one.ipynb"]))
    rows = [cells(line) for line in re.findall(r"^\| `--.*", page, re.M)]
    listed = {row[0].strip("`-").replace("-", "_"): row[1] for row in rows}
    assert set(listed) >= set(chosen) - {"source", "submissions", "out"}
    for name in ("timeout", "memory", "seed"):
        assert listed[name] == str(chosen[name])


def test_the_page_lists_every_status(page, root):
    program = (root / "exercises" / "grader" / "grade.py").read_text()
    found = re.findall(r'"(graded, with problems|graded|not read)"', program)
    rows = re.findall(r"^\| `(\w[^`/]*)` \|", page, flags=re.M)
    assert set(found) == set(rows)


def test_the_scores_that_canvas_imports(page, tmp_path, monkeypatch):
    names = ["doejane_12_345_ex05_sparse", "roejim_LATE_67_89_ex05_sparse-1"]
    results_of(names, tmp_path)
    monkeypatch.chdir(tmp_path)
    (program,) = [p for p in fenced(page, "python") if "canvas.csv" in p]
    exec(program, {})
    assert list(csv.reader(open("canvas.csv"))) == [
        ["Student", "ID", "Section", "Exercise 5"],
        ["doejane", "12", "", "3"],
        ["roejim", "67", "", "0"],
    ]


def test_the_worksheet_that_moodle_imports(page, tmp_path, monkeypatch):
    files = [
        f"{name}_assignsubmission_file_ex05_sparse.ipynb"
        for name in ("Jane Doe_12", "Jim Roe_67")
    ]
    results_of(report.names_of(files), tmp_path)
    monkeypatch.chdir(tmp_path)
    head = ["Identifier", "Full name", "Grade", "Maximum grade"]
    head += ["Last modified (grade)", "Feedback comments"]
    given = [head]
    for number, name in [(67, "Jim Roe"), (12, "Jane Doe"), (5, "Max Moe")]:
        given.append([f"Participant {number}", name, "", "3.00", "-", ""])
    text = io.StringIO()
    csv.writer(text).writerows(given)
    (tmp_path / "worksheet.csv").write_text(text.getvalue(), "utf-8-sig")
    (program,) = [p for p in fenced(page, "python") if "moodle.csv" in p]
    exec(program, {})
    with open("moodle.csv", newline="") as file:
        filled = list(csv.DictReader(file))
    assert list(filled[0]) == head
    assert [line["Grade"] for line in filled] == ["0", "3", ""]
    assert "&lt;b&gt;" in filled[0]["Feedback comments"]
    assert [line["Full name"] for line in filled] == [r[1] for r in given[1:]]


def test_the_private_checks_are_such(page, root, tmp_path):
    (text,) = fenced(page, "markdown")
    file = tmp_path / "private.md"
    file.write_text(text, encoding="utf-8")
    exercise = read(root / "exercises" / "src" / "ex05_sparse.md")
    (check,) = read_checks(file, exercise.questions)
    assert check["hidden"]
    assert check["points"] == 3
