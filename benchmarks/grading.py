"""Measure what grading costs, beside otter-grader and nbgrader.

For example, from the repository's folder:

    python -m benchmarks.grading --otter /path/to/otter-venv/bin/python \\
        --nbgrader /path/to/nbgrader-venv/bin/python --rounds 3

Everyone gets copies of one notebook, the reference solution of an
assignment, and the same checks with the same random inputs, run by the same
lines of `exercises/grader/inside/checks.py`. A round measures each of them
once, one after the other, in an order that changes from round to round. A
result only counts if all copies got full marks. See `benchmarks/README.md`.
"""

import argparse
import json
import os
from pathlib import Path
import random
import re
import sqlite3
import subprocess
import sys
import tempfile
import time

from benchmarks.machine import described, resume, today
from exercises.grader.pool import ENVIRONMENT
from exercises.grader.source import read, variant

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(__file__).with_suffix(".json")
PROGRAM = (ROOT / "exercises/grader/inside/checks.py").read_text("utf-8")
# The whole comparison uses these settings: one thread, no GPU, no messages.
SETTINGS = os.environ | ENVIRONMENT | {"PYTHONPATH": str(ROOT)}
SEED = 2
SHARED = f"""\
import types

checks = types.ModuleType("checks")
exec({PROGRAM!r}, checks.__dict__)


def run_check(one, names):
    seed, inputs = checks.draw(one, {SEED})
    out, message = checks.ask(one, names, seed, inputs)
    assert message is None, message
    passed, message = checks.judge(one, out, inputs)
    assert passed, message
"""


def code_of(exercise):
    """The code cells of the reference solution, with their questions."""
    cells = exercise.of("code", "answer")
    return [(cell.question, variant(cell.text, True)) for cell in cells]


def cell(name, text, **grading):
    """A code cell; `grading` is what nbgrader keeps with it."""
    metadata = {"nbgrader": grading} if grading else {}
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": name,
        "metadata": metadata,
        "outputs": [],
        "source": text,
    }


def plain_cells(exercise):
    """The reference solution as a notebook's cells."""
    parts = enumerate(code_of(exercise))
    return [cell(f"cell-{number}", text) for number, (_, text) in parts]


def write_notebook(path, cells):
    """Write the cells as a notebook."""
    kernel = {"display_name": "Python 3", "language": "python"}
    notebook = {
        "cells": cells,
        "metadata": {"kernelspec": kernel | {"name": "python3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook), encoding="utf-8")


def timed(program, *rest, folder=ROOT):
    """Run a command; its wall time in seconds, or an error with its words.

    Programs of the same environment are found first.
    """
    path = f"{Path(program).parent}:{os.environ.get('PATH', '')}"
    command = [str(part) for part in (program, *rest)]
    start = time.monotonic()
    done = subprocess.run(
        command,
        cwd=folder,
        env=SETTINGS | {"PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - start
    if done.returncode:
        raise RuntimeError(f"{command} failed:\n{done.stdout}{done.stderr}")
    return seconds


def only(questions, source, folder):
    """The source with no other questions than these."""
    if not questions:
        return source

    def kept(found):
        question = re.search(r"^# (q\d+)\b", found[1], flags=re.M)
        return found[0] if not question or question[1] in questions else ""

    cell = r"^```\{code-cell\}\n(.*?)^```\n"
    text = re.sub(cell, kept, source.read_text("utf-8"), flags=re.M | re.S)
    short = folder / source.name
    short.write_text(text, encoding="utf-8")
    return short


class Ours:
    """This repository's grader: one command for all copies."""

    def __init__(self, exercise, source, folder, python=sys.executable):
        self.exercise, self.source, self.folder = exercise, source, folder
        self.python = python
        cells = plain_cells(exercise)
        write_notebook(folder / "solution.ipynb", cells)

    def grade(self, copies):
        """Grade so many copies; the seconds that it took."""
        text = (self.folder / "solution.ipynb").read_bytes()
        files = [self.folder / f"{n}.ipynb" for n in range(copies)]
        for file in files:
            file.write_bytes(text)
        out = self.folder / "results"
        grader = [self.python, "-m", "exercises.grader", self.source, *files]
        options = ["--jobs", 1, "--seed", SEED, "--out", out]
        seconds = timed(*grader, *options)
        rows = (out / "scores.csv").read_text().splitlines()[1:]
        full = f",{self.exercise.points()},{self.exercise.points()},"
        check_marks([full in row for row in rows], copies)
        return seconds


class Bare:
    """No grader: a script that runs the cells and the checks."""

    def __init__(self, exercise, folder, python=sys.executable):
        cells = [text for _, text in code_of(exercise)]
        lines = [SHARED, f"every = {exercise.checks!r}", *cells]
        lines.append("for one in every:\n    run_check(one, globals())")
        self.file, self.python = folder / "bare.py", python
        folder.mkdir(parents=True)
        self.file.write_text("\n\n".join(lines))

    def grade(self, copies):
        """Run it so many times; the seconds that it took."""
        return sum(timed(self.python, self.file) for _ in range(copies))


class Otter:
    """otter-grader: `otter run` for each notebook, no container."""

    def __init__(self, exercise, folder, python):
        self.exercise, self.folder = exercise, folder
        self.otter = Path(python).with_name("otter")
        tests = folder / "tests"
        tests.mkdir(parents=True)
        for question in exercise.questions:
            text = self.tests_of(question)
            (tests / f"{question}.py").write_text(text)
        make = [self.otter, "generate", "-t", tests, "--no-environment"]
        archive = folder / "autograder.zip"
        timed(*make, "--no-requirements", "-o", archive, folder=folder)
        cells = plain_cells(exercise)
        write_notebook(folder / "solution.ipynb", cells)

    def tests_of(self, question):
        """The checks of a question as otter's exception-based tests."""
        lines = [
            "from otter.test_files import test_case",
            f"OK_FORMAT = False\nname = {question!r}",
            SHARED,
        ]
        for one in self.exercise.checks:
            if one["question"] == question:
                name, points = one["name"], one["points"]
                settings = f"points={points}, hidden={one['hidden']}"
                lines.append(
                    f"@test_case(name={name!r}, {settings})\n"
                    f"def test_{name}(env):\n    run_check({one!r}, env)"
                )
        return "\n\n".join(lines)

    def grade(self, copies):
        """Grade so many copies; the seconds that it took."""
        seconds = 0
        for _ in range(copies):
            run = [self.otter, "run", "-a", "autograder.zip", "-o", "."]
            run += ["--no-logo", "solution.ipynb"]
            seconds += timed(*run, folder=self.folder)
            text = (self.folder / "results.json").read_text()
            tests = json.loads(text)["tests"]
            earned = sum(test.get("score", 0) for test in tests)
            check_marks([round(earned, 6) == self.exercise.points()], 1)
        return seconds


class Nbgrader:
    """nbgrader: one `nbgrader autograde` for all copies."""

    def __init__(self, exercise, folder, python):
        self.exercise, self.folder = exercise, folder
        self.nbgrader = Path(python).with_name("nbgrader")
        source = folder / "source" / "ex" / "ex.ipynb"
        write_notebook(source, list(self.cells()))
        (folder / "nbgrader_config.py").write_text("c = get_config()\n")
        make = [self.nbgrader, "generate_assignment", "ex"]
        timed(*make, "--create", folder=folder)

    def cells(self):
        """The reference solution with a test cell for each check."""
        form = {"schema_version": 3, "task": False, "cell_type": "code"}
        answer = form | {"grade": False, "locked": False, "solution": True}
        test = form | {"grade": True, "locked": True, "solution": False}
        yield cell("shared", SHARED)
        for number, (question, text) in enumerate(code_of(self.exercise)):
            name = f"answer-{number}"
            graded = answer | {"grade_id": name} if question else {}
            yield cell(name, text, **graded)
        for one in self.exercise.checks:
            name, points = f"{one['question']}-{one['name']}", one["points"]
            graded = test | {"grade_id": name, "points": points}
            yield cell(name, f"run_check({one!r}, globals())", **graded)

    def grade(self, copies):
        """Grade so many copies; the seconds that it took."""
        text = (self.folder / "source" / "ex" / "ex.ipynb").read_bytes()
        for number in range(copies):
            place = self.folder / "submitted" / f"s{number}" / "ex"
            place.mkdir(parents=True, exist_ok=True)
            (place / "ex.ipynb").write_bytes(text)
        command = [self.nbgrader, "autograde", "ex", "--create", "--force"]
        seconds = timed(*command, folder=self.folder)
        with sqlite3.connect(self.folder / "gradebook.db") as database:
            rows = database.execute(
                "select sum(auto_score) from grade group by notebook_id"
            ).fetchall()
        points = self.exercise.points()
        check_marks([earned == points for (earned,) in rows], copies)
        return seconds


def check_marks(full, copies):
    """An error unless each copy got full marks."""
    if len(full) != copies or not all(full):
        raise RuntimeError(f"{sum(full)} of {copies} copies got full marks")


def version_of(python, package):
    """The version of a package that an interpreter has."""
    ask = (
        f"from importlib import metadata as m; print(m.version({package!r}))"
    )
    done = subprocess.run(
        [python, "-c", ask], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def options():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    source = ROOT / "exercises" / "src" / "ex05_sparse.md"
    add("--source", type=Path, default=source, help="the assignment")
    add("--questions", nargs="*", default=[], help="only these: q1 q2")
    add("--otter", help="Python of an environment with otter-grader")
    add("--nbgrader", help="Python of an environment with nbgrader")
    add("--copies", type=int, default=50, help="for our grader")
    add("--peer-copies", type=int, default=5, help="for each of the others")
    add("--rounds", type=int, default=1)
    add("--append", action="store_true", help="keep the rounds in the file")
    add("--out", type=Path, default=DATA, help="the file to write")
    return parser.parse_args()


def main():
    """Run the rounds, and write the data after each."""
    chosen = options()
    data = {"exercise": chosen.source.stem}
    data |= described("keras", "tensorflow") | {"rounds": []}
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        folder = Path(folder)
        (folder / "ours").mkdir()
        source = only(chosen.questions, chosen.source, folder)
        exercise = read(source)
        # By name: who grades, and how many copies.
        ours = Ours(exercise, source, folder / "ours")
        graders = {
            "ours": (ours, chosen.copies),
            "alone": (ours, 1),
            "bare": (Bare(exercise, folder / "bare"), 1),
        }
        if chosen.otter:
            peer = Otter(exercise, folder / "otter", chosen.otter)
            graders["otter"] = (peer, chosen.peer_copies)
            version = version_of(chosen.otter, "otter-grader")
            data["versions"]["otter-grader"] = version
        if chosen.nbgrader:
            peer = Nbgrader(exercise, folder / "nbgrader", chosen.nbgrader)
            graders["nbgrader"] = (peer, chosen.peer_copies)
            version = version_of(chosen.nbgrader, "nbgrader")
            data["versions"]["nbgrader"] = version
        if chosen.append and chosen.out.exists():
            data = resume(chosen.out, data, "rounds")
        copies_of = {name: copies for name, (_, copies) in graders.items()}
        for _ in range(chosen.rounds):
            order = random.sample([*graders], len(graders))
            importing = (sys.executable, "-c", "import keras")
            measured = {"date": today(), "questions": exercise.questions}
            measured["copies"] = copies_of
            measured["import"] = round(timed(*importing), 2)
            for name in order:
                grader, copies = graders[name]
                each = grader.grade(copies) / copies
                measured[name] = round(each, 2)
                print(f"{name}: {each:.2f} s a copy", flush=True)
            data["rounds"].append(measured)
            text = json.dumps(data, indent=1) + "\n"
            chosen.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
