"""Write what a teacher and the learners read, and what Gradescope imports."""

from collections import Counter
import csv
import io
import json
import os
from pathlib import Path
import re

from exercises.grader.inside import isolate

ALL = {isolate.NETWORK, isolate.PROCESSES, isolate.FILES}


def names_of(paths):
    """A name for each submission, different for each.

    The file's name without its ending; where two are the same, with that of
    its folder; where these are the same too, with a number.
    """
    paths = [Path(path) for path in paths]
    stems = [path.stem for path in paths]
    names, used = [], set()
    for path, stem in zip(paths, stems, strict=True):
        if stems.count(stem) > 1:
            stem = f"{path.absolute().parent.name}-{stem}"
        stem = re.sub(r"[^\w.-]", "_", stem)[:100] or "unnamed"
        name, number = stem, 1
        while name.lower() in used:
            number += 1
            name = f"{stem}-{number}"
        used.add(name.lower())
        names.append(name)
    return names


def write(grades, questions, title, out):
    """Write all results to a folder.

    ``scores.csv``, ``feedback/NAME.md`` and ``gradescope/NAME.json``; for a
    single submission ``results.json`` too, which is where Gradescope looks.
    Each file is complete or not there.
    """
    out = Path(out)
    _replace(out / "scores.csv", scores(grades, questions))
    for grade in grades:
        text = feedback(grade, questions, title)
        _replace(out / "feedback" / f"{grade.name}.md", text)
        text = json.dumps(gradescope(grade), indent=1) + "\n"
        _replace(out / "gradescope" / f"{grade.name}.json", text)
        if len(grades) == 1:
            _replace(out / "results.json", text)


def scores(grades, questions):
    """The table: a row for each submission, with a reason."""
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    head = ["submission", "score", "points", *questions]
    table.writerow([*head, "status", "reason", "seconds"])
    for grade in grades:
        earned = [grade.earned(question) for question in questions]
        reason = "; ".join(grade.notes)[:500]
        row = [grade.name, grade.score, grade.points, *earned]
        row += [grade.status, reason, f"{grade.seconds:.1f}"]
        table.writerow([_harmless(value) for value in row])
    return file.getvalue()


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
        missing = sorted(ALL - set(applied))
        if missing:
            line += f" Not allowed by the system: {', '.join(missing)}."
        lines.append(line)
    return "\n".join(lines)


def feedback(grade, questions, title):
    """What one learner reads."""
    lines = [f"# {title}: {grade.name}", ""]
    lines += [f"**{grade.score} of {grade.points} points**", ""]
    if grade.notes:
        lines += ["While your notebook ran:", ""]
        lines += [f"- {_line(note)}" for note in grade.notes] + [""]
    for question in questions:
        mine = [r for r in grade.results if r.question == question]
        points = sum(result.points for result in mine)
        lines += [f"## {question}: {grade.earned(question)} of {points}", ""]
        for result in mine:
            word = "passed" if result.passed else "failed"
            name = result.name.replace("_", " ")
            line = f"- {word}: {name} ({result.earned} of {result.points})"
            message = f". {_line(result.message)}" if result.message else ""
            lines.append(line + message)
        lines.append("")
    return "\n".join(lines)


def _line(text):
    return " ".join(text.split())


def gradescope(grade):
    """The same as Gradescope reads it."""
    return {
        "score": grade.score,
        "output": "\n".join([grade.status, *grade.notes]),
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


def _replace(path, text):
    """Write a file beside its place, then move it there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8", errors="replace")
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
