"""Execute the chapters once and keep their outputs for the book.

`python -m tools.execution` executes what has no fresh outputs; a test run
executes every notebook and keeps it by the same functions. The pages are
then made of the present notebooks and the kept outputs alone.

A file of outputs holds the key of `freshness` under which they were made,
the seconds that this took, and a list of outputs for each code cell. Those
that were made here lie in `_build/outputs`, those that ship with the
repository in `book/_outputs`. What has another key, or cannot be read, does
not count.
"""

import ast
from concurrent.futures import ThreadPoolExecutor, as_completed
import json
import os
from pathlib import Path
import sys
import time

from nbclient import NotebookClient
import nbformat
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)

from tools import freshness

ROOT = Path(__file__).resolve().parents[1]
LOCAL = Path("_build", "outputs")
SHIPPED = Path("book", "_outputs")
AT_ONCE = 2
CELL_SECONDS = 600
GLUED = "application/papermill.record/text/plain"
# What reading a file of outputs raises that was cut short or changed.
DAMAGED = (OSError, ValueError, LookupError, TypeError, AttributeError)


class StaleError(LookupError):
    """A notebook has no outputs that its present code made."""


def notebooks(root=ROOT):
    """All notebooks of the book, in reading order."""
    return sorted((root / "book").glob("*.ipynb"))


def code_cells(notebook):
    """The code cells of a notebook."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def kept_file(path, key, root=ROOT):
    """Where outputs of a notebook are kept that were made under a key."""
    return root / LOCAL / f"{path.stem}-{key[:16]}.json"


def shipped_file(path, root=ROOT):
    """Where outputs of a notebook ship."""
    return root / SHIPPED / f"{path.stem}.json"


def record(path, root=ROOT):
    """The present notebook with its outputs, and the seconds they took.

    Raises
    ------
    StaleError
        If there are none of its present key, or only damaged ones.
    """
    notebook = nbformat.read(path, as_version=4)
    key = freshness.key(path, root=root)
    for file in (kept_file(path, key, root), shipped_file(path, root)):
        try:
            kept = json.loads(file.read_text("utf-8"))
            if kept["key"] != key:
                continue
            put_outputs(notebook, kept["outputs"])
            return notebook, kept["seconds"]
        except DAMAGED:
            continue
    raise StaleError(f"{path.name} has no outputs of its present code")


def put_outputs(notebook, outputs):
    """Give each code cell its list of outputs; ValueError if these cannot be.

    A cell counts as executed in the order of the page.
    """
    cells = code_cells(notebook)
    for number, (cell, found) in enumerate(
        zip(cells, outputs, strict=True), 1
    ):
        cell.execution_count = number
        cell.outputs = [nbformat.from_dict(output) for output in found]
    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        raise ValueError(f"no outputs of a notebook: {error}") from None


def stale(root=ROOT):
    """The notebooks that have no fresh outputs."""

    def is_stale(path):
        try:
            record(path, root)
        except StaleError:
            return True
        return False

    return [path for path in notebooks(root) if is_stale(path)]


def store(path, notebook, seconds, key, root=ROOT):
    """Keep the outputs of a notebook whose execution began under a key.

    Raises
    ------
    StaleError
        If by now its code, or what this depends on, is another.
    """
    present = code_cells(nbformat.read(path, as_version=4))
    executed = code_cells(notebook)
    same = [c.source for c in present] == [c.source for c in executed]
    if not same or freshness.key(path, root=root) != key:
        raise StaleError(f"{path.name} changed while it was executed")
    outputs = [cell.outputs for cell in executed]
    write(kept_file(path, key, root), written(key, seconds, outputs))


def written(key, seconds, outputs):
    """The text of a file of outputs."""
    data = {"key": key, "seconds": round(seconds, 1), "outputs": outputs}
    return json.dumps(data, indent=1) + "\n"


def write(file, text):
    """Write a file; it is whole or not there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(f".{os.getpid()}.new")
    try:
        new.write_text(text, "utf-8")
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)


def share_processors():
    """Give each notebook that runs its share of the processor's cores.

    Else every kernel starts a thread for each core, and the kernels keep
    one another waiting.
    """
    share = str(max(1, (os.cpu_count() or 1) // AT_ONCE))
    os.environ.setdefault("OMP_NUM_THREADS", share)
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", share)


def glued(outputs):
    """What the outputs of a cell record for the book: names and values."""
    return [
        (
            output.metadata["scrapbook"]["name"],
            ast.literal_eval(output.data[GLUED]),
        )
        for output in outputs
        if GLUED in output.get("data", {})
    ]


def complaint(outputs):
    """Why outputs of a cell may not be shown: '' if they may.

    Nothing is written to stderr, and what `aecourse.nb.sure` recorded is
    true: sentences of the page rest on it.
    """
    stderr = "".join(
        output.text
        for output in outputs
        if output.output_type == "stream" and output.name == "stderr"
    )
    if stderr:
        return f"it wrote to stderr:\n{stderr}"
    false = [
        name.removeprefix("sure:")
        for name, value in glued(outputs)
        if name.startswith("sure:") and value is not True
    ]
    if false:
        return f"a sentence rests on what is false: {', '.join(false)}"
    return ""


def execute(path, advance=lambda: None):
    """Run one notebook in a kernel of its own, in the book's folder."""
    notebook = nbformat.read(path, as_version=4)
    start = time.monotonic()
    NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        startup_timeout=CELL_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        record_timing=False,
        extra_arguments=["--log-level=ERROR"],
        on_cell_executed=lambda **_: advance(),
    ).execute()
    for number, cell in enumerate(code_cells(notebook), 1):
        if wrong := complaint(cell.outputs):
            raise RuntimeError(
                f"{path.name}, code cell {number} "
                f"({cell.source.partition(chr(10))[0]}): {wrong}"
            )
    return notebook, time.monotonic() - start


def main(root=ROOT):
    """Execute what is stale, a few at a time; return how many failed."""
    todo = stale(root)
    print(f"{len(todo)} of {len(notebooks(root))} notebooks to execute")
    old = [path.stem for path in todo if shipped_file(path, root).exists()]
    if old:
        print(f"out of date in {SHIPPED}: {', '.join(old)}")
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("cells"),
        TimeElapsedColumn(),
    )
    failures = 0
    with Progress(*columns) as progress, ThreadPoolExecutor(AT_ONCE) as pool:
        # Where no bar can be redrawn, in a log say, lines take its place.
        log = None if progress.console.is_terminal else progress.console.print

        def run(path):
            key = freshness.key(path, root=root)
            cells = code_cells(nbformat.read(path, as_version=4))
            total = len(cells)
            task = progress.add_task(path.stem, total=total, visible=not log)
            if log:
                log(f"{path.stem}: {total} cells, started")
            notebook, seconds = execute(path, lambda: progress.advance(task))
            store(path, notebook, seconds, key, root)
            if log:
                log(f"{path.stem}: executed in {seconds:.0f} s")

        jobs = {pool.submit(run, path): path for path in todo}
        try:
            for job in as_completed(jobs):
                try:
                    job.result()
                except Exception as error:
                    failures += 1
                    progress.console.print(
                        f"{jobs[job].name} failed:\n{error}", markup=False
                    )
        except KeyboardInterrupt:
            leave(progress)
    return failures


def leave(progress):
    """End the process at once, and with it the kernels.

    The pool would wait for its threads, and these for their kernels.
    """
    progress.stop()
    print("interrupted; what was executed to its end is kept", flush=True)
    os._exit(130)


if __name__ == "__main__":
    os.environ.setdefault("AECOURSE_PROGRESS", "line")
    share_processors()
    sys.exit(main() > 0)
