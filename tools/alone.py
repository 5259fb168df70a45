"""Run a command while no other such command runs in this checkout.

`python -m tools.alone COMMAND …` waits until it is alone. Two builds at
once would write into the same files.
"""

import fcntl
from pathlib import Path
import subprocess
import sys

LOCK = Path("_build/.lock")


def main(command):
    """Return the exit status of the command."""
    try:
        LOCK.parent.mkdir(exist_ok=True)
        lock = LOCK.open("w")
    except OSError as error:
        sys.exit(
            f"cannot write to {LOCK.parent.absolute()}: {error.strerror}"
        )
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("waiting for another make in this folder", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            return subprocess.call(command)
        except KeyboardInterrupt:
            return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
