"""Gradescope's file: unpacked and run, as Gradescope does it."""

import json
import os
import shutil
import subprocess
import sys
import zipfile

import pytest

from exercises.grader.gradescope import RUN, write_zip
from tests.exercises.samples import RIGHT, SOURCE, notebook


@pytest.fixture
def autograder(tmp_path, light_package):
    """Unpacks the file; returns what runs it on a submission's files."""
    source = tmp_path / "ex01_sums.md"
    source.write_text(SOURCE)
    write_zip(source, tmp_path / "a.zip")
    root = tmp_path / "autograder"
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        archive.extractall(root / "source")
    shutil.rmtree(root / "source/aecourse")
    shutil.copytree(light_package.parent, root / "source", dirs_exist_ok=True)
    for path in [root, *root.parents][:4]:
        path.chmod(path.stat().st_mode | 0o055)
    script = (root / "source/run_autograder").read_text()
    script = script.replace("/autograder/venv/bin/python", sys.executable)
    script = script.replace("/autograder/", f"{root}/")

    def run(files, **env):
        for name, text in files.items():
            path = root / "submission" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        done = subprocess.run(
            ["bash", "-c", script],
            env=os.environ | env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads((root / "results/results.json").read_text())

    return run


def test_the_notebook_of_the_exercise_is_graded_and_named(autograder):
    wrong = notebook("def total(x):\n    return 0.0")
    result = autograder(
        {
            ".ipynb_checkpoints/ex01_sums-checkpoint.ipynb": wrong,
            "__MACOSX/work/._ex01_sums.ipynb": "no notebook",
            "a first try.ipynb": wrong,
            "work/ex01_sums.ipynb": notebook(RIGHT),
        }
    )
    assert result["score"] == 3
    assert result["output"] == (
        "graded, with problems: work/ex01_sums.ipynb\n"
        "of several notebooks work/ex01_sums.ipynb was graded, "
        "not a first try.ipynb"
    )


def test_a_submission_without_a_notebook_gets_a_reason(autograder):
    result = autograder({"answer.py": RIGHT})
    assert result["score"] == 0
    assert "the folder holds no notebook" in result["output"]


@pytest.mark.parametrize("status", [0, 1, 2])
def test_it_insists_only_where_nothing_was_run(tmp_path, status):
    python = tmp_path / "python"
    python.write_text(
        f'#!/bin/sh\necho "$*" >> {tmp_path}/log\n'
        f'case "$*" in *--without-isolation) exit 0;; esac\nexit {status}\n'
    )
    python.chmod(0o755)
    script = RUN.format(source="ex.md")
    script = script.replace("/autograder/venv/bin/python", f"{python}")
    script = script.replace("/autograder/source", f"{tmp_path}")
    subprocess.run(["bash", "-c", script], check=True)
    calls = (tmp_path / "log").read_text().splitlines()
    assert ["without" in call for call in calls] == [False, True][
        : 1 + (status == 2)
    ]
