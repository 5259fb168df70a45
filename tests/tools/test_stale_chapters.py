"""Which of the book's own chapters a change makes stale: a copy tells."""

import re
import shutil

import nbformat
import pytest

from tools import execution, freshness


@pytest.fixture(scope="module")
def tree(root, tmp_path_factory):
    """A copy of what outputs depend on, and the keys of all chapters."""
    folder = tmp_path_factory.mktemp("tree")
    for name in ("aecourse", "book", "benchmarks"):
        shutil.copytree(root / name, folder / name)
    return folder, keys(folder)


def keys(folder):
    return {
        path.stem: freshness.key(path, root=folder)
        for path in execution.notebooks(folder)
    }


def using(folder, pattern):
    """The chapters in whose code a pattern occurs."""
    return {
        path.stem
        for path in execution.notebooks(folder)
        if re.search(
            pattern,
            "\n".join(
                cell.source
                for cell in execution.code_cells(nbformat.read(path, 4))
            ),
        )
    }


@pytest.mark.parametrize(
    ("name", "old", "new", "pattern"),
    [
        ("book/01_theory.ipynb", "You will be able to", "Learn to", None),
        ("aecourse/metrics.py", '"""', '"""Other words. ', None),
        ("book/matplotlibrc", "150", "151", r"\bplt\.|\bplot_"),
        ("benchmarks/stacked.json", "{", "{ ", r"stacked\.json"),
        (
            "aecourse/metrics.py",
            r"(def active_units\(.*?\):\n)",
            r"\1    1 + 1\n",
            r"\bactive_units\b",
        ),
    ],
)
def test_a_change_makes_stale_what_it_touches(tree, name, old, new, pattern):
    folder, before = tree
    file = folder / name
    text = file.read_text("utf-8")
    changed = re.sub(old, new, text, count=1, flags=re.S)
    assert changed != text
    file.write_text(changed, "utf-8")
    after = keys(folder)
    file.write_text(text, "utf-8")
    stale = {
        chapter for chapter in before if after[chapter] != before[chapter]
    }
    touched = using(folder, pattern) if pattern else set()
    assert stale == touched
    assert pattern is None or touched
