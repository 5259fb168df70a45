"""Tables of the pages for learners and teachers, made from their sources.

`exercise-table` lists the assignments in ``exercises/src``, `semester` sets
weeks, chapters and assignments side by side, and `grading-cost` shows what
`benchmarks/grading.py` measured. The role `repo` links to the repository.
"""

import json
from pathlib import Path
import re
from statistics import median
import sys

from docutils import nodes
from docutils.statemachine import StringList
import nbformat
from sphinx.util.docutils import ReferenceRole, SphinxDirective
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from exercises.grader.build import COLAB  # noqa: E402
from exercises.grader.source import read  # noqa: E402


def address(path, root=ROOT):
    """Where a file of the repository is shown."""
    config = yaml.safe_load((root / "_config.yml").read_text("utf-8"))
    return "{url}/blob/{branch}/{path}".format(
        **config["repository"], path=path
    )


def colab(path, root=ROOT):
    """Where Colab opens a notebook of the repository."""
    return address(path, root).replace("https://github.com", COLAB)


def assignments(root=ROOT):
    """All assignments, in the order of their numbers."""
    return [read(p) for p in sorted((root / "exercises/src").glob("*.md"))]


def number_of(name):
    """The number in ``ex05_sparse`` or ``05_sparse``."""
    return int(re.search(r"\d+", name)[0])


def chapter_link(number, root=ROOT):
    """A link to a chapter."""
    (path,) = (root / "book").glob(f"{number:02d}_*.ipynb")
    return f"{{doc}}`chapter {number} <{path.stem}>`"


def reading_minutes(number, root=ROOT):
    """How many minutes a chapter says that it takes to read."""
    (path,) = (root / "book").glob(f"{number:02d}_*.ipynb")
    first = nbformat.read(path, as_version=4).cells[0].source
    (text,) = re.findall(r"\*\*Time\*\*: (.*?) to read", first)
    text = text.replace("an hour", "60 minutes")
    return int(re.search(r"(\d+) minutes", text)[1])


def rows(table):
    """The lines of a Markdown table; its first row is the head."""
    lines = [f"| {' | '.join(str(part) for part in row)} |" for row in table]
    return [lines[0], "|---" * len(table[0]) + "|", *lines[1:]]


class Table(SphinxDirective):
    """A directive whose content is Markdown that `text` computes."""

    has_content = True

    def run(self):
        # The page is read again at each build: its sources may have changed.
        self.env.note_reread()
        return self.parse_text_to_nodes(StringList(self.text(), ""))


class ExerciseTable(Table):
    """The assignments: chapter, questions, points, minutes, links."""

    def text(self):
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


class Semester(Table):
    """Weeks: each line of the content is ``chapter: what to do``."""

    def text(self):
        table = [["Week", "Chapter", "Assignment", "Minutes", "In class"]]
        known = {number_of(e.chapter): e for e in assignments()}
        for week, line in enumerate(self.content, 1):
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


class GradingCost(Table):
    """What was measured: seconds for a submission, and their ratios."""

    NAMES = {
        "import": "`import keras`, and nothing else",
        "bare": "a script that runs solution and checks, without any grader",
        "alone": "our grader, a single submission",
        "ours": "our grader, a class",
        "otter": "otter-grader, `otter run`",
        "nbgrader": "nbgrader, `nbgrader autograde`",
    }

    def text(self):
        path = ROOT / "benchmarks" / "grading.json"
        data = json.loads(path.read_text("utf-8"))
        lines, every = [], data["rounds"]
        for asked in sorted({tuple(one["questions"]) for one in every}):
            chosen = [
                one for one in every if tuple(one["questions"]) == asked
            ]
            lines += [*cost_of(asked, chosen), ""]
        machine, versions = data["machine"], data["versions"]
        listed = ", ".join(f"{k} {v}" for k, v in versions.items())
        return [
            *lines,
            f"Medians, with the least and the most, measured on "
            f"{data['date']}, one submission at a time. Processor: "
            f"{machine['processor']}, cores: {machine['cores']}. {listed}.",
        ]


def cost_of(asked, rounds):
    """The table for rounds in which the same questions were asked."""
    table = [["", "Copies", "Seconds each", "Times ours, a class"]]
    for name, words in GradingCost.NAMES.items():
        mine = [one for one in rounds if name in one]
        if mine:
            copies = sorted({one["copies"].get(name, 1) for one in mine})
            each = spread([one[name] for one in mine])
            ratios = spread([one[name] / one["ours"] for one in mine])
            listed = " or ".join(map(str, copies))
            table.append([words, listed, each, ratios])
    by_import, by_bare = (
        spread([one["alone"] / one[name] for one in rounds if name in one])
        for name in ("import", "bare")
    )
    return [
        f"Questions {', '.join(asked)}, rounds: {len(rounds)}.",
        "",
        *rows(table),
        "",
        f"A single submission takes {by_import} times as long as "
        f"`import keras`, and {by_bare} times as long as the script.",
    ]


class Repository(ReferenceRole):
    """A link to a file of the repository: ``{repo}`words <path>```."""

    def run(self):
        if not (ROOT / self.target).exists():
            raise FileNotFoundError(f"no {self.target} in the repository")
        uri = address(self.target)
        return [nodes.reference(self.rawtext, self.title, refuri=uri)], []


def spread(values):
    """The median, with the least and the most if there are several."""
    if len(values) == 1:
        return f"{values[0]:.1f}"
    least, most = min(values), max(values)
    return f"{median(values):.1f} ({least:.1f} to {most:.1f})"


def setup(app):
    app.add_directive("exercise-table", ExerciseTable)
    app.add_directive("semester", Semester)
    app.add_directive("grading-cost", GradingCost)
    app.add_role("repo", Repository())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
