"""Measure what a newcomer waits for: `make book`, and the import.

`make bench` also builds the book in a copy of the repository: with the
outputs that ship, from nothing, after a change of prose, after a change of
one chapter's code, and with nothing changed. What the Makefile installs is
there already: it depends on the network. The import of `aecourse` is timed
beside that of Keras, in turns. Before and after, an epoch of the plain
network by its peer's recipe is timed, as a measure of the machine.
Written to `waits.json`.
"""

from itertools import pairwise
import json
import os
from pathlib import Path
import shutil
from statistics import median
import subprocess
import sys
import tempfile
import time

from benchmarks import machine
from benchmarks.peers import VERSIONS, apart

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(__file__).with_suffix(".json")
IMPORTS = 7
# How long the plain network is trained to time its epochs.
TRAINED_SECONDS = 30
# The chapter whose code is changed.
CHAPTER = "01_theory"


def copied(folder):
    """Copy what git knows, with its dates; share the environment."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout.decode()
    for name in listed.strip("\0").split("\0"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, path)
    (folder / ".venv").symlink_to(ROOT / ".venv")


def seconds(*command, folder=ROOT):
    """The wall time of a command; what it says is shown if it fails."""
    start = time.monotonic()
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    done = subprocess.run(command, cwd=folder, text=True, **pipes)
    if done.returncode:
        print(done.stdout, file=sys.stderr)
    done.check_returncode()
    return time.monotonic() - start


def changed(path, old, new):
    """Replace one place of a file."""
    text = path.read_text("utf-8")
    assert text.count(old) == 1, f"{old!r} is not once in {path}"
    path.write_text(text.replace(old, new), "utf-8")


def builds(folder):
    """Seconds of `make book` in the situations of a newcomer."""
    found = {}

    def build(name):
        found[name] = round(seconds("make", "book", folder=folder), 2)
        print(f"make book, {name}: {found[name]:.1f} s", flush=True)

    book = folder / "book"
    if (book / "_outputs").exists():
        build("clone")
        shutil.rmtree(book / "_outputs")
        shutil.rmtree(folder / "_build")
    build("nothing")
    start = "## Where to start"
    changed(book / "intro.md", start, f"New.\n\n{start}")
    build("prose")
    path = book / f"{CHAPTER}.ipynb"
    changed(path, "seed = set_seed()", "seed = set_seed() + 0")
    build("code")
    build("again")
    return found


def imports():
    """Seconds to import Keras and the package, in turns."""
    found = {"keras": [], "aecourse": []}
    for _ in range(IMPORTS):
        for name, times in found.items():
            times.append(seconds(sys.executable, "-c", f"import {name}"))
    return {name: [round(t, 3) for t in ts] for name, ts in found.items()}


def epoch():
    """Seconds of an epoch of the plain network, without the first."""
    points = apart("plain", "peer", 0, TRAINED_SECONDS)
    ends = [seconds for seconds, _ in points]
    # The first point is the start; the last epoch was cut short.
    return round(median(b - a for a, b in pairwise(ends[1:-1])), 3)


def main():
    """Measure, then write all of it."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    data = {"date": machine.today(), **machine.described(*VERSIONS)}
    data |= {"import": imports(), "epoch": [epoch()]}
    with tempfile.TemporaryDirectory(prefix="waits-") as folder:
        copied(Path(folder))
        data["make"] = builds(Path(folder))
    data["epoch"].append(epoch())
    DATA.write_text(json.dumps(data, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
