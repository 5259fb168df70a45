"""Grade notebooks.

For example:

    python -m exercises.grader exercises/src/ex05_sparse.md \\
        submissions/*.ipynb --out results/

With ``--scheduler tcp://HOST:PORT`` a Dask cluster runs them. A run that was
cut short goes on where it was with ``--resume``.

To make the file that Gradescope asks for:

    python -m exercises.grader gradescope exercises/src/ex05_sparse.md \\
        autograder.zip

To put the scores into the files that Canvas and Moodle import:

    python -m exercises.grader canvas results/scores.csv canvas.csv \\
        --title "Exercise 5"
    python -m exercises.grader moodle results/scores.csv worksheet.csv \\
        moodle.csv
"""

import argparse
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
import sys

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress

from exercises.grader import report
from exercises.grader.grade import NOT_GRADED, grade_file
from exercises.grader.gradebook import (
    GradebookError,
    write_canvas,
    write_moodle,
)
from exercises.grader.gradescope import write_zip
from exercises.grader.pool import MEMORY, TIMEOUT, Pool
from exercises.grader.source import SourceError, read, read_checks

SCORES = ("scores", "scores.csv, as the grader wrote it")
TARGET = ("target", "the file to write")
OTHERS = {
    "gradescope": [("source", "exercises/src/exNN_topic.md"), TARGET],
    "canvas": [
        SCORES,
        TARGET,
        ("--title", "the assignment, as Canvas calls it"),
    ],
    "moodle": [SCORES, ("worksheet", "as downloaded from Moodle"), TARGET],
}


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
    add(
        "submissions",
        type=Path,
        nargs="+",
        help="notebooks, or folders with one",
    )
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
        default=TIMEOUT,
        help="seconds for the cells together, and for each question",
    )
    add(
        "--memory",
        type=_positive,
        default=MEMORY,
        help="GiB of private memory for a process",
    )
    add("--seed", type=_natural, default=2, help="of the random inputs")
    add(
        "--private-checks",
        type=Path,
        metavar="FILE",
        help="Markdown with further checks",
    )
    add(
        "--resume",
        action="store_true",
        help="go on with a run that was cut short: keep the rows in --out "
        "of submissions that have not changed",
    )
    add(
        "--without-isolation",
        action="store_true",
        help="run submissions among your own processes and files, with your "
        "network: see book/teaching.md",
    )
    return parser.parse_args(arguments)


def main(arguments=None):
    """Grade, write the results, and say where they are.

    Returns
    -------
    int
        0 if all submissions were graded; 1 if some were not, or something
        could not be written; 2 if there was nothing to begin with: the
        source is in error, Keras cannot be loaded, submissions cannot be
        isolated, the cluster cannot be used; 130 if it was interrupted.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments and arguments[0] in OTHERS:
        return _other(arguments)
    chosen = options(arguments)
    try:
        exercise = read(chosen.source)
        checks = exercise.checks
        if chosen.private_checks:
            file, known = chosen.private_checks, exercise.questions
            private = read_checks(file, known)
            checks += [check | {"private": True} for check in private]
        names = report.names_of(chosen.submissions)
        paths = dict(zip(names, chosen.submissions, strict=True))
        results = report.Results(
            chosen.out,
            exercise,
            {name: report.digest_of(path) for name, path in paths.items()},
            _asked(chosen),
            chosen.resume,
        )
        with _workers(chosen) as pool, results:
            return _grade_all(pool, chosen, checks, paths, results)
    except (SourceError, OSError, RuntimeError, ModuleNotFoundError) as error:
        print(error, file=sys.stderr)
    except report.ResumeError as error:
        print(f"--resume: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print(
            f"Stopped. {chosen.out / 'scores.csv'} has what was graded; "
            "the same command with --resume goes on from there.",
            file=sys.stderr,
        )
        return 130
    return 2


def _asked(chosen):
    """What decides the scores beside the submissions themselves."""
    return {
        "source": report.digest_of(chosen.source),
        "private checks": report.digest_of(chosen.private_checks)
        if chosen.private_checks
        else "",
        "--seed": chosen.seed,
        "--timeout": chosen.timeout,
        "--memory": chosen.memory,
        "--without-isolation": chosen.without_isolation,
    }


def _other(arguments):
    """Do what is no grading: make a file for a learning platform."""
    name, *rest = arguments
    parser = argparse.ArgumentParser(f"python -m exercises.grader {name}")
    for parameter, words in OTHERS[name]:
        if parameter.startswith("--"):
            parser.add_argument(parameter, required=True, help=words)
        else:
            parser.add_argument(parameter, type=Path, help=words)
    chosen = vars(parser.parse_args(rest))
    late, problems = [], []
    try:
        if name == "gradescope":
            write_zip(**chosen)
        elif name == "canvas":
            late, problems = write_canvas(**chosen)
        else:
            problems = write_moodle(**chosen)
    except (SourceError, GradebookError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"wrote {chosen['target']}")
    for submission in late:
        print(f"late: {submission}")
    for problem in problems:
        print(f"left out: {problem}", file=sys.stderr)
    return int(bool(problems))


def _grade_all(pool, chosen, checks, paths, results):
    """Grade the submissions, several at once, and show how far it is."""
    left = [name for name in paths if name not in results.done]
    if results.done:
        print(f"{len(results.done)} graded before, {len(left)} left")
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    grades, complete = [], True
    threads = ThreadPoolExecutor(chosen.jobs or pool.jobs)
    try:
        with Progress(*columns, console=Console(stderr=True)) as progress:
            task = progress.add_task(chosen.source.stem, total=len(left))
            futures = [
                threads.submit(
                    grade_file,
                    *(pool, checks, paths[name], name),
                    *(chosen.seed, chosen.source.stem),
                )
                for name in left
            ]
            for future in as_completed(futures):
                grades.append(future.result())
                complete &= results.add(grades[-1])
                progress.advance(task)
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
    try:
        results.finish()
    except OSError as error:
        complete = False
        print(f"{error}: rows without a place:", file=sys.stderr)
        print(results.unwritten, end="")
    print(report.isolation(grades))
    missing = [g for g in grades if g.status == NOT_GRADED]
    done = len(paths) - len(missing)
    print(f"{done} graded: {chosen.out / 'scores.csv'}")
    for grade in missing:
        print(f"not graded: {grade.name}: {grade.notes[0]}", file=sys.stderr)
    if not complete:
        print("not everything could be written", file=sys.stderr)
    return int(bool(missing) or not complete)


def _workers(chosen):
    """What runs the submissions: this machine, or a cluster."""
    limits = chosen.timeout, chosen.memory, not chosen.without_isolation
    if chosen.scheduler is None:
        pool = Pool(*limits)
        try:
            pool.start()
        except BaseException:
            pool.close()
            raise
        return pool
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
