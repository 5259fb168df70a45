"""Every assignment: its form, its starter, and its solution.

Both go through the grader's workers, as submissions do. That the reference
scores everything, and what its checks find, is proven in `test_proofs`.
"""

from pathlib import Path

import pytest

from exercises.grader.grade import grade_file
from exercises.grader.source import read

FOLDER = Path(__file__).parents[2] / "exercises"
SOURCES = sorted((FOLDER / "src").glob("*.md"))
EXERCISES = {path.stem: read(path) for path in SOURCES}
EVERY_EXERCISE = pytest.mark.parametrize("name", EXERCISES)
SEED = 3


def checks_of(exercise, question):
    return [c for c in exercise.checks if c["question"] == question]


def failed(grade):
    return {r.name: r.message for r in grade.results if not r.passed}


@EVERY_EXERCISE
def test_it_has_the_form_that_the_course_asks_for(name):
    exercise = EXERCISES[name]
    assert 3 <= len(exercise.questions) <= 5
    assert exercise.chapter[:2] == name[2:4]
    for question in exercise.questions:
        assert len(exercise.of("mutant", question=question)) >= 4
        assert len(exercise.of("alternative", question=question)) >= 2


@EVERY_EXERCISE
def test_a_message_does_not_hold_the_answer(name):
    """No message quotes a call from the reference answers."""
    for check in EXERCISES[name].checks:
        assert "ops." not in check["code"].split("def judge")[1]


@EVERY_EXERCISE
def test_the_solution_is_read_and_scores_in_its_first_question(name, workers):
    exercise = EXERCISES[name]
    checks = checks_of(exercise, exercise.questions[0])
    path = FOLDER / "solutions" / f"{name}.ipynb"
    grade = grade_file(workers, checks, path, name, SEED)
    assert (failed(grade), grade.notes) == ({}, [])
    assert grade.score == grade.points


@EVERY_EXERCISE
def test_the_starter_scores_nothing(name, workers):
    checks = EXERCISES[name].checks
    path = FOLDER / f"{name}.ipynb"
    grade = grade_file(workers, checks, path, name, SEED)
    assert grade.score == 0
    assert grade.notes == []
    assert {r.message for r in grade.results} == {"not answered yet"}
