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
from nbformat.v4 import (
    new_code_cell,
    new_markdown_cell,
    new_notebook,
    new_output,
)
import pytest

from tools import execution, freshness

GLUE = """
from IPython.display import display

value = {value}
record = "application/papermill.record/"
display(
    {{record + "text/plain": repr(value)}},
    metadata={{"scrapbook": {{"name": "{name}", "mime_prefix": record}}}},
    raw=True,
)
"""


def glue(value, name="n"):
    """The code of a cell that records a value."""
    return GLUE.format(name=name, value=value)


EXECUTE = [sys.executable, "-m", "tools.execution"]
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def write(site, name, *cells):
    """Write a notebook of (source, tags or metadata, stored text) cells."""
    nb = new_notebook(metadata={"kernelspec": KERNEL})
    nb.cells.append(new_markdown_cell(f"# {name}"))
    for source, metadata, stored in cells:
        cell = new_code_cell(source, metadata=metadata)
        if stored is not None:
            cell.execution_count = 1
            cell.outputs = [new_output("stream", name="stdout", text=stored)]
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
    """A copy of the machinery without pages."""
    for name in ["_config.yml", "conftest.py", "pyproject.toml"]:
        shutil.copy(root / name, tmp_path / name)
    parts = ["_ext", "_assets", "_templates"]
    parts = [*(f"book/{part}" for part in parts), "exercises", "benchmarks"]
    for name in [*parts, "playground", "tools"]:
        shutil.copytree(root / name, tmp_path / name)
    (tmp_path / "book" / "references.bib").touch()
    (tmp_path / "requirements.txt").touch()
    (tmp_path / "aecourse").mkdir()
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
        notebook = nbformat.read(path, as_version=4)
        for cell in execution.code_cells(notebook):
            cell.outputs = [new_output("stream", name="stdout", text="1\n")]
        key = freshness.key(path, root=site)
        execution.store(path, notebook, 1.0, key, root=site)


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


def test_the_record_is_the_present_text_with_the_kept_outputs(executed):
    path = executed / "book" / "two.ipynb"

    def change(cells):
        cells[0].update(source="# Another title")
        cells[1].update(source="2  # said", metadata={"tags": ["new"]})
        cells.insert(1, new_markdown_cell("More."))

    edit(path, change)
    present = nbformat.read(path, as_version=4)
    notebook, seconds = execution.record(path, executed)
    assert seconds == 1.0
    texts = [cell.outputs[0].text for cell in execution.code_cells(notebook)]
    assert texts == ["1\n", "1\n"]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.update(outputs=[], execution_count=None)
    assert notebook == present


def test_what_ships_counts_while_it_is_fresh(executed):
    (kept,) = (executed / execution.LOCAL).glob("two-*")
    shipped = executed / execution.SHIPPED / "two.json"
    shipped.parent.mkdir()
    kept.rename(shipped)
    assert stale(executed) == []
    path = executed / "book" / "two.ipynb"
    edit(path, lambda cells: cells[2].update(source="4"))
    assert stale(executed) == ["two"]


@pytest.mark.parametrize("part", ["notebook", "key"])
def test_what_changed_while_it_was_executed_is_not_kept(executed, part):
    path = executed / "book" / "two.ipynb"
    notebook = nbformat.read(path, as_version=4)
    key = freshness.key(path, root=executed)
    if part == "notebook":
        # The new code has the key, the outputs are of the old one.
        notebook.cells[2].source = "4"
    else:
        edit(path, lambda cells: cells[2].update(source="4"))
        notebook = nbformat.read(path, as_version=4)
    with pytest.raises(execution.StaleError, match="two.ipynb changed"):
        execution.store(path, notebook, 1.0, key, root=executed)


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
    one = write(site, "one", (glue(2.5), {}, None), (draw, figure, None))
    write(site, "two", ("print('two', 6 * 7)", {}, None))

    status, log = run(site, *EXECUTE)
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
    edit(one, lambda cells: cells[1].update(source=glue(7.25)))
    status, log = run(site, *EXECUTE)
    assert status == 0, log
    assert "1 of 2 notebooks to execute" in log
    build(site)
    assert ">7.250<" in page(site, "intro")


def test_a_failing_notebook_is_named_and_the_others_are_kept(site):
    write(site, "bad", ("1 / 0", {}, None))
    write(site, "good", ("print(1)", {}, None))
    noisy = "import sys\nprint('careful', file=sys.stderr)"
    write(site, "noisy", (noisy, {}, None))
    status, log = run(site, *EXECUTE)
    assert status == 1
    assert "bad.ipynb failed" in log
    assert "ZeroDivisionError" in log
    assert "noisy.ipynb, code cell 1 (import sys): it wrote to stderr" in log
    assert "careful" in log
    assert stale(site) == ["bad", "noisy"]


def test_a_page_without_fresh_outputs_is_an_error_that_names_it(site):
    (site / "_toc.yml").write_text("format: jb-book\nroot: book/one\n")
    write(site, "one", ("1", {}, None))
    jupyter_book = Path(sys.executable).with_name("jupyter-book")
    status, log = run(site, jupyter_book, "build", ".")
    assert status != 0
    assert "one.ipynb has no outputs of its present code" in log


UNSURE = glue(False, "sure:raw-slower")


def test_a_sentence_that_rests_on_what_is_false_stops_the_book(site):
    write(site, "fine", (glue(True, "sure:a"), {}, None))
    write(site, "unsure", ("1", {}, None), ("# Compare\n" + UNSURE, {}, None))
    status, log = run(site, *EXECUTE)
    assert status == 1
    assert (
        "unsure.ipynb, code cell 2 (# Compare): a sentence rests on what is "
        "false: raw-slower"
    ) in log
    assert stale(site) == ["unsure"]


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
    write(site, "glued", (glue(1) + "print('v')", CHECK, "v\n"))
    noisy = "import sys\nprint('careful', file=sys.stderr)"
    write(site, "noisy", ("print(1)", {}, None), (noisy, {}, None))
    write(site, "unstored", ("print(6 * 7)", CHECK, None))
    write(site, "unsure", ("1", {}, None), (UNSURE, {}, None))
    status, log = nbval(site)
    assert status == 1
    assert "4 failed" in log
    assert "FAILED book/changed.ipynb::Cell 0" in log
    assert "41" in log
    assert "42" in log
    assert "assert reference_output == test_output failed" in log
    assert "FAILED book/noisy.ipynb::Cell 1" in log
    assert "noisy.ipynb: it wrote to stderr" in log
    assert "careful" in log
    assert "FAILED book/unstored.ipynb::Cell 0" in log
    assert "A checked cell has no stored output" in log
    assert "FAILED book/unsure.ipynb::Cell 1" in log
    assert (
        "unsure.ipynb: a sentence rests on what is false: raw-slower" in log
    )
    assert stale(site) == ["changed", "noisy", "unstored", "unsure"]


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
    tools = tmp_path / "programs"
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
