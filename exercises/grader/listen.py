"""Listen to a runner: whatever it writes is data, and may be forged."""

from dataclasses import dataclass, field
import json
import os
import selectors
import time

from exercises.grader import wire

MAX_BYTES = 64 << 20


@dataclass
class Run:
    """What came back from one process."""

    answers: dict = field(default_factory=dict)
    errors: dict = field(default_factory=dict)
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
