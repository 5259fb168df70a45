"""Execute every chapter with ten seeds, and keep its verdicts and numbers.

`make seeds` runs what `seeds.json` lacks and writes each run down when it
ends, so that it may be interrupted at any time. A chapter whose code has
changed loses its old runs with the first new one.
"""

import ast
from concurrent.futures import ThreadPoolExecutor, as_completed
import hashlib
import json
import os
from pathlib import Path
import sys

import nbformat
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "book" / "_ext"))
import execution  # noqa: E402

SEEDS = range(10)
DATA = Path(__file__).with_suffix(".json")
GLUED = "application/papermill.record/text/plain"


def code_key(path):
    """A hash of the code that decides a chapter's results.

    Prose does not count, nor do quizzes, nor the cell that installs the
    course in Colab.
    """
    digest = hashlib.sha256()
    for cell in nbformat.read(path, as_version=4).cells:
        idle = cell.id == "setup" or "quiz" in cell.metadata.get("tags", [])
        if cell.cell_type == "code" and not idle:
            digest.update(cell.source.encode() + b"\n")
    return digest.hexdigest()[:16]


def glued(notebook):
    """What an executed notebook recorded: verdicts and numbers by name."""
    found = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if GLUED in output.get("data", {}):
                value = ast.literal_eval(output.data[GLUED])
                if isinstance(value, float):
                    value = float(f"{value:.6g}")
                found[output.metadata.scrapbook.name] = value
    return found


def load():
    """Runs by chapter: ``{"code": key, "seeds": {"0": glued values}}``."""
    return json.loads(DATA.read_text("utf-8")) if DATA.exists() else {}


def keep(chapter, key, seed, values):
    """Write one run down; the file is always whole."""
    data = load()
    if data.get(chapter, {}).get("code") != key:
        data[chapter] = {"code": key, "seeds": {}}
    runs = data[chapter]["seeds"] | {str(seed): values}
    data[chapter]["seeds"] = dict(sorted(runs.items()))
    new = DATA.with_suffix(".new")
    new.write_text(json.dumps(dict(sorted(data.items())), indent=1) + "\n")
    new.replace(DATA)


def missing():
    """The pairs of seed and notebook that are still to be run."""
    data, pairs = load(), []
    for seed in SEEDS:
        for path in execution.notebooks():
            known = data.get(path.stem, {})
            fresh = known.get("code") == code_key(path)
            if not (fresh and str(seed) in known["seeds"]):
                pairs.append((seed, path))
    return pairs


def main():
    """Run what is missing, a few at a time; return how many runs failed."""
    todo, failures = missing(), 0
    columns = (
        TextColumn("seeds"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("runs"),
        TimeElapsedColumn(),
    )
    with (
        Progress(*columns) as progress,
        ThreadPoolExecutor(execution.AT_ONCE) as pool,
    ):
        task = progress.add_task("", total=len(todo))

        def run(seed, path):
            key = code_key(path)
            notebook, seconds = execution.execute(path, seed=seed)
            return key, glued(notebook), seconds

        jobs = {pool.submit(run, *pair): pair for pair in todo}
        try:
            for job in as_completed(jobs):
                seed, path = jobs[job]
                try:
                    key, values, seconds = job.result()
                    keep(path.stem, key, seed, values)
                    line = f"{path.stem}, seed {seed}: {seconds:.0f} s"
                except Exception as error:
                    failures += 1
                    line = f"{path.stem}, seed {seed}, failed:\n{error}"
                progress.console.print(line, markup=False)
                progress.advance(task)
        except KeyboardInterrupt:
            execution.leave(progress)
    return failures


if __name__ == "__main__":
    os.environ.setdefault("AECOURSE_PROGRESS", "line")
    execution.share_processors()
    sys.exit(main() > 0)
