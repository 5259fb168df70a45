"""Pools of workers, shared by the tests of one process."""

from pathlib import Path

import pytest

from exercises import prove
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
def environment():
    """Variables of an environment that holds a wheel of this checkout."""
    with prove.learner() as variables:
        yield variables


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
def isolated(light_package):
    """Whether this system lets the grader isolate submissions."""
    with pool.Pool(package=light_package) as trial:
        try:
            trial.start()
        except RuntimeError:
            return False
    return True


@pytest.fixture(scope="session")
def mode(isolated):
    """The options of the command that this system asks for."""
    return [] if isolated else ["--without-isolation"]


@pytest.fixture(scope="session")
def workers(isolated):
    """Workers that have loaded Keras."""
    with pool.Pool(timeout=100, isolated=isolated) as keras_pool:
        yield keras_pool


@pytest.fixture(scope="session")
def light_workers(light_package, isolated):
    """Workers without Keras, with narrow limits."""
    limits = {"timeout": 4, "memory": 0.5, "isolated": isolated}
    with pool.Pool(**limits, package=light_package) as light:
        yield light


@pytest.fixture
def batch(tmp_path, light_package, monkeypatch, mode):
    """The command's arguments for a class, and for no Keras."""
    monkeypatch.setattr(pool, "_find_package", lambda: light_package)
    source = tmp_path / "ex01_sums.md"
    source.write_text(SOURCE)
    files = [tmp_path / f"{name}.ipynb" for name in [*CLASS, "gone"]]
    (tmp_path / "more").mkdir()
    for file, (content, *_) in zip(files, CLASS.values(), strict=False):
        file.write_text(content)
    out = [
        "--out",
        tmp_path / "results",
        "--timeout",
        2,
        "--memory",
        0.5,
        *mode,
    ]
    return [str(part) for part in [source, *files, *out]]


@pytest.fixture(scope="session")
def sources(root):
    """The folder with the sources of the exercises."""
    return Path(root) / "exercises" / "src"
