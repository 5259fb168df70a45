"""What the pages' own directives and roles are made of.

Computed Markdown, tables, links to chapters and to the repository, a figure
of a PNG. The role `repo` links to a file of the repository.
"""

import hashlib
from pathlib import Path
import re

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import ReferenceRole, SphinxDirective
import yaml

from exercises.grader.build import COLAB

ROOT = Path(__file__).resolve().parents[2]


def address(path):
    """Where a file of the repository is shown."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    return "{url}/blob/{branch}/{path}".format(
        **config["repository"], path=path
    )


def colab(path):
    """Where Colab opens a notebook of the repository."""
    return address(path).replace("https://github.com", COLAB)


def number_of(name):
    """The number in ``ex05_sparse`` or ``05_sparse``."""
    return int(re.search(r"\d+", name)[0])


def chapter(number):
    """The notebook of a chapter."""
    (path,) = (ROOT / "book").glob(f"{number:02d}_*.ipynb")
    return path


def chapter_link(number):
    """A link to a chapter."""
    return f"{{doc}}`chapter {number} <{chapter(number).stem}>`"


def rows(table):
    """The lines of a Markdown table; its first row is the head."""
    lines = [f"| {' | '.join(str(part) for part in row)} |" for row in table]
    return [lines[0], "|---" * len(table[0]) + "|", *lines[1:]]


def computed(text):
    """A directive that shows the lines of Markdown which `text` returns.

    It is called with the lines of the directive's content, if there are any.
    """

    class Computed(SphinxDirective):
        has_content = True

        def run(self):
            # Read again at each build: its sources may have changed.
            self.env.note_reread()
            lines = text(self.content) if self.content else text()
            return self.parse_text_to_nodes(StringList(lines, ""))

    return Computed


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


class Repository(ReferenceRole):
    """A link to a file of the repository: ``{repo}`words <path>```."""

    def run(self):
        if not (ROOT / self.target).exists():
            raise FileNotFoundError(f"no {self.target} in the repository")
        uri = address(self.target)
        return [nodes.reference(self.rawtext, self.title, refuri=uri)], []


def setup(app):
    app.add_role("repo", Repository())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
