"""Read an exercise's source, a MyST Markdown file with tagged code cells.

The file starts with a head between two lines ``---``: ``title``, ``chapter``
and ``minutes``. Prose follows, and code cells::

    ```{code-cell}
    :tags: [check, hidden]
    # q1 points=2 name=values
    ...
    ```

=====================  ====================================================
tags                   the cell
=====================  ====================================================
none                   is shown as it is
``answer``             starts with ``# q1`` and holds ``### BEGIN
                       SOLUTION``, ``### ELSE``, ``### END SOLUTION``
``check``              is a visible check; with ``hidden``, a held-out one
``mutant``             a wrong answer, executed after the right ones
``alternative``        another right answer, likewise
=====================  ====================================================
"""

from dataclasses import dataclass
from pathlib import Path
import re

from exercises.grader.parse import MARKER, cells_of, head_of, need
from exercises.grader.validate import validate


@dataclass(frozen=True)
class Exercise:
    """An assignment: what is shown, and what checks it."""

    name: str
    title: str
    chapter: str
    minutes: int
    cells: tuple

    def of(self, *kinds, question=None):
        """The cells of these kinds, of one question or of all."""
        return [
            cell
            for cell in self.cells
            if cell.kind in kinds and question in (None, cell.question)
        ]

    @property
    def questions(self):
        """The names of the questions, in the order of the answers."""
        return list(dict.fromkeys(c.question for c in self.of("answer")))

    @property
    def checks(self):
        """The checks as plain data, visible and held-out."""
        return [
            {
                "question": cell.question,
                "name": cell.name,
                "points": cell.points,
                "hidden": cell.kind == "held-out",
                "code": cell.text,
            }
            for cell in self.of("visible", "held-out")
        ]

    def points(self, question=None):
        """The points of one question or of all."""
        cells = self.of("visible", "held-out", question=question)
        return sum(cell.points for cell in cells)


def variant(text, solved):
    """Keep the solution of an answer cell, or what a learner starts from."""
    kept, part = [], None
    for line in text.splitlines():
        marker = MARKER.fullmatch(line)
        if marker:
            part = marker[1]
        elif part in (None, "END SOLUTION") or solved == (part != "ELSE"):
            kept.append(line)
    return "\n".join(kept).rstrip()


def read(path):
    """Read and check a source.

    Parameters
    ----------
    path : path-like
        A file ``exNN_topic.md``.

    Returns
    -------
    Exercise

    Raises
    ------
    SourceError
        If the file breaks the form, with its name and a line number.
    """
    path = Path(path)
    name = re.fullmatch(r"ex\d\d_\w+", path.stem)
    need(name, path, 1, "the name must be like ex05_sparse.md")
    lines = path.read_text(encoding="utf-8").splitlines()
    head, after = head_of(lines, path)
    exercise = Exercise(path.stem, **head, cells=cells_of(lines, after, path))
    for question in exercise.questions:
        line = exercise.of("answer", question=question)[0].line
        for kind in ("visible", "held-out"):
            found = exercise.of(kind, question=question)
            need(found, path, line, f"{question} has no {kind} check")
    validate(exercise.cells, exercise.questions, path)
    return exercise


def read_checks(path, questions):
    """Read a file of private checks: cells of the kind ``check`` only.

    Returns
    -------
    list of dict
        The checks; all are held out.
    """
    path = Path(path)
    cells = cells_of(path.read_text(encoding="utf-8").splitlines(), 0, path)
    cells = tuple(cell for cell in cells if cell.kind != "prose")
    for cell in cells:
        ours = cell.kind in ("visible", "held-out")
        need(ours, path, cell.line, "only checks may stand here")
    validate(cells, questions, path)
    checks = Exercise(path.stem, "", "", 0, cells).checks
    return [check | {"hidden": True} for check in checks]
