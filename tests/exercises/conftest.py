"""Pools of workers, shared by the tests of one process."""

from pathlib import Path

import pytest

from exercises.grader import pool

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
def light_workers(tmp_path_factory):
    """Workers without Keras, with narrow limits."""
    folder = tmp_path_factory.mktemp("packages")
    folder.chmod(0o755)
    (folder / "keras.py").write_text(STAND_IN)
    package = folder / "aecourse"
    package.mkdir()
    (package / "__init__.py").write_text("import keras\n")
    with pool.Pool(timeout=4, memory=0.5, package=package) as light_pool:
        yield light_pool


@pytest.fixture(scope="session")
def sources(root):
    """The folder with the sources of the exercises."""
    return Path(root) / "exercises" / "src"
