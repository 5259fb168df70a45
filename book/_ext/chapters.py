"""What other pages show of the chapters: a map of them, and their figures.

The directive `chapter-map` has a card for each chapter, with the minutes that
it takes to read and the seconds that its cells took to run. `chapter-figure`
shows a figure of an executed chapter.
"""

from base64 import b64decode
import hashlib
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
import execution
from sphinx.util.docutils import SphinxDirective
from teaching import ROOT, Table, number_of, reading_minutes


class ChapterMap(Table):
    """Each line of the content is ``name: what you will do: know first``."""

    def text(self):
        lines = [":::::{grid} 1 2 2 2", ":gutter: 3", ""]
        for line in self.content:
            name, aim, first = line.split(": ")
            number = number_of(name)
            _, seconds = execution.record(ROOT / "book" / f"{name}.ipynb")
            lines += [
                f"::::{{grid-item-card}} {number}. {{doc}}`{name}`",
                f"{aim[0].upper()}{aim[1:]}.",
                ":::{card-footer}",
                f"Know first: {first}. {reading_minutes(number)} minutes to "
                f"read; the cells ran in {seconds:.0f} s.",
                ":::",
                "::::",
                "",
            ]
        return [*lines, ":::::"]


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


def add_figure(directive, name, content, alt):
    """A figure of a PNG; its caption is the content of the directive."""
    name = f"{name}-{hashlib.sha256(content).hexdigest()[:8]}.png"
    folder = Path("_build") / "figures"
    (ROOT / folder).mkdir(parents=True, exist_ok=True)
    (ROOT / folder / name).write_bytes(content)
    directive.env.note_reread()
    node = nodes.figure("", nodes.image(uri=f"/{folder / name}", alt=alt))
    directive.add_name(node)
    caption = nodes.caption()
    caption += directive.parse_inline("\n".join(directive.content))[0]
    node += caption
    directive.set_source_info(node)
    return node


def setup(app):
    app.add_directive("chapter-map", ChapterMap)
    app.add_directive("chapter-figure", ChapterFigure)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
