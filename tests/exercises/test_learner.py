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

from exercises.grader.build import notebooks
from tests.exercises.samples import SOURCE

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
    nbval += ["--nbval-kernel-startup-timeout=300"]
    plain = ["-p", "no:xdist", "-p", "no:cacheprovider", Path(name).name]
    report = python(
        "-m", "pytest", *nbval, *plain, cwd=empty, env=environment
    )
    assert " passed" in report
    assert [path.name for path in empty.iterdir()] == [Path(name).name]


def test_a_wrong_answer_a_message_a_right_answer_full_score(
    empty, environment, tmp_path_factory
):
    source = tmp_path_factory.mktemp("src") / "ex01_sums.md"
    source.write_text(SOURCE)
    starter, _ = notebooks(source, {"url": "URL", "branch": "main"})
    notebook = nbformat.reads(starter, 4)
    *first, answer, check, score = notebook.cells
    wrong, right = (
        answer.source.replace("raise NotImplementedError", f"return {code}")
        for code in ("x.mean()", "x.sum()")
    )
    texts = [wrong, check.source, right, check.source, score.source]
    texts.append("import aecourse; print(aecourse.__file__)")
    notebook.cells = first + [nbformat.v4.new_code_cell(t) for t in texts]
    manager = KernelManager()
    manager.kernel_spec.argv[0] = sys.executable
    client = nbclient.NotebookClient(notebook, manager, timeout=200)
    client.execute(cwd=str(empty), env=environment)
    _, before, _, after, score, origin = (
        "".join(output.text for output in cell.outputs)
        for cell in notebook.cells[len(first) :]
    )
    assert before.startswith("  failed seen (1): wrong\nq1: 0 of 1 points")
    assert after.startswith("  passed seen (1)\nq1: 1 of 1 points")
    assert score.endswith("\nScore: 3 of 3 points\n")
    assert origin.startswith(environment["PYTHONPATH"])
