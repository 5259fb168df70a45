"""What pages show of the executed chapters.

The book's own pages get their outputs. On other pages, the directive
`chapter-map` has a card for each chapter, with the minutes that it takes to
read and the seconds that its cells took to run, `chapter-seconds` a table of
these seconds, and `chapter-figure` shows a figure of a chapter.
"""

from base64 import b64decode
from pathlib import Path
import re

from docutils.parsers.rst import directives
import nbformat
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from book._ext.pages import (
    ROOT,
    add_figure,
    chapter_link,
    computed,
    number_of,
    rows,
)
from book._ext.teaching import reading_minutes
from tools import execution, studies

LOADED = re.compile(r"""load_study\(["'](\w+)["']\)""")


def give_outputs(app, docname, source):
    """Let a chapter be read with its outputs: nothing is executed here."""
    path = Path(app.env.doc2path(docname))
    if path.suffix == ".ipynb":
        try:
            notebook, _ = execution.record(path)
        except execution.StaleError as error:
            raise ExtensionError(f"{error}: run `make book`") from error
        notebook.cells[1:1] = notes_on_studies(notebook)
        source[0] = nbformat.writes(notebook)


def notes_on_studies(notebook):
    """Cells that name the studies of a page which older code has run."""
    code = "\n".join(cell.source for cell in execution.code_cells(notebook))
    return [
        nbformat.v4.new_markdown_cell(
            f":::{{note}}\nThe study `{name}`, which this page reads, was "
            "run by older code.\n:::"
        )
        for name in sorted(set(LOADED.findall(code)))
        if studies.is_older(name)
    ]


def chapter_map(lines):
    """Each line is ``name: what you will do: know first``."""
    cards = [":::::{grid} 1 2 2 2", ":gutter: 3", ""]
    for line in lines:
        name, aim, first = line.split(": ")
        number = number_of(name)
        _, seconds = execution.record(ROOT / "book" / f"{name}.ipynb")
        cards += [
            f"::::{{grid-item-card}} {number}. {{doc}}`{name}`",
            f"{aim[0].upper()}{aim[1:]}.",
            ":::{card-footer}",
            f"Know first: {first}. {reading_minutes(number)} minutes to "
            f"read; the cells ran in {seconds:.0f} s.",
            ":::",
            "::::",
            "",
        ]
    return [*cards, ":::::"]


def chapter_seconds():
    """How long the cells of each chapter ran for these pages."""
    table, total = [["Chapter", "Code cells", "Seconds"]], [0, 0.0]
    for path in execution.notebooks():
        notebook, seconds = execution.record(path)
        cells = len(execution.code_cells(notebook))
        title = notebook.cells[0].source.splitlines()[0].lstrip("# ")
        link = chapter_link(number_of(path.stem))
        table.append([f"{title} ({link})", cells, f"{seconds:.0f}"])
        total = [total[0] + cells, total[1] + seconds]
    return rows([*table, ["all", total[0], f"{total[1]:.0f}"]])


class ChapterFigure(SphinxDirective):
    """``{chapter-figure} 03_basic fig-basic-strips``; content: a caption.

    The alternative text is the figure's own.
    """

    required_arguments = 2
    has_content = True
    option_spec = {"name": directives.unchanged}

    def run(self):
        chapter, figure = self.arguments
        notebook, _ = execution.record(ROOT / "book" / f"{chapter}.ipynb")
        (cell,) = (
            cell
            for cell in notebook.cells
            if cell.metadata.get("mystnb", {}).get("figure", {}).get("name")
            == figure
        )
        (png,) = (
            output.data["image/png"]
            for output in cell.outputs
            if "image/png" in output.get("data", {})
        )
        alt = cell.metadata.mystnb.image.alt
        return [add_figure(self, figure, b64decode(png), alt)]


def setup(app):
    app.connect("source-read", give_outputs)
    app.add_directive("chapter-map", computed(chapter_map))
    app.add_directive("chapter-seconds", computed(chapter_seconds))
    app.add_directive("chapter-figure", ChapterFigure)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
