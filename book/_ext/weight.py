"""Makes the pages light: fewer bytes, and none before they are wanted."""

from pathlib import Path
import re

from fontTools import subset
from PIL import Image
import pydata_sphinx_theme

from tools.outputs import shown_size

STATIC = (
    Path(pydata_sphinx_theme.__file__).parent
    / "theme"
    / "pydata_sphinx_theme"
    / "static"
)
# In the theme's style sheet: `.fa-bars:before,.fa-navicon:before{content:…`
ICON = re.compile(r'((?:\.fa-[\w-]+:+before,?)+)\{content:"\\([0-9a-f]+)"')
GLYPH = re.compile(r'"\\(f[0-9a-f]{3})"')


def glyphs(pages, styles):
    """The code points of the icons that pages name and styles draw."""
    named = set(re.findall(r"\bfa-[\w-]+", pages))
    codes = {
        code
        for names, code in ICON.findall(styles)
        if named & set(re.findall(r"fa-[\w-]+", names))
    }
    codes |= set(GLYPH.findall(ICON.sub("", styles)))
    return {int(code, 16) for code in codes}


def cut_icon_fonts(app, error):
    """Keep of the icon fonts (300 kB) the few icons that a page shows."""
    if error or app.builder.format != "html":
        return
    out = Path(app.outdir)
    read = Path.read_text
    codes = glyphs(
        "".join(read(page, "utf-8") for page in out.rglob("*.html")),
        "".join(read(css, "utf-8") for css in out.glob("_static/**/*.css")),
    )
    for source in (STATIC / "vendor/fontawesome/webfonts").iterdir():
        options = subset.Options(flavor=source.suffix[1:].replace("ttf", ""))
        font = subset.load_font(source, options)
        cutter = subset.Subsetter(options)
        cutter.populate(unicodes=codes)
        cutter.subset(font)
        target = out / "_static" / source.relative_to(STATIC)
        subset.save_font(font, target, options)


def silence_theme(app, error):
    """Take out the theme's own reports to the console of every reader."""
    if error or app.builder.format != "html":
        return
    for name in (
        "scripts/pydata-sphinx-theme.js",
        "scripts/sphinx-book-theme.js",
        "togglebutton.js",
    ):
        script = Path(app.outdir) / "_static" / name
        text = script.read_text("utf-8")
        text = re.sub(r"console\.(log|info|debug)\(", "void(", text)
        script.write_text(text, "utf-8")


def load_late(app, pagename, templatename, context, doctree):
    """Load a figure when it comes into view, and keep its place till then.

    The first one may stand at the top: it is loaded with the page.
    """
    seen = 0

    def mend(match):
        nonlocal seen
        seen += 1
        tag, name = match[0], match[1]
        (source,) = [
            uri for uri, file in app.builder.images.items() if file == name
        ]
        with Image.open(Path(app.srcdir) / source) as image:
            size = 'width="{}" height="{}"'.format(*shown_size(image))
        late = ' loading="lazy"' if seen > 1 else ""
        return tag.replace("<img", f"<img {size}{late}", 1)

    if "body" in context:
        context["body"] = re.sub(
            r'<img [^>]*src="[^"]*_images/([^"]+\.png)"[^>]*>',
            mend,
            context["body"],
        )


def drop_scripts(app, pagename, templatename, context, doctree):
    """Leave out what a page has twice, and MathJax where nothing is set.

    Two extensions of Jupyter Book add one and the same line, and another
    asks for the assets of all pages on each of them.
    """
    body = context.get("body", "")
    formulas = 'class="math' in body or "text_latex" in body
    kept, seen = [], set()
    for file in context.get("script_files", []):
        line = file.attributes.get("body")
        name = f"{file.filename or line}".lower()
        if (line and line in seen) or ("mathjax" in name and not formulas):
            continue
        seen.add(line)
        kept.append(file)
    context["script_files"] = kept


def setup(app):
    app.connect("html-page-context", load_late, priority=900)
    app.connect("html-page-context", drop_scripts, priority=900)
    app.connect("build-finished", cut_icon_fonts)
    app.connect("build-finished", silence_theme)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
