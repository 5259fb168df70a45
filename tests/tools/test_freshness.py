"""The one key: what changes it, and what does not."""

import json
from pathlib import Path

import pytest

from tools import freshness

ROOT = Path(__file__).parents[2]
CHAPTERS = sorted((ROOT / "book").glob("*.ipynb"))

PACKAGE = {
    "aecourse/__init__.py": """
        '''Names are loaded when they are asked for.'''
        from importlib import import_module
        _NAMES = {"data": ("load",), "plots": ("draw", "hang")}
        def __getattr__(name):
            for module, names in _NAMES.items():
                if name in names:
                    return getattr(import_module(f"aecourse.{module}"), name)
            raise AttributeError(name)
        """,
    "aecourse/data/__init__.py": """
        from pathlib import Path
        FILE = Path(__file__).with_name("numbers.csv")
        def load(limit=3):
            '''Load them.'''
            # The first ones.
            return FILE.read_text().split(",")[:limit]
        """,
    "aecourse/data/numbers.csv": "1,2,3,4",
    "aecourse/data/README.md": "The numbers are made up.",
    "aecourse/data/studies/05_sparse.json": "[1]",
    "aecourse/data/studies/06_other.json": "[1]",
    "aecourse/models.py": """
        from aecourse import data
        WIDTH = 4
        HEIGHT = 5
        class Base:
            def fit(self):
                return WIDTH
        class Model(Base):
            '''A model.'''
            def call(self):
                return helper(self.fit())
            def other(self):
                return 1
        def helper(x):
            return x + 1
        def lonely(x):
            return HEIGHT
        """,
    "aecourse/plots.py": """
        import matplotlib.pyplot as plt
        def draw(x):
            return plt.plot(x)
        def hang(x):
            return plt.bar(x)
        """,
    "aecourse/nb.py": "def load_study(name):\n    return name",
    "book/matplotlibrc": "figure.dpi: 100",
    "studies/05_sparse.py": "def run(seed):\n    return 1",
}
CELLS = [
    "from aecourse import load\nfrom aecourse.models import Model",
    "x = load()  # all of them",
    "%timeit -n 3 model = Model().call()",
]


def write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = text.splitlines()
        path.write_text(
            "\n".join(line.removeprefix(" " * 8) for line in lines)
        )


def write_notebook(root, cells, prose="Words."):
    kinds = [("markdown", prose), *(("code", cell) for cell in cells)]
    notebook = {
        "cells": [{"cell_type": k, "source": [text]} for k, text in kinds]
    }
    path = root / "book" / "01_one.ipynb"
    path.write_text(json.dumps(notebook))
    return path


@pytest.fixture
def tree(tmp_path):
    """A small repository with a notebook that loads and trains."""
    write(tmp_path, PACKAGE)
    write_notebook(tmp_path, CELLS)
    return tmp_path


def key(root, **options):
    return freshness.key("book/01_one.ipynb", root=root, **options)


def change(root, name, old, new):
    path = root / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("aecourse/models.py", "'''A model.'''", "'''A better model.'''"),
        ("aecourse/data/__init__.py", "# The first ones.", ""),
        ("aecourse/models.py", "x + 1", "(x\n            + 1)"),
        ("aecourse/models.py", "return HEIGHT", "return 2 * HEIGHT"),
        ("aecourse/models.py", "HEIGHT = 5", "HEIGHT = 6"),
        ("aecourse/plots.py", "plt.plot(x)", "plt.plot(x, x)"),
        ("aecourse/data/README.md", "made up", "found"),
        ("aecourse/data/studies/05_sparse.json", "1", "2"),
        ("book/matplotlibrc", "100", "200"),
        ("studies/05_sparse.py", "return 1", "return 2"),
    ],
)
def test_what_is_not_used_or_not_code_costs_nothing(tree, name, old, new):
    before = key(tree)
    change(tree, name, old, new)
    assert key(tree) == before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("aecourse/models.py", "x + 1", "x + 2"),
        ("aecourse/models.py", "WIDTH = 4", "WIDTH = 3"),
        ("aecourse/models.py", "return 1", "return 2"),
        ("aecourse/models.py", "return WIDTH", "return -WIDTH"),
        ("aecourse/models.py", "Model(Base)", "Model(Base, object)"),
        ("aecourse/data/__init__.py", "limit=3", "limit=2"),
        ("aecourse/data/__init__.py", "numbers.csv", "README.md"),
        ("aecourse/data/numbers.csv", "2", "5"),
    ],
)
def test_what_is_used_counts(tree, name, old, new):
    before = key(tree)
    change(tree, name, old, new)
    assert key(tree) != before


def test_prose_comments_and_the_form_of_a_cell_cost_nothing(tree):
    before = key(tree)
    cells = [CELLS[0], "x = (\n    load()\n)", CELLS[2]]
    write_notebook(tree, cells, "Other words.")
    assert key(tree) == before


@pytest.mark.parametrize(
    "cells",
    [
        [*CELLS, "print(x)"],
        [CELLS[0], CELLS[2], CELLS[1]],
        [CELLS[0], "x = load(2)", CELLS[2]],
        [CELLS[0], CELLS[1], "%timeit -n 3 Model().other()"],
    ],
)
def test_cells_count_and_so_does_their_order(tree, cells):
    before = key(tree)
    write_notebook(tree, cells)
    assert key(tree) != before


@pytest.mark.parametrize(
    "cell",
    [
        "from aecourse import draw\ndraw([1])",
        "import aecourse\naecourse.draw([1])",
        "from aecourse import plots\nplots.draw([1])",
        "import aecourse.plots as p\np.draw([1])",
    ],
)
def test_a_figure_depends_on_its_style_and_on_its_function(tree, cell):
    write_notebook(tree, [cell])
    first = key(tree)
    change(tree, "book/matplotlibrc", "100", "200")
    second = key(tree)
    assert second != first
    change(tree, "aecourse/plots.py", "plt.plot(x)", "plt.plot(x, x)")
    third = key(tree)
    assert third != second
    change(tree, "aecourse/plots.py", "plt.bar(x)", "plt.barh(x)")
    assert key(tree) == third


def test_a_study_counts_for_the_chapter_that_loads_it(tree):
    write_notebook(
        tree,
        ["from aecourse.nb import load_study", 'load_study("05_sparse")'],
    )
    before = key(tree)
    change(tree, "aecourse/data/studies/06_other.json", "1", "2")
    assert key(tree) == before
    change(tree, "aecourse/data/studies/05_sparse.json", "1", "2")
    assert key(tree) != before


def test_versions_and_the_seed_count(tree, monkeypatch):
    before = key(tree)
    assert key(tree, seed=0) == before
    assert key(tree, seed=1) != before
    monkeypatch.setenv("AECOURSE_SEED", "1")
    assert key(tree) == key(tree, seed=1)
    monkeypatch.delenv("AECOURSE_SEED")
    for package in ("keras", "numpy", "scikit-learn", "tensorflow"):
        with monkeypatch.context() as patch:
            patch.setattr(
                freshness,
                "version",
                lambda name, p=package: "0" if name == p else "1",
            )
            other = key(tree)
            patch.setattr(freshness, "version", lambda name: "1")
            assert key(tree) != other


def test_of_a_script_some_names_can_count_alone(tree):
    def of(*names):
        return freshness.key("aecourse/models.py", names=names, root=tree)

    helper, lonely = of("helper"), of("lonely")
    whole = freshness.key("aecourse/models.py", root=tree)
    change(tree, "aecourse/models.py", "HEIGHT = 5", "HEIGHT = 6")
    assert of("helper") == helper
    assert of("lonely") != lonely
    assert freshness.key("aecourse/models.py", root=tree) != whole
    with pytest.raises(ValueError, match="must define 'nothing'"):
        of("nothing")


def test_texts_of_code_count_in_their_order(tree):
    def of(*texts):
        return freshness.key_of_code(texts, root=tree)

    answer = "from aecourse.models import helper\nhelper(1)"
    before = of(answer, "x = 1")
    assert of("# right\n" + answer, "x = 1") == before
    assert of("x = 1", answer) != before
    change(tree, "aecourse/models.py", "x + 1", "x + 2")
    assert of(answer, "x = 1") != before


def test_a_missing_file_and_bad_code_are_errors(tree):
    with pytest.raises(FileNotFoundError, match="02_two"):
        freshness.key("book/02_two.ipynb", root=tree)
    write_notebook(tree, ["x = = 1"])
    with pytest.raises(ValueError, match="01_one"):
        key(tree)


def test_the_command_says_what_counts(capsys):
    freshness.main(["book/05_sparse.ipynb"])
    printed = capsys.readouterr().out
    for part in ("aecourse/data/mnist.npz", "quiz.css", "losses", "keras"):
        assert part in printed
    assert "data/README.md" not in printed


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_what_a_chapter_imports_is_found_definition_by_definition(path):
    found = freshness.parts(path)
    notebook = freshness.Search(ROOT, path.parent).read("book", path)
    ours = [
        name
        for module, name in notebook.imports.values()
        if module.partition(".")[0] == "aecourse"
    ]
    assert ours
    ends = {part.rpartition(".")[2] for part in found}
    assert set(ours) - {"nb", "plots"} <= ends
    # It does not use so much of the package that a guess must be behind it.
    modules = {
        part.split(".")[1] for part in found if part[:9] == "aecourse."
    }
    assert "estimator" not in modules or path.stem == "03_basic"
