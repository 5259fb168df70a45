"""On what a benchmark runs, and whether older measurements go with it."""

from datetime import date
from importlib.metadata import version
import json
import os
from pathlib import Path
import platform
import re


def cores():
    """How many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        return os.cpu_count() or 1


def machine():
    """Processor, cores that may be used, system."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        text = ""
    found = re.search(r"^model name\s*: (.*)", text, flags=re.M)
    return {
        "processor": found[1] if found else platform.machine(),
        "cores": cores(),
        "system": platform.system(),
    }


def described(*packages):
    """On what, and with which versions of Python and of these packages."""
    versions = {name: version(name) for name in packages}
    return {
        "machine": machine(),
        "versions": {"python": platform.python_version()} | versions,
    }


def today():
    """The date of a measurement."""
    return date.today().isoformat()


def resume(path, new, part):
    """What a file holds, to be appended to by a run described by `new`.

    Raises
    ------
    ValueError
        If the file was measured on another machine or with other versions:
        one description stands for all that it holds.
    """
    old = json.loads(path.read_text("utf-8"))
    for key in ("machine", "versions"):
        for name in old[key].keys() & new[key].keys():
            if old[key][name] != new[key][name]:
                raise ValueError(
                    f"{path} was measured with {name} {old[key][name]!r}, "
                    f"here it is {new[key][name]!r}: measure anew, without "
                    "--append"
                )
    versions = old["versions"] | new["versions"]
    return new | {"versions": versions, part: old[part]}
