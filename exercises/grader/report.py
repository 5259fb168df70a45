"""Write what a teacher and the learners read, and what Gradescope imports."""

from collections import Counter
import csv
import hashlib
import io
import json
import os
from pathlib import Path
import re

from exercises.grader.grade import NOT_GRADED
from exercises.grader.inside import isolate

MAX_NAME, MAX_REASON = 100, 500
# Kept free for the scores, for each submission, should the disk be full.
SPARE = 2048


class ResumeError(ValueError):
    """A run cannot go on where another ended; the message says why."""


def names_of(paths):
    """A name for each submission, different for each.

    The file's name without its ending; where two are the same, with that of
    its folder; where these are the same too, with a number. Long names are
    cut: a file's name may hold 255 bytes.
    """
    paths = [Path(path) for path in paths]
    stems = [path.stem for path in paths]
    names, used = [], set()
    for path, stem in zip(paths, stems, strict=True):
        if stems.count(stem) > 1:
            stem = f"{path.absolute().parent.name}-{stem}"
        stem = re.sub(r"[^\w.-]", "_", stem).encode()[:MAX_NAME]
        stem = stem.decode(errors="ignore") or "unnamed"
        name, number = stem, 1
        while name.lower() in used:
            number += 1
            name = f"{stem}-{number}"
        used.add(name.lower())
        names.append(name)
    return names


def digest_of(path):
    """The SHA-256 sum of a file's content; empty if it cannot be read.

    For a folder it is that of the sums and names of all notebooks in it.
    """
    path = Path(path)
    try:
        if path.is_dir():
            files = sorted(path.rglob("*.ipynb"))
            content = "".join(
                f"{digest_of(f)}  {f}\n" for f in files
            ).encode()
        else:
            content = path.read_bytes()
    except (OSError, ValueError):
        return ""
    return hashlib.sha256(content).hexdigest()


class Results:
    """A folder of results, which has a row for whatever is graded so far.

    ``scores.csv``, ``feedback/NAME.md`` and ``gradescope/NAME.json``; for a
    single submission ``results.json`` too, which is where Gradescope looks.
    A row is on the disk as soon as it is added; each other file is complete
    or not there.

    Parameters
    ----------
    out : path-like
        The folder.
    exercise : Exercise
        Its title and questions.
    submissions : dict
        By name, in the order of the table: what `digest_of` says.
    asked : dict
        Whatever decides the scores, by name, as text: `ResumeError` names
        what differs.
    resume : bool
        Whether rows of an earlier run, of which all this was asked too, stay.

    Attributes
    ----------
    done : set of str
        The submissions that have a row from an earlier run.
    unwritten : str
        Rows for which the disk had no place.

    Raises
    ------
    OSError
        If nothing can be written there, as the context begins.
    ResumeError
        If there is nothing to go on with.
    """

    def __init__(self, out, exercise, submissions, asked, resume=False):
        self._out, self._exercise = Path(out), exercise
        self._submissions = submissions
        self._table = self._out / "scores.csv"
        head = ["submission", "score", "points", *exercise.questions]
        self._head = [*head, "status", "reason", "seconds", "sha256"]
        self._rows = self._earlier(asked) if resume else {}
        self.done = set(self._rows)
        self._asked = asked
        self._spare = self._out / ".spare"
        self.unwritten = ""

    def __enter__(self):
        self._out.mkdir(parents=True, exist_ok=True)
        (self._out / "results.json").unlink(missing_ok=True)
        text = json.dumps(self._asked, indent=1) + "\n"
        replace(self._out / "run.json", text)
        replace(self._table, self._text())
        size = SPARE * (len(self._submissions) + 32)
        self._spare.write_bytes(os.urandom(size))
        self._file = open(self._table, "ab", buffering=0)  # noqa: SIM115
        return self

    def __exit__(self, *_):
        self._file.close()
        self._spare.unlink(missing_ok=True)

    def _earlier(self, asked):
        """The rows of an earlier run that need not be graded again."""
        try:
            before = json.loads((self._out / "run.json").read_text("utf-8"))
            text = self._table.read_bytes().decode("utf-8")
        except (OSError, ValueError) as error:
            raise ResumeError(f"no run to go on with: {error}") from None
        differs = [k for k in asked if before.get(k) != asked[k]]
        if differs:
            raise ResumeError(
                f"{self._out} was graded with other: {', '.join(differs)}; "
                "give the same as then, or grade all again without --resume"
            )
        # A row that was being written when the run was cut short has no end.
        complete = io.StringIO(text[: text.rfind("\n") + 1], newline="")
        kept = {}
        for row in csv.DictReader(complete):
            name = (row["submission"] or "").removeprefix("'")
            same = row["sha256"] and row["sha256"] == self._submissions.get(
                name
            )
            told = (self._out / "feedback" / f"{name}.md").exists()
            if same and told and row["status"] != NOT_GRADED:
                kept[name] = [row[column] for column in self._head]
        return kept

    def add(self, grade):
        """Write all that there is about a submission, its row last.

        Returns
        -------
        bool
            Whether its feedback could be written; its row says so too.
        """
        questions, title = self._exercise.questions, self._exercise.title
        files = {
            self._out / "feedback" / f"{grade.name}.md": feedback(
                grade, questions, title
            )
        }
        # What an earlier run wrote, or a submission that ran in here.
        for name in (f"gradescope/{grade.name}.json", "results.json"):
            (self._out / name).unlink(missing_ok=True)
        if grade.score is not None:
            text = json.dumps(gradescope(grade), indent=1) + "\n"
            files[self._out / "gradescope" / f"{grade.name}.json"] = text
            if len(self._submissions) == 1:
                files[self._out / "results.json"] = text
        unwritten = ""
        for path, text in files.items():
            try:
                replace(path, text)
            except OSError as error:
                path.unlink(missing_ok=True)
                unwritten = f"no feedback written: {error.strerror}"
        row = self._row(grade, unwritten)
        self._rows[grade.name] = row
        self._append(_line_of(row))
        return not unwritten

    def _row(self, grade, unwritten):
        """A row for a submission, with a reason."""
        questions = self._exercise.questions
        earned = [grade.earned(question) for question in questions]
        reasons = [unwritten] if unwritten else []
        reason = "; ".join(reasons + grade.reasons)[:MAX_REASON]
        row = [grade.name, grade.score, grade.points, *earned]
        row += [grade.status, reason, f"{grade.seconds:.1f}"]
        row.append(self._submissions[grade.name])
        return [_harmless(value) for value in row]

    def _append(self, line):
        """Add a line to the table: all of it, or nothing."""
        data, file = line.encode(), self._file.fileno()
        size = os.fstat(file).st_size
        for _ in ("as it is", "with the spare place"):
            try:
                if self._file.write(data) == len(data):
                    os.fsync(file)
                    return
            except OSError:
                pass
            os.ftruncate(file, size)
            self._spare.unlink(missing_ok=True)
        self.unwritten += line

    def finish(self):
        """Put the table in the order of the submissions.

        Raises
        ------
        OSError
            If it cannot be written: it stays as it is, without what is
            `unwritten`.
        """
        self._spare.unlink(missing_ok=True)
        replace(self._table, self._text())
        self.unwritten = ""

    def _text(self):
        """The whole table."""
        rows = [self._rows[n] for n in self._submissions if n in self._rows]
        return "".join(map(_line_of, [self._head, *rows]))


def _line_of(row):
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(row)
    return line.getvalue()


def _harmless(value):
    """Keep a spreadsheet from taking text for a formula."""
    if not isinstance(value, str):
        return value
    value = re.sub(r"[\x00-\x1f\x7f]", " ", value)
    return f"'{value}" if value[:1] in ("=", "+", "-", "@") else value


def isolation(grades):
    """Say plainly what kept the submissions apart, and where it differed."""
    found = Counter(tuple(sorted(g.applied)) for g in grades if g.applied)
    lines = [] if found else ["Isolation: nothing was run."]
    for applied, number in found.most_common():
        of = f" ({number} of {found.total()})" if len(found) > 1 else ""
        line = f"Isolation{of}: {', '.join(applied)}."
        missing = sorted(isolate.ISOLATION - set(applied))
        if missing:
            line += f" Without: {', '.join(missing)}."
        lines.append(line)
    return "\n".join(lines)


def feedback(grade, questions, title):
    """What one learner reads; nothing is said twice."""
    lines = [f"# {title}: {grade.name}", ""]
    if grade.score is None:
        notes = "; ".join(_line(note) for note in grade.notes)
        return "\n".join([*lines, f"Not graded: {notes}", ""])
    lines += [f"**{grade.score} of {grade.points} points**", ""]
    if grade.file:
        lines += [f"Graded: {_line(grade.file)}", ""]
    if grade.notes:
        read = grade.status != "not read"
        lines += ["While your notebook ran:" if read else "Not read:", ""]
        lines += [f"- {_line(note)}" for note in grade.notes] + [""]
    for question in questions:
        mine = [r for r in grade.results if r.question == question]
        points = sum(result.points for result in mine)
        lines += [f"## {question}: {grade.earned(question)} of {points}", ""]
        before = None
        for result in mine:
            word = "passed" if result.passed else "failed"
            name = result.name.replace("_", " ")
            line = f"- {word}: {name} ({result.earned} of {result.points})"
            message = _line(result.message)
            if message:
                line += ". As above" if message == before else f". {message}"
            before = message
            lines.append(line)
        lines.append("")
    return "\n".join(lines)


def _line(text):
    return " ".join(text.split())


def gradescope(grade):
    """The same as Gradescope reads it."""
    return {
        "score": grade.score,
        "output": "\n".join([f"{grade.status}: {grade.file}", *grade.notes])
        if grade.file
        else "\n".join([grade.status, *grade.notes]),
        "execution_time": round(grade.seconds),
        "tests": [
            {
                "name": f"{result.question} {result.name}",
                "number": result.question.removeprefix("q"),
                "score": result.earned,
                "max_score": result.points,
                "status": "passed" if result.passed else "failed",
                "output": result.message,
                "visibility": "after_published"
                if result.hidden
                else "visible",
            }
            for result in grade.results
        ],
    }


def replace(path, text):
    """Write a file beside its place, then move it there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8", errors="replace")
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
