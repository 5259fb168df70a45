"""Tables of the pages for learners and teachers, made from their sources.

`exercise-table` lists the assignments in ``exercises/src``, `semester` sets
weeks, chapters and assignments side by side.
"""

import re

import nbformat

from book._ext.pages import (
    ROOT,
    address,
    chapter,
    chapter_link,
    colab,
    computed,
    number_of,
    rows,
)
from exercises.grader.source import read


def assignments():
    """All assignments, in the order of their numbers."""
    return [read(p) for p in sorted((ROOT / "exercises/src").glob("*.md"))]


def reading_minutes(number):
    """How many minutes a chapter says that it takes to read."""
    first = nbformat.read(chapter(number), as_version=4).cells[0].source
    (text,) = re.findall(r"\*\*Time\*\*: (.*?) to read", first)
    text = text.replace("an hour", "60 minutes")
    return int(re.search(r"(\d+) minutes", text)[1])


def exercise_table():
    """The assignments: chapter, questions, points, minutes, links."""
    head = ["Assignment", "Open", "Questions", "Points", "Minutes"]
    table, total = [head], [0, 0, 0]
    for exercise in assignments():
        number = number_of(exercise.name)
        path = f"exercises/{exercise.name}.ipynb"
        links = f"[Colab]({colab(path)}), [notebook]({address(path)})"
        sizes = [len(exercise.questions), exercise.points()]
        sizes.append(exercise.minutes)
        total = [a + b for a, b in zip(total, sizes, strict=True)]
        links += f", {chapter_link(number_of(exercise.chapter))}"
        table.append([f"{number}. {exercise.title}", links, *sizes])
    return rows([*table, ["all", "", *total]])


def semester(lines):
    """Weeks: each line is ``chapter: what to do``."""
    table = [["Week", "Chapter", "Assignment", "Minutes", "In class"]]
    known = {number_of(e.chapter): e for e in assignments()}
    for week, line in enumerate(lines, 1):
        number, topic = line.split(": ", 1)
        exercise = known.get(int(number))
        minutes = [reading_minutes(int(number))]
        minutes += [exercise.minutes] if exercise else []
        table.append(
            [
                week,
                chapter_link(int(number)),
                exercise.title if exercise else "a project",
                " + ".join(map(str, minutes)),
                topic,
            ]
        )
    return rows(table)


def setup(app):
    app.add_directive("exercise-table", computed(exercise_table))
    app.add_directive("semester", computed(semester))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
