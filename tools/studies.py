"""Run the studies: what chapters compare, over seeds, kept as data.

``python -m tools.studies`` runs what is not fresh, on the cores of this
machine or with ``--scheduler`` on a Dask cluster: one seed and setting a
task. Each result is written when it ends, so that a run may be interrupted
at any time and goes on where it was.

A study is a module ``studies/NN_topic.py``. Its docstring states question,
protocol, rivals and their tuning. It defines ``CRITERION``, ``SEEDS``,
``SETTINGS`` (dicts of options by name), ``TRIALS`` (the settings to choose
from), ``QUICK`` (options of the quick form) and ``run(data, seed, setting)``,
which returns numbers by name. It may define ``EARLIER``, the seeds that were
used under other criteria before it was a study. It never loads images: trials
get validation images where the run that counts gets the test images.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from functools import cache
import importlib
import json
import math
import multiprocessing
import os
from pathlib import Path
import sys
import time
from types import SimpleNamespace

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)

from benchmarks.machine import cores, described
from tools import freshness

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "aecourse" / "data" / "studies"
TRIED = ROOT / "_build" / "studies"
VALIDATION = 5000
FIRST_TRIAL_SEED = 100
TRIAL_SEEDS = range(FIRST_TRIAL_SEED, FIRST_TRIAL_SEED + 1)
# Of training, validation and final images, in the quick form.
FEW = 400
MOST_BYTES = 100_000
# What decides a result; trials and the quick form do not.
COUNTED = ("CRITERION", "SEEDS", "SETTINGS", "run")


class StudyError(Exception):
    """A study that must not be run as it stands, or cannot be."""


def names():
    """All studies, in reading order."""
    folder = ROOT / "studies"
    return sorted(path.stem for path in folder.glob("[0-9]*.py"))


def load(name):
    """The module of a study."""
    if name not in names():
        raise StudyError(f"no study {name!r}: there are {names()}")
    return importlib.import_module(f"studies.{name}")


def key_of(name):
    """What the results of a study depend on."""
    path = ROOT / "studies" / f"{name}.py"
    return freshness.key(path, seed=0, names=COUNTED, root=ROOT)


def is_older(name):
    """Whether the kept results of a study were made by other code."""
    return read(KEPT / f"{name}.json")["key"] != key_of(name)


@cache
def images(form):
    """The images that a study gets: the test images only where it counts.

    Parameters
    ----------
    form : {"counts", "trial", "quick"}

    Returns
    -------
    SimpleNamespace
        ``x_train``, ``x_val``, ``x_final`` of shape (n, 784), and labels
        ``y_train``, ``y_val``, ``y_final``.
    """
    from aecourse.data import load_mnist

    (x, y), final = load_mnist(flat=True)
    validation = x[:VALIDATION], y[:VALIDATION]
    sets = {
        "train": (x[VALIDATION:], y[VALIDATION:]),
        "val": validation,
        "final": final if form == "counts" else validation,
    }
    few = FEW if form == "quick" else None
    return SimpleNamespace(
        **{f"x_{name}": x[:few] for name, (x, _) in sets.items()},
        **{f"y_{name}": y[:few] for name, (_, y) in sets.items()},
    )


def work(name, setting, seed, form):
    """One task: a setting of a study with one seed; a row of its data."""
    study = load(name)
    options = (study.SETTINGS | study.TRIALS)[setting]
    if form == "quick":
        options = options | study.QUICK
    start = time.monotonic()
    values = study.run(images(form), seed, options)
    seconds = time.monotonic() - start
    numbers = {}
    for measure, value in values.items():
        numbers[measure] = float(f"{float(value):.6g}")
        if not math.isfinite(numbers[measure]):
            raise StudyError(
                f"{measure} must be finite, got {value} in {name}, "
                f"{setting!r}, seed {seed}"
            )
    row = {"setting": setting, "seed": seed, "seconds": round(seconds, 1)}
    return key_of(name), row | {"values": numbers}


def fresh_record(name, seeds):
    """The record of a study before its first result."""
    study = load(name)
    return {
        "study": name,
        "key": key_of(name),
        "criterion": study.CRITERION,
        "seeds": list(seeds),
        "history": [
            {"criterion": criterion, "seeds": list(used)}
            for criterion, used in getattr(study, "EARLIER", {}).items()
        ],
        **described("keras", "tensorflow", "numpy", "scikit-learn"),
        "runs": [],
    }


def read(path):
    """What is kept of a study."""
    try:
        return json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise StudyError(
            f"{path} is damaged ({error}): restore it with `git checkout`, "
            "or remove it"
        ) from None


def resume(name, path, form):
    """The record to go on with: the kept one if it is fresh.

    Raises
    ------
    StudyError
        If the criterion or the block of seeds has changed, and a seed of
        the new block has been used before; or if the kept one is damaged.
    """
    seeds = list(load(name).SEEDS if form == "counts" else TRIAL_SEEDS)
    new = fresh_record(name, seeds)
    old = read(path) if path.exists() else None
    if form != "counts":
        same = old and old["key"] == new["key"]
        # A trial may add settings: what was tried stays.
        return new | {"runs": old["runs"]} if same else new
    if not seeds or max(seeds) >= FIRST_TRIAL_SEED:
        raise StudyError(
            f"SEEDS of {name} must be below {FIRST_TRIAL_SEED}, where trials "
            f"begin, got {seeds}"
        )
    if old:
        judged = {"criterion": old["criterion"], "seeds": old["seeds"]}
        for entry in old["history"]:
            if entry not in new["history"]:
                new["history"].append(entry)
        if judged != {"criterion": new["criterion"], "seeds": seeds}:
            new["history"].append(judged)
    for entry in new["history"]:
        used = sorted(set(seeds) & set(entry["seeds"]))
        if used:
            start = 10 * (1 + max(entry["seeds"]) // 10)
            raise StudyError(
                f"{name} has been judged on the seeds {used} by another "
                f"criterion, {entry['criterion']!r}: move SEEDS on, to "
                f"range({start}, {start + 10}) say"
            )
    if old and old["key"] == new["key"]:
        new["runs"] = old["runs"]
        for part in ("machine", "versions"):
            new[part] = old[part]
    return new


def write(path, record):
    """Put the record in place of the old one, whole or not at all."""
    record["runs"].sort(key=lambda run: (run["setting"], run["seed"]))
    head = json.dumps(record | {"runs": []}, indent=1, ensure_ascii=False)
    rows = ",\n  ".join(
        json.dumps(run, separators=(",", ":")) for run in record["runs"]
    )
    text = head.replace('"runs": []', f'"runs": [\n  {rows}\n ]') + "\n"
    if len(text.encode()) > MOST_BYTES:
        raise StudyError(
            f"{path.name} must have at most {MOST_BYTES} bytes, got "
            f"{len(text.encode())}: measure less, or with fewer settings"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(text, "utf-8")
    os.replace(temporary, path)


def todo(record, settings):
    """The tasks without a result: settings and seeds, seed by seed."""
    done = {(run["setting"], run["seed"]) for run in record["runs"]}
    tasks = [(name, seed) for seed in record["seeds"] for name in settings]
    return [task for task in tasks if task not in done]


@contextmanager
def workers(scheduler, jobs):
    """An executor: processes of this machine, or a Dask cluster."""
    if scheduler:
        with cluster(scheduler) as client:
            yield client.get_executor(pure=False)
        return
    for variable in (
        "OMP_NUM_THREADS",
        "TF_NUM_INTRAOP_THREADS",
        "TF_NUM_INTEROP_THREADS",
    ):
        os.environ.setdefault(variable, "1")
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        yield pool


def cluster(address):
    """The client of a Dask scheduler that has workers."""
    try:
        from exercises.grader.cluster import CONNECT_SECONDS, connect
    except ImportError:
        raise StudyError(
            'for --scheduler, pip install -e ".[cluster]"'
        ) from None
    try:
        client = connect(address)
    except RuntimeError as error:
        raise StudyError(str(error)) from None
    try:
        client.wait_for_workers(1, timeout=CONNECT_SECONDS)
    except TimeoutError:
        client.close()
        raise StudyError(
            f"the Dask scheduler at {address} has no workers"
        ) from None
    return client


def run(name, form="counts", scheduler=None, jobs=1):
    """Run what a study lacks; return its record and how much failed."""
    study = load(name)
    folder = KEPT if form == "counts" else TRIED / form
    path = folder / f"{name}.json"
    record = resume(name, path, form)
    settings = study.TRIALS if form == "trial" else study.SETTINGS
    tasks = todo(record, settings)
    if not tasks:
        return record, 0
    failures = 0
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns) as progress, workers(scheduler, jobs) as pool:
        # Where no bar can be redrawn, in a log say, lines take its place.
        terminal = progress.console.is_terminal
        bar = progress.add_task(name, total=len(tasks), visible=terminal)
        futures = {
            pool.submit(work, name, *task, form): task for task in tasks
        }
        try:
            for future in as_completed(futures):
                setting, seed = futures[future]
                what = f"{name}: {setting}, seed {seed}"
                progress.advance(bar)
                try:
                    key, row = future.result()
                    if key != record["key"]:
                        raise StudyError("the worker has other code")
                except Exception as error:
                    failures += 1
                    progress.console.print(
                        f"{what} failed: {error!r}", markup=False
                    )
                    continue
                record["runs"].append(row)
                write(path, record)
                if not terminal:
                    progress.console.print(
                        f"{what}: {row['seconds']} s", markup=False
                    )
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return record, failures


def main(arguments=None):
    """Run the studies that are named, or all; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.studies",
        description="run what is not fresh of the studies",
    )
    parser.add_argument("name", nargs="*", help="such as 11_contractive")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--jobs", type=int, default=cores())
    where.add_argument("--scheduler", help="of a Dask cluster: tcp://…")
    form = parser.add_mutually_exclusive_group()
    for name, text in (
        ("quick", "seconds long: few images and epochs, one seed"),
        ("trial", f"try TRIALS on validation, seed {FIRST_TRIAL_SEED}"),
    ):
        form.add_argument(
            f"--{name}",
            dest="form",
            action="store_const",
            const=name,
            default="counts",
            help=text,
        )
    chosen = parser.parse_args(arguments)
    failures = 0
    try:
        for name in chosen.name or names():
            record, failed = run(
                name, chosen.form, chosen.scheduler, chosen.jobs
            )
            failures += failed
            print(f"{name}: {len(record['runs'])} runs, {failed} failed")
    except StudyError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; what has ended is kept", flush=True)
        # The pool would wait for the tasks that are running.
        os._exit(130)
    return int(failures > 0)


if __name__ == "__main__":
    # Workers import `work` from the module, not from this script.
    from tools.studies import main

    sys.exit(main())
