"""Read the code of a notebook that somebody handed in."""

import ast
import json
from pathlib import Path
import re

from exercises.grader.build import MARK

MAX_BYTES = 20 << 20
MAGIC = re.compile(r"(\s*)(?:[%!?].*|[\w.]+\?{1,2}\s*)")


class SubmissionError(ValueError):
    """A notebook cannot be read; the message is for a teacher."""


def read_cells(path):
    """Read the code cells of a notebook.

    Magics and shell lines are left out, and so is the cell with the checks.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    list of (int, str)
        The number of each code cell in the notebook, from 1, and its text.

    Raises
    ------
    SubmissionError
        If the file is missing, empty, too large, no notebook, or in an old
        form.
    """
    notebook = _load(Path(path))
    cells = []
    for number, cell in enumerate(notebook["cells"], 1):
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        source = cell.get("source", "")
        if isinstance(source, list):
            source = "".join(part for part in source if type(part) is str)
        if isinstance(source, str) and not source.startswith(MARK):
            cells.append((number, plain_python(source)))
    if not cells:
        raise SubmissionError("the notebook has no code cells")
    return cells


def _load(path):
    try:
        if path.stat().st_size > MAX_BYTES:
            size = path.stat().st_size / 2**20
            limit = MAX_BYTES >> 20
            raise SubmissionError(
                f"the file is too large: {size:.0f} MB, allowed {limit}; "
                "clear the outputs"
            )
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise SubmissionError("the file is no text in UTF-8") from None
    except OSError as error:
        raise SubmissionError(f"cannot read it: {error.strerror}") from None
    if not text.strip():
        raise SubmissionError("the file is empty")
    try:
        notebook = json.loads(text)
    except (ValueError, RecursionError):
        raise SubmissionError(
            "the file is no notebook, or was cut off: it is not valid JSON"
        ) from None
    if not isinstance(notebook, dict) or "nbformat" not in notebook:
        raise SubmissionError("the file is JSON, but no notebook")
    if notebook["nbformat"] != 4:
        form = str(notebook["nbformat"])[:20]
        raise SubmissionError(
            f"the notebook has format {form}, expected 4: save it in a "
            "present Jupyter"
        )
    if not isinstance(notebook.get("cells"), list):
        raise SubmissionError("the notebook has no list of cells")
    return notebook


def plain_python(text):
    """Replace what only a notebook understands by `pass`.

    A cell magic such as ``%%time`` goes, the rest of its cell stays; a cell
    in another language goes as a whole.
    """
    try:
        ast.parse(text)
        return text
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        pass
    lines = text.split("\n")
    first = next((i for i, line in enumerate(lines) if line.strip()), 0)
    if lines[first].startswith("%%"):
        if lines[first].split()[0] not in ("%%time", "%%capture", "%%timeit"):
            return "pass"
        lines[first] = ""
    return "\n".join(
        f"{found[1]}pass" if (found := MAGIC.fullmatch(line)) else line
        for line in lines
    )
