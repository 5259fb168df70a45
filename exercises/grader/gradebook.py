"""Put scores into the files that Canvas and Moodle import."""

import csv
import html
import io
from pathlib import Path
import re

from exercises.grader.report import replace

CANVAS = re.compile(r"(?P<name>.+?)_(?P<late>LATE_)?(?P<number>\d+)_\d+_")
MOODLE = re.compile(r"(?P<name>.+?)_(?P<number>\d+)_assignsubmission_")


class GradebookError(ValueError):
    """A file is not what it should be; the message names it."""


def write_canvas(scores, target, title):
    """Write the table that Canvas imports.

    Parameters
    ----------
    scores : path-like
        ``scores.csv``, as the grader wrote it.
    target : path-like
        The file to write.
    title : str
        The assignment, as Canvas calls it.

    Returns
    -------
    late : list of str
        The submissions that Canvas marked as late.
    problems : list of str
        A line for each submission that is not in the file, with the reason.

    Raises
    ------
    GradebookError
        If `scores` is no such table.
    """
    found, problems = _learners(scores, CANVAS)
    table = [["Student", "ID", "Section", title]]
    late = []
    for number, (learner, row) in found.items():
        table.append([learner["name"], number, "", row["score"]])
        if learner["late"]:
            late.append(row["submission"])
    _write(target, table)
    return late, problems


def write_moodle(scores, worksheet, target):
    """Fill in the worksheet that Moodle gave.

    Parameters
    ----------
    scores : path-like
        ``scores.csv``, with the folder ``feedback`` beside it.
    worksheet : path-like
        As downloaded from Moodle.
    target : path-like
        The file to write.

    Returns
    -------
    problems : list of str
        A line for each submission that is not in the file, with the reason.

    Raises
    ------
    GradebookError
        If `scores` or `worksheet` is no such table.
    """
    found, problems = _learners(scores, MOODLE)
    sheet = _read(worksheet, "Identifier", "Grade", "Feedback comments")
    for line in sheet:
        number = re.search(r"\d+", line["Identifier"])
        _, row = found.pop(number and number[0], (None, None))
        if row is None:
            continue
        name = f"{row['submission']}.md"
        try:
            feedback = Path(scores).with_name("feedback") / name
            text = feedback.read_text("utf-8")
        except OSError as error:
            problems.append(f"{row['submission']}: no feedback: {error}")
            text = ""
        line["Grade"] = row["score"]
        line["Feedback comments"] = f"<pre>{html.escape(text)}</pre>"
    for _, row in found.values():
        problems.append(f"{row['submission']}: not in the worksheet")
    _write(target, [[*sheet[0]], *(line.values() for line in sheet)])
    return problems


def _learners(scores, pattern):
    """Rows by the learner's number; and what has none, or no score."""
    found, problems, twice = {}, [], set()
    for row in _read(scores, "submission", "score", "status"):
        name = row["submission"]
        learner = pattern.match(name)
        if learner is None:
            problems.append(f"{name}: no learner's number in the name")
        elif not row["score"]:
            problems.append(f"{name}: {row['status']}")
        elif learner["number"] in found:
            problems.append(f"{name}: handed in twice")
            twice.add(learner["number"])
        else:
            found[learner["number"]] = learner, row
    for number in twice:
        problems.append(f"{found.pop(number)[1]['submission']}: likewise")
    return found, problems


def _read(path, *columns):
    """The rows of a CSV file that has these columns, and at least a row."""
    try:
        text = Path(path).read_text("utf-8-sig")
    except ValueError:
        raise GradebookError(f"{path} is no text in UTF-8") from None
    table = list(csv.DictReader(io.StringIO(text, newline=""), restval=""))
    missing = [c for c in columns if not table or c not in table[0]]
    if missing or None in table[0]:
        raise GradebookError(f"{path} is no table with {', '.join(columns)}")
    return table


def _write(path, rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    replace(Path(path), text.getvalue())
