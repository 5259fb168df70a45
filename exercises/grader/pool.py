"""Keep a process that has loaded Keras, and run submissions in its forks.

What a submission's process writes is data, and may be forged.
"""

from collections import deque
from dataclasses import dataclass, field
import importlib.util
import json
import os
from pathlib import Path
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

from exercises.grader.inside import isolate, wire

START_SECONDS, KEEPER_SECONDS = 180, 60
PASSED_ON = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH")
ENVIRONMENT = {
    "AECOURSE_PROGRESS": "line",
    "CUDA_VISIBLE_DEVICES": "",
    "KERAS_BACKEND": "tensorflow",
    "MPLBACKEND": "Agg",
    "OMP_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONNOUSERSITE": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
}
TIMEOUT, MEMORY = 120, 4
# What a submission may send: bytes, lines beside those that are expected,
# and brackets and commas, which cost the reader most.
MAX_BYTES, MAX_LINES, MAX_PARTS = 64 << 20, 1000, 1_000_000
MAX_TEXT = 600
ALLOW = """\
Submissions would share your processes and files, so nothing was run.
Let the system give each its own: run the grader as root, or allow
unprivileged user namespaces (sysctl user.max_user_namespaces; on Debian
kernel.unprivileged_userns_clone=1, on Ubuntu
kernel.apparmor_restrict_unprivileged_userns=0); in Docker, as root, with
  --cap-add SYS_ADMIN --security-opt seccomp=unconfined \\
  --security-opt apparmor=unconfined
Or insist with --without-isolation: book/teaching.md says what holds then."""


class Ended(Exception):
    """A submission's process came to its end; the message says how."""


@dataclass
class Run:
    """What came back from one process.

    `failed` says why the submission was not run, or not to its end, through
    no doing of its own; `ended` how it came to its end too early, in the
    `cell` or, once there is one, in the `group` of tasks named.
    """

    answers: dict = field(default_factory=dict)
    errors: dict = field(default_factory=dict)
    notes: dict = field(default_factory=dict)
    applied: list = field(default_factory=list)
    cell: int | None = None
    group: tuple | None = None
    ended: str = ""
    failed: str = ""


class Talk:
    """Hear what a runner says, and tell it what is asked.

    Parameters
    ----------
    channel : socket
    timeout : float
        Seconds until `Ended` is raised, from now or the last `restart`.
    lines : int
        How many lines are expected.
    """

    def __init__(self, channel, timeout, lines):
        self._channel, self._timeout = channel, timeout
        self._waiting, self._unread = deque(), []
        self._lines, self._bytes = lines + MAX_LINES, MAX_BYTES
        self._parts = MAX_PARTS
        self.restart()

    def restart(self):
        """Give the runner its seconds anew."""
        self._deadline = time.monotonic() + self._timeout

    def hear(self):
        """Wait for the next line that is a JSON object; return that."""
        while True:
            while not self._waiting:
                self._receive()
            line = self._waiting.popleft()
            self._parts -= sum(
                line.count(part) for part in (b"[", b"{", b",")
            )
            if self._parts < 0:
                raise Ended("sent too much data")
            try:
                event = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(event, dict):
                return event

    def _receive(self):
        data = self._in_time(self._channel.recv, 1 << 16)
        if not data:
            raise Ended("ended its process")
        self._bytes -= len(data)
        self._lines -= data.count(b"\n")
        if self._bytes < 0 or self._lines < 0:
            raise Ended("sent too much data")
        self._unread.append(data)
        if b"\n" in data:
            *lines, last = b"".join(self._unread).split(b"\n")
            self._waiting.extend(lines)
            self._unread = [last]

    def tell(self, **task):
        """Write a line."""
        line = json.dumps(task).encode() + b"\n"
        self._in_time(self._channel.sendall, line)

    def _in_time(self, call, argument):
        left = self._deadline - time.monotonic()
        try:
            if left > 0:
                self._channel.settimeout(left)
                return call(argument)
        except TimeoutError:
            pass
        except OSError:
            raise Ended("ended its process") from None
        raise Ended(f"ran longer than {self._timeout:g} s")

    def ask(self, number, task):
        """Tell a task; return its answer and message, one of them None."""
        asked = {key: task[key] for key in ("name", "code", "seed")}
        inputs = wire.encode(task["inputs"])
        self.tell(number=number, inputs=inputs, **asked)
        while True:
            event = self.hear()
            if event.get("answer") != number:
                continue
            message = event.get("message")
            if isinstance(message, str):
                return None, message[:MAX_TEXT]
            try:
                return wire.decode(event.get("out")), None
            except ValueError:
                continue


def converse(talk, run, cells, tasks):
    """Follow a runner through its cells, then ask it one task at a time."""
    numbers = {number for number, _ in cells}
    while (event := talk.hear()).get("ran") is not True:
        error, cell = event.get("error"), event.get("cell")
        note = event.get("note")
        if isinstance(error, str) and run.cell is not None:
            run.errors[run.cell] = error[:MAX_TEXT]
        elif isinstance(note, str) and run.cell is not None:
            run.notes.setdefault(run.cell, []).append(note[:MAX_TEXT])
        elif type(cell) in (int, str) and cell in numbers:
            run.cell = cell
    for number, (key, task) in enumerate(tasks.items()):
        if task["group"] != run.group:
            run.group = task["group"]
            talk.restart()
        run.answers[key] = talk.ask(number, task)


class Pool:
    """Workers for submissions; a context manager.

    Parameters
    ----------
    timeout : float
        Seconds for the cells of a notebook together, and for each question.
    memory : float
        GiB of private memory for a process.
    isolated : bool
        Whether a submission gets processes and files of its own, and no
        network; where that fails, it is not run. Else it only has limits.
    package : Path, optional
        The folder of the package aecourse; default: the one that is found.

    Attributes
    ----------
    jobs : int
        How many submissions it can run at once without delay.
    """

    def __init__(
        self, timeout=TIMEOUT, memory=MEMORY, isolated=True, package=None
    ):
        for name, value in (("timeout", timeout), ("memory", memory)):
            if not value > 0:
                raise ValueError(f"{name} must be above 0, got {value!r}")
        self.timeout, self.memory = timeout, memory
        self._isolated = isolated
        self._package = package or _find_package()
        self._lock = threading.Lock()
        self._server = self._process = self._home = None
        self._keepers, self._closed = set(), False
        self.jobs = os.cpu_count() or 1
        isolate.shut_memory()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """End what is running, and the process that has loaded Keras."""
        with self._lock:
            self._closed = True
            for keeper in self._keepers:
                keeper.shut()
            if self._process is not None:
                self._end()

    def _end(self):
        """End the process that has loaded Keras."""
        self._server.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
        self._home.cleanup()

    def start(self):
        """Load Keras, and see whether a submission can be shut in.

        Raises
        ------
        RuntimeError
            If not; the message says what to do.
        """
        with self._lock:
            if self._process is None:
                self._load()
        run = self.run([], {})
        if run.failed:
            advice = f"\n{ALLOW}" if self._isolated else ""
            raise RuntimeError(run.failed + advice)

    def run(self, cells, tasks):
        """Execute cells, then ask for what the checks want to know.

        Parameters
        ----------
        cells : list of (int, str)
            Number and text of each code cell.
        tasks : dict
            By (question, check): a dictionary with ``name``, ``code``,
            ``seed`` and ``inputs`` of the probe, and the ``group`` whose
            tasks have one time limit together. Nothing in it may be secret.

        Returns
        -------
        Run
        """
        groups = {task["group"] for task in tasks.values()}
        job = {
            "cells": cells,
            "isolated": self._isolated,
            "memory": int(self.memory * 2**30),
            "readable": isolate.readable(self._package),
            "seconds": int(self.timeout * (len(groups) + 1)) + 10,
        }
        data = json.dumps(job).encode()
        run, keeper = Run(), None
        try:
            keeper, channel = self._fork()
            with channel:
                keeper.send(struct.pack("!Q", len(data)) + data)
                run.applied = keeper.hear()["applied"]
                talk = Talk(
                    channel, self.timeout, 2 * len(cells) + len(tasks) + 1
                )
                converse(talk, run, cells, tasks)
        except Ended as ended:
            run.ended = f"{ended}"
        except (OSError, RuntimeError) as error:
            run.failed = f"it could not be run: {error}"
        if keeper is not None:
            try:
                keeper.hang_up()
            except (OSError, RuntimeError) as error:
                if run.ended and not run.failed:
                    run.failed = f"it could not be run to its end: {error}"
            with self._lock:
                self._keepers.discard(keeper)
        return run

    def _fork(self):
        """Ask the server for a keeper: talk to it, and to its runner."""
        control, control_end = socket.socketpair()
        channel, channel_end = socket.socketpair()
        try:
            with self._lock, control_end, channel_end:
                if self._process is None or self._process.poll() is not None:
                    self._load()
                fds = [control_end.fileno(), channel_end.fileno()]
                try:
                    socket.send_fds(self._server, [b"j"], fds)
                except OSError:
                    # It has died since: one more try, with a new one.
                    self._load()
                    socket.send_fds(self._server, [b"j"], fds)
                keeper = _Keeper(control)
                self._keepers.add(keeper)
        except BaseException:
            control.close()
            channel.close()
            raise
        return keeper, channel

    def _load(self):
        """Start the process that loads Keras; it gets a clean environment."""
        if self._closed:
            raise RuntimeError("the grader was stopped")
        if self._process is not None:
            self._end()
        self._server, theirs = socket.socketpair()
        script = Path(__file__).parent / "inside" / "worker.py"
        known = {k: os.environ[k] for k in PASSED_ON if k in os.environ}
        # The homes of submissions are in it, and go with it.
        self._home = tempfile.TemporaryDirectory(prefix="grader-")
        os.chmod(self._home.name, 0o711)
        folders = {
            "HOME": self._home.name,
            "TMPDIR": self._home.name,
            "PYTHONPATH": str(self._package.parent),
        }
        self._process = subprocess.Popen(
            [sys.executable, "-B", str(script), str(theirs.fileno())],
            cwd="/",
            env=known | ENVIRONMENT | folders,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
            stdin=subprocess.DEVNULL,
        )
        theirs.close()
        self._server.settimeout(START_SECONDS)
        try:
            ready = self._server.recv(5) == b"ready"
        except OSError:
            ready = False
        if not ready:
            self._process.kill()
            self._end()
            raise RuntimeError(
                "the worker could not load Keras: see what it printed"
            )
        self._server.settimeout(None)


def _find_package():
    """The folder of the package aecourse, without importing it."""
    spec = importlib.util.find_spec("aecourse")
    if spec is None:
        raise ModuleNotFoundError("the grader needs the package aecourse")
    return Path(spec.origin).resolve().parent


class _Keeper:
    """What the grader and a keeper tell each other.

    No submission holds this socket: what comes here is true.
    """

    def __init__(self, control):
        self._control = control
        self._control.settimeout(KEEPER_SECONDS)
        self._lines = control.makefile("r", encoding="utf-8")

    def send(self, data):
        self._control.sendall(data)

    def hear(self):
        """Read what it says; a RuntimeError if it fails, or has ended."""
        line = self._lines.readline()
        said = json.loads(line) if line else {"failed": "its keeper ended"}
        if "failed" in said:
            raise RuntimeError(said["failed"])
        return said

    def shut(self):
        """Let it end the submission."""
        try:
            self._control.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # It has ended already.

    def hang_up(self):
        """Let it end the submission, and wait until it has."""
        self.shut()
        try:
            while "ended" not in self.hear():
                pass
        finally:
            self._lines.close()
            self._control.close()
