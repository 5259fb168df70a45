"""What the course runs on, as the installed packages declare it.

The directive `licences` lists each package that `aecourse` needs at run
time, with the backend that the book was built with.
"""

from importlib.metadata import distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from book._ext.pages import computed, rows

LONGEST = 40


def needed(name, extras, found):
    """All packages that a package needs, by name."""
    for line in distribution(name).requires or ():
        part = Requirement(line)
        key = canonicalize_name(part.name)
        wanted = part.marker is None or any(
            part.marker.evaluate({"extra": extra}) for extra in extras
        )
        if wanted and key not in found:
            found[key] = distribution(key)
            needed(key, part.extras or {""}, found)
    return found


def licence(package):
    """The licence a package declares, in a few words."""
    about = package.metadata
    if expression := about.get("License-Expression"):
        return expression
    written = about.get("License") or ""
    # The older field may hold the whole text.
    if 0 < len(written) <= LONGEST and written != "UNKNOWN":
        return written
    marks = about.get_all("Classifier") or ()
    names = [
        mark.rpartition(" :: ")[2]
        for mark in marks
        if mark.startswith("License ::")
    ]
    return ", ".join(names) or "not declared"


def licences():
    """Package, version and licence, one row a package."""
    found = needed("aecourse", {"", "tensorflow"}, {})
    table = [("Package", "Version", "Licence")]
    for name, package in sorted(found.items()):
        table.append((name, package.version, licence(package)))
    return rows(table)


def setup(app):
    app.add_directive("licences", computed(licences))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
