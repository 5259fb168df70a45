"""Keep one submission: give it its place, and end it in time.

Part of `worker`, which forks the process in which `keep` is called.
"""

import json
import os
from pathlib import Path
import selectors
import shutil
import signal
import struct
import sys
import tempfile

import isolate


def receive(control):
    """Read a job: its length in eight bytes, then JSON."""
    with control.makefile("rb") as stream:
        (length,) = struct.unpack("!Q", stream.read(8))
        return json.loads(stream.read(length))


def keep(control, results, run):
    """Start the runner; end it when it is done or the grader hangs up.

    Parameters
    ----------
    control : socket
        Brings the job; when the grader shuts it, the submission ends.
    results : int
        Descriptor of the pipe that the runner writes to.
    run : function
        What the runner calls, with the job, the pipe, and what isolates it.
    """
    os.setsid()
    job = receive(control)
    home = tempfile.mkdtemp(prefix="exercise-")
    applied, number = isolate.enter(), os.getpid()
    woken, wake = os.pipe()
    for end in (woken, wake):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    child = os.fork()
    if child == 0:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        control.close()
        first(job, home, applied, number, results, run)
    os.close(results)
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        status = None
        while status is None:
            ready = {key.fileobj for key, _ in selector.select()}
            if control in ready:
                break
            os.read(woken, 64)
            pid, code = os.waitpid(child, os.WNOHANG)
            status = code if pid else None
    if status is None:
        os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
    end_descendants()
    shutil.rmtree(home, ignore_errors=True)
    try:
        control.sendall(json.dumps({"status": status}).encode())
    except OSError:
        pass
    os._exit(0)


def end_descendants():
    """Kill whatever is left, where there is no PID namespace to do it."""
    me = str(os.getpid())
    for _ in range(100):
        children = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                parts = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if parts[1] == me:
                children.append(int(stat.parent.name))
        if not children:
            return
        for child in children:
            try:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
            except OSError:
                continue


def first(job, home, applied, number, results, run):
    """Change the file system, then wait for the runner."""
    if applied and isolate.root_for(job["readable"], home):
        applied.add(isolate.FILES)
        home = "/home"
    if os.geteuid() == 0 and home != "/home":
        os.chmod(home, 0o777)
    runner = os.fork()
    if runner == 0:
        status = 1
        try:
            isolate.give_up_rights(number)
            own = isolate.PROCESSES in applied
            isolate.limit(job["memory"], job["seconds"], own)
            applied.add(isolate.LIMITS)
            os.chdir(home)
            os.environ.update(HOME=home, TMPDIR=home)
            tempfile.tempdir = None
            silence()
            status = run(job, results, sorted(applied))
        finally:
            os._exit(status)
    os.close(results)
    while os.wait()[0] != runner:
        pass
    os._exit(0)


def silence():
    """Throw away whatever a submission prints; it reads nothing."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115
