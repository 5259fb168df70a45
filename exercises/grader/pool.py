"""Keep a process that has loaded Keras, and run submissions in its forks.

What a submission's process writes is data, and may be forged.
"""

from dataclasses import dataclass, field
import importlib.util
import json
import os
from pathlib import Path
import selectors
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

from exercises.grader.inside import isolate, wire

START_SECONDS = 180
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
MAX_BYTES = 64 << 20
MAX_NOTES = 30


@dataclass
class Run:
    """What came back from one process."""

    answers: dict = field(default_factory=dict)
    errors: dict = field(default_factory=dict)
    notes: list = field(default_factory=list)
    applied: list = field(default_factory=list)
    cell: int | None = None
    question: str | None = None
    ended: str = ""

    def hear(self, line, tasks):
        """Take in one line; True if it is the last, or starts a question.

        The line comes from the learner's process and may hold anything.
        """
        event = json.loads(line)
        if "out" in event or "message" in event:
            name = (self.question, event["check"])
            if name in tasks and name not in self.answers:
                text = event.get("message")
                out = None if text else wire.decode(event["out"])
                self.answers[name] = (out, text and str(text)[:600])
        elif "question" in event:
            known = event["question"] in {task[0] for task in tasks}
            self.question = event["question"] if known else self.question
        elif "error" in event and self.cell is not None:
            self.errors[self.cell] = str(event["error"])[:600]
        elif "note" in event and self.cell is not None:
            note = self.cell, str(event["note"])[:300]
            if note not in self.notes and len(self.notes) < MAX_NOTES:
                self.notes.append(note)
        elif type(event.get("cell")) is int:
            self.cell = event["cell"]
        elif "applied" in event and not self.applied:
            self.applied = [str(name)[:40] for name in event["applied"]][:5]
        return event.get("done") is True


def listen(results, tasks, timeout):
    """Read what a runner writes, until it is done or its time is over.

    Parameters
    ----------
    results : int
        Descriptor of the pipe.
    tasks : dict
        The answers that are wanted, by (question, check).
    timeout : float
        Seconds for the cells together, and for each question.

    Returns
    -------
    Run
    """
    run, started = Run(), set()
    deadline = time.monotonic() + timeout
    unread, received = [], 0
    with selectors.DefaultSelector() as selector:
        selector.register(results, selectors.EVENT_READ)
        while True:
            left = deadline - time.monotonic()
            if left <= 0 or not selector.select(left):
                run.ended = f"ran longer than {timeout:g} s"
                return run
            data = os.read(results, 1 << 16)
            received += len(data)
            if not data:
                run.ended = "ended its process"
                return run
            if received > MAX_BYTES:
                run.ended = "sent too much data"
                return run
            unread.append(data)
            if b"\n" not in data:
                continue
            *lines, last = b"".join(unread).split(b"\n")
            unread = [last]
            for line in lines:
                try:
                    if run.hear(line, tasks):
                        return run
                except (ValueError, TypeError, KeyError, RecursionError):
                    continue
            if run.question not in started | {None}:
                started.add(run.question)
                deadline = time.monotonic() + timeout


class Pool:
    """Workers for submissions; a context manager.

    Parameters
    ----------
    timeout : float
        Seconds for the cells of a notebook together, and for each question.
    memory : float
        GiB of private memory for a process.
    package : Path, optional
        The folder of the package aecourse; default: the one that is found.

    Attributes
    ----------
    jobs : int
        How many submissions it can run at once without delay.
    """

    def __init__(self, timeout=60, memory=4, package=None):
        for name, value in (("timeout", timeout), ("memory", memory)):
            if not value > 0:
                raise ValueError(f"{name} must be above 0, got {value!r}")
        self.timeout, self.memory = timeout, memory
        self._package = package or _find_package()
        self._lock = threading.Lock()
        self._server = self._process = self._home = None
        self.jobs = os.cpu_count() or 1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """End the process that has loaded Keras."""
        if self._process is not None:
            self._server.close()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
            self._home.cleanup()

    def run(self, cells, tasks):
        """Execute cells, then ask for what the checks want to know.

        Parameters
        ----------
        cells : list of (int, str)
            Number and text of each code cell.
        tasks : dict
            By (question, check): a dictionary with ``code``, ``seed`` and
            ``inputs`` of the probe. Nothing in it may be secret.

        Returns
        -------
        Run
        """
        checks = [
            {"question": question, "name": name, **task}
            | {"inputs": wire.encode(task["inputs"])}
            for (question, name), task in tasks.items()
        ]
        questions = {question for question, _ in tasks}
        job = {
            "cells": cells,
            "checks": checks,
            "memory": int(self.memory * 2**30),
            "readable": isolate.readable(self._package),
            "seconds": int(self.timeout * (len(questions) + 1)) + 10,
        }
        data = json.dumps(job).encode()
        control, results = self._start()
        try:
            control.settimeout(30)
            control.sendall(struct.pack("!Q", len(data)) + data)
            return listen(results, tasks, self.timeout)
        except OSError as error:
            return Run(ended=f"could not be run: {error}")
        finally:
            os.close(results)
            _hang_up(control)

    def _start(self):
        """Ask the server for a keeper: its socket, and the results."""
        control, theirs = socket.socketpair()
        results, write = os.pipe()
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._load()
            fds = [theirs.fileno(), write]
            try:
                socket.send_fds(self._server, [b"j"], fds)
            except OSError:
                # It has died since: one more try, with a new one.
                self._load()
                socket.send_fds(self._server, [b"j"], fds)
        theirs.close()
        os.close(write)
        return control, results

    def _load(self):
        """Start the process that loads Keras; it gets a clean environment."""
        self._server, theirs = socket.socketpair()
        script = Path(__file__).parent / "inside" / "worker.py"
        known = {k: os.environ[k] for k in PASSED_ON if k in os.environ}
        if self._home is not None:
            self._home.cleanup()
        self._home = tempfile.TemporaryDirectory(prefix="grader-")
        folders = {
            "HOME": self._home.name,
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


def _hang_up(control):
    """Let the keeper end the submission, and wait until it has."""
    try:
        control.shutdown(socket.SHUT_WR)
        control.settimeout(20)
        while control.recv(1024):
            pass
    except OSError:
        pass
    control.close()
