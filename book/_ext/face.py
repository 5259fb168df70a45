"""What the pages say of themselves, and the buttons at their top.

A description and a social card for each page, a sitemap, a page for wrong
addresses, and three buttons on each chapter: open it in Colab, download the
notebook, do the exercise.
"""

from pathlib import Path
import re
from urllib.parse import urljoin, urlsplit
from xml.sax.saxutils import escape

from docutils import nodes

from book._ext.pages import colab, number_of
from book._ext.teaching import assignments

LENGTH = 160  # what search engines show of a description
ASSETS = Path(__file__).resolve().parents[1] / "_assets"
CARD = "reconstructions.png"
CARD_ALT = "Nine handwritten digits above what 32 numbers keep of them."


def shorten(text, length=LENGTH):
    """The text in one line without TeX's signs, cut after a whole word."""
    text = re.sub(r"\s+", " ", text.replace("\\", "")).strip(" ;")
    if len(text) <= length:
        return text
    return text[: length - 1].rsplit(" ", 1)[0].rstrip(",;:") + "…"


def describe(doctree):
    """What a chapter promises, or how another page begins."""
    for box in doctree.findall(nodes.admonition):
        promise = re.search(
            r"(You will be able to.*?)(You should know|$)", box.astext(), re.S
        )
        if promise:
            return shorten(promise[1])
    for text in doctree.findall(nodes.paragraph):
        if not isinstance(text.parent, nodes.admonition):
            return shorten(text.astext())
    return ""


def add_metadata(app, pagename, templatename, context, doctree):
    """Give a page its description and its social card."""
    if doctree is None:
        return
    context["page_description"] = describe(doctree)
    name, alt = f"_static/{CARD}", CARD_ALT
    for image in doctree.findall(nodes.image):
        if image["uri"].endswith(".png"):
            name = f"_images/{Path(image['uri']).name}"
            alt = image["alt"]
            break
    context["card_image"] = urljoin(app.config.html_baseurl, name)
    context["card_alt"] = shorten(alt)


def put_buttons(app, pagename, templatename, context, doctree):
    """Name what a chapter's page offers, instead of two menus of one item.

    The theme hides Colab behind a rocket, and the notebook between a file
    and a print-out; it knows nothing of exercises.
    """
    buttons = [
        button
        for button in context["header_buttons"]
        if "download" not in button["label"]
        and "launch" not in button["label"]
    ]
    chapter = pagename.removeprefix("book/")
    if context.get("page_source_suffix") == ".ipynb":
        offers = [
            {
                "url": colab(f"{pagename}.ipynb"),
                "text": "Colab",
                "tooltip": "Open this chapter in Colab",
                "icon": "fas fa-rocket",
                "label": "colab",
            },
            {
                "url": f"{context['pathto']('_sources', 1)}/"
                f"{context['sourcename']}",
                "text": "Notebook",
                "tooltip": "Download this chapter as a notebook",
                "icon": "fas fa-download",
                "label": "notebook",
            },
        ]
        offers += [
            {
                "url": colab(f"exercises/{exercise.name}.ipynb"),
                "text": f"Exercise {number_of(exercise.name)}",
                "tooltip": "Do this chapter's exercise in Colab",
                "icon": "fas fa-pen",
                "label": "exercise",
            }
            for exercise in assignments()
            if exercise.chapter == chapter
        ]
        buttons = [{"type": "link", **offer} for offer in offers] + buttons
    context["header_buttons"] = buttons


def write_sitemap(app):
    """List the pages for search engines."""
    address = app.builder.get_target_uri
    pages = [
        urljoin(app.config.html_baseurl, address(page))
        for page in sorted(app.env.found_docs)
    ]
    lines = [f"  <url><loc>{escape(page)}</loc></url>" for page in pages]
    (Path(app.outdir) / "sitemap.xml").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        + "\n".join(lines)
        + "\n</urlset>\n",
        "utf-8",
    )


def extra_pages(app):
    """The page for wrong addresses; a server sends it under any of them."""
    write_sitemap(app)
    context = {
        "home": urlsplit(app.config.html_baseurl).path,
        "logo_svg": (ASSETS / "favicon.svg").read_text("utf-8"),
    }
    return [("404", context, "404.html")]


def setup(app):
    app.connect("html-page-context", add_metadata, priority=900)
    app.connect("html-page-context", put_buttons, priority=900)
    app.connect("html-collect-pages", extra_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
