"""Tables and a figure of the page on speed, `book/speed.md`.

`peers-table`, `same-time-table`, `peers-more`, `peers-figure` and the role
`peer-share` show what `benchmarks/peers.py` measured, `waits-table` what
`benchmarks/waits.py` did, and `chapter-seconds` how long each chapter's cells
ran for these pages.
"""

from dataclasses import dataclass
from io import BytesIO
import json
from statistics import mean, median

from chapters import add_figure
from docutils import nodes
from docutils.parsers.rst import directives
import execution
from matplotlib import rc_context, rc_params_from_file
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator
import nbformat
from sphinx.util.docutils import SphinxDirective, SphinxRole
from teaching import ROOT, Table, chapter_link, rows, spread

from benchmarks import seeds
from benchmarks.peers import reached

BENCHMARKS = ROOT / "benchmarks"


@dataclass
class Row:
    """A comparison: its model, its peer, the figure, as it is written."""

    model: str
    peer: str
    chapter: int
    figure: str
    words: str
    shape: str = ".4f"


# Those in which the course has to reach what the peer ends with.
GOALS = {
    "plain": Row(
        *("784-32-784", "{cite:t}`chollet2016`, 50 epochs"),
        *(3, "bce", "cross-entropy per pixel"),
    ),
    "deep": Row(
        *("784-128-64-32 and back", "{cite:t}`chollet2016`, 100 epochs"),
        *(10, "bce", "cross-entropy per pixel"),
    ),
    "sparse": Row(
        *("300 sparse units, divergence", "{cite:t}`geron2022`, 10 epochs"),
        *(5, "objective", "error plus penalty"),
    ),
    "linear": Row(
        *("linear, 32 units", "the plain recipe, linear, 50 epochs"),
        *(8, "excess", "excess over PCA's error", ".2g"),
    ),
}
# Those whose peer would need more than ten minutes: as long as the course's.
SAME_TIME = {
    "convolutional": Row(
        *("convolutional", "{cite:t}`source-lesson`, 50 epochs"),
        *(6, "bce", "cross-entropy per pixel"),
    ),
    "denoiser": Row(
        *("denoiser, noise 0.4", "{cite:t}`valdarrama2021`, 100 epochs"),
        *(7, "bce", "cross-entropy per pixel"),
    ),
    "vae": Row(
        *("VAE, 2 units", "{cite:t}`chollet2020`, 30 epochs"),
        *(9, "elbo", "minus the bound, nats", ".1f"),
    ),
}
# What else the last measurement says.
MORE = {
    "linear": {"angle": ("largest angle to PCA's plane, degrees", ".2f")},
    "sparse": {
        "mse": ("squared error per pixel", ".4f"),
        "active": ("mean activation", ".3f"),
    },
}


def load(name):
    """What a benchmark wrote."""
    return json.loads((BENCHMARKS / f"{name}.json").read_text("utf-8"))


def rounds_of(name):
    """The rounds of a comparison: points of both sides."""
    return load("peers")["rows"][name]["rounds"]


def span(values, shape):
    """The median, with the least and the most."""
    values = [format(v, shape) for v in (median(values), *values)]
    least, most = (
        f(values, key=lambda text: float(text)) for f in (min, max)
    )
    return values[0] if least == most else f"{values[0]} ({least} to {most})"


def ended(name, side, figure):
    """A figure at the end of each round."""
    return [one[side][-1][1][figure] for one in rounds_of(name)]


def times(name, figure):
    """Of each round: the peer's seconds, and the course's to get there."""
    return [
        (
            one["peer"][-1][0],
            reached(one["course"], figure, one["peer"][-1][1][figure]),
        )
        for one in rounds_of(name)
    ]


def share(name):
    """The course's seconds in percent of the peer's, for the same figure."""
    ratios = [
        ours / theirs for theirs, ours in times(name, GOALS[name].figure)
    ]
    return f"{100 * median(ratios):.0f} %"


class PeerShare(SphinxRole):
    """In what share of the peer's seconds: ``{peer-share}`plain`, 8 %``."""

    def run(self):
        return [nodes.Text(share(self.text))], []


def linked(name, row):
    """A model with its chapter, and whether that has changed since."""
    (path,) = (ROOT / "book").glob(f"{row.chapter:02d}_*.ipynb")
    key, _ = load("peers")["rows"][name]["code"]
    older = "" if key == seeds.code_key(path) else ", by older code"
    return f"{row.model} ({chapter_link(row.chapter)}{older})"


class PeersTable(Table):
    """Seconds until the course's model is as good as the peer's."""

    def text(self):
        head = ["Model", "Peer", "Compared", "Peer, at its end"]
        table = [[*head, "Its seconds", "The course there after", "Ratio"]]
        for name, row in GOALS.items():
            pairs = times(name, row.figure)
            line = [linked(name, row), row.peer, row.words]
            line.append(span(ended(name, "peer", row.figure), row.shape))
            line.append(spread([peer for peer, _ in pairs]))
            if all(course for _, course in pairs):
                line.append(spread([course for _, course in pairs]))
                line.append(span([c / p for p, c in pairs], ".2f"))
            else:
                line += ["not in each round", ""]
            table.append(line)
        return rows(table)


class SameTimeTable(Table):
    """Both figures after the same seconds of training."""

    def text(self):
        table = [["Model", "Peer", "Compared", "Seconds", "Peer", "Course"]]
        for name, row in SAME_TIME.items():
            seconds = [one["course"][-1][0] for one in rounds_of(name)]
            line = [linked(name, row), row.peer, row.words, spread(seconds)]
            line += [
                span(ended(name, side, row.figure), row.shape)
                for side in ("peer", "course")
            ]
            table.append(line)
        return rows(table)


class PeersMore(Table):
    """What else the last measurement says, and where it was made."""

    def text(self):
        table = [["Model", "At the end", "Peer", "Course"]]
        for name, figures in MORE.items():
            for figure, (words, shape) in figures.items():
                both = [
                    span(ended(name, side, figure), shape)
                    for side in ("peer", "course")
                ]
                table.append([linked(name, GOALS[name]), words, *both])
        data = load("peers")
        counts = sorted({len(row["rounds"]) for row in data["rows"].values()})
        told = "Medians, with the least and the most; rounds: "
        told += f"{' or '.join(map(str, counts))}. {where(data)}"
        return [*rows(table), "", told]


def where(data):
    """On what a benchmark ran."""
    machine, versions = data["machine"], data["versions"]
    listed = ", ".join(f"{name} {what}" for name, what in versions.items())
    return (
        f"Measured on {data['date']}. Processor: {machine['processor']}, "
        f"cores: {machine['cores']}. {listed}."
    )


class PeersFigure(SphinxDirective):
    """All curves, figure against seconds; the content is the caption."""

    has_content = True
    option_spec = {"name": directives.unchanged}

    def run(self):
        style = rc_params_from_file(
            ROOT / "book" / "matplotlibrc", use_default_template=False
        )
        with rc_context(style):
            content = drawn({**GOALS, **SAME_TIME})
        return [add_figure(self, "fig-peers", content, told())]


def drawn(every):
    """A panel for each comparison, as PNG."""
    figure = Figure(figsize=(6.8, 8.6), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    for place, (name, row) in enumerate(every.items(), 1):
        ax = figure.add_subplot(4, 2, place)
        for one in rounds_of(name):
            for side, color in (("peer", "C1"), ("course", "C0")):
                points = one[side][1:]
                ax.plot(
                    [seconds for seconds, _ in points],
                    [figures[row.figure] for _, figures in points],
                    color=color,
                    marker="o" if len(points) < 4 else "",
                    lw=1.2,
                )
        ax.set(xscale="log", title=row.model, ylabel=row.words)
        ax.set_xlabel("seconds of training")
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.xaxis.set_major_formatter("{x:g}")
        ax.xaxis.set_minor_locator(NullLocator())
        if row.figure == "excess":
            ax.set_yscale("log")
    ax = figure.add_subplot(4, 2, len(every) + 1)
    ax.set_axis_off()
    for side, color in (("the peer's recipe", "C1"), ("the course's", "C0")):
        ax.plot([], [], color=color, label=side)
    ax.legend(loc="center", fontsize=11)
    file = BytesIO()
    canvas.print_png(file, metadata={"Software": None})
    return file.getvalue()


def told():
    """The figure in words."""
    parts = []
    for name, row in GOALS.items():
        pairs = times(name, row.figure)
        if all(course for _, course in pairs):
            parts.append(f"{row.model} after {share(name)} of its seconds")
    return (
        "A panel for each model: what is compared, against the seconds of "
        "training on a logarithmic axis, with a line for each round of the "
        "two recipes. The course's reaches the peer's last value: "
        + ", ".join(parts)
        + "."
    )


SITUATIONS = {
    "nothing": "`make book`, from nothing",
    "code": "after a change of one chapter's code (chapter 1)",
    "prose": "after a change of prose",
    "again": "with nothing changed",
}


class WaitsTable(Table):
    """What a newcomer waits for, in seconds and in epochs."""

    def text(self):
        # The benchmark builds this page too, before there are its data.
        if not (BENCHMARKS / "waits.json").exists():
            return ["Not measured yet."]
        data = load("waits")
        epoch = mean(data["epoch"])
        table = [["What", "Seconds", "In epochs"]]
        for name, words in SITUATIONS.items():
            waited = data["make"][name]
            table.append([words, f"{waited:.1f}", f"{waited / epoch:.1f}"])
        keras, ours = (
            median(data["import"][n]) for n in ("keras", "aecourse")
        )
        for words, waited in [
            ("`import keras`", keras),
            ("`import aecourse`, beyond that", ours - keras),
        ]:
            table.append([words, f"{waited:.2f}", f"{waited / epoch:.2f}"])
        told = f"{epoch:.2f} s. {where(data)}"
        return [*rows(table), "", f"An epoch here: {told}"]


class ChapterSeconds(Table):
    """How long the cells of each chapter ran for these pages."""

    def text(self):
        table, total = [["Chapter", "Code cells", "Seconds"]], [0, 0.0]
        for number, path in enumerate(execution.notebooks(), 1):
            notebook, seconds = execution.record(path)
            cells = sum(c.cell_type == "code" for c in notebook.cells)
            title = nbformat.read(path, 4).cells[0].source.splitlines()[0]
            link = chapter_link(number)
            table.append(
                [f"{title.lstrip('# ')} ({link})", cells, f"{seconds:.0f}"]
            )
            total = [total[0] + cells, total[1] + seconds]
        return rows([*table, ["all", total[0], f"{total[1]:.0f}"]])


def setup(app):
    app.add_role("peer-share", PeerShare())
    app.add_directive("peers-table", PeersTable)
    app.add_directive("same-time-table", SameTimeTable)
    app.add_directive("peers-more", PeersMore)
    app.add_directive("peers-figure", PeersFigure)
    app.add_directive("waits-table", WaitsTable)
    app.add_directive("chapter-seconds", ChapterSeconds)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
