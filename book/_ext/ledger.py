"""The verdicts of the executed chapters, and how many there are.

The directive `verdict-count` counts them. They come from the same record as
the numbers that the pages quote.
"""

from collections import Counter
import re

from book._ext.pages import computed, rows
from tools import execution

OUTCOMES = ("reproduces", "holds", "holds in part", "open", "fails")


def verdicts():
    """Chapter and outcome by claim, from what the chapters recorded."""
    found = {}
    for path in execution.notebooks():
        notebook, _ = execution.record(path)
        for cell in execution.code_cells(notebook):
            for name, outcome in execution.glued(cell.outputs):
                if not re.fullmatch(r"[CD]\d\d", name):
                    continue
                if name in found:
                    raise ValueError(f"{name} is judged twice")
                if outcome.partition(":")[0] not in OUTCOMES:
                    raise ValueError(
                        f"{name} has no known outcome: {outcome!r}"
                    )
                found[name] = (path.stem, outcome)
    return found


def verdict_count():
    """How many claims and defects got which verdict."""
    table, every = [["", *OUTCOMES, "all"]], verdicts()
    for letter, words in (("C", "claims"), ("D", "defects")):
        count = Counter(
            outcome.partition(":")[0]
            for claim, (_, outcome) in every.items()
            if claim.startswith(letter)
        )
        numbers = [count[outcome] for outcome in OUTCOMES]
        table.append([words, *numbers, count.total()])
    return rows(table)


def setup(app):
    app.add_directive("verdict-count", computed(verdict_count))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
