"""What the benchmarks measured, as tables, a figure and a role.

Of `benchmarks/peers.py`: `peers-table`, `same-time-table`, `peers-more`,
`peers-figure` and the role `peer-share`. Of `benchmarks/waits.py`:
`waits-table`; of `benchmarks/grading.py`: `grading-cost`; of
`playground/train.py`: `playground-errors` and `playground-speed`.
"""

from io import BytesIO
import json
from math import inf
from statistics import mean, median

from docutils import nodes
from docutils.parsers.rst import directives
from matplotlib import rc_context, rc_params_from_file
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator
from sphinx.util.docutils import SphinxDirective, SphinxRole

from benchmarks.peers import RECIPES, reached
from book._ext.pages import (
    ROOT,
    add_figure,
    chapter_link,
    computed,
    number_of,
    rows,
)
from tools import freshness


def load(name):
    """What a benchmark wrote."""
    folder = "playground" if name == "playground" else "benchmarks"
    return json.loads((ROOT / folder / f"{name}.json").read_text("utf-8"))


def where(data):
    """On what a benchmark ran."""
    machine, versions = data["machine"], data["versions"]
    listed = ", ".join(f"{name} {what}" for name, what in versions.items())
    return (
        f"Processor: {machine['processor']}, cores: {machine['cores']}. "
        f"{listed}."
    )


def spread(values, shape=".1f"):
    """The median, with the least and the most where these differ."""
    middle, least, most = (
        format(f(values), shape) for f in (median, min, max)
    )
    return middle if least == most else f"{middle} ({least} to {most})"


def peers(same_time):
    """The rows of the benchmark against peers, of one of its two kinds."""
    every = load("peers")["rows"]
    return [row for row in every.values() if row["same_time"] == same_time]


def compared(row):
    """Name, words and format of the figure that a row is about."""
    figure, (words, shape) = next(iter(row["figures"].items()))
    return figure, words, shape


def ended(row, side, figure):
    """A figure at the end of each round."""
    return [one[side][-1][1][figure] for one in row["rounds"]]


def times(row):
    """Of each round: the peer's seconds, and the course's to get there.

    These are infinite where the course never gets there.
    """
    figure, _, _ = compared(row)
    found = []
    for one in row["rounds"]:
        seconds, figures = one["peer"][-1]
        there = reached(one["course"], figure, figures[figure])
        found.append((seconds, inf if there is None else there))
    return found


def share(row):
    """The course's seconds in percent of the peer's, for the same figure."""
    ratio = median(ours / theirs for theirs, ours in times(row))
    if ratio < inf:
        return f"{100 * ratio:.0f} %"
    # Not within what it trained.
    tried = min(
        one["course"][-1][0] / one["peer"][-1][0] for one in row["rounds"]
    )
    return f"more than {100 * tried:.0f} %"


class PeerShare(SphinxRole):
    """In what share of the peer's seconds: ``{peer-share}`plain`, 8 %``."""

    def run(self):
        return [nodes.Text(share(load("peers")["rows"][self.text]))], []


def linked(row):
    """A model with its chapter, and whether that has changed since."""
    key = freshness.key(RECIPES, names=row["functions"])
    older = "" if row["code"] == key else ", by older code"
    link = chapter_link(number_of(row["chapter"]))
    return f"{row['model']} ({link}{older})"


def peers_table():
    """Seconds until the course's model is as good as the peer's."""
    head = ["Model", "Peer", "Compared", "Peer, at its end"]
    table = [[*head, "Its seconds", "The course there after", "Ratio"]]
    for row in peers(same_time=False):
        figure, words, shape = compared(row)
        line = [linked(row), row["peer"], words]
        line.append(spread(ended(row, "peer", figure), shape))
        pairs = times(row)
        line.append(spread([theirs for theirs, _ in pairs]))
        if all(ours < inf for _, ours in pairs):
            line.append(spread([ours for _, ours in pairs]))
            line.append(spread([ours / peer for peer, ours in pairs], ".2f"))
        else:
            line += ["not in each round", ""]
        table.append(line)
    return rows(table)


def same_time_table():
    """Both figures after the same seconds of training."""
    table = [["Model", "Peer", "Compared", "Seconds", "Peer", "Course"]]
    for row in peers(same_time=True):
        figure, words, shape = compared(row)
        seconds = [one["course"][-1][0] for one in row["rounds"]]
        line = [linked(row), row["peer"], words, spread(seconds)]
        line += [
            spread(ended(row, side, figure), shape)
            for side in ("peer", "course")
        ]
        table.append(line)
    return rows(table)


def peers_more():
    """What else the last measurement says, and where it was made."""
    table = [["Model", "At the end", "Peer", "Course"]]
    data = load("peers")
    for row in data["rows"].values():
        _, *more = row["figures"].items()
        for figure, (words, shape) in more:
            both = [
                spread(ended(row, side, figure), shape)
                for side in ("peer", "course")
            ]
            table.append([linked(row), words, *both])
    counts = sorted({len(row["rounds"]) for row in data["rows"].values()})
    told = "Medians, with the least and the most; rounds: "
    told += f"{' or '.join(map(str, counts))}. "
    told += f"Measured on {data['date']}. {where(data)}"
    return [*rows(table), "", told]


class PeersFigure(SphinxDirective):
    """All curves, figure against seconds; the content is the caption."""

    has_content = True
    option_spec = {"name": directives.unchanged}

    def run(self):
        style = rc_params_from_file(
            ROOT / "book" / "matplotlibrc", use_default_template=False
        )
        with rc_context(style):
            content = drawn(load("peers")["rows"].values())
        return [add_figure(self, "fig-peers", content, told())]


def drawn(every):
    """A panel for each comparison, as PNG."""
    figure = Figure(figsize=(6.8, 8.6), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    for place, row in enumerate(every, 1):
        ax = figure.add_subplot(4, 2, place)
        name, words, _ = compared(row)
        for one in row["rounds"]:
            for side, color in (("peer", "C1"), ("course", "C0")):
                points = one[side][1:]
                ax.plot(
                    [seconds for seconds, _ in points],
                    [figures[name] for _, figures in points],
                    color=color,
                    marker="o" if len(points) < 4 else "",
                    lw=1.2,
                )
        ax.set(xscale="log", title=row["model"], ylabel=words)
        ax.set_xlabel("seconds of training")
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.xaxis.set_major_formatter("{x:g}")
        ax.xaxis.set_minor_locator(NullLocator())
        if name == "excess":
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
    parts = [
        f"{row['model']} after {share(row)} of its seconds"
        for row in peers(same_time=False)
        if all(ours < inf for _, ours in times(row))
    ]
    return (
        "A panel for each model: what is compared, against the seconds of "
        "training on a logarithmic axis, with a line for each round of the "
        "two recipes. The course's reaches the peer's last value: "
        + ", ".join(parts)
        + "."
    )


SITUATIONS = {
    "clone": "`make book`, with the outputs that ship",
    "nothing": "`make book`, from nothing",
    "code": "after a change of one chapter's code (chapter 1)",
    "prose": "after a change of prose",
    "again": "with nothing changed",
}


def waits_table():
    """What a newcomer waits for, in seconds and in epochs."""
    # The benchmark builds this page too, before there are its data.
    if not (ROOT / "benchmarks" / "waits.json").exists():
        return ["Not measured yet."]
    data = load("waits")
    epoch = mean(data["epoch"])
    table = [["What", "Seconds", "In epochs"]]
    for name, words in SITUATIONS.items():
        if name in data["make"]:
            waited = data["make"][name]
            table.append([words, f"{waited:.1f}", f"{waited / epoch:.1f}"])
    keras, ours = (median(data["import"][n]) for n in ("keras", "aecourse"))
    for words, waited in [
        ("`import keras`", keras),
        ("`import aecourse`, beyond that", ours - keras),
    ]:
        table.append([words, f"{waited:.2f}", f"{waited / epoch:.2f}"])
    told = f"{epoch:.2f} s. Measured on {data['date']}. {where(data)}"
    return [*rows(table), "", f"An epoch here: {told}"]


GRADERS = {
    "import": "`import keras`, and nothing else",
    "bare": "a script that runs solution and checks, without any grader",
    "alone": "our grader, a single submission",
    "ours": "our grader, a class",
    "otter": "otter-grader, `otter run`",
    "nbgrader": "nbgrader, `nbgrader autograde`",
}


def grading_cost():
    """What was measured: seconds for a submission, and their ratios."""
    data = load("grading")
    lines, every = [], data["rounds"]
    for asked in sorted({tuple(one["questions"]) for one in every}):
        chosen = [one for one in every if tuple(one["questions"]) == asked]
        lines += [*cost_of(asked, chosen), ""]
    days = " and ".join(sorted({one["date"] for one in every}))
    return [
        *lines,
        f"Medians, with the least and the most, measured on {days}, one "
        f"submission at a time. {where(data)}",
    ]


def cost_of(asked, rounds):
    """The table for rounds in which the same questions were asked."""
    table = [["", "Copies", "Seconds each", "Times ours, a class"]]
    for name, words in GRADERS.items():
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


# Of the playground: what is measured, and the chapter's own number.
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


def playground_errors():
    """Errors before and after the rounding, and the chapter's."""
    data = load("playground")["errors"]
    table = [["Model", "Before rounding", "Int8", "The chapter's"]]
    for name, (words, key, shape) in ERRORS.items():
        numbers = [format(data[k][name], shape) for k in data]
        table.append([words, *numbers, f"{{glue:text}}`{key}:{shape}`"])
    return rows(table)


def playground_speed():
    """Milliseconds of a step."""
    data = load("playground")
    table = [["A step, in milliseconds", "Median", "Most"]]
    for name, words in STEPS.items():
        steps = data["milliseconds"][name].values()
        table.append([words, *(f"{step:.1f}" for step in steps)])
    return [
        *rows(table),
        "",
        f"From the event to the finished pictures, measured on "
        f"{data['date']} in {data['browser']}; processor: "
        f"{data['processor']}.",
    ]


def setup(app):
    app.add_role("peer-share", PeerShare())
    app.add_directive("peers-figure", PeersFigure)
    for text in (
        *(peers_table, same_time_table, peers_more, waits_table),
        *(grading_cost, playground_errors, playground_speed),
    ):
        name = text.__name__.replace("_", "-")
        app.add_directive(name, computed(text))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
