"""The generated notebooks: repeatable, current, complete."""

import base64
import json
import re
import shutil
import tomllib

import nbformat
import pytest
import yaml

from exercises.grader import build
from exercises.grader.build import MARK


@pytest.fixture(scope="module")
def pairs(root):
    """Student and solution notebook of every exercise."""
    folder = root / "exercises"
    return [
        [
            nbformat.read(folder / place / f"{path.stem}.ipynb", 4)
            for place in (".", "solutions")
        ]
        for path in sorted((folder / "src").glob("*.md"))
    ]


def test_the_generated_files_are_current(root):
    assert build.build(root, write=False) == []


def test_every_generated_file_has_a_source(root):
    for path in (root / "exercises").glob("**/*.ipynb"):
        assert (root / "exercises" / "src" / f"{path.stem}.md").exists()


def test_every_build_gives_the_same_bytes(root, tmp_path):
    (tmp_path / "exercises").mkdir()
    shutil.copy(root / "_config.yml", tmp_path)
    shutil.copytree(root / "exercises/src", tmp_path / "exercises/src")
    written = build.build(tmp_path)
    assert written
    assert build.build(tmp_path) == []
    for file in written:
        original = root / file.relative_to(tmp_path)
        assert file.read_bytes() == original.read_bytes()


def test_the_notebooks_are_valid_and_the_starter_has_no_outputs(pairs):
    for notebook in sum(pairs, []):
        nbformat.validate(notebook)
        ids = [cell.id for cell in notebook.cells]
        assert len(ids) == len(set(ids))
    for starter, solution in pairs:
        *others, score = solution.cells
        for cell in [*starter.cells, *others]:
            assert cell.get("outputs", []) == []
            assert cell.get("execution_count") is None
        assert score.metadata.tags == ["nbval-check-output"]
        assert re.search(r"Score: (\d+) of \1 points", score.outputs[0].text)


def test_they_start_with_title_set_up_and_checks(pairs, root):
    config = yaml.safe_load((root / "_config.yml").read_text())
    for notebook in sum(pairs, []):
        title, setup, checks, *_, last = notebook.cells
        assert title.source.startswith("# Exercise ")
        assert setup.source == build.SETUP.format(**config["repository"])
        assert checks.source.startswith(MARK)
        assert last.source == "score()"
        for cell in (setup, checks):
            assert cell.metadata.tags == ["hide-input"]
            assert cell.metadata.jupyter.source_hidden


def test_a_starter_holds_no_solution(pairs):
    for student, solution in pairs:
        starters = [c.source for c in student.cells]
        assert not any("SOLUTION" in text for text in starters)
        for ours, theirs in zip(student.cells, solution.cells, strict=True):
            assert ours.id == theirs.id
            if ours.source != theirs.source:
                assert "raise NotImplementedError" in ours.source
                assert "raise NotImplementedError" not in theirs.source


def test_the_held_out_checks_are_encoded_not_secret(pairs):
    for student, _ in pairs:
        source = student.cells[2].source
        assert "no secret" in source or "is\n# no secret" in source
        encoded = re.search(r'encoded = """(.*?)"""', source, re.S)[1]
        checks = json.loads(base64.b64decode(encoded))
        assert any(check["hidden"] for check in checks)
        assert "def judge" in checks[0]["code"]


def test_the_command_says_what_is_stale(root, monkeypatch, capsys, tmp_path):
    assert build.main(["--check"]) == 0
    monkeypatch.setattr(build, "ROOT", root)
    stale = root / "exercises" / "ex99_none.ipynb"
    monkeypatch.setattr(build, "build", lambda write: [stale])
    assert build.main(["--check"]) == 1
    assert "stale exercises/ex99_none.ipynb" in capsys.readouterr().out


def test_the_wheel_does_not_hold_the_exercises(root):
    project = tomllib.loads((root / "pyproject.toml").read_text())
    packages = project["tool"]["setuptools"]["packages"]
    assert {name.partition(".")[0] for name in packages} == {"aecourse"}
