"""Pools of workers, shared by the tests of one process."""

from pathlib import Path

import pytest

from exercises.grader import pool
from tests.exercises.samples import CLASS, SOURCE

# In place of Keras where a test is about the grader alone: it starts at once.
STAND_IN = """
class utils:
    @staticmethod
    def set_random_seed(seed):
        pass
"""


@pytest.fixture(scope="session")
def workers():
    """Workers that have loaded Keras."""
    with pool.Pool(timeout=100) as keras_pool:
        yield keras_pool


@pytest.fixture(scope="session")
def light_package(tmp_path_factory):
    """A package aecourse that needs no Keras."""
    folder = tmp_path_factory.mktemp("packages")
    folder.chmod(0o755)
    (folder / "keras.py").write_text(STAND_IN)
    package = folder / "aecourse"
    package.mkdir()
    (package / "__init__.py").write_text("import keras\n")
    return package


@pytest.fixture(scope="session")
def light_workers(light_package):
    """Workers without Keras, with narrow limits."""
    with pool.Pool(timeout=4, memory=0.5, package=light_package) as light:
        yield light


@pytest.fixture
def batch(tmp_path, light_package, monkeypatch):
    """The command's arguments for a class, and for no Keras."""
    monkeypatch.setattr(pool, "_find_package", lambda: light_package)
    source = tmp_path / "ex01_sums.md"
    source.write_text(SOURCE)
    files = [tmp_path / f"{name}.ipynb" for name in [*CLASS, "gone"]]
    (tmp_path / "more").mkdir()
    for file, (content, *_) in zip(files, CLASS.values(), strict=False):
        file.write_text(content)
    out = ["--out", tmp_path / "results", "--timeout", 2, "--memory", 0.5]
    return [str(part) for part in [source, *files, *out]]


@pytest.fixture(scope="session")
def sources(root):
    """The folder with the sources of the exercises."""
    return Path(root) / "exercises" / "src"
