"""Scripts and numbers of the playground, the page `book/playground.md`.

`playground-errors` sets its models beside those of the chapters, and
`playground-speed` says what a step takes; both show what
`benchmarks/playground.py` measured.
"""

import json
from pathlib import Path

from teaching import Table, rows

DATA = Path(__file__).resolve().parents[2] / "benchmarks" / "playground.json"
# What is measured, and the chapter's own number.
ERRORS = {
    "vae": ("VAE: -ELBO, nats", "09_vae.ipynb::two-elbo", ".1f"),
    "plain": ("Plain: squared error", "03_basic.ipynb::mse-32", ".5f"),
    "denoiser": (
        "Denoising: cross-entropy per pixel",
        "07_denoising.ipynb::reference-bce",
        ".5f",
    ),
}
STEPS = {
    "point": "moving the point",
    "stroke": "drawing on",
    "noise": "changing the noise",
    "walk": "walking on",
}


def load():
    """What was measured."""
    return json.loads(DATA.read_text("utf-8"))


class Errors(Table):
    """Errors before and after the rounding, and the chapter's."""

    def text(self):
        data = load()["errors"]
        table = [["Model", "Before rounding", "Int8", "The chapter's"]]
        for name, (words, key, shape) in ERRORS.items():
            numbers = [format(data[k][name], shape) for k in data]
            chapter = f"{{glue:text}}`{key}:{shape}`"
            table.append([words, *numbers, chapter])
        return rows(table)


class Speed(Table):
    """Milliseconds of a step."""

    def text(self):
        data = load()
        table = [["A step, in milliseconds", "Median", "Most"]]
        for name, words in STEPS.items():
            times = data["milliseconds"][name].values()
            table.append([words, *(f"{time:.1f}" for time in times)])
        return [
            *rows(table),
            "",
            f"From the event to the finished pictures, measured on "
            f"{data['date']} in {data['browser']}; processor: "
            f"{data['processor']}.",
        ]


def add_scripts(app, pagename, templatename, context, doctree):
    """Load the playground on its own page, and nowhere else."""
    if pagename == "book/playground":
        for part in ("-weights", "-models", ""):
            app.add_js_file(f"playground{part}.js", loading_method="defer")
        app.add_css_file("playground.css")


def setup(app):
    app.add_directive("playground-errors", Errors)
    app.add_directive("playground-speed", Speed)
    app.connect("html-page-context", add_scripts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
