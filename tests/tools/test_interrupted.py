"""What was cut short or damaged is mended by the next run.

The machinery and the small site are those of `test_pipeline`.
"""

import json
import os
from pathlib import Path
import resource
import shutil
import signal
import subprocess
import sys
import time

import pytest

from tests.tools.test_pipeline import (
    EXECUTE,
    executed,
    pretend_execution,
    run,
    site,
    stale,
    write,
)
from tools import execution

__all__ = ["executed", "site"]  # fixtures
ALONE = [sys.executable, "-m", "tools.alone"]
# A cell that says it has begun, counts its runs, and waits to be let go on.
WAIT = """
import os, pathlib, time
with open("runs", "a") as runs:
    runs.write(f"{os.getpid()}\\n")
while not pathlib.Path("go").exists():
    time.sleep(0.1)
"""


def start(site, *command):
    """Start a command that may be interrupted, be the tests in a job."""
    return subprocess.Popen(
        command,
        cwd=site,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def wait_for(condition):
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.1)
    pytest.fail("nothing happened for two minutes")


def gone(pid):
    """Whether a process has ended, be it that nobody has asked how."""
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def cut(content):
    return content[: len(content) // 2]


def without_a_cell(content):
    data = json.loads(content)
    data["outputs"].pop()
    return json.dumps(data)


def without_a_name(content):
    data = json.loads(content)
    del data["outputs"][0][0]["name"]
    return json.dumps(data)


@pytest.mark.parametrize(
    "damage",
    [
        cut,
        lambda _: "",
        lambda _: "[]",
        lambda _: "null",
        lambda content: content.replace("1", "\xff", 1),
        without_a_cell,
        without_a_name,
        lambda content: content.replace('"outputs"', '"output"'),
    ],
)
@pytest.mark.parametrize("place", ["local", "shipped"])
def test_damaged_outputs_are_made_again(executed, damage, place):
    (file,) = (executed / execution.LOCAL).glob("two-*")
    if place == "shipped":
        shipped = executed / execution.SHIPPED / "two.json"
        shipped.parent.mkdir()
        file = file.rename(shipped)
    file.write_text(damage(file.read_text()), "latin-1")
    assert stale(executed) == ["two"]
    pretend_execution(executed)
    assert stale(executed) == []


def test_removed_outputs_are_made_again(executed):
    (file,) = (executed / execution.LOCAL).glob("two-*")
    file.unlink()
    assert stale(executed) == ["two"]
    status, log = run(executed, *EXECUTE)
    assert status == 0, log
    assert stale(executed) == []


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_an_interrupted_execution_keeps_what_was_done(site, how):
    write(site, "done", ("1", {}, None))
    write(site, "waits", (WAIT, {}, None))
    runs = site / "book" / "runs"
    process = start(site, *EXECUTE)
    wait_for(lambda: runs.exists() and stale(site) == ["waits"])
    kernel = int(runs.read_text())
    process.send_signal(how)
    log, _ = process.communicate(timeout=120)
    if how == signal.SIGINT:
        assert process.returncode == 130
        assert "what was executed to its end is kept" in log
        assert "Traceback" not in log
    wait_for(lambda: gone(kernel))
    (site / "book" / "go").touch()
    status, log = run(site, *EXECUTE)
    assert status == 0, log
    assert "1 of 2 notebooks to execute" in log
    assert stale(site) == []


def test_a_disk_that_is_full_leaves_no_half_outputs(site):
    write(site, "large", ("print('x' * 400_000)", {}, None))
    write(site, "small", ("1", {}, None))
    done = subprocess.run(
        EXECUTE,
        cwd=site,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        # No file may become larger than this.
        preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_FSIZE, (200_000, 200_000)
        ),
    )
    assert done.returncode == 1
    assert "large.ipynb failed" in done.stdout
    assert "File too large" in done.stdout
    assert stale(site) == ["large"]
    kept = [file.name for file in (site / execution.LOCAL).iterdir()]
    assert [name.partition("-")[0] for name in kept] == ["small"]
    status, log = run(site, *EXECUTE)
    assert status == 0, log
    assert stale(site) == []


def test_two_at_once_take_turns(site):
    write(site, "waits", (WAIT, {}, None))
    runs = site / "book" / "runs"
    first = start(site, *ALONE, *EXECUTE)
    wait_for(runs.exists)
    second = start(site, *ALONE, *EXECUTE)
    line = second.stdout.readline()
    assert line == "waiting for another make in this folder\n"
    (site / "book" / "go").touch()
    for process, count in [(first, 1), (second, 0)]:
        log, _ = process.communicate(timeout=120)
        assert process.returncode == 0, log
        assert f"{count} of 1 notebooks to execute" in log
    assert len(runs.read_text().splitlines()) == 1


def test_a_folder_that_cannot_be_written_to_is_named(site):
    (site / "_build").write_text("a file in the way")
    status, log = run(site, *ALONE, "true")
    assert status == 1
    assert log == f"cannot write to {site / '_build'}: File exists\n"


BUILD = """#!/bin/sh
echo built >> builds
mkdir -p _build/html
echo new > _build/html/index.html
[ -e whole ] || kill -9 $PPID
"""


def test_pages_that_were_not_finished_are_built_again(site, root):
    """With the real Makefile, and a stand-in for Jupyter Book."""
    shutil.copy(root / "Makefile", site)
    programs = site / ".venv" / "bin"
    programs.mkdir(parents=True)
    python = programs / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    book = programs / "jupyter-book"
    book.write_text(BUILD)
    for program in (python, book):
        program.chmod(0o755)
    (site / ".venv" / ".installed").touch()
    os.utime(site / ".venv" / ".installed")
    (site / "_toc.yml").touch()
    os.utime(site / "_toc.yml", (0, 0))

    status, log = run(site, "make", "book")
    assert status == 2, log
    (site / "whole").touch()
    for builds in (2, 2):
        status, log = run(site, "make", "book")
        assert status == 0, log
        assert "The book is ready" in log
        assert (site / "builds").read_text() == builds * "built\n"
