"""Prove the exercises: ``make prove``.

A question is proven when its reference and every alternative pass all of its
checks, every mutant fails one, and every check fails a mutant. A notebook is
proven when nbval has executed it as a learner would: the solution, whose
score it compares, or the starter, which must run to its end.

A proof is remembered in `proofs.json` by the key of `tools.freshness`: the
code that is graded, the checks and what runs them, what they use of the
package, and the versions. What is not fresh is proven, or what is named; with
``--all`` everything is forgotten first. Each proof is written down when it
ends, so that the next call goes on after an interruption, and one that fails
loses its line.
"""

import argparse
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
import json
import os
from pathlib import Path
import random
import shutil
import subprocess
import sys
import tempfile
import time

from exercises.grader.grade import grade_cells
from exercises.grader.pool import Pool
from exercises.grader.source import read, variant
from tools import freshness

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "exercises"
FILE = FOLDER / "proofs.json"
SEED = 3
TIMEOUT = 100
# Of what is fresh, one in so many is proven again in each test run.
AGAIN = 10
RUNNER = """\
from exercises.grader.inside.checks import ask, draw, judge
ask, draw, judge"""
NBVAL = (
    *("-m", "pytest", "-q", "--nbval-lax", "--nbval-current-env"),
    *("--nbval-cell-timeout=300", "--nbval-kernel-startup-timeout=300"),
    *("-p", "no:xdist", "-p", "no:cacheprovider"),
)


class Unproven(Exception):
    """A proof failed; the message says what was found."""


@dataclass(frozen=True)
class Question:
    """A question of an exercise, with its checks, mutants and alternatives.

    Its proof needs a `Pool`, that of a notebook the environment of a learner.
    """

    exercise: object
    question: str

    @property
    def name(self):
        """How the proof is called."""
        return f"{self.exercise.name}.{self.question}"

    @property
    def checks(self):
        """The checks of this question."""
        every = self.exercise.checks
        return [c for c in every if c["question"] == self.question]

    def reference(self):
        """The texts of the cells up to this question's last answer."""
        shown = self.exercise.of("code", "answer")
        last = self.exercise.of("answer", question=self.question)[-1]
        upto = shown[: shown.index(last) + 1]
        return [variant(cell.text, solved=True) for cell in upto]

    def others(self, kind):
        """The mutants or the alternatives."""
        return self.exercise.of(kind, question=self.question)

    @cached_property
    def key(self):
        """What the proof depends on."""
        judged = [*self.others("alternative"), *self.others("mutant")]
        names = [(cell.kind, cell.name) for cell in judged]
        names += [(c["question"], c["name"]) for c in self.checks]
        codes = [check["code"] for check in self.checks]
        codes += [cell.text for cell in judged]
        named = repr([SEED, *names])
        return freshness.key_of_code(
            [RUNNER, *self.reference(), *codes, named]
        )

    def prove(self, pool):
        """Grade the reference, alternatives and mutants; or `Unproven`."""
        right = {"the reference": ""}
        right |= {c.name: c.text for c in self.others("alternative")}
        for name, text in right.items():
            missed = self.failed(pool, self.checks, name, text)
            if missed:
                raise Unproven(f"{name} fails {missed}")
        killers = Counter()
        for mutant in self.others("mutant"):
            self.kill(pool, mutant, killers)
        unused = {check["name"] for check in self.checks} - set(killers)
        if unused:
            raise Unproven(f"no mutant fails {sorted(unused)}")

    def kill(self, pool, mutant, killers):
        """Find a check that a mutant fails; count it in `killers`.

        What no mutant has failed yet is asked at once; then, until this one
        fails, check by check, those first that most have failed.
        """
        unproven = [c for c in self.checks if c["name"] not in killers]
        proven = [
            [check]
            for name, _ in killers.most_common()
            for check in self.checks
            if check["name"] == name
        ]
        for asked in filter(None, [unproven, *proven]):
            missed = self.failed(pool, asked, mutant.name, mutant.text)
            killers.update(missed.keys())
            if missed:
                return
        raise Unproven(f"the mutant {mutant.name} passes every check")

    def failed(self, pool, checks, name, text):
        """The checks that an answer fails, with their messages."""
        cells = list(enumerate([*self.reference(), text], 1))
        grade = grade_cells(pool, checks, cells, name, SEED)
        if grade.notes or grade.lost:
            # It is an answer, right or wrong, not a cell that fails.
            raise Unproven(f"{name}: {grade.reasons}")
        return {r.name: r.message for r in grade.results if not r.passed}


@dataclass(frozen=True)
class Notebook:
    """A published notebook: a starter, or a solution."""

    path: Path
    questions: tuple

    @property
    def name(self):
        """How the proof is called."""
        return self.path.relative_to(FOLDER).as_posix()

    @cached_property
    def key(self):
        """What the proof depends on."""
        cells = json.loads(self.path.read_text("utf-8"))["cells"]
        code = [
            "".join(c["source"]) for c in cells if c["cell_type"] == "code"
        ]
        score = repr([c.get("outputs") for c in cells])
        keys = repr([question.key for question in self.questions])
        return freshness.key_of_code([*code, score, keys])

    def prove(self, environment):
        """Execute it in an empty folder."""
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(self.path, folder)
            python(*NBVAL, self.path.name, cwd=folder, env=environment)
            left = sorted(os.listdir(folder))
        if left != [self.path.name]:
            raise Unproven(f"it leaves files behind: {left}")


def python(*arguments, **options):
    """Run Python; `Unproven` with its output if it fails."""
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **options,
    )
    if done.returncode:
        raise Unproven(done.stdout)
    return done.stdout


@contextmanager
def learner():
    """Variables of an environment that holds a wheel of this checkout."""
    with tempfile.TemporaryDirectory() as folder:
        source, packages = Path(folder, "source"), Path(folder, "packages")
        shutil.copytree(ROOT / "aecourse", source / "aecourse")
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, source)
        quiet = ["--no-deps", "--no-index", "--quiet"]
        build = ["wheel", "--no-build-isolation", "--wheel-dir", folder]
        python("-m", "pip", *build, source, *quiet)
        (wheel,) = Path(folder).glob("aecourse-*.whl")
        python("-m", "pip", "install", "--target", packages, wheel, *quiet)
        yield os.environ | {"PYTHONPATH": str(packages)}


@cache
def everything():
    """All that can be proven, by name: questions, then notebooks."""
    found = []
    for path in sorted((FOLDER / "src").glob("*.md")):
        exercise = read(path)
        mine = [Question(exercise, q) for q in exercise.questions]
        notebooks = [f"{path.stem}.ipynb", f"solutions/{path.stem}.ipynb"]
        found += mine
        found += [Notebook(FOLDER / name, tuple(mine)) for name in notebooks]
    found.sort(key=lambda one: isinstance(one, Notebook))
    return {one.name: one for one in found}


def remembered():
    """The keys of what is proven, by name."""
    return json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}


def remember(proofs):
    """Write the keys down; the file is always whole."""
    known = {name: proofs[name] for name in proofs if name in everything()}
    new = FILE.with_suffix(".new")
    text = json.dumps(known, indent=0, sort_keys=True) + "\n"
    new.write_text(text, "utf-8")
    new.replace(FILE)


def stale():
    """The names of what is not proven for what it is now."""
    known = remembered()
    return [n for n, one in everything().items() if known.get(n) != one.key]


def commit():
    """The name of the present commit; the day where git knows none."""
    done = subprocess.run(
        ["git", "rev-parse", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip()[:12] or date.today().isoformat()


def due(draw):
    """What a test run proves: what is not fresh, and some of the rest.

    Parameters
    ----------
    draw : str
        The same text draws the same of the rest.
    """
    names = stale()
    fresh = [name for name in everything() if name not in names]
    rng = random.Random(draw)
    return [*names, *rng.sample(fresh, -(-len(fresh) // AGAIN))]


def prove(names):
    """Prove, two at a time on two cores; return the names that failed."""
    proofs, failures = remembered(), []
    with (
        Pool(timeout=TIMEOUT) as pool,
        learner() as environment,
        ThreadPoolExecutor(os.cpu_count()) as threads,
    ):

        def run(one):
            start, key = time.monotonic(), one.key
            needs = pool if isinstance(one, Question) else environment
            one.prove(needs)
            return key, time.monotonic() - start

        jobs = {threads.submit(run, everything()[n]): n for n in names}
        try:
            for count, job in enumerate(as_completed(jobs), 1):
                name = jobs[job]
                try:
                    proofs[name], seconds = job.result()
                    said = f"proven in {seconds:.0f} s"
                except Exception as error:
                    proofs.pop(name, None)
                    failures.append(name)
                    said = f"NOT PROVEN: {error}"
                remember(proofs)
                print(f"{count} of {len(jobs)}: {name} {said}", flush=True)
        except KeyboardInterrupt:
            threads.shutdown(wait=False, cancel_futures=True)
            print("interrupted; what was proven is kept", flush=True)
            raise
    return failures


def main(arguments=None):
    """Prove what is not fresh, what is named, or all; 1 if one failed."""
    parser = argparse.ArgumentParser(
        prog="exercises.prove", description=main.__doc__
    )
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--all", action="store_true")
    options = parser.parse_args(arguments)
    # An exercise stands for its questions and notebooks.
    names = [
        known
        for known in everything()
        if any(asked in known for asked in options.names)
    ]
    if options.names and not names:
        parser.error(f"no proof has a name like {options.names}")
    if options.all:
        remember({})
    names = names or stale()
    print(f"{len(names)} of {len(everything())} proofs to make", flush=True)
    return int(bool(names and prove(names)))


if __name__ == "__main__":
    sys.exit(main())
