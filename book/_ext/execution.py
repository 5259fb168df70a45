"""Execute the chapters once and keep their outputs for the book.

`python book/_ext/execution.py` executes what the cache lacks; a test run
executes every notebook and stores it here by the same functions. The pages
are then built from the cache alone.

jupyter-cache finds a notebook by its code cells. Outputs also depend on the
helper package, on data and on the installed versions, so the cache's folder
is named after a hash of those: when one of them changes, every lookup misses.
"""

from concurrent.futures import ThreadPoolExecutor, as_completed
import hashlib
from importlib.metadata import version
import os
from pathlib import Path
import shutil
import sys
import time

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from nbclient import NotebookClient
import nbformat
from nbformat.reader import NotJSONError
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)
from sqlalchemy.exc import DatabaseError

ROOT = Path(__file__).resolve().parents[2]
# What outputs depend on besides the package: versions, data that cells read.
ALSO = ("requirements.txt", "benchmarks/stacked.json")
AT_ONCE = 2
CELL_SECONDS = 600


def cache_folder(root=ROOT):
    """The folder that holds the outputs made by this very code and data."""
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    digest = hashlib.sha256(os.environ.get("AECOURSE_SEED", "").encode())
    for package in ("keras", "numpy", "scikit-learn", backend):
        digest.update(f"{package} {version(package)}".encode())
    inside = (root / "aecourse").rglob("*")
    for path in sorted([*inside, *(root / name for name in ALSO)]):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(path.relative_to(root).as_posix().encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return root / "_build" / ".jupyter_cache" / digest.hexdigest()[:16]


def notebooks(root=ROOT):
    """All notebooks of the book, in reading order."""
    return sorted((root / "book").glob("*.ipynb"))


def open_cache(root=ROOT):
    """The cache; a new one in place of one whose index cannot be read."""
    folder = cache_folder(root)
    cache = get_cache(folder)
    try:
        cache.list_cache_records()
    except DatabaseError:
        shutil.rmtree(folder)
        cache = get_cache(folder)
    return cache


def stale(root=ROOT):
    """The notebooks whose outputs the cache lacks, or cannot give back."""

    def cached(path):
        try:
            record(path, root)
        except (KeyError, NotJSONError):
            return False
        return True

    return [path for path in notebooks(root) if not cached(path)]


def store(path, notebook, seconds, root=ROOT):
    """Keep an executed notebook, and how long it took, for its source."""
    bundle = CacheBundleIn(
        notebook, path, data={"execution_seconds": seconds}
    )
    cache = open_cache(root)
    try:
        cache.cache_notebook_bundle(bundle, overwrite=True)
    except FileExistsError as error:
        # Somebody stopped between making the folder and filling it.
        shutil.rmtree(error.filename)
        cache.cache_notebook_bundle(bundle, overwrite=True)


def record(path, root=ROOT):
    """An executed notebook from the cache, and the seconds that it took."""
    cache = open_cache(root)
    bundle = cache.get_cache_bundle(cache.match_cache_file(path).pk)
    return bundle.nb, bundle.record.data["execution_seconds"]


def share_processors():
    """Give each notebook that runs its share of the processor's cores.

    Else every kernel starts a thread for each core, and the kernels keep
    one another waiting.
    """
    share = str(max(1, (os.cpu_count() or 1) // AT_ONCE))
    os.environ.setdefault("OMP_NUM_THREADS", share)
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", share)


def stderr_of(outputs):
    """What the outputs of a cell say on stderr: '' if nothing is amiss."""
    return "".join(
        output.text
        for output in outputs
        if output.output_type == "stream" and output.name == "stderr"
    )


def execute(path, advance=lambda: None, seed=None):
    """Run one notebook in a kernel of its own, in the book's folder."""
    chosen = {} if seed is None else {"AECOURSE_SEED": str(seed)}
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
    ).execute(env=os.environ | chosen)
    for cell in notebook.cells:
        if cell.cell_type == "code" and stderr_of(cell.outputs):
            raise RuntimeError(
                f"a cell of {path.name} wrote to stderr:\n"
                + stderr_of(cell.outputs)
            )
    return notebook, time.monotonic() - start


def main(root=ROOT):
    """Execute what is stale, a few at a time; return how many failed."""
    todo = stale(root)
    print(f"{len(todo)} of {len(notebooks(root))} notebooks to execute")
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
            cells = nbformat.read(path, as_version=4).cells
            total = sum(cell.cell_type == "code" for cell in cells)
            task = progress.add_task(path.stem, total=total, visible=not log)
            if log:
                log(f"{path.stem}: {total} cells, started")
            notebook, seconds = execute(path, lambda: progress.advance(task))
            if log:
                log(f"{path.stem}: executed in {seconds:.0f} s")
            return notebook, seconds

        jobs = {pool.submit(run, path): path for path in todo}
        try:
            for job in as_completed(jobs):
                try:
                    store(jobs[job], *job.result(), root=root)
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
