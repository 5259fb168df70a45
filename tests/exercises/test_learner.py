"""What a learner has: a wheel of aecourse, Keras, and an empty folder.

nbval executes each published notebook there: the solution, whose score it
compares, and the starter, which must run to the end.
"""

import os
from pathlib import Path
import shutil
import subprocess
import sys

from jupyter_client.manager import KernelManager
import nbclient
import nbformat
import pytest

FOLDER = Path(__file__).parents[2] / "exercises"
NOTEBOOKS = sorted(
    path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.ipynb")
)


def python(*arguments, **options):
    """Run Python; its output is shown if it fails."""
    done = subprocess.run(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **options,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="session")
def environment(root, tmp_path_factory):
    """Variables of an environment that holds a wheel of this checkout."""
    folder = tmp_path_factory.mktemp("learner")
    source, packages = folder / "source", folder / "packages"
    shutil.copytree(root / "aecourse", source / "aecourse")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(root / name, source)
    quiet = ["--no-deps", "--no-index", "--quiet"]
    build = ["wheel", "--no-build-isolation", "--wheel-dir", folder, source]
    python("-m", "pip", *build, *quiet)
    (wheel,) = folder.glob("aecourse-*.whl")
    python("-m", "pip", "install", "--target", packages, wheel, *quiet)
    return os.environ | {"PYTHONPATH": str(packages)}


@pytest.fixture
def empty(tmp_path, environment):
    """An empty folder, where aecourse is that of the wheel."""
    code = "import importlib.util as u; print(u.find_spec('aecourse').origin)"
    origin = python("-c", code, cwd=tmp_path, env=environment)
    assert origin.startswith(environment["PYTHONPATH"])
    return tmp_path


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_nbval_executes_it(name, empty, environment):
    shutil.copy(FOLDER / name, empty)
    nbval = ["--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=300"]
    plain = ["-p", "no:xdist", "-p", "no:cacheprovider", Path(name).name]
    pytest = python(
        "-m", "pytest", *nbval, *plain, cwd=empty, env=environment
    )
    assert " passed" in pytest
    assert [path.name for path in empty.iterdir()] == [Path(name).name]


def test_a_wrong_answer_a_message_a_right_answer_full_score(
    empty, environment
):
    notebook = nbformat.read(FOLDER / "solutions" / "ex05_sparse.ipynb", 4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    first = next(i for i, c in enumerate(cells) if c.source[:4] == "# q1")
    wrong = "import aecourse\ndef kl_penalty(rho, z):\n    return 0.0"
    notebook.cells = [
        *cells[:first],
        nbformat.v4.new_code_cell(wrong),
        nbformat.v4.new_code_cell('check("q1")'),
        nbformat.v4.new_code_cell("print(aecourse.__file__)"),
        *cells[first:],
    ]
    manager = KernelManager()
    manager.kernel_spec.argv[0] = sys.executable
    client = nbclient.NotebookClient(notebook, manager, timeout=200)
    client.execute(cwd=str(empty), env=environment)
    printed = [
        "".join(output.get("text", "") for output in cell.outputs)
        for cell in notebook.cells
    ]
    assert "failed" in printed[first + 1]
    assert "q1: 0 of" in printed[first + 1]
    assert printed[first + 2].startswith(environment["PYTHONPATH"])
    points = printed[-1].splitlines()[-1].split()
    assert points[1] == points[3]
