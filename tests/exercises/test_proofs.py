"""The exercises' checks tell right from wrong: proofs, and how they are kept.

What ``exercises/proofs.json`` remembers under its present key is not proven
again, but for a tenth that the last commit draws.
"""

import json
import subprocess
from types import SimpleNamespace

import pytest

from exercises import prove

COMMIT = subprocess.run(
    ["git", "rev-parse", "HEAD"],
    cwd=prove.ROOT,
    capture_output=True,
    text=True,
    check=False,
).stdout.strip()


@pytest.mark.parametrize("name", prove.due(COMMIT))
def test_it_is_proven(name, workers, environment):
    assert prove.prove(name, workers, environment) == [], f"drawn by {COMMIT}"


def test_due_is_what_is_not_fresh_and_a_tenth_of_the_rest(monkeypatch):
    now = {f"n{i}": f"k{i}" for i in range(42)}
    known = now | {"n3": "older", "gone": "k"}
    del known["n5"]
    monkeypatch.setattr(prove, "keys", lambda: now)
    monkeypatch.setattr(prove, "remembered", lambda: known)
    drawn = [prove.due(f"commit {i}") for i in range(20)]
    assert all({"n3", "n5"} <= set(due) <= set(now) for due in drawn)
    assert {len(due) for due in drawn} == {2 + 4}
    assert drawn[0] == prove.due("commit 0")
    assert len({tuple(due) for due in drawn}) > 10


def part(name):
    return SimpleNamespace(name=name)


def asker(outcomes):
    """Answers fail what stands beside their names; 'raises' is a note."""

    def ask(answer, asked):
        failed = {
            check["name"]: "wrong"
            for check in asked
            if check["name"] in outcomes[answer.name]
        }
        return failed, ["raises"] * ("raises" in outcomes[answer.name])

    return ask


def test_an_alternative_must_score_everything():
    checks = [{"name": "a"}, {"name": "b"}]
    ask = asker({"right": [], "half": ["b"], "odd": ["raises"]})
    answers = [part(name) for name in ("right", "half", "odd")]
    found = list(prove.right_ones(answers, ask, checks))
    assert len(found) == 2
    assert found[0].startswith("alternative half")
    assert found[1].startswith("alternative odd")


def test_a_mutant_must_lose_points_and_a_check_must_catch_one():
    checks = [{"name": "a"}, {"name": "b"}, {"name": "c"}]
    fine = {"one": ["a"], "two": ["a", "b"], "three": ["c"]}
    answers = [part(name) for name in fine]
    assert list(prove.wrong_ones(answers, asker(fine), checks)) == []
    outcomes = fine | {"two": [], "three": ["raises"]}
    assert list(prove.wrong_ones(answers, asker(outcomes), checks)) == [
        "mutant two loses no point",
        "mutant three: ['raises']",
        "check b catches no mutant",
        "check c catches no mutant",
    ]


def test_a_notebook_that_fails_or_leaves_files_is_not_proven(
    tmp_path, monkeypatch
):
    cells = {"fails": "1 / 0", "leaves": "open('left.txt', 'w').close()"}
    for name, source in cells.items():
        cell = {"cell_type": "code", "id": "a", "metadata": {}}
        cell |= {"source": source, "outputs": [], "execution_count": None}
        notebook = {"cells": [cell], "nbformat": 4, "nbformat_minor": 5}
        text = json.dumps(notebook | {"metadata": {}})
        (tmp_path / f"{name}.ipynb").write_text(text)
    monkeypatch.setattr(prove, "FOLDER", tmp_path)
    (failed,) = prove.execute("fails.ipynb", None)
    assert "ZeroDivisionError" in failed
    (left,) = prove.execute("leaves.ipynb", None)
    assert left == "it leaves ['leaves.ipynb', 'left.txt']"


def test_proofs_are_remembered_one_a_line_and_struck_out(tmp_path):
    file = tmp_path / "proofs.json"
    for name, key in [("b", "2"), ("a", "1"), ("c", "3"), ("b", None)]:
        prove.remember(name, key, file)
    assert prove.remembered(file) == {"a": "1", "c": "3"}
    assert file.read_text().splitlines() == [
        "{",
        '"a": "1",',
        '"c": "3"',
        "}",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["proofs.json"]


def test_an_unknown_exercise_is_an_error(capsys):
    with pytest.raises(SystemExit, match="2"):
        prove.main(["ex99_nothing"])
    assert "no exercise ex99_nothing" in capsys.readouterr().err


def test_published_proofs_are_of_what_there_is():
    assert set(prove.remembered()) <= set(prove.keys())
