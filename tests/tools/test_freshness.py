"""The key of kept results: what changes it, and what does not."""

import json
import re

import pytest

from tools import freshness

FILES = {
    "aecourse/__init__.py": '''
"""A package."""
from importlib import import_module
from aecourse import quiet

def __getattr__(name):
    return getattr(import_module("aecourse.layers"), name)
''',
    "aecourse/quiet.py": """
import sys
if "keras" not in sys.modules:
    LEVEL = 3
""",
    "aecourse/layers.py": '''
"""Layers."""
from pathlib import Path
from aecourse.checks import check
import keras

RATE = 0.5
FILE = Path(__file__).with_name("kept.npz")

class Noise(keras.Layer):
    """Adds noise."""

    def call(self, x):
        return self.more(check(x)) * RATE

    def more(self, x):
        return x + 1

def read():
    return FILE.read_bytes()

def show_study(name):
    return load_study(name)

def unused():
    return 1
''',
    "aecourse/checks.py": """
def check(x):
    return x

def other(x):
    return x
""",
    "aecourse/plots.py": """
import matplotlib.pyplot as plt

def plot(x):
    return plt.plot(x)
""",
    "aecourse/kept.npz": "images",
    "aecourse/data/README.md": "About the data.",
    "aecourse/data/studies/01_first.json": "{}",
    "aecourse/data/studies/02_other.json": "{}",
    "benchmarks/stacked.json": "{}",
    "benchmarks/recipes.py": """
from benchmarks.lessons import lesson
from benchmarks import rows as listed

CHAPTER = lesson("01_first", *("build",))
NOISE = 0.4
size = 3

def recipe():
    return CHAPTER.build(NOISE)

def local(size):
    def inner():
        return size
    return inner

def shared():
    return listed.FIRST

if __name__ == "__main__":
    recipe()
""",
    "benchmarks/lessons.py": "def lesson(chapter, *names): ...",
    "benchmarks/rows.py": "FIRST = 1\nSECOND = 2\n",
    "book/matplotlibrc": "lines.linewidth: 2",
}
CELLS = [
    '%pip install -q "aecourse"',
    "from aecourse import Noise, plots",
    "size = 32\nlayer = Noise(size)  # a layer",
    "def build(noise):\n    return Noise(noise)",
]


@pytest.fixture
def tree(tmp_path):
    """A small repository with one notebook."""
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    notebook(tmp_path, CELLS)
    return tmp_path


def notebook(tree, cells, prose="Prose."):
    code = [{"cell_type": "code", "source": [text]} for text in cells]
    text = {"cell_type": "markdown", "source": [prose]}
    path = tree / "book" / "01_first.ipynb"
    path.write_text(json.dumps({"cells": [text, *code]}))


def edit(tree, name, old, new):
    text = (tree / name).read_text()
    assert text.count(old) == 1
    (tree / name).write_text(text.replace(old, new))


def key(tree, *more, **settings):
    path = "book/01_first.ipynb"
    if more:
        notebook(tree, [*CELLS, *more])
    return freshness.key(path, root=tree, **settings)


IDLE = {
    "docstring": ("aecourse/layers.py", "Adds noise.", "Adds some noise."),
    "no docstring": ("aecourse/layers.py", '"""Adds noise."""', ""),
    "module's docstring": ("aecourse/layers.py", "Layers.", "All layers."),
    "comment": ("aecourse/layers.py", "RATE = 0.5", "RATE = 0.5  # half"),
    "format": ("aecourse/checks.py", "def check(x):", "def check(\n  x,\n):"),
    "number's form": ("aecourse/layers.py", "RATE = 0.5", "RATE = .50"),
    "unused function": ("aecourse/layers.py", "return 1", "return 2"),
    "unused check": ("aecourse/checks.py", "other(x)", "another(x)"),
    "unused file": ("aecourse/kept.npz", "images", "others"),
    "unused style": ("book/matplotlibrc", "2", "3"),
    "prose of data": ("aecourse/data/README.md", "About", "On"),
    "unused study": ("aecourse/data/studies/01_first.json", "{}", "[]"),
    "unused import": (
        *("aecourse/layers.py", "import keras"),
        "import keras\nimport json",
    ),
    "who looks names up": (
        *("aecourse/__init__.py", "def __getattr__(name):"),
        "def __getattr__(name, /):",
    ),
}
EDITS = {
    "constant": ("aecourse/layers.py", "RATE = 0.5", "RATE = 0.9"),
    "method": ("aecourse/layers.py", "return x + 1", "return x + 2"),
    "function that is called": (
        *("aecourse/checks.py", "def check(x):\n    return x"),
        "def check(x):\n    return 2 * x",
    ),
    "base class": ("aecourse/layers.py", "(keras.Layer)", "(keras.Model)"),
    "default": ("aecourse/checks.py", "check(x)", "check(x=None)"),
    "other library": (
        *("aecourse/layers.py", "import keras"),
        "import keras2 as keras",
    ),
    "what an import executes": (
        "aecourse/quiet.py",
        "LEVEL = 3",
        "LEVEL = 2",
    ),
}


@pytest.mark.parametrize("change", IDLE)
def test_it_stays_the_same(tree, change):
    before = key(tree)
    edit(tree, *IDLE[change])
    assert key(tree) == before


@pytest.mark.parametrize("change", EDITS)
def test_it_becomes_another(tree, change):
    before = key(tree)
    edit(tree, *EDITS[change])
    assert key(tree) != before


@pytest.mark.parametrize(
    "cells",
    [
        [*CELLS[:2], CELLS[2].replace("a layer", "one"), CELLS[3]],
        [CELLS[0], "from aecourse import plots, Noise", *CELLS[2:]],
        [*CELLS, "# nothing"],
    ],
)
def test_prose_and_comments_of_a_notebook_cost_nothing(tree, cells):
    before = key(tree)
    notebook(tree, cells, prose="More prose.")
    assert key(tree) == before


@pytest.mark.parametrize(
    "cells",
    [
        [*CELLS[:2], CELLS[2].replace("32", "64"), CELLS[3]],
        [*CELLS[:2], CELLS[3], CELLS[2]],
        [*CELLS, "size"],
        [*CELLS, "'a text is shown'"],
        ["%pip install -q other", *CELLS[1:]],
    ],
)
def test_each_cell_counts_and_their_order(tree, cells):
    before = key(tree)
    notebook(tree, cells)
    assert key(tree) != before


def test_a_definition_may_move(tree):
    before = key(tree)
    (tree / "aecourse/checks.py").unlink()
    edit(
        *(tree, "aecourse/layers.py", "from aecourse.checks import check"),
        "def check(x):\n    return x",
    )
    (tree / "aecourse/layers.py").rename(tree / "aecourse/noise.py")
    assert key(tree) == before


def test_functions_of_one_name_are_told_apart(tree):
    """The same definitions, but another one is called."""
    (tree / "aecourse/checks2.py").write_text(
        "def check(x):\n    return -x\n"
    )
    both = "from aecourse.checks import check as a, other as b\n"
    both += "from aecourse.checks2 import check as c\na, b, c"
    before = key(tree, both)
    edit(tree, "aecourse/layers.py", "aecourse.checks", "aecourse.checks2")
    assert key(tree, both) != before


@pytest.mark.parametrize(
    ("code", "file"),
    [
        ("from aecourse import read\nread()", "aecourse/kept.npz"),
        ("open('../benchmarks/stacked.json')", "benchmarks/stacked.json"),
        ("open('benchmarks/stacked.json')", "benchmarks/stacked.json"),
        ("load_study('01_first')", "aecourse/data/studies/01_first.json"),
        ("nb.load_study('02_other')", "aecourse/data/studies/02_other.json"),
        ("plots.plot(1)", "book/matplotlibrc"),
        ("import matplotlib as m\nm.use('agg')", "book/matplotlibrc"),
        ("%%time\nplots.plot(1)", "book/matplotlibrc"),
    ],
)
def test_a_file_counts_where_it_is_read(tree, code, file):
    before, without = key(tree, code), key(tree, "0")
    (tree / file).write_text("changed")
    assert key(tree, code) != before
    assert key(tree, "0") == without


def test_all_studies_count_where_it_is_not_told_which(tree):
    code = "from aecourse import show_study\nshow_study(size)"
    before = key(tree, code)
    edit(tree, "aecourse/data/studies/02_other.json", "{}", "[]")
    assert key(tree, code) != before


def test_a_module_used_as_a_value_counts_as_a_whole(tree):
    code = "from aecourse import checks\nvars(checks)"
    before = key(tree, code)
    edit(tree, *IDLE["unused check"])
    assert key(tree, code) != before


def test_a_name_that_nobody_defines_stands_for_the_package(tree):
    code = "import aecourse\naecourse.unknown"
    before = key(tree, code)
    edit(tree, *IDLE["unused check"])
    assert key(tree, code) != before


def test_seeds_differ_and_unset_is_zero(tree, monkeypatch):
    monkeypatch.delenv("AECOURSE_SEED", raising=False)
    before = key(tree)
    assert key(tree, seed=0) == before != key(tree, seed=1)
    monkeypatch.setenv("AECOURSE_SEED", "1")
    assert key(tree) == key(tree, seed=1)


@pytest.mark.parametrize(
    "package", ["keras", "tensorflow", "numpy", "scikit-learn"]
)
def test_versions_count(tree, monkeypatch, package):
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    before, version = key(tree), freshness.version
    monkeypatch.setattr(
        freshness,
        "version",
        lambda name: version(name) + ".post9" * (name == package),
    )
    assert key(tree) != before


def recipe(tree, *names):
    return freshness.key("benchmarks/recipes.py", names=names, root=tree)


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        ("NOISE = 0.4", "NOISE = 0.9", {"recipe", "NOISE"}),
        ("size = 3", "size = 4", {"size"}),
        ("listed.FIRST", "listed.SECOND", {"shared"}),
        ("    recipe()", "    shared()", set()),
    ],
)
def test_names_limit_a_script(tree, old, new, names):
    asked = ("recipe", "NOISE", "size", "local", "shared")
    before = {name: recipe(tree, name) for name in asked}
    edit(tree, "benchmarks/recipes.py", old, new)
    assert names == {n for n in asked if recipe(tree, n) != before[n]}


@pytest.mark.parametrize(
    ("cells", "same"),
    [
        ([*CELLS[:2], "size = 64", CELLS[3]], True),
        ([*CELLS[:3], CELLS[3].replace("Noise(noise)", "noise")], False),
    ],
)
def test_a_lesson_counts_as_the_functions_that_it_gives(tree, cells, same):
    before = recipe(tree, "recipe")
    notebook(tree, cells)
    assert (recipe(tree, "recipe") == before) == same


def test_a_script_counts_as_a_whole(tree):
    path = "benchmarks/recipes.py"
    before = freshness.key(path, root=tree)
    edit(tree, path, "    recipe()", "    shared()")
    assert freshness.key(path, root=tree) != before


def test_an_unknown_name_is_an_error(tree):
    with pytest.raises(ValueError, match=r"recipes.py must define 'gone'"):
        recipe(tree, "gone")


def test_code_that_is_no_python_is_an_error(tree):
    with pytest.raises(ValueError, match=r"01_first.ipynb must hold Python"):
        key(tree, "def f(:")


def test_texts_of_code_and_files_count(tree):
    def of(*sources, files=("aecourse/kept.npz",)):
        return freshness.key_of_code(sources, files, root=tree)

    first = "from aecourse import Noise"
    before, bare = of(first, "Noise(1)"), of(first, "Noise(1)", files=())
    assert of(first + "  # noise", "Noise( 1 )") == before
    assert of(first, "Noise(2)") != before
    assert bare != before
    edit(tree, *IDLE["unused file"])
    assert of(first, "Noise(1)") != before
    assert of(first, "Noise(1)", files=()) == bare
    edit(tree, *EDITS["constant"])
    assert of(first, "Noise(1)", files=()) != bare


def test_what_counts_can_be_asked(tree, capsys):
    found = freshness.parts("book/01_first.ipynb", root=tree)
    names = {"aecourse.layers.Noise", "aecourse.checks.check", "keras"}
    assert names <= set(found)
    assert "aecourse.layers.unused" not in found
    freshness.main([tree / "book/01_first.ipynb"])
    assert re.search(r"[\da-f]{16} +\S+, cell 2\n", capsys.readouterr().out)


# From here on: the repository itself.


def chapters(root):
    return sorted((root / "book").glob("*.ipynb"))


def test_every_name_that_a_chapter_imports_is_found(root, monkeypatch):
    whole = []
    monkeypatch.setattr(
        freshness.Search, "whole", lambda self, module: whole.append(module)
    )
    for path in chapters(root):
        assert "aecourse/data/mnist.npz" in freshness.parts(path)
    assert whole == []


def test_a_figure_that_changes_touches_the_chapters_that_show_it(
    root, tmp_path
):
    """In a copy; who uses it is found here by its name in the cells."""
    for folder in ("aecourse", "book", "benchmarks"):
        for path in (root / folder).rglob("*"):
            if path.suffix in (".py", ".ipynb", ".json", ".css", ".js"):
                copy = tmp_path / path.relative_to(root)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(path.read_bytes())
    copies = chapters(tmp_path)
    before = {p: freshness.key(p, root=tmp_path) for p in copies}
    users = {p for p in copies if "plot_filters(" in p.read_text("utf-8")}
    assert 0 < len(users) < len(copies)
    for path in (tmp_path / "aecourse").glob("*.py"):
        text = path.read_text("utf-8")
        start = "def plot_filters("
        path.write_text(text.replace(start, f"{start}*, extra=0, "))
    after = {p: freshness.key(p, root=tmp_path) for p in copies}
    assert {p for p in copies if before[p] != after[p]} == users
    style = tmp_path / "aecourse" / "quiz.css"
    style.write_text("/* new */")
    last = {p: freshness.key(p, root=tmp_path) for p in copies}
    quizzes = {p for p in copies if "show_quiz(" in p.read_text("utf-8")}
    assert {p for p in copies if last[p] != after[p]} == quizzes != set()
