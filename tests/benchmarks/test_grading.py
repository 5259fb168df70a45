"""What grading costs: what is graded, and what counts."""

import json
import re

import pytest

from benchmarks import grading
from exercises.grader.source import read

SOURCE = grading.ROOT / "exercises" / "src" / "ex05_sparse.md"


@pytest.fixture
def source(tmp_path):
    """The assignment's first question, in which nothing is trained."""
    folder = tmp_path / "source"
    folder.mkdir()
    return grading.only(["q1"], SOURCE, folder)


def test_only_the_chosen_questions_are_left(source):
    exercise, every = read(source), read(SOURCE)
    assert [*exercise.questions] == ["q1"]
    assert len(every.questions) > 1
    chosen = [one for one in every.checks if one["question"] == "q1"]
    assert [c["name"] for c in exercise.checks] == [c["name"] for c in chosen]
    assert grading.only([], SOURCE, source.parent) == SOURCE


def test_the_graders_time_full_marks(source, tmp_path):
    """The ones that are no other program, on the reference solution."""
    exercise = read(source)
    (tmp_path / "ours").mkdir()
    ours = grading.Ours(exercise, source, tmp_path / "ours")
    bare = grading.Bare(exercise, tmp_path / "bare")
    assert ours.grade(2) > 0
    assert bare.grade(1) > 0


def test_a_wrong_answer_is_an_error_and_no_time(source, tmp_path):
    exercise = read(source)
    bare = grading.Bare(exercise, tmp_path / "bare")
    text = bare.file.read_text()
    names = re.findall(r"^def (\w+)\(", text.partition("every = ")[2], re.M)
    wrong = "".join(f"{n} = lambda *args, **more: 1\n" for n in set(names))
    assert wrong
    bare.file.write_text(
        text.replace("for one in every:", f"{wrong}for one in every:")
    )
    with pytest.raises(RuntimeError, match="failed"):
        bare.grade(1)


def test_marks_that_are_not_full_do_not_count():
    grading.check_marks([True, True], 2)
    for full, copies in ([True, False], 2), ([True], 2):
        with pytest.raises(RuntimeError, match="of 2 copies got full marks"):
            grading.check_marks(full, copies)


def test_the_others_get_each_check_once(source, tmp_path, monkeypatch):
    """Without their programs: what is written for them."""
    commands = []
    monkeypatch.setattr(grading, "timed", lambda *c, **_: commands.append(c))
    exercise = read(source)
    peers = tmp_path / "bin" / "python"
    otter = grading.Otter(exercise, tmp_path / "otter", peers)
    text = (tmp_path / "otter" / "tests" / "q1.py").read_text()
    compile(text, "q1.py", "exec")
    assert text.count("@test_case(") == len(exercise.checks)
    nbgrader = grading.Nbgrader(exercise, tmp_path / "nbgrader", peers)
    source = tmp_path / "nbgrader" / "source" / "ex" / "ex.ipynb"
    cells = json.loads(source.read_text())["cells"]
    kept = [cell["metadata"].get("nbgrader", {}) for cell in cells]
    points = [one["points"] for one in kept if one.get("grade")]
    assert sum(points) == exercise.points()
    assert [command[0] for command in commands] == [
        otter.otter,
        nbgrader.nbgrader,
    ]
