"""What the ledger of claims shows, made from verdicts and seed runs.

The role `measured` quotes a glued number and, where `make seeds` has run the
chapter's present code more than once, its least and greatest value. The role
`seeds` says on how many seeds a claim had its verdict. The directive
`verdict-count` counts the verdicts.
"""

from collections import Counter
from functools import cache

from docutils import nodes
import execution
import nbformat
from sphinx.util.docutils import SphinxRole
from teaching import Table, rows

from benchmarks import seeds

OUTCOMES = ("reproduces", "holds", "holds in part", "fails")


@cache
def verdicts():
    """Chapter, criterion and outcome by claim, from the stored outputs."""
    found = {}
    for path in execution.notebooks():
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type != "code" or "verdict(" not in cell.source:
                continue
            text = "".join(out.get("text", "") for out in cell.outputs)
            for line in text.splitlines():
                claim, criterion, outcome = line.split(" | ")
                if claim in found:
                    raise ValueError(f"{claim} is judged twice")
                found[claim] = (path.stem, criterion, outcome)
    return found


@cache
def runs(chapter):
    """Glued values by seed, and whether the chapter's code is still that."""
    known = seeds.load().get(chapter, {"code": "", "seeds": {}})
    (path,) = (p for p in execution.notebooks() if p.stem == chapter)
    return known["seeds"], known["code"] == seeds.code_key(path)


def agreement(claim):
    """On how many seeds a claim had the verdict that the ledger shows."""
    chapter, _, outcome = verdicts()[claim]
    found, fresh = runs(chapter)
    if not found:
        return "not run"
    same = sum(values.get(claim) == outcome for values in found.values())
    text = f"{same} of {len(found)}"
    return text if fresh else f"{text}, by older code"


def span(notebook, name, shape):
    """The range of a glued number over the seeds: '' if it has none."""
    found, fresh = runs(notebook.removesuffix(".ipynb"))
    values = [run[name] for run in found.values() if name in run]
    ends = [format(end(values), shape) for end in (min, max) if values]
    return f" ({ends[0]} to {ends[1]})" if fresh and len({*ends}) > 1 else ""


class Measured(SphinxRole):
    """A glued number with its range: as ``{glue:text}``, format included."""

    def run(self):
        notebook, _, rest = self.text.partition("::")
        name, _, shape = rest.partition(":")
        number, problems = self.inliner.parse(
            f"{{glue:text}}`{self.text}`", self.lineno, None, None
        )
        spread = nodes.inline(
            text=span(notebook, name, shape), classes=["spread"]
        )
        return [*number, spread], problems


class Seeds(SphinxRole):
    """On how many seeds a claim had its verdict: ``{seeds}`C09` ``."""

    def run(self):
        return [nodes.Text(agreement(self.text))], []


class VerdictCount(Table):
    """How many claims and defects got which verdict."""

    def text(self):
        table = [["", *OUTCOMES, "all"]]
        for letter, words in (("C", "claims"), ("D", "defects")):
            count = Counter(
                outcome.partition(":")[0]
                for claim, (_, _, outcome) in verdicts().items()
                if claim.startswith(letter)
            )
            numbers = [count[outcome] for outcome in OUTCOMES]
            table.append([words, *numbers, sum(numbers)])
        return rows(table)


def setup(app):
    app.add_role("measured", Measured())
    app.add_role("seeds", Seeds())
    app.add_directive("verdict-count", VerdictCount)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
