"""Ten seeds: what is run, what is kept, and what the ledger says of it."""

import json
import os
import shutil
import subprocess
import sys

import execution
import ledger
import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
import pytest

from benchmarks import seeds

CODE = """import os
from pathlib import Path

from aecourse import glue, verdict

seed = int(os.environ["AECOURSE_SEED"])
assert not (seed == 3 and Path("../trouble").exists())
glue("twice", 2 * seed)
verdict("C99", "the seed is below 8", seed < 8)
"""


def write(path, *cells):
    nbformat.write(new_notebook(cells=list(cells)), path)


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A chapter with a verdict, and a data file, both of their own."""
    folder = tmp_path / "book"
    folder.mkdir()
    write(folder / "99_last.ipynb", new_code_cell(CODE, id="all"))
    monkeypatch.setattr(seeds, "DATA", tmp_path / "seeds.json")
    found = [folder / "99_last.ipynb"]
    monkeypatch.setattr(execution, "notebooks", lambda: found)
    judged = {"C99": ("99_last", "the seed is below 8", "holds")}
    monkeypatch.setattr(ledger, "verdicts", lambda: judged)
    monkeypatch.setattr(ledger, "runs", ledger.runs.__wrapped__)
    return folder


def test_only_code_that_decides_results_is_in_the_key(tmp_path):
    path = tmp_path / "a.ipynb"
    setup = new_code_cell("%pip install a", id="setup")
    write(path, new_markdown_cell("# One"), setup, new_code_cell("x = 1"))
    first = seeds.code_key(path)
    quiz = new_code_cell("ask()", metadata={"tags": ["quiz"]})
    write(path, new_markdown_cell("# Two"), new_code_cell("x = 1"), quiz)
    assert seeds.code_key(path) == first
    write(path, new_code_cell("x = 2"))
    assert seeds.code_key(path) != first


def test_runs_are_kept_and_new_code_starts_anew(book):
    (path,) = execution.notebooks()
    assert len(seeds.missing()) == len(seeds.SEEDS)
    key = seeds.code_key(path)
    seeds.keep("99_last", key, 7, {"C99": "holds"})
    seeds.keep("01_other", "k", 0, {})
    seeds.keep("99_last", key, 2, {"C99": "holds"})
    data = json.loads(seeds.DATA.read_text())
    assert list(data) == ["01_other", "99_last"]
    assert list(data["99_last"]["seeds"]) == ["2", "7"]
    rest = [seed for seed in seeds.SEEDS if seed not in (2, 7)]
    assert seeds.missing() == [(seed, path) for seed in rest]
    write(path, new_code_cell("changed"))
    assert len(seeds.missing()) == len(seeds.SEEDS)
    seeds.keep("99_last", seeds.code_key(path), 1, {})
    assert list(seeds.load()["99_last"]["seeds"]) == ["1"]
    assert [p.name for p in book.parent.glob("seeds*")] == ["seeds.json"]


def test_the_ledger_says_on_how_many_seeds_and_by_which_code(book):
    def said():
        number = ledger.span("99_last.ipynb", "error", ".2f")
        return ledger.agreement("C99"), number

    assert said() == ("not run", "")
    key = seeds.code_key(book / "99_last.ipynb")
    seeds.keep("99_last", key, 0, {"C99": "holds", "error": 0.121})
    assert said() == ("1 of 1", "")
    seeds.keep("99_last", key, 1, {"C99": "fails", "error": 0.124})
    assert said() == ("1 of 2", "")
    seeds.keep("99_last", key, 2, {"C99": "holds", "error": 0.14})
    assert said() == ("2 of 3", " (0.12 to 0.14)")
    write(book / "99_last.ipynb", new_code_cell("changed"))
    assert said() == ("2 of 3, by older code", "")


def test_the_command_goes_on_where_it_was(tmp_path, root):
    for name in ("book/_ext", "exercises"):
        shutil.copytree(root / name, tmp_path / name)
    (tmp_path / "benchmarks").mkdir()
    shutil.copy(root / "benchmarks" / "seeds.py", tmp_path / "benchmarks")
    # What the notebook needs of the package; Keras takes long to load.
    light = tmp_path / "light" / "aecourse"
    light.mkdir(parents=True)
    for name in ("nb.py", "_checks.py"):
        shutil.copy(root / "aecourse" / name, light)
    (light / "__init__.py").write_text("from aecourse.nb import *\n")
    write(tmp_path / "book" / "99_last.ipynb", new_code_cell(CODE))
    (tmp_path / "trouble").touch()

    def run():
        done = subprocess.run(
            [sys.executable, "benchmarks/seeds.py"],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(light.parent)},
            capture_output=True,
            text=True,
            check=False,
        )
        data = json.loads((tmp_path / "benchmarks/seeds.json").read_text())
        return done.returncode, done.stdout, data["99_last"]["seeds"]

    status, said, kept = run()
    assert status == 1
    assert "99_last, seed 3, failed:" in said
    assert sorted(kept) == [str(s) for s in seeds.SEEDS if s != 3]
    assert kept["9"] == {"twice": 18, "C99": "fails"}
    (tmp_path / "trouble").unlink()
    status, said, kept = run()
    assert status == 0
    assert said.count("99_last, seed") == 1
    assert kept["3"] == {"twice": 6, "C99": "holds"}


def test_the_data_are_of_this_book():
    chapters = {path.stem: path for path in execution.notebooks()}
    for chapter, known in seeds.load().items():
        assert set(known["seeds"]) <= {str(seed) for seed in seeds.SEEDS}
        if known["code"] == seeds.code_key(chapters[chapter]):
            due = {
                c
                for c, found in ledger.verdicts().items()
                if found[0] == chapter
            }
            assert all(due <= set(run) for run in known["seeds"].values())
