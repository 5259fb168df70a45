"""Grade notebooks.

For example:

    python -m exercises.grader exercises/src/ex05_sparse.md \\
        submissions/*.ipynb --out results/

With ``--scheduler tcp://HOST:PORT`` a Dask cluster runs them.

To make the file that Gradescope asks for:

    python -m exercises.grader gradescope exercises/src/ex05_sparse.md \\
        autograder.zip
"""

import argparse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import sys

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress

from exercises.grader import report
from exercises.grader.grade import grade_file
from exercises.grader.gradescope import write_zip
from exercises.grader.parse import SourceError
from exercises.grader.pool import Pool
from exercises.grader.source import read, read_checks


def _positive(text):
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be above 0, got {text}")
    return value


def _natural(text):
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(
            f"must be a whole number of at least 0, got {text}"
        )
    return int(text)


def _jobs(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {text}")
    return int(text)


def options(arguments):
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m exercises.grader",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("source", type=Path, help="exercises/src/exNN_topic.md")
    add("submissions", type=Path, nargs="+", help="notebooks")
    add("--out", type=Path, default=Path("results"), help="folder to write")
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--jobs",
        type=_jobs,
        help="submissions that run at once (default: one a core)",
    )
    where.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="run them on this Dask cluster, not here: tcp://HOST:PORT",
    )
    add(
        "--timeout",
        type=_positive,
        default=120,
        help="seconds for the cells together, and for each question",
    )
    add(
        "--memory",
        type=_positive,
        default=4,
        help="GiB of private memory for a process",
    )
    add("--seed", type=_natural, default=2, help="of the random inputs")
    add(
        "--private-checks",
        type=Path,
        metavar="FILE",
        help="Markdown with further checks",
    )
    return parser.parse_args(arguments)


def main(arguments=None):
    """Grade, write the results, and say where they are.

    Returns
    -------
    int
        0 if all submissions were graded; 2 if the source is in error,
        Keras cannot be loaded, or the cluster cannot be used.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["gradescope"]:
        return _gradescope(arguments[1:])
    chosen = options(arguments)
    try:
        exercise = read(chosen.source)
        checks = exercise.checks
        if chosen.private_checks:
            file, known = chosen.private_checks, exercise.questions
            checks += read_checks(file, known)
    except (SourceError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    names = report.names_of(chosen.submissions)
    try:
        grades = _grade_all(chosen, exercise.name, checks, names)
    except (RuntimeError, ModuleNotFoundError) as error:
        print(error, file=sys.stderr)
        return 2
    report.write(grades, exercise.questions, exercise.title, chosen.out)
    print(report.isolation(grades))
    print(f"{len(grades)} graded: {chosen.out / 'scores.csv'}")
    return 0


def _gradescope(arguments):
    """Write Gradescope's file."""
    parser = argparse.ArgumentParser("python -m exercises.grader gradescope")
    parser.add_argument(
        "source", type=Path, help="exercises/src/exNN_topic.md"
    )
    parser.add_argument("target", type=Path, help="the zip file to write")
    chosen = parser.parse_args(arguments)
    try:
        write_zip(chosen.source, chosen.target)
    except (SourceError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"upload {chosen.target} to Gradescope")
    return 0


def _grade_all(chosen, title, checks, names):
    """Grade the submissions, several at once, and show how far it is."""
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    console = Console(stderr=True)
    with (
        _workers(chosen) as pool,
        ThreadPoolExecutor(chosen.jobs or pool.jobs) as threads,
        Progress(*columns, console=console) as progress,
    ):
        task = progress.add_task(title, total=len(names))

        def one(path, name):
            grade = grade_file(pool, checks, path, name, chosen.seed)
            progress.advance(task)
            return grade

        return list(threads.map(one, chosen.submissions, names))


def _workers(chosen):
    """What runs the submissions: this machine, or a cluster."""
    limits = chosen.timeout, chosen.memory
    if chosen.scheduler is None:
        return Pool(*limits)
    try:
        from exercises.grader.cluster import Cluster
    except ModuleNotFoundError as error:
        raise RuntimeError(
            f"--scheduler needs Dask ({error}): "
            'pip install -e ".[cluster]" in the checkout'
        ) from None
    return Cluster(chosen.scheduler, *limits)


if __name__ == "__main__":
    sys.exit(main())
