"""Every assignment: its starter, solution, alternatives and mutants.

All of them go through the grader's workers, as submissions do. That the
reference answers score everything is seen in `test_learner`.
"""

from collections import Counter
from pathlib import Path

import pytest

from exercises.grader.grade import grade_cells, grade_file
from exercises.grader.source import read, variant

FOLDER = Path(__file__).parents[2] / "exercises"
SOURCES = sorted((FOLDER / "src").glob("*.md"))
EXERCISES = {path.stem: read(path) for path in SOURCES}
EVERY_EXERCISE = pytest.mark.parametrize("name", EXERCISES)
EVERY_QUESTION = pytest.mark.parametrize(
    ("name", "question"),
    [
        (name, question)
        for name, exercise in EXERCISES.items()
        for question in exercise.questions
    ],
)
SEED = 3


def cells_of(exercise, question, more):
    """The reference up to a question, and one answer to it more."""
    shown = exercise.of("code", "answer")
    last = exercise.of("answer", question=question)[-1]
    texts = [
        variant(cell.text, True) for cell in shown[: shown.index(last) + 1]
    ]
    return list(enumerate([*texts, more], 1))


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


@EVERY_QUESTION
def test_alternatives_score_everything(name, question, workers):
    exercise = EXERCISES[name]
    checks = checks_of(exercise, question)
    for other in exercise.of("alternative", question=question):
        cells = cells_of(exercise, question, other.text)
        grade = grade_cells(workers, checks, cells, other.name, SEED)
        assert (failed(grade), grade.notes) == ({}, []), other.name


@EVERY_QUESTION
def test_mutants_lose_points_and_every_check_kills_one(
    name, question, workers
):
    exercise = EXERCISES[name]
    checks = checks_of(exercise, question)
    killers, survivors = Counter(), []
    for mutant in exercise.of("mutant", question=question):
        cells = cells_of(exercise, question, mutant.text)
        # What no mutant has failed yet; then, until this one fails, check
        # by check, those first that most have failed.
        unproven = [c for c in checks if c["name"] not in killers]
        proven = [
            [check]
            for name, _ in killers.most_common()
            for check in checks
            if check["name"] == name
        ]
        for asked in filter(None, [unproven, *proven]):
            grade = grade_cells(workers, asked, cells, mutant.name, SEED)
            # A mutant is a wrong answer, not a cell that fails.
            assert grade.notes == [], mutant.name
            killers.update(failed(grade).keys())
            if failed(grade):
                break
        else:
            survivors.append(mutant.name)
    assert survivors == []
    assert set(killers) == {check["name"] for check in checks}
