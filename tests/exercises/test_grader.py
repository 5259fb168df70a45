"""The command: a mixed batch, its table, its feedback, its limits."""

import csv
import json
import subprocess
import sys
import types
import zipfile

import pytest

from exercises.grader import __main__ as command
from exercises.grader import pool, report
from exercises.grader.grade import Grade, Result, probe_of
from exercises.grader.inside import isolate
from tests.exercises.samples import CLASS, PRIVATE


def rows(folder):
    with open(folder / "results" / "scores.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_a_class_of_twenty_is_graded(batch, tmp_path, capsys):
    assert command.main([*batch, "--jobs", "3"]) == 0
    table = rows(tmp_path)
    assert len(table) == 20
    for row, (name, (_, score, reason)) in zip(
        table, CLASS.items(), strict=False
    ):
        assert int(row["score"]) == int(row["q1"]) == score, name
        assert reason in row["reason"], name
        assert bool(reason) == bool(row["reason"]), name
        assert row["points"] == "3"
    named = {row["submission"]: row for row in table}
    assert {f"{tmp_path.name}-anna", "more-anna", "_1_1"} <= set(named)
    assert named["gone"]["status"] == named["gus"]["status"] == "not read"
    assert "No such file" in named["gone"]["reason"]
    assert named["ben"]["status"] == named["ida"]["status"] == "graded"
    output = capsys.readouterr().out
    assert "Isolation: limits" in output
    assert "20 graded" in output
    feedback = (tmp_path / "results/feedback/ben.md").read_text()
    assert "**1 of 3 points**" in feedback
    assert "- failed: held out (0 of 2). wrong" in feedback
    result = json.loads(
        (tmp_path / "results/gradescope/ben.json").read_text()
    )
    assert result["score"] == 1
    assert [t["visibility"] for t in result["tests"]] == [
        "visible",
        "after_published",
    ]
    left = [p.name for p in (tmp_path / "results").iterdir()]
    assert sorted(left) == [
        "feedback", "gradescope", "run.json", "scores.csv"
    ]  # fmt: skip


def test_the_number_of_jobs_and_the_order_change_no_score(batch, tmp_path):
    source, *files = batch[: batch.index("--out")]
    rest = batch[batch.index("--out") :]
    command.main([source, *files, *rest, "--jobs", "1"])
    one = [row["score"] for row in rows(tmp_path)]
    command.main([source, *reversed(files), *rest, "--jobs", "4"])
    four = [row["score"] for row in rows(tmp_path)]
    assert one == four[::-1]


def test_a_single_submission_gets_results_json(batch, tmp_path):
    file = str(tmp_path / "ben.ipynb")
    command.main([batch[0], file, *batch[batch.index("--out") :]])
    result = json.loads((tmp_path / "results/results.json").read_text())
    assert result["score"] == 1


def test_private_checks_count(batch, tmp_path):
    private = tmp_path / "private.md"
    text = PRIVATE.replace("name=seen", "name=mine")
    private.write_text(text[: text.index("```{code-cell}\n:tags: [check, h")])
    file = str(tmp_path / "ben.ipynb")
    rest = batch[batch.index("--out") :]
    arguments = [batch[0], file, *rest, "--private-checks", str(private)]
    assert command.main(arguments) == 0
    assert rows(tmp_path)[0]["points"] == "4"


def test_a_source_in_error_is_named(tmp_path, capsys):
    path = tmp_path / "ex01_bad.md"
    path.write_text("no head")
    assert command.main([str(path), "a.ipynb"]) == 2
    assert "ex01_bad.md:1: the first line" in capsys.readouterr().err


def test_the_zip_for_gradescope_grades_by_itself(tmp_path, sources, root):
    source, target = str(sources / "ex05_sparse.md"), tmp_path / "a.zip"
    assert command.main(["gradescope", source, str(target)]) == 0
    first = target.read_bytes()
    command.main(["gradescope", source, str(target)])
    assert target.read_bytes() == first
    with zipfile.ZipFile(target) as archive:
        names = archive.namelist()
        assert archive.getinfo("run_autograder").external_attr >> 16 == 0o755
        archive.extractall(tmp_path / "source")
    assert names == sorted(names)
    folder = root / "exercises" / "grader"
    programs = {f"{p.relative_to(root)}" for p in folder.rglob("*.py")}
    assert programs <= set(names)
    assert "exercises/grader/inside/worker.py" in programs
    assert not any(name.endswith(".ipynb") for name in names)
    done = subprocess.run(
        [sys.executable, "-m", "exercises.grader"]
        + ["exercises/src/ex05_sparse.md", "missing.ipynb", "--out", "out"],
        cwd=tmp_path / "source",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "source/out/results.json").read_text())
    assert result["score"] == 0
    assert "No such file" in result["output"]


def test_the_zip_of_a_bad_source_is_an_error(tmp_path, capsys):
    source = str(tmp_path / "ex01_none.md")
    assert command.main(["gradescope", source, "a.zip"]) == 2
    assert "ex01_none.md" in capsys.readouterr().err


def test_a_missing_keras_is_said(batch, tmp_path, monkeypatch, capfd):
    package = tmp_path / "without" / "aecourse"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("import no_such_keras")
    monkeypatch.setattr(pool, "_find_package", lambda: package)
    assert command.main(batch) == 2
    printed = capfd.readouterr().err
    assert "could not load Keras" in printed
    assert "no_such_keras" in printed


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--jobs", "0"),
        ("--jobs", "two"),
        ("--timeout", "-1"),
        ("--timeout", "inf"),
        ("--memory", "0"),
        ("--seed", "-3"),
    ],
)
def test_a_bad_option_is_named(option, value, capsys):
    with pytest.raises(SystemExit):
        command.main(["ex01_a.md", "a.ipynb", option, value])
    assert value in capsys.readouterr().err


def test_a_probe_travels_without_its_judge():
    code = "def probe(ns):\n    return 1\n\ndef judge(out):\n    secret"
    assert probe_of(code) == "def probe(ns):\n    return 1"


def test_names_differ():
    paths = ["a/x.ipynb", "b/x.ipynb", "a/x.ipynb", "a/Y.ipynb", "a/y.ipynb"]
    names = report.names_of([*paths, "a/../z ü.ipynb"])
    assert names == ["a-x", "b-x", "a-x-2", "Y", "y-2", "z_ü"]


def test_text_is_no_formula_for_a_spreadsheet(tmp_path):
    result = Result("q1", "sum", 1, False, False, "=1")
    grade = Grade("=1+1", [result], "graded", ["@x\n\x00y"])
    exercise = types.SimpleNamespace(title="Sums", questions=["q1"])
    with report.Results(tmp_path, exercise, {"=1+1": "f00"}, {}) as results:
        results.add(grade)
    table = (tmp_path / "scores.csv").read_text()
    assert table.splitlines()[1] == "'=1+1,0,1,0,graded,'@x  y,0.0,f00"


def test_isolation_is_said_plainly():
    all_of_it = [isolate.LIMITS, *isolate.ISOLATION]
    whole, part = (
        Grade("a", [], applied=names) for names in (all_of_it, ["limits"])
    )
    assert report.isolation([Grade("a", [])]).endswith("nothing was run.")
    assert report.isolation([whole, Grade("b", [])]) == (
        "Isolation: limits, no network, own files, own processes."
    )
    assert report.isolation([whole, part, part]).splitlines() == [
        "Isolation (2 of 3): limits. Without: "
        "no network, own files, own processes.",
        "Isolation (1 of 3): limits, no network, own files, own processes.",
    ]


@pytest.mark.parametrize("name", ["timeout", "memory"])
def test_a_pool_names_a_bad_limit(name):
    with pytest.raises(ValueError, match=f"{name} must be above 0, got 0"):
        pool.Pool(**{name: 0})
