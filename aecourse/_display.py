"""One line of text that is redrawn in place."""

import os
import shutil
import sys


def live_line():
    """Return a function that redraws one line, None where none can be."""
    if os.environ.get("AECOURSE_PROGRESS") == "line":
        return None
    if type(sys.stdout).__module__.startswith("ipykernel"):
        return _notebook_line()
    return _terminal_line() if sys.stdout.isatty() else None


def _notebook_line():
    from IPython.display import display

    handle = display({"text/plain": ""}, raw=True, display_id=True)

    def show(line, last=False):
        handle.update({"text/plain": line}, raw=True)

    return show


def _terminal_line():
    def show(line, last=False):
        line = line[: shutil.get_terminal_size().columns - 1]
        end = "\n" if last else ""
        print(f"\r\x1b[K{line}", end=end, flush=True)

    return show
