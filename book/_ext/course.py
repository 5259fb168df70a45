"""What this book adds to Jupyter Book, each part with its reason."""

from importlib.resources import files
from pathlib import Path
import re
import shutil

# MathJax loads its fonts, and rarer commands, on demand.
MATHJAX = (
    "tex-chtml.js",
    "input/tex/extensions",
    "output/chtml/fonts/woff-v2",
    "ui",
)
CHINESE = re.compile(r"[\u4e00-\u9fff]+(?=[^<>]*<)")


def copy_mathjax(app, error):
    """Serve MathJax from this site instead of somebody else's network."""
    if error or app.builder.format != "html":
        return
    source = Path(str(files("mathjax"))) / "static" / "mathjax" / "es5"
    target = Path(app.outdir) / "_static" / "mathjax"
    target.mkdir(parents=True, exist_ok=True)
    for name in MATHJAX:
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name, dirs_exist_ok=True)
        else:
            shutil.copy2(source / name, target / name)


def drop_thebe(app, pagename, templatename, context, doctree):
    """Leave out Thebe: unused, and its script is added twice and throws."""
    for kind in ("script_files", "css_files"):
        context[kind] = [
            file
            for file in context.get(kind, [])
            if "thebe" not in f"{file} {getattr(file, 'attributes', '')}"
        ]


def mend_bibliography(app, pagename, templatename, context, doctree):
    """Take off roles that promise list items which docutils does not make."""
    if "body" in context:
        context["body"] = (
            context["body"]
            .replace('<div role="list" class="citation-list">', "<div>")
            .replace(' role="doc-biblioentry"', "")
        )


def name_folded_code(app, pagename, templatename, context, doctree):
    """Let the button of a folded cell be called what is written on it."""
    if "body" in context:
        context["body"] = context["body"].replace(
            '<summary aria-label="Toggle hidden content">', "<summary>"
        )


def mend_tables(app, pagename, templatename, context, doctree):
    """A corner of a table that heads nothing is no header."""
    if "body" in context:
        context["body"] = re.sub(
            r"<th [^>]*>(<p></p>)?</th>", "<td></td>", context["body"]
        )


def name_language(app, pagename, templatename, context, doctree):
    """Say which words are Chinese, or a screen reader cannot read them."""
    if "body" in context:
        context["body"] = CHINESE.sub(
            r'<span lang="zh">\g<0></span>', context["body"]
        )


def load_playground(app, pagename, templatename, context, doctree):
    """Load the playground on its own page, and nowhere else."""
    if pagename == "book/playground":
        for part in ("-weights", "-models", ""):
            app.add_js_file(f"playground{part}.js", loading_method="defer")
        app.add_css_file("playground.css")


def setup(app):
    app.connect("html-page-context", drop_thebe, priority=900)
    app.connect("html-page-context", mend_bibliography, priority=900)
    app.connect("html-page-context", name_folded_code, priority=900)
    app.connect("html-page-context", mend_tables, priority=900)
    app.connect("html-page-context", name_language, priority=900)
    app.connect("html-page-context", load_playground)
    app.connect("build-finished", copy_mathjax)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
