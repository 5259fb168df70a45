"""The pages for learners and teachers say what is true."""

import re

import pytest

from book._ext import pages, teaching
from exercises.grader import __main__ as grader
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
    found = re.findall(
        r'"(graded, with problems|graded|not read|not graded)"', program
    )
    rows = re.findall(r"^\| `(\w[^`/]*)` \|", page, flags=re.M)
    assert set(found) == set(rows)


def test_the_private_checks_are_such(page, root, tmp_path):
    (text,) = fenced(page, "markdown")
    file = tmp_path / "private.md"
    file.write_text(text, encoding="utf-8")
    exercise = read(root / "exercises" / "src" / "ex05_sparse.md")
    (check,) = read_checks(file, exercise.questions)
    assert check["hidden"]
    assert check["points"] == 3
