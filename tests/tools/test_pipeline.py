"""Chapters are executed once, and what the book shows is never stale.

Small sites with the real machinery: the repository's own settings, Sphinx
extension, executor and nbval hooks, around notebooks of a few lines.
"""

import os
from pathlib import Path
import shutil
import subprocess
import sys

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
import pytest

from tools import execution

GLUE = """
from IPython.display import display

value = {value}
record = "application/papermill.record/"
display(
    {{record + "text/plain": repr(value)}},
    metadata={{"scrapbook": {{"name": "n", "mime_prefix": record}}}},
    raw=True,
)
"""
EXECUTE = "book/_ext/execution.py"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def write(site, name, *cells):
    """Write a notebook of (source, tags or metadata, stored text) cells."""
    nb = new_notebook(metadata={"kernelspec": KERNEL})
    nb.cells.append(new_markdown_cell(f"# {name}"))
    for source, metadata, stored in cells:
        cell = new_code_cell(source, metadata=metadata)
        if stored is not None:
            cell.execution_count = 1
            cell.outputs = [
                nbformat.v4.new_output("stream", name="stdout", text=stored)
            ]
        nb.cells.append(cell)
    path = site / "book" / f"{name}.ipynb"
    nbformat.write(nb, path)
    return path


def edit(path, change):
    nb = nbformat.read(path, as_version=4)
    change(nb.cells)
    nbformat.write(nb, path)


@pytest.fixture
def site(tmp_path, root):
    """A copy of the machinery with a stand-in package and no pages."""
    for name in ["_config.yml", "conftest.py", "pyproject.toml"]:
        shutil.copy(root / name, tmp_path / name)
    parts = ["_ext", "_assets", "_templates"]
    parts = [*(f"book/{part}" for part in parts), "exercises", "benchmarks"]
    for name in parts:
        shutil.copytree(root / name, tmp_path / name)
    (tmp_path / "book" / "references.bib").touch()
    (tmp_path / "requirements.txt").write_text("keras==3\n")
    (tmp_path / "aecourse" / "data").mkdir(parents=True)
    (tmp_path / "aecourse" / "layers.py").write_text("RATE = 1\n")
    (tmp_path / "aecourse" / "data" / "mnist.npz").write_bytes(b"digits")
    return tmp_path


def run(site, *command):
    """Run a command of the environment; return its exit status and output."""
    done = subprocess.run(
        [*command],
        cwd=site,
        env={
            **os.environ,
            "COLUMNS": "200",
            "IPYTHONDIR": str(site / "_build" / "ipython"),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def pretend_execution(site):
    """Store every notebook as it would be after a run."""
    for path in execution.notebooks(site):
        nb = nbformat.read(path, as_version=4)
        code = [cell for cell in nb.cells if cell.cell_type == "code"]
        for count, cell in enumerate(code, start=1):
            cell.execution_count = count
        execution.store(path, nb, 1.0, root=site)


def stale(site):
    return [path.stem for path in execution.stale(site)]


@pytest.fixture
def executed(site):
    write(site, "one", ("1", {}, None))
    write(site, "two", ("2", {}, None), ("3", {}, None))
    assert stale(site) == ["one", "two"]
    pretend_execution(site)
    assert stale(site) == []
    return site


def test_new_code_makes_its_notebook_stale_and_no_other(executed):
    path = executed / "book" / "two.ipynb"
    edit(path, lambda cells: cells[2].update(source="4"))
    assert stale(executed) == ["two"]


def test_new_prose_makes_nothing_stale(executed):
    path = executed / "book" / "two.ipynb"
    edit(path, lambda cells: cells[0].update(source="# Another title"))
    assert stale(executed) == []


@pytest.mark.parametrize(
    "name",
    [
        "aecourse/layers.py",
        "aecourse/data/mnist.npz",
        "benchmarks/stacked.json",
        "requirements.txt",
    ],
)
def test_what_all_outputs_depend_on_makes_all_stale(executed, name):
    content = (executed / name).read_bytes()
    (executed / name).write_bytes(content + b"#")
    assert stale(executed) == ["one", "two"]
    (executed / name).write_bytes(content)
    assert stale(executed) == []


def test_another_seed_has_outputs_of_its_own(executed, monkeypatch):
    monkeypatch.setenv("AECOURSE_SEED", "3")
    assert stale(executed) == ["one", "two"]


@pytest.mark.parametrize(
    "package", ["keras", "tensorflow", "numpy", "scikit-learn"]
)
def test_so_has_another_version(executed, monkeypatch, package):
    found = execution.version
    monkeypatch.setattr(
        execution,
        "version",
        lambda name: "0.0" if name == package else found(name),
    )
    assert stale(executed) == ["one", "two"]


def test_so_has_another_backend(executed, monkeypatch):
    monkeypatch.setattr(execution, "version", lambda name: "1.0")
    pretend_execution(executed)
    assert stale(executed) == []
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert stale(executed) == ["one", "two"]


def build(site):
    """Build the pages as `make book` does; return the log."""
    jupyter_book = Path(sys.executable).with_name("jupyter-book")
    flags = ["-W", "-n", "--keep-going", "--all"]
    status, log = run(site, jupyter_book, "build", ".", *flags)
    assert status == 0, log
    assert "Executing notebook" not in log
    return log


def page(site, name):
    return (site / "_build/html/book" / f"{name}.html").read_text()


def test_the_book_shows_what_was_executed_and_nothing_runs_twice(site):
    (site / "_toc.yml").write_text(
        "format: jb-book\nroot: book/intro\nchapters:\n  - file: book/one\n"
        "  - file: book/two\n"
    )
    (site / "book" / "intro.md").write_text(
        "# Intro\n\nQuoted: {glue:text}`one.ipynb::n:.3f`.\n"
    )
    figure = {"name": "fig-a", "caption": "A line"}
    figure = {"mystnb": {"figure": figure, "image": {"alt": "It goes up"}}}
    draw = "import matplotlib.pyplot as plt\nplt.plot([1, 2]);"
    one = write(
        site, "one", (GLUE.format(value=2.5), {}, None), (draw, figure, None)
    )
    write(site, "two", ("print('two', 6 * 7)", {}, None))

    status, log = run(site, sys.executable, EXECUTE)
    assert status == 0, log
    assert "2 of 2 notebooks to execute" in log
    assert "one: executed in" in log
    build(site)
    assert 'Quoted: <span class="pasted-text">2.500</span>' in page(
        site, "intro"
    )
    assert "two 42" in page(site, "two")
    assert "matplotlib.lines" not in page(site, "one")
    assert (site / "_build/html/_static/mathjax/tex-chtml.js").exists()

    # A new number reaches the page that quotes it; only its own page runs.
    edit(one, lambda cells: cells[1].update(source=GLUE.format(value=7.25)))
    status, log = run(site, sys.executable, EXECUTE)
    assert status == 0, log
    assert "1 of 2 notebooks to execute" in log
    build(site)
    assert ">7.250<" in page(site, "intro")


def test_a_failing_notebook_is_named_and_the_others_are_kept(site):
    write(site, "bad", ("1 / 0", {}, None))
    write(site, "good", ("print(1)", {}, None))
    noisy = "import sys\nprint('careful', file=sys.stderr)"
    write(site, "noisy", (noisy, {}, None))
    status, log = run(site, sys.executable, EXECUTE)
    assert status == 1
    assert "bad.ipynb failed" in log
    assert "ZeroDivisionError" in log
    assert "noisy.ipynb wrote to stderr" in log
    assert "careful" in log
    assert stale(site) == ["bad", "noisy"]


CHECK = {"tags": ["nbval-check-output"]}


def nbval(site, *options):
    return run(
        site,
        *[sys.executable, "-m", "pytest"],
        *["book", "--nbval-lax", "--nbval-current-env"],
        "--nbval-kernel-startup-timeout=600",
        *["-p", "no:cacheprovider", "-n", "2", "--dist", "loadfile"],
        *options,
    )


def test_nbval_fails_what_it_should_and_keeps_the_rest(site):
    write(site, "changed", ("print(6 * 7)", CHECK, "41\n"))
    write(site, "fine", ("print(6 * 7)", CHECK, "42\n"), ("1 + 1", {}, None))
    write(site, "glued", (GLUE.format(value=1) + "print('v')", CHECK, "v\n"))
    noisy = "import sys\nprint('careful', file=sys.stderr)"
    write(site, "noisy", ("print(1)", {}, None), (noisy, {}, None))
    write(site, "unstored", ("print(6 * 7)", CHECK, None))
    status, log = nbval(site)
    assert status == 1
    assert "3 failed" in log
    assert "FAILED book/changed.ipynb::Cell 0" in log
    assert "41" in log
    assert "42" in log
    assert "assert reference_output == test_output failed" in log
    assert "FAILED book/noisy.ipynb::Cell 1" in log
    assert "The cell wrote to stderr" in log
    assert "careful" in log
    assert "FAILED book/unstored.ipynb::Cell 0" in log
    assert "A checked cell has no stored output" in log
    assert stale(site) == ["changed", "noisy", "unstored"]


def test_checked_outputs_can_be_stored_again(site):
    cells = [("print(6 * 7)", CHECK, None), ("print(1)", {}, "0\n")]
    path = write(site, "one", *cells)
    status, log = nbval(site, "--store-outputs")
    assert status == 0, log
    checked, free = nbformat.read(path, as_version=4).cells[1:]
    assert checked.outputs[0].text == "42\n"
    assert checked.execution_count == 1
    assert (free.outputs, free.execution_count) == ([], None)
    assert checked.metadata == CHECK
    before = path.read_bytes()
    status, log = nbval(site)
    assert status == 0, log
    assert path.read_bytes() == before


def test_an_unsuitable_python_gets_one_clear_line(site, root, tmp_path):
    shutil.copy(root / "Makefile", site)
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ["bash", "sh", "find", "make"]:
        (tools / tool).symlink_to(shutil.which(tool))
    python = tools / "python3"
    python.write_text(
        "#!/bin/sh\n[ $1 = --version ] && echo Python 3.9.2\nexit 1\n"
    )
    python.chmod(0o755)
    done = subprocess.run(
        ["make", "book"],
        cwd=site,
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == (
        "aecourse needs Python 3.11, 3.12 or 3.13 with its venv module, but"
        " 'python3' is Python 3.9.2. Install it (Debian: apt install python3"
        " python3-venv) or name one: make PYTHON=/path/to/python book"
    )
    assert not (site / ".venv").exists()
