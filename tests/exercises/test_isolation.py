"""Isolation or nothing: what is refused, and what holds without it.

The system's refusal is real: `unshare` makes a place where the number of
namespaces is limited, or `/proc` cannot be written. There the user is root
alone, or an ordinary user who owns what the tests own.
"""

import csv
import json
from pathlib import Path
import subprocess
import sys
import threading

import psutil
import pytest

from exercises.grader import __main__ as command
from exercises.grader import pool
from exercises.grader.pool import Pool
from tests.exercises.samples import PRIVATE, RIGHT, SOURCE, notebook

pytestmark = pytest.mark.xdist_group("alone")

ORDINARY = "exec unshare --map-user=1000 --map-group=1000 "
NO_PROCESSES = "echo 0 > /proc/sys/user/max_pid_namespaces && "
NO_FILES = "echo 1 > /proc/sys/user/max_mnt_namespaces && "
READ_ONLY = (
    "exec unshare -m --map-user=1000 --map-group=1000 --keep-caps sh -c "
    "'mount --bind /proc /proc && mount -o remount,ro,bind /proc && "
    'exec "$@"\' sh '
)
PROGRAM = """
import pathlib, sys
from exercises.grader import __main__, pool
package = pathlib.Path(sys.argv[1])
pool._find_package = lambda: package
sys.exit(__main__.main(sys.argv[2:]))
"""


@pytest.fixture
def grade_in(tmp_path, light_package, root):
    """Run the grader in a place that a line of shell makes."""

    def run(place, submissions, *options):
        source = tmp_path / "ex01_sums.md"
        source.write_text(SOURCE)
        files = [tmp_path / f"{name}.ipynb" for name in submissions]
        for file, text in zip(files, submissions.values(), strict=True):
            file.write_text(text)
        out = ["--out", tmp_path / "results", "--memory", "0.5", *options]
        grader = [sys.executable, "-c", PROGRAM, light_package, source]
        return subprocess.run(
            ["unshare", "-rm", "sh", "-c", place + '"$@"', "sh"]
            + [str(part) for part in [*grader, *files, *out]],
            cwd=root,
            env={"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )

    if subprocess.run(["unshare", "-rm", "true"], check=False).returncode:
        pytest.skip("the system allows no namespaces")
    return run


def rows(tmp_path):
    with open(tmp_path / "results" / "scores.csv", newline="") as file:
        return {row["submission"]: row for row in csv.DictReader(file)}


@pytest.mark.parametrize(
    ("place", "refused"),
    [
        (NO_PROCESSES + "exec ", "unshare: No space left"),
        (NO_PROCESSES + ORDINARY, "unshare: No space left"),
        (NO_FILES + "exec ", "unshare: No space left"),
        (READ_ONLY, "Read-only file system: '/proc/self/set"),
    ],
)
def test_without_isolation_nothing_is_run(place, refused, grade_in, tmp_path):
    done = grade_in(place, {"anna": notebook(RIGHT)})
    assert done.returncode == 2, done.stdout
    assert refused in done.stderr
    assert "--without-isolation" in done.stderr
    assert "unprivileged user namespaces" in done.stderr
    assert not (tmp_path / "results").exists()
    assert not [*tmp_path.glob("exercise-*"), *tmp_path.glob("grader-*")]


@pytest.mark.parametrize("place", ["exec ", ORDINARY])
def test_with_isolation_all_of_it_is_said(place, grade_in, tmp_path):
    done = grade_in(place, {"anna": notebook(RIGHT)})
    assert done.returncode == 0, done.stderr
    whole = "Isolation: limits, no network, own files, own processes.\n"
    assert done.stdout.startswith(whole)
    assert rows(tmp_path)["anna"]["score"] == "3"


# Opens the memory of whatever it finds, traces it, and reads its secrets.
ATTACK = """
import ctypes, glob, os
opened = []
def look(pattern):
    for path in glob.glob(pattern):
        pid = path.split('/')[2]
        if pid not in (str(os.getpid()), 'self', 'thread-self'):
            try:
                open(path, 'r+b', 0).close()
                opened.append(path)
            except OSError:
                pass
look('/proc/[0-9]*/mem')
for path in glob.glob('/proc/[0-9]*/environ'):
    pid = int(path.split('/')[2])
    if pid != os.getpid():
        # PTRACE_SEIZE, which stops nothing.
        if ctypes.CDLL(None).ptrace(0x4206, pid, 0, 0) == 0:
            opened.append(pid)
def total(x):
    seen = len(glob.glob('/proc/[0-9]*/mem'))
    return x.sum() if seen > 3 and not opened else -1.0
"""


@pytest.mark.parametrize("place", ["exec ", ORDINARY])
def test_without_isolation_the_memory_is_shut(place, grade_in, tmp_path):
    """The submission runs as the grader's user, and sees its processes."""
    own = "unshare --fork --pid --mount-proc "
    place = "exec " + own + place.removeprefix("exec ")
    insist = "--without-isolation"
    done = grade_in(place, {"eve": notebook(ATTACK)}, insist)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(
        "Isolation: limits. Without: no network, own files, own processes.\n"
    )
    assert rows(tmp_path)["eve"]["score"] == "3"


def test_a_failure_on_the_way_is_no_zero(tmp_path, light_package, isolated):
    """As when the system refuses later what it allowed at the start."""
    if not isolated:
        pytest.skip("the system allows no namespaces")
    with Pool(timeout=4, memory=0.5, package=light_package) as workers:
        workers.start()
        # A folder that cannot be shown to a submission.
        broken = f"{tmp_path}/file/below"
        (tmp_path / "file").write_text("")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                pool.isolate, "readable", lambda _: ["/usr", broken]
            )
            run = workers.run([(1, "x = 1")], {})
        assert run.failed.startswith("it could not be run: ")
        assert broken in run.failed
        assert not run.ended
        assert not workers.run([(1, "x = 1")], {}).failed


def test_one_that_cannot_be_isolated_has_a_row_without_score(
    batch, tmp_path, monkeypatch, capsys
):
    run, calls = Pool.run, []

    def refuse(self, cells, tasks):
        calls.append(tasks)
        if len(calls) == 2:
            return pool.Run(failed="it could not be run: mount: refused")
        return run(self, cells, tasks)

    monkeypatch.setattr(Pool, "run", refuse)
    files = [str(tmp_path / f"{name}.ipynb") for name in ("ben", "kai")]
    rest = batch[batch.index("--out") :]
    assert command.main([batch[0], *files, *rest, "--jobs", "1"]) == 1
    table = rows(tmp_path)
    assert table["ben"]["score"] == table["ben"]["q1"] == ""
    assert table["ben"]["status"] == "not graded"
    assert "mount: refused" in table["ben"]["reason"]
    assert table["kai"]["score"] == "3"
    assert "not graded: ben: it could not" in capsys.readouterr().err
    assert not (tmp_path / "results/gradescope/ben.json").exists()
    feedback = (tmp_path / "results/feedback/ben.md").read_text()
    assert "Not graded: it could not be run" in feedback
    # It is graded as soon as it can be.
    assert command.main([batch[0], *files, *rest, "--resume"]) == 0
    assert rows(tmp_path)["ben"]["score"] == "1"


def test_a_keeper_that_is_killed_leaves_nothing_behind(
    light_package, isolated
):
    text = "import subprocess\nsubprocess.run(['sleep', '999'])"
    runs = []
    with Pool(package=light_package, isolated=isolated) as workers:
        workers.start()
        folder = Path(workers._home.name)
        thread = threading.Thread(
            target=lambda: runs.append(workers.run([(1, text)], {}))
        )
        thread.start()
        # Keeper, first process, runner, and what the submission starts.
        while len(left := running(workers._process, recursive=True)) < 4:
            threading.Event().wait(0.05)
        (keeper,) = running(workers._process)
        keeper.kill()
        thread.join()
        if isolated:
            for _ in range(400):
                if not any(map(runs_on, left)):
                    break
                threading.Event().wait(0.05)
            assert not any(map(runs_on, left))
    assert "its keeper ended" in runs[0].failed
    assert not folder.exists()


def runs_on(process):
    """Whether a process has not ended."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def running(process, **options):
    """The descendants of a process that have not ended."""
    found = psutil.Process(process.pid).children(**options)
    return [one for one in found if runs_on(one)]


def test_a_submission_cannot_reach_the_wall(light_workers):
    """The worker's own modules are no way to the rest of the grader."""
    text = """
import importlib.util, sys
found = [name for name in ('exercises', 'grade', 'pool', 'report', 'source')
         if name in sys.modules or importlib.util.find_spec(name)]
if found: raise ImportError(found)
"""
    assert light_workers.run([(1, text)], {}).errors == {}


# Remembers what it is asked, and tells it wherever its words are shown.
LEAK = """
import inspect
def total(x):
    seen = []
    frame = inspect.currentframe().f_back
    while frame:
        seen.extend(str(v) for v in frame.f_locals.values())
        frame = frame.f_back
    if any('SEC' + 'RET' in text for text in seen):
        raise ValueError(*[t for t in seen if 'SEC' + 'RET' in t])
    return x.sum()
"""


def test_private_checks_do_not_come_out_in_feedback(batch, tmp_path):
    first = PRIVATE[: PRIVATE.index("```{code-cell}\n:tags: [check, h")]
    private = first.replace("name=seen", "name=mine").replace(
        "np.ones(3)", "np.ones(3) * len('SECRET') / 6"
    )
    own_words = private.replace("name=mine", "name=words").replace(
        "def judge(out):", "def judge(out):\n    require(False, 'my words')"
    )
    own_words = own_words.replace("'SECRET'", "'123456'")
    (tmp_path / "private.md").write_text(own_words + private)
    (tmp_path / "eve.ipynb").write_text(notebook(LEAK))
    rest = batch[batch.index("--out") :]
    more = ["--private-checks", str(tmp_path / "private.md")]
    more += ["--timeout", "60"]
    eve = str(tmp_path / "eve.ipynb")
    assert command.main([batch[0], eve, *rest, *more]) == 0
    texts = [
        (tmp_path / "results" / name).read_text()
        for name in ("scores.csv", "feedback/eve.md", "results.json")
    ]
    assert not any("SECRET" in text for text in texts)
    messages = {
        test["name"]: test["output"] for test in json.loads(texts[2])["tests"]
    }
    assert messages == {
        "q1 seen": "",
        "q1 held_out": "",
        "q1 words": "my words",
        "q1 mine": "failed a check of your teacher's own",
    }


def test_cells_run_before_anything_is_asked(light_workers):
    """No probe is in the runner's memory while a cell runs."""
    task = {
        "name": "one",
        "code": "def probe(ns):\n    return 'SEC' 'RET'",
        "seed": 1,
        "inputs": {},
        "group": ("q1", False),
    }
    text = (
        "import gc\ntexts = [v for o in gc.get_objects() if type(o) is dict "
        "for v in o.values() if type(v) is str]\n"
        "if any('def ' + 'probe' in t for t in texts): raise KeyError"
    )
    run = light_workers.run([(1, text)], {("q1", "one"): task})
    assert run.errors == {}
    assert run.answers == {("q1", "one"): ("SECRET", None)}
