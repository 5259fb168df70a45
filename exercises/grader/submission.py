"""Read the code of a notebook that somebody handed in."""

from collections import Counter
from dataclasses import dataclass, field
import json
from pathlib import Path
import re

MAX_BYTES = 20 << 20
MAX_LABEL = 40
# The program and its data in the cell that loads the checks; what else
# stands in that cell, its imports too, is the learner's.
FIRST = re.compile(r"^[ \t]*program = r'''\s*$", re.MULTILINE)
LAST = re.compile(
    r"^[ \t]*check, score = checks\.commands\(\s*json\.loads\("
    r"base64\.b64decode\(encoded\)\s*\),\s*globals\(\),?\s*\)",
    re.MULTILINE,
)


class SubmissionError(ValueError):
    """A notebook cannot be read; the message is for a teacher."""


@dataclass
class Submission:
    """What is executed of a notebook.

    Attributes
    ----------
    file : str
        The notebook's name; within a folder, its path there.
    cells : list of (str, str)
        How each code cell is called, and its text. A cell is called by the
        number that Jupyter shows, or else by its first words.
    notes : list of str
        Why this may not be the notebook that is meant.
    """

    file: str
    cells: list
    notes: list = field(default_factory=list)


def read(path, exercise=None):
    """Read the code cells of a notebook.

    The program of the checks is left out.

    Parameters
    ----------
    path : path-like
        A notebook, or a folder with one: hidden files are passed over; of
        several, the one that was made for the exercise is taken.
    exercise : str, optional
        The name of the exercise that is to be graded.

    Returns
    -------
    Submission

    Raises
    ------
    SubmissionError
        If the file is missing, empty, too large, no notebook, or in an old
        form.
    """
    path, file, notes = Path(path), Path(path).name, []
    if path.is_dir():
        folder, (path, others) = path, choose(path, exercise)
        file = path.relative_to(folder).as_posix()
        if others:
            names = ", ".join(
                o.relative_to(folder).as_posix() for o in others
            )
            notes.append(
                f"of several notebooks {file} was graded, not {names}"
            )
    notebook = _load(path)
    made_for = exercise_of(notebook)
    if None not in (made_for, exercise) and made_for != exercise:
        notes.append(f"{file} was made for {made_for}, not {exercise}")
    cells = []
    for cell in notebook["cells"]:
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        source = cell.get("source", "")
        if isinstance(source, list):
            source = "".join(part for part in source if type(part) is str)
        if isinstance(source, str):
            count = cell.get("execution_count")
            cells.append((count, without_checks(source)))
    if not cells:
        raise SubmissionError("the notebook has no code cells")
    return Submission(file, label(cells), notes)


def without_checks(text):
    """Remove the program of the checks from a cell, and nothing else."""
    while (first := FIRST.search(text)) is not None:
        last = LAST.search(text, first.end())
        if last is None:
            break
        text = text[: first.start()] + text[last.end() :]
    return text


def choose(folder, exercise):
    """Choose a notebook of a folder.

    Returns
    -------
    Path, list of Path
        The one that was made for the exercise, by its metadata and its name,
        and those that were passed over.

    Raises
    ------
    SubmissionError
        If there is none.
    """
    found = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() == ".ipynb"
        and path.is_file()
        and not path.is_symlink()
        and not any(
            part.startswith(".") or part == "__MACOSX"
            for part in path.relative_to(folder).parts
        )
    ]
    if not found:
        raise SubmissionError("the folder holds no notebook")

    def fits(path):
        try:
            made_for = exercise_of(_load(path))
        except SubmissionError:
            return (False,) * 4
        return (
            True,
            made_for == exercise,
            path.stem == exercise,
            path.stem.startswith(exercise or ""),
        )

    best = max(found, key=fits)
    return best, [path for path in found if path != best]


def exercise_of(notebook):
    """The exercise that a notebook was made for, if it says so."""
    metadata = notebook.get("metadata")
    name = metadata.get("exercise") if isinstance(metadata, dict) else None
    return name[:MAX_LABEL] if isinstance(name, str) else None


def label(cells):
    """Call each cell what its owner can find: ``[7]``, or its first words.

    Parameters
    ----------
    cells : list of (object, str)
        The count that is stored with each cell, and its text.

    Returns
    -------
    list of (str, str)
        Its label, different for each, and its text.
    """
    counts = Counter(count for count, _ in cells if type(count) is int)
    labelled, used = [], set()
    for count, text in cells:
        name = f"[{count}]"
        if type(count) is not int or counts[count] > 1:
            lines = [line.strip() for line in text.splitlines()]
            words = [line for line in lines if line and line[0] != "#"]
            first = (words or [line for line in lines if line] or [""])[0]
            name = f"'{first[:MAX_LABEL]}'" if first else "without text"
        unique, number = name, 1
        while unique in used:
            number += 1
            unique = f"{name} (no. {number} of this name)"
        used.add(unique)
        labelled.append((unique, text))
    return labelled


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
    form = str(notebook["nbformat"])[:20].strip()
    if form not in ("4", "4.0"):
        raise SubmissionError(
            f"the notebook has format {form}, expected 4: save it in a "
            "present Jupyter"
        )
    if not isinstance(notebook.get("cells"), list):
        raise SubmissionError("the notebook has no list of cells")
    return notebook
