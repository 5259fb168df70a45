"""Write the notebooks of the exercises: ``make exercises``.

From ``exercises/src/exNN_topic.md`` come ``exercises/exNN_topic.ipynb``, for
the learner, and ``exercises/solutions/exNN_topic.ipynb``, whose last cell
holds the output that nbval must find when it executes the solution: all
points. The same source gives the same bytes, whatever the machine, the day
and the order.
"""

import argparse
import base64
import json
from pathlib import Path
import sys
import textwrap

import yaml

from exercises.grader.source import read, variant

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(__file__).parent / "inside" / "checks.py"

# What every notebook starts with.
SETUP = """\
# Colab only: your own machine has aecourse already.
import importlib.util

if importlib.util.find_spec("aecourse") is None:
    %pip install -q "aecourse @ git+{url}@{branch}\""""
COLAB = "https://colab.research.google.com/github"
MARK = "# Run this cell first: it loads the checks."
CHECKS = (
    MARK
    + """
import base64
import json
import types

# The program that runs the checks.
program = r'''
{program}'''

# The checks, encoded so that you do not read an answer by accident. This is
# no secret: whoever decodes them has them.
encoded = \"\"\"
{encoded}
\"\"\"
checks = types.ModuleType("checks")
exec(program, checks.__dict__)
check, score = checks.commands(
    json.loads(base64.b64decode(encoded)), globals()
)
"""
)
OPENING = """\
# Exercise {number}: {title}

[Open in Colab]({colab}/{slug}/blob/{branch}/exercises/{name}.ipynb) ·
[the chapter]({url}/blob/{branch}/book/{chapter}.ipynb)

**{points} points** in {count} questions ({each}), about {minutes} minutes.

Run the cells from the top. Where a cell says `raise NotImplementedError`, \
put your code in its place. `check("q1")` then runs the visible
checks of question 1, and the last cell, `score()`, runs all checks on other \
random inputs, with some that you have not seen. You may add cells,
import what you like and use other names inside your functions; the names \
that the text gives must stay.

**Hand in** this notebook, saved as `{name}.ipynb`. Only what it defines \
counts: it is executed afresh, from the top."""


def notebooks(path, repository):
    """Build the two notebooks of one source.

    Parameters
    ----------
    path : path-like
        The source.
    repository : dict
        ``url`` and ``branch`` of the repository.

    Returns
    -------
    student, solution : str
        The text of the two files.

    Raises
    ------
    SourceError
        If the source breaks the form.
    """
    exercise = read(path)
    first = [
        _cell("title", _opening(exercise, repository)),
        _cell("setup", SETUP.format(**repository), folded=True),
        _cell("checks", _checks(exercise), folded=True),
    ]
    return tuple(
        _notebook(first + _body(exercise, solved), exercise)
        for solved in (False, True)
    )


def _opening(exercise, repository):
    number, url = int(exercise.name[2:4]), repository["url"]
    each = ", ".join(
        f"{question}: {exercise.points(question)}"
        for question in exercise.questions
    )
    return OPENING.format(
        **vars(exercise) | repository,
        number=number,
        colab=COLAB,
        slug=url.removeprefix("https://github.com/"),
        points=exercise.points(),
        count=len(exercise.questions),
        each=each,
    )


def _checks(exercise):
    program = PROGRAM.read_text("utf-8")
    if "'''" in program:
        raise ValueError("checks.py must not hold three single quotes")
    data = json.dumps(exercise.checks, sort_keys=True).encode()
    encoded = base64.b64encode(data).decode()
    lines = "\n".join(textwrap.wrap(encoded, 76))
    return CHECKS.format(program=program, encoded=lines).rstrip()


def _body(exercise, solved):
    """The cells of the source, a check after each question, the score."""
    cells, shown = [], exercise.of("prose", "code", "answer")
    last = {cell.question: cell for cell in shown if cell.question}
    for number, cell in enumerate(shown, 1):
        if cell.kind == "prose":
            cells.append(_cell(f"text-{number:02d}", cell.text))
            continue
        name = f"{cell.question or 'code'}-{number:02d}"
        text = variant(cell.text, solved)
        cells.append(_cell(name, text, code=True))
        if cell is last.get(cell.question):
            call = f'check("{cell.question}")'
            cells.append(_cell(f"{cell.question}-check", call, code=True))
    score = _cell("score", "score()", code=True)
    if solved:
        score["metadata"] = {"tags": ["nbval-check-output"]}
        score["execution_count"] = 1
        score["outputs"] = [_all_points(exercise)]
    return [*cells, score]


def _all_points(exercise):
    """What `score()` prints when every check has passed."""
    lines = []
    for question in sorted(exercise.questions):
        mine = exercise.of("visible", "held-out", question=question)
        lines.append(question)
        lines += [f"  passed {cell.name} ({cell.points})" for cell in mine]
    points = exercise.points()
    lines.append(f"Score: {points} of {points} points")
    text = [f"{line}\n" for line in lines]
    return {"name": "stdout", "output_type": "stream", "text": text}


def _cell(name, text, code=False, folded=False):
    """A notebook cell with a given id."""
    cell = {
        "cell_type": "code" if code or folded else "markdown",
        "id": name,
        "metadata": {},
        "source": text.splitlines(keepends=True),
    }
    if folded:
        cell["metadata"] = {
            "cellView": "form",
            "jupyter": {"source_hidden": True},
            "tags": ["hide-input"],
        }
    if cell["cell_type"] == "code":
        cell |= {"execution_count": None, "outputs": []}
    return cell


def _notebook(cells, exercise):
    kernel = {"display_name": "Python 3", "language": "python"}
    metadata = {
        "exercise": exercise.name,
        "kernelspec": kernel | {"name": "python3"},
        "language_info": {"name": "python"},
    }
    notebook = {
        "cells": cells,
        "metadata": metadata,
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    text = json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False)
    return text + "\n"


def build(root=ROOT, write=True):
    """Build all exercises below `root`.

    Returns
    -------
    list of Path
        The files whose content changed, or would change.
    """
    config = yaml.safe_load((root / "_config.yml").read_text("utf-8"))
    changed = []
    for path in sorted((root / "exercises" / "src").glob("*.md")):
        texts = notebooks(path, config["repository"])
        for folder, text in zip((".", "solutions"), texts, strict=True):
            file = root / "exercises" / folder / f"{path.stem}.ipynb"
            if not file.exists() or file.read_bytes() != text.encode():
                changed.append(file)
                if write:
                    file.parent.mkdir(exist_ok=True)
                    file.write_bytes(text.encode())
    return changed


def main(arguments=None):
    """Write the notebooks; with ``--check``, only say which are stale."""
    parser = argparse.ArgumentParser(
        prog="exercises.grader.build", description=main.__doc__
    )
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args(arguments)
    changed = build(write=not options.check)
    for file in changed:
        word = "stale" if options.check else "wrote"
        print(word, file.relative_to(ROOT))
    return int(options.check and bool(changed))


if __name__ == "__main__":
    sys.exit(main())
