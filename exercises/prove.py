"""Prove that the checks of the exercises tell right answers from wrong ones.

A question is proven when each of its alternatives scores everything, each of
its mutants loses points, and each of its checks catches a mutant; a published
notebook, when nbval executes it with nothing but a wheel of aecourse beside
it. ``exercises/proofs.json`` remembers each proof by the key of what it rests
on. So tests prove what is not fresh, and some of the rest.

``make prove``, or ``python -m exercises.prove --all``, proves everything;
without ``--all`` what is not fresh; with names, ``ex05_sparse`` say, these.
"""

import argparse
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
import contextlib
from functools import cache
import json
import os
from pathlib import Path
import random
import shutil
import subprocess
import sys
import tempfile

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress

from exercises.grader.grade import grade_cells
from exercises.grader.pool import Pool
from exercises.grader.source import read, variant
from tools import freshness

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "exercises"
PROOFS = FOLDER / "proofs.json"
SEED = 3
SECONDS = 100  # for the cells of an answer, and again for its checks
# What judges an answer, beside the checks of its question.
JUDGE = """
from exercises.grader.inside.checks import ask, draw, judge
ask, draw, judge
"""
NBVAL = [
    *("-m", "pytest", "--nbval-lax", "--nbval-current-env"),
    *("--nbval-cell-timeout=300", "--nbval-kernel-startup-timeout=300"),
    *("-p", "no:xdist", "-p", "no:cacheprovider"),
]


@cache
def sources():
    """All exercises, by name."""
    return {p.stem: read(p) for p in sorted((FOLDER / "src").glob("*.md"))}


def notebooks():
    """All published notebooks, below the folder of the exercises."""
    return sorted(
        path.relative_to(FOLDER).as_posix()
        for folder in (FOLDER, FOLDER / "solutions")
        for path in folder.glob("*.ipynb")
    )


def reference(exercise, question):
    """The reference up to the last answer to a question, as cells."""
    shown = exercise.of("code", "answer")
    last = exercise.of("answer", question=question)[-1]
    return [
        variant(cell.text, True) for cell in shown[: shown.index(last) + 1]
    ]


def keys():
    """The present key of each proof, by the name of what it proves.

    Names are ``ex05_sparse q1``, ``ex05_sparse.ipynb`` and
    ``solutions/ex05_sparse.ipynb``.
    """
    found = {}
    for name, exercise in sources().items():
        for question in exercise.questions:
            kinds = ("visible", "held-out", "mutant", "alternative")
            judged = exercise.of(*kinds, question=question)
            texts = [
                *reference(exercise, question),
                *(
                    f"kind = {cell.kind!r}, {cell.fields!r}\n{cell.text}"
                    for cell in judged
                ),
                JUDGE,
            ]
            found[f"{name} {question}"] = freshness.key_of_code(texts)
    for name in notebooks():
        # Its checks are encoded: what they use, their questions' keys tell.
        exercise = Path(name).stem
        asked = [
            found[key] for key in found if key.startswith(f"{exercise} ")
        ]
        cells = json.loads((FOLDER / name).read_text("utf-8"))["cells"]
        code = [c for c in cells if c["cell_type"] == "code"]
        texts = ["".join(cell["source"]) for cell in code]
        texts.append(repr([asked, [cell["outputs"] for cell in code]]))
        found[name] = freshness.key_of_code(texts)
    return found


def remembered(file=PROOFS):
    """The keys of the proofs that were found, by name."""
    try:
        return json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}


def remember(name, key, file=PROOFS):
    """Write a proof down, or strike it out where `key` is None."""
    found = remembered(file) | {name: key}
    found = {n: k for n, k in sorted(found.items()) if k is not None}
    new = file.with_suffix(".new")
    new.write_text(json.dumps(found, indent=0) + "\n", "utf-8")
    new.replace(file)


def due(seed):
    """What a test run proves: all that is not fresh, a tenth of the rest.

    The tenth is drawn at random, by `seed`.
    """
    known, now = remembered(), keys()
    late = [name for name in now if known.get(name) != now[name]]
    rest = [name for name in now if name not in late]
    some = random.Random(seed).sample(rest, -(-len(rest) // 10))
    return sorted([*late, *some])


def prove(name, pool, environment):
    """Prove a question or a notebook.

    Parameters
    ----------
    name : str
        As in `keys`.
    pool : Pool
        With Keras.
    environment : dict
        As `learner` gives it.

    Returns
    -------
    list of str
        What speaks against it; empty if it is proven.
    """
    if name.endswith(".ipynb"):
        return execute(name, environment)
    exercise, question = name.split()
    exercise = sources()[exercise]
    checks = [c for c in exercise.checks if c["question"] == question]
    cells = reference(exercise, question)

    def ask(other, asked):
        """Grade another answer, given after the reference."""
        numbered = list(enumerate([*cells, other.text], 1))
        grade = grade_cells(pool, asked, numbered, other.name, SEED)
        failed = {r.name: r.message for r in grade.results if not r.passed}
        return failed, grade.notes

    right = exercise.of("alternative", question=question)
    wrong = exercise.of("mutant", question=question)
    return [*right_ones(right, ask, checks), *wrong_ones(wrong, ask, checks)]


def right_ones(alternatives, ask, checks):
    """Complaints of alternatives that do not score everything."""
    for other in alternatives:
        failed, notes = ask(other, checks)
        if failed or notes:
            yield f"alternative {other.name} fails: {failed}, {notes}"


def wrong_ones(mutants, ask, checks):
    """Complaints of mutants that score, and of checks that catch none."""
    caught = Counter()
    for mutant in mutants:
        # What no mutant has failed yet; then, until this one fails, check
        # by check, those first that most have failed.
        proven = [
            [check]
            for name, _ in caught.most_common()
            for check in checks
            if check["name"] == name
        ]
        unproven = [c for c in checks if c["name"] not in caught]
        for asked in filter(None, [unproven, *proven]):
            failed, notes = ask(mutant, asked)
            caught.update(failed.keys())
            if notes:
                # A mutant is a wrong answer, not a cell that fails.
                yield f"mutant {mutant.name}: {notes}"
            if failed or notes:
                break
        else:
            yield f"mutant {mutant.name} loses no point"
    for check in checks:
        if check["name"] not in caught:
            yield f"check {check['name']} catches no mutant"


def python(*arguments, **options):
    """Run Python; return its exit status and what it printed."""
    done = subprocess.run(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **options,
    )
    return done.returncode, done.stdout


@contextlib.contextmanager
def learner():
    """Variables of an environment with a wheel of aecourse, for a while.

    Raises
    ------
    RuntimeError
        If the wheel cannot be made.
    """
    with tempfile.TemporaryDirectory(prefix="learner-") as folder:
        folder = Path(folder)
        source, packages = folder / "source", folder / "packages"
        shutil.copytree(ROOT / "aecourse", source / "aecourse")
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, source)
        pip = ["-m", "pip", "--quiet", "install", "--no-build-isolation"]
        pip += ["--no-deps", "--no-index", "--target", packages, source]
        status, output = python(*map(str, pip))
        if status:
            raise RuntimeError(f"aecourse cannot be installed:\n{output}")
        yield os.environ | {"PYTHONPATH": str(packages)}


def execute(name, environment):
    """Complaints of nbval, which executes a notebook in an empty folder."""
    with tempfile.TemporaryDirectory(prefix="learner-") as folder:
        shutil.copy(FOLDER / name, folder)
        file = Path(name).name
        status, output = python(*NBVAL, file, cwd=folder, env=environment)
        left = sorted(path.name for path in Path(folder).iterdir())
    wrong = [] if status == 0 and " passed" in output else [output]
    return wrong + [f"it leaves {left}"] * (left != [file])


def chosen(options, now):
    """The names of the proofs that the command line asks for."""
    unknown = set(options.names) - set(sources())
    if unknown:
        raise ValueError(f"no exercise {', '.join(sorted(unknown))}")
    if options.names:
        return [n for n in now if any(e in n for e in options.names)]
    known = {} if options.all else remembered()
    return [name for name in now if known.get(name) != now[name]]


def main(arguments=None):
    """Prove, remember, and return how many proofs failed."""
    parser = argparse.ArgumentParser(
        prog="python -m exercises.prove", description=__doc__
    )
    parser.add_argument("names", nargs="*", metavar="exNN_topic")
    parser.add_argument("--all", action="store_true", help="fresh ones too")
    now = keys()
    try:
        names = chosen(parser.parse_args(arguments), now)
    except ValueError as error:
        parser.error(str(error))
    for name in set(remembered()) - set(now):
        remember(name, None)
    failures = 0
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    with (
        learner() as environment,
        Pool(SECONDS) as pool,
        ThreadPoolExecutor(pool.jobs) as threads,
        Progress(*columns, console=Console(stderr=True)) as progress,
    ):
        pool.start()
        task = progress.add_task("proofs", total=len(names))
        jobs = {
            threads.submit(prove, name, pool, environment): name
            for name in names
        }
        for job in as_completed(jobs):
            name = jobs[job]
            try:
                wrong = job.result()
            except Exception as error:
                wrong = [f"{type(error).__name__}: {error}"]
            remember(name, None if wrong else now[name])
            failures += bool(wrong)
            for text in wrong:
                print(f"{name}: {text}")
            progress.advance(task)
    print(f"{len(names) - failures} of {len(names)} proven: {PROOFS.name}")
    return failures


if __name__ == "__main__":
    sys.exit(main() > 0)
