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


def keep(control, channel, run):
    """Start the runner; end it when it is done or the grader hangs up.

    The grader is told at once how the submission is shut in, or why it is
    not run, and at the end that all of it has ended.

    Parameters
    ----------
    control : socket
        Brings the job; when the grader shuts it, the submission ends.
    channel : socket
        On which the runner and the grader talk.
    run : function
        What the runner calls, with the job and the channel.
    """
    os.setsid()
    home = None
    try:
        job = receive(control)
        isolate.adopt_orphans()
        home = tempfile.mkdtemp(prefix="exercise-")
        woken, wake = os.pipe()
        for end in (woken, wake):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        child, said = start(job, home, control, channel, run)
        channel.close()
        control.sendall(json.dumps(said).encode() + b"\n")
        ended = "applied" in said and attend(child, control, woken)
        end_descendants(None if ended else child)
        last = {"ended": True}
    except Exception as error:
        end_descendants()
        last = {"failed": f"{error}"}
    if home is not None:
        shutil.rmtree(home, ignore_errors=True)
    try:
        control.sendall(json.dumps(last).encode() + b"\n")
    finally:
        os._exit(0)


def start(job, home, control, channel, run):
    """Fork the first process, which forks the runner.

    Returns
    -------
    child : int
        The first process.
    said : dict
        ``applied``: how the runner is shut in; or ``failed``: why it is not.
    """
    number = os.getpid()
    applied = isolate.enter() if job["isolated"] else set()
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        control.close()
        os.close(told)
        first(job, home, applied, number, channel, tell, run)
    os.close(tell)
    with open(told, encoding="utf-8") as stream:
        text = stream.read()
    return child, json.loads(text or '{"failed": "its process ended"}')


def attend(child, control, woken):
    """Wait until the child ends (True), or the grader hangs up (False)."""
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        while True:
            if control in {key.fileobj for key, _ in selector.select()}:
                return False
            os.read(woken, 64)
            if os.waitpid(child, os.WNOHANG)[0]:
                return True


def end_descendants(child=None):
    """Kill the child, and what is left where no PID namespace does it."""
    me, children = str(os.getpid()), [child] if child else []
    for _ in range(100):
        for one in children:
            try:
                os.kill(one, signal.SIGKILL)
                os.waitpid(one, 0)
            except OSError:
                continue
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


def first(job, home, applied, number, channel, tell, run):
    """Change the file system, fork the runner, and wait for it."""

    def say(**what):
        os.write(tell, json.dumps(what).encode())
        os.close(tell)

    runner = 0
    try:
        isolate.end_with_parent()
        if job["isolated"]:
            isolate.root_for(job["readable"], home)
            applied.add(isolate.FILES)
            home = "/home"
        elif os.geteuid() == 0:
            os.chmod(home, 0o777)
        runner = os.fork()
        if runner == 0:
            applied |= isolate.give_up_rights(number)
            isolate.limit(job["memory"], job["seconds"], job["isolated"])
            applied.add(isolate.LIMITS)
            os.chdir(home)
            os.environ.update(HOME=home, TMPDIR=home)
            tempfile.tempdir = None
            silence()
    except Exception as error:
        say(failed=f"{error}")
        os._exit(1)
    if runner == 0:
        status = 1
        try:
            say(applied=sorted(applied))
            status = run(job, channel)
        finally:
            os._exit(status)
    channel.close()
    os.close(tell)
    while os.wait()[0] != runner:
        pass
    os._exit(0)


def silence():
    """Throw away whatever a submission prints; it reads nothing."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115
