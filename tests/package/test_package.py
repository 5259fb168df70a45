"""The package as a whole: its names, its weight, its manners."""

import os
import subprocess
import sys

import aecourse
from aecourse import training
import pytest


def run(code):
    """Run Python code in a process of its own; return what it printed."""
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
    )


def test_every_public_name_can_be_imported_and_is_documented():
    assert len(aecourse.__all__) == len(set(aecourse.__all__))
    for name in aecourse.__all__:
        assert getattr(aecourse, name).__doc__, name
        assert name in dir(aecourse)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'load_minst'"):
        aecourse.load_minst  # noqa: B018


def test_importing_it_adds_no_package_to_keras():
    loaded = (
        "import {}, sys; print(*{{n.split('.')[0] for n in sys.modules}})"
    )
    keras, course = (
        set(run(loaded.format(package)).stdout.split())
        for package in ("keras", "aecourse")
    )
    assert course - keras - sys.stdlib_module_names == {"aecourse"}


def test_importing_it_prints_nothing():
    found = run("import aecourse; from aecourse import *")
    assert (found.stdout, found.stderr) == ("", "")


def test_what_a_failing_import_said_is_shown(capfd):
    @training.quiet_stderr()
    def failing_import():
        os.write(2, b"the reason\n")
        raise ImportError

    with pytest.raises(ImportError):
        failing_import()
    assert capfd.readouterr().err == "the reason\n"


def test_a_saved_model_can_be_read_after_importing_nothing_else(tmp_path):
    file = tmp_path / "model.keras"
    run(
        "from aecourse import Autoencoder; import keras;"
        "parts = [keras.Sequential([keras.Input((2,)),"
        " keras.layers.Dense(2)]) for _ in range(2)];"
        f"Autoencoder(*parts).save({str(file)!r})"
    )
    loaded = run(
        "import aecourse, keras;"
        f"print(type(keras.models.load_model({str(file)!r})).__name__)"
    )
    assert loaded.stdout == "Autoencoder\n"
