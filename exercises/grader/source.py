"""Read an exercise's source, a MyST Markdown file with tagged code cells.

The file starts with a head between two lines ``---``: ``title``, ``chapter``
and ``minutes``. Prose follows, and code cells, which are found as MyST-NB
finds them::

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

import ast
from dataclasses import dataclass
from pathlib import Path
import re

from markdown_it import MarkdownIt

HEAD = {"title": str, "chapter": str, "minutes": int}
MARKER = re.compile(r"\s*### (BEGIN SOLUTION|ELSE|END SOLUTION)\s*")
KINDS = {
    (): "code",
    ("answer",): "answer",
    ("check",): "visible",
    ("check", "hidden"): "held-out",
    ("mutant",): "mutant",
    ("alternative",): "alternative",
}
FIELDS = {
    "code": None,
    "answer": set(),
    "visible": {"points", "name"},
    "held-out": {"points", "name"},
    "mutant": {"name"},
    "alternative": {"name"},
}
ORDER = ["BEGIN SOLUTION", "ELSE", "END SOLUTION"]


class SourceError(ValueError):
    """A source breaks the form; the message names file and line."""


@dataclass(frozen=True)
class Cell:
    """A cell; `fields` are those of its first line, ``# q1 name=…``."""

    kind: str
    text: str
    line: int
    question: str = ""
    fields: tuple = ()

    def __getattr__(self, name):
        try:
            return dict(self.fields)[name]
        except KeyError:
            raise AttributeError(name) from None


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


def need(condition, path, line, message):
    """Raise `SourceError` unless the condition holds."""
    if not condition:
        raise SourceError(f"{path}:{line}: {message}")


def head_of(lines, path):
    need(lines[:1] == ["---"], path, 1, "the first line must be ---")
    need("---" in lines[1:], path, 1, "the head is not closed by ---")
    end, head = lines.index("---", 1), {}
    for number, line in enumerate(lines[1:end], 2):
        key, colon, value = line.partition(": ")
        known = colon and key in HEAD and key not in head
        need(known, path, number, f"expected one of {list(HEAD)}: {line!r}")
        right = HEAD[key] is str or value.strip().isdecimal()
        need(right, path, number, f"{key} must be a whole number: {value!r}")
        head[key] = HEAD[key](value.strip())
    need(len(head) == len(HEAD), path, 1, f"the head needs {list(HEAD)}")
    return head, end + 1


def cells_of(lines, start, path):
    """Split the lines from `start` on into prose and code cells.

    A fence opens a code cell where Markdown says so: not within another
    fence, a list or a quotation.
    """
    cells, prose = [], start

    def close_prose(end):
        text = "\n".join(lines[prose:end]).strip()
        if text:
            cells.append(Cell("prose", text, prose + 1))

    for token in MarkdownIt("commonmark").parse("\n".join(lines[start:])):
        if token.type != "fence" or token.level > 0:
            continue
        begin, end = (start + line for line in token.map)
        last = lines[end - 1].strip()
        closed = begin + 1 < end and last == token.markup[0] * len(last)
        closed = closed and len(last) >= len(token.markup)
        inner = token.content.splitlines()
        opened = f"{token.markup}{{code-cell}}"
        closed = closed and not any(opened in line for line in inner)
        need(closed, path, begin + 1, "a fence is not closed")
        if token.info.startswith("{code-cell}"):
            close_prose(begin)
            cells.append(_code_cell(inner, begin + 2, path))
            prose = end
    close_prose(len(lines))
    return tuple(cells)


def _code_cell(lines, number, path):
    tags = ()
    while lines and lines[0].startswith(":"):
        found = re.fullmatch(r":tags: \[([\w, -]*)\]", lines[0].strip())
        need(found, path, number, f"unknown option {lines[0]!r}")
        tags = tuple(found[1].replace(" ", "").split(","))
        lines, number = lines[1:], number + 1
    need(tags in KINDS, path, number, f"unknown tags {list(tags)}")
    kind, text = KINDS[tags], "\n".join(lines).strip("\n")
    if FIELDS[kind] is None:
        return Cell(kind, text, number)
    first = text.partition("\n")[0]
    head = re.fullmatch(r"# (q\d+)((?: \w+=\w+)*)", first)
    form = " ".join(["# q1", *sorted(f"{f}=…" for f in FIELDS[kind])])
    need(head, path, number, f"expected {form}, got {first!r}")
    fields = dict(pair.split("=") for pair in head[2].split())
    optional = {"defect"} if kind == "mutant" else set()
    fits = FIELDS[kind] <= set(fields) <= FIELDS[kind] | optional
    need(fits, path, number, f"expected {form}, got {first!r}")
    if "points" in fields:
        whole = fields["points"].isdecimal() and int(fields["points"]) > 0
        need(whole, path, number, "points must be a whole number above 0")
        fields["points"] = int(fields["points"])
    return Cell(kind, text, number, head[1], tuple(fields.items()))


def validate(cells, questions, path):
    """Check the code cells of a source.

    Raises
    ------
    SourceError
        If code does not parse, a check lacks a function or its arguments do
        not fit, a name is used twice, or solution markers are out of order.
    """
    seen = {}
    for cell in cells:
        if cell.kind == "prose":
            continue
        tree = _tree(cell, path)
        if cell.kind == "answer":
            _markers(cell, path)
        if not cell.fields:
            continue
        known = cell.question in questions
        need(known, path, cell.line, f"no answer for {cell.question}")
        kind = "check" if cell.kind in ("visible", "held-out") else cell.kind
        key = (kind, cell.question, cell.name)
        other = seen.setdefault(key, cell.line)
        message = f"{kind} {cell.name!r} stands in line {other} already"
        need(other == cell.line, path, cell.line, message)
        if kind == "check":
            _functions(tree, cell, path)


def _tree(cell, path):
    try:
        return ast.parse(cell.text)
    except SyntaxError as error:
        line = cell.line + (error.lineno or 1) - 1
        need(False, path, line, f"the code does not parse: {error.msg}")


def _markers(cell, path):
    found = [
        (number, marker[1])
        for number, line in enumerate(cell.text.splitlines(), cell.line)
        if (marker := MARKER.fullmatch(line))
    ]
    for i, (number, name) in enumerate(found):
        wanted = ORDER[i % 3]
        need(name == wanted, path, number, f"expected ### {wanted}")
    complete = found and len(found) % 3 == 0
    need(complete, path, cell.line, f"the answer needs ### {ORDER}")


def _functions(tree, cell, path):
    """A check is made of `inputs` (or not), `probe` and `judge`."""
    arguments = {}
    for part in tree.body:
        function = isinstance(part, ast.FunctionDef)
        line = cell.line + part.lineno - 1
        need(function, path, line, "a check holds functions only")
        arguments[part.name] = [a.arg for a in part.args.args]
    names = set(arguments)
    good = {"probe", "judge"} <= names <= {"inputs", "probe", "judge"}
    message = f"expected inputs, probe and judge, got {sorted(names)}"
    need(good, path, cell.line, message)
    wanted = ["rng"]
    fits = arguments.get("inputs", wanted) == wanted
    need(fits, path, cell.line, "expected inputs(rng)")
    drawn = arguments["probe"][1:]
    fits = (
        arguments["probe"][:1] == ["ns"]
        and arguments["judge"] == ["out", *drawn]
        and bool(drawn) == ("inputs" in names)
    )
    message = "expected probe(ns, *inputs) and judge(out, *inputs)"
    need(fits, path, cell.line, message)
