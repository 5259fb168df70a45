"""A learner's notebook: a kernel, an empty folder, Keras and aecourse."""

import os
from pathlib import Path
import sys

from jupyter_client.manager import KernelManager
import nbclient
import nbformat
import pytest

FOLDER = Path(__file__).parents[2] / "exercises"
NAMES = sorted(path.stem for path in (FOLDER / "src").glob("*.md"))


def execute(path, folder, root, **changes):
    """Run a notebook in an empty folder; return what its cells print.

    `changes` maps the id of a cell to the text that replaces it.
    """
    notebook = nbformat.read(path, 4)
    for cell in notebook.cells:
        cell.source = changes.get(cell.id.replace("-", "_"), cell.source)
    manager = KernelManager()
    manager.kernel_spec.argv[0] = sys.executable
    client = nbclient.NotebookClient(notebook, manager, timeout=200)
    # Where aecourse is, and nothing of the repository beside it.
    packages = folder / "packages"
    packages.mkdir()
    (packages / "aecourse").symlink_to(root / "aecourse")
    empty = folder / "empty"
    empty.mkdir()
    settings = {"PYTHONPATH": str(packages), "KERAS_BACKEND": "tensorflow"}
    client.execute(cwd=str(empty), env=os.environ | settings)
    return {
        cell.id: "".join(output.get("text", "") for output in cell.outputs)
        for cell in notebook.cells
        if cell.cell_type == "code"
    }


@pytest.mark.parametrize("name", NAMES)
def test_the_starter_runs_to_the_end_and_scores_nothing(name, tmp_path, root):
    printed = execute(FOLDER / f"{name}.ipynb", tmp_path, root)
    assert "\nScore: 0 of " in printed["score"]
    assert "not answered yet" in printed["q1-check"]
    assert "q1: 0 of " in printed["q1-check"]


@pytest.mark.parametrize("name", NAMES)
def test_the_solution_scores_everything(name, tmp_path, root):
    path = FOLDER / "solutions" / f"{name}.ipynb"
    printed = execute(path, tmp_path, root)
    *_, last = printed["score"].strip().splitlines()
    earned, points = (
        last.removeprefix("Score: ").removesuffix(" points").split(" of ")
    )
    assert earned == points
    assert "failed" not in "".join(printed.values())
