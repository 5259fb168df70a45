"""A batch that cannot die: as many rows come out as submissions went in."""

import csv
import functools
import json
import os
import signal
import subprocess
import sys
import threading

import pytest

from exercises.grader import __main__ as command
from exercises.grader import pool, report
from tests.exercises.samples import RIGHT, SOURCE, notebook

# Not beside tests that take what a machine has.
pytestmark = pytest.mark.xdist_group("alone")

# What a submission writes into each of its descriptors: while its cells run,
# and as the answer to whatever it is asked.
WRITE = """
import os
def write(*lines):
    for fd in range(3, 64):
        try:
            for line in lines:
                os.write(fd, line)
        except OSError:
            pass
"""
ARRAY = '{{"answer": 0, "out": {{"data": "", "dtype": {}, "shape": [0]}}}}'
DTYPES = ["<f8,(2", "<f8,<f8", "|V8", "<M8", "<f8 ", "O", "|O8", "(2,)<f8"]
FORGED = {
    "list": "[]",
    "text": '"x"',
    "number": "1e999",
    "null": "null",
    "no_json": "\\xff{",
    "deep": "[" * 99_999,
    "keys": '{"cell": {}, "error": [], "answer": {}, "ran": {}}',
    "answer": '{"answer": [0], "out": 3, "message": 7}',
    "dict": '{"answer": 0, "out": {"dict": {"a": {"list": {"b": 1}}}}}',
    "huge": '{"answer": 0, "out": {"number": 1%s}}' % ("0" * 9999),
    "shape": ARRAY.format('"<f8"').replace("[0]", "[0, 1e9, -1]"),
} | {f"dtype_{n}": ARRAY.format(json.dumps(d)) for n, d in enumerate(DTYPES)}
FLOODS = {
    "newlines": "write(*[b'\\n' * 10**6] * 20)",
    "errors": 'write(*[b\'{"error": "x"}\\n\' * 1000] * 20)',
    "brackets": "write(*[b'[],' * 10**6] * 9, b'\\n')",
    "bytes": "while True: write(b'x' * 10**6)",
}
WRONG = "\ndef total(x): return 0.0\n"


@pytest.fixture
def batch_of(tmp_path, mode):
    """Write a source and notebooks; the arguments of the command."""
    return functools.partial(_batch, tmp_path, mode)


def _batch(tmp_path, mode, submissions):
    source = tmp_path / "ex01_sums.md"
    source.write_text(SOURCE)
    files = []
    for name, text in submissions.items():
        files.append(tmp_path / f"{name}.ipynb")
        if text is not None:
            files[-1].write_text(text)
    out = [
        "--out",
        tmp_path / "results",
        "--timeout",
        60,
        "--memory",
        0.5,
        *mode,
    ]
    return [str(part) for part in [source, *files, *out]]


def rows(tmp_path):
    with open(tmp_path / "results" / "scores.csv", newline="") as file:
        return {row["submission"]: row for row in csv.DictReader(file)}


@pytest.fixture(autouse=True)
def _without_keras(light_package, monkeypatch):
    monkeypatch.setattr(pool, "_find_package", lambda: light_package)


def test_thirty_in_thirty_out(tmp_path, batch_of, capsys, monkeypatch):
    class_ = {
        f"forged_{name}": notebook(
            WRITE + WRONG + f"write({line.encode('latin-1')!r} + b'\\n')\n"
            "def total(x):\n"
            f"    write({line.encode('latin-1')!r} + b'\\n')\n    return 0.0"
        )
        for name, line in FORGED.items()
    } | {
        f"flood_{name}": notebook(WRITE + WRONG, text)
        for name, text in FLOODS.items()
    }
    class_ |= {
        "right": notebook(RIGHT),
        "gone": None,
        "empty": "",
        "folder": None,
        "kills_its_parents": notebook(
            RIGHT, "import os\nos.kill(os.getppid(), 9)\nos.kill(-1, 9)"
        ),
        "crashes_the_grader": notebook(RIGHT),
        "right_again": notebook(RIGHT),
    }
    (tmp_path / "folder.ipynb").mkdir()
    assert len(class_) == 30

    grade = command.grade_file

    def fail(pool, checks, path, name, *more):
        if name == "crashes_the_grader":
            checks = [c | {"code": c["code"] + "\n1 / 0"} for c in checks]
        if name == "right_again":
            pool._process.kill()
            pool._process.wait()
        return grade(pool, checks, path, name, *more)

    monkeypatch.setattr(command, "grade_file", fail)
    assert command.main(batch_of(class_)) == 1
    table = rows(tmp_path)
    assert list(table) == list(class_)
    assert "29 graded" in capsys.readouterr().out
    for name, row in table.items():
        right = name.startswith(("right", "kills"))
        wanted = "" if name == "crashes_the_grader" else "3" if right else "0"
        assert (name, row["score"]) == (name, wanted)
    crashed = table["crashes_the_grader"]
    assert crashed["status"] == "not graded"
    assert "ZeroDivisionError" in crashed["reason"]
    assert table["flood_newlines"]["reason"].endswith("sent too much data")
    sizes = [p.stat().st_size for p in tmp_path.glob("results/*/*")]
    assert len(sizes) == 59
    assert max(sizes) < 20_000


def test_many_cells_that_raise_make_a_short_feedback(tmp_path, batch_of):
    cells = ["raise ValueError('x' * 10**5)"] * 99
    arguments = batch_of({"anna": notebook(RIGHT, *cells)})
    assert command.main(arguments) == 0
    feedback = (tmp_path / "results/feedback/anna.md").read_text()
    assert "- and 79 more" in feedback
    assert len(feedback) < 20_000


def test_nothing_is_said_twice(tmp_path, batch_of):
    late = "def total(x):\n    while True: pass"
    bad = "def total(x):\n    raise ValueError('no sum')"
    class_ = {"late": notebook(late), "bad": notebook(bad), "gone": None}
    arguments = batch_of(class_)
    assert command.main([*arguments, "--timeout", "2"]) == 0
    for name, words in [
        ("late", "ran longer than"),
        ("bad", "no sum"),
        ("gone", "No such file"),
    ]:
        file = tmp_path / "results" / "feedback" / f"{name}.md"
        assert file.read_text().count(words) == 1, name


def test_names_fit_into_a_folder(tmp_path):
    names = report.names_of([f"{'名' * 90}.ipynb", f"{'名' * 91}.ipynb"])
    assert len(set(names)) == 2
    for name in names:
        report.replace(tmp_path / f"{name}.md", "x")


ANNA, BEN, CEM = (
    notebook(RIGHT, f"'{name}'") for name in ("anna", "ben", "cem")
)


def test_a_run_goes_on_where_it_was(tmp_path, batch_of, monkeypatch, capsys):
    class_ = {"anna": ANNA, "ben": BEN, "cem": CEM, "dora": None}
    arguments = batch_of(class_)
    assert command.main(arguments) == 0
    whole = {
        name: row | {"seconds": ""} for name, row in rows(tmp_path).items()
    }
    # What a power cut leaves: two rows, and the beginning of a third.
    table = tmp_path / "results" / "scores.csv"
    lines = table.read_bytes().splitlines(keepends=True)
    table.write_bytes(b"".join([*lines[:3], lines[3][:10]]))
    (tmp_path / "ben.ipynb").write_text(notebook(WRONG))
    graded, grade = [], command.grade_file

    def record(*arguments):
        graded.append(arguments[3])
        return grade(*arguments)

    monkeypatch.setattr(command, "grade_file", record)
    capsys.readouterr()
    assert command.main([*arguments, "--resume"]) == 0
    assert "1 graded before, 3 left" in capsys.readouterr().out
    assert sorted(graded) == ["ben", "cem", "dora"]
    after = {
        name: row | {"seconds": ""} for name, row in rows(tmp_path).items()
    }
    assert list(after) == list(class_)
    assert after["ben"]["score"] == "0"
    for name in ("anna", "cem", "dora"):
        assert after[name] == whole[name]
    # Once more: what could not be read is looked at again, nothing else.
    graded.clear()
    assert command.main([*arguments, "--resume"]) == 0
    assert graded == ["dora"]


def test_a_run_goes_on_only_if_the_same_is_asked(tmp_path, batch_of, capsys):
    arguments = batch_of({"anna": ANNA})
    assert command.main([*arguments, "--resume"]) == 2
    assert "no run to go on with" in capsys.readouterr().err
    assert command.main(arguments) == 0
    before = (tmp_path / "results" / "scores.csv").read_bytes()
    assert command.main([*arguments, "--resume", "--seed", "5"]) == 2
    assert "graded with other: --seed;" in capsys.readouterr().err
    (tmp_path / "ex01_sums.md").write_text(SOURCE.replace("prose", "text"))
    assert command.main([*arguments, "--resume"]) == 2
    assert "graded with other: source;" in capsys.readouterr().err
    assert (tmp_path / "results" / "scores.csv").read_bytes() == before


def test_a_killed_run_keeps_its_rows(tmp_path, batch_of, light_package, root):
    hang = notebook(RIGHT, "import time\ntime.sleep(999)")
    arguments = batch_of({"anna": ANNA, "slow": hang, "cem": CEM})
    program = (
        "import sys, pathlib\nfrom exercises.grader import __main__, pool\n"
        f"package = pathlib.Path({str(light_package)!r})\n"
        "pool._find_package = lambda: package\n"
        "sys.exit(__main__.main(sys.argv[1:]))"
    )
    more = ["--jobs", "1"]
    table = tmp_path / "results" / "scores.csv"
    for sent, status in [(signal.SIGKILL, -9), (signal.SIGINT, 130)]:
        running = subprocess.Popen(
            [sys.executable, "-c", program, *arguments, *more],
            cwd=root,
            stderr=subprocess.PIPE,
            text=True,
            # Be the tests in a job that may not be interrupted.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        wait_for(lambda: table.exists() and b"anna" in table.read_bytes())
        running.send_signal(sent)
        _, error = running.communicate()
        assert running.returncode == status
        assert list(rows(tmp_path)) == ["anna"]
        table.unlink()
    assert "--resume goes on from there" in error


def wait_for(condition):
    while not condition():
        threading.Event().wait(0.05)


def test_a_full_disk_costs_no_row(tmp_path, batch_of, light_package, root):
    """Feedback that has no place is said; the rows have theirs."""
    class_ = {
        f"n{number:02d}": notebook(RIGHT, *["1 / 0"] * 25)
        for number in range(30)
    }
    (tmp_path / "results").mkdir()
    program = (
        "import sys, pathlib\nfrom exercises.grader import __main__, pool\n"
        f"package = pathlib.Path({str(light_package)!r})\n"
        "pool._find_package = lambda: package\n"
        "status = __main__.main(sys.argv[1:])\n"
        "print(open(sys.argv[-1] + '/scores.csv').read())\n"
        "sys.exit(status)"
    )
    arguments = batch_of(class_)
    out = arguments[arguments.index("--out") + 1]
    mount = f"mount -t tmpfs -o size=300k none {out} && exec " + '"$@"'
    unshare = ["unshare", "-m" if os.geteuid() == 0 else "-rm"]
    can = subprocess.run([*unshare, "true"], check=False)
    if can.returncode:
        pytest.skip("the system allows no mount namespaces")
    done = subprocess.run(
        [*unshare, "sh", "-c", mount, "sh", sys.executable, "-c", program]
        + [*arguments, "--out", out],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    table = done.stdout[done.stdout.index("submission,score") :]
    found = list(csv.DictReader(table.splitlines()))
    assert [row["submission"] for row in found if row["sha256"]] == [*class_]
    assert {row["score"] for row in found} == {"3"}
    assert "no feedback written: No space left" in table
