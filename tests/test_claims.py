"""The ledger and the chapters' verdicts agree."""

import itertools
import re

import execution
import nbformat
import pytest

# What chapters that are not written yet will judge.
LATER = {"C10", "C17", "C18", "C20", "C25", "C28", "D16", "D26"}


def verdicts():
    """Chapter and verdict line of every claim that a chapter judges."""
    found = {}
    for path in execution.notebooks():
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code" and "verdict(" in cell.source:
                text = "".join(out.get("text", "") for out in cell.outputs)
                for line in text.splitlines():
                    claim = line.split(" | ")[0]
                    assert claim not in found, f"{claim} is judged twice"
                    found[claim] = (path.name, line)
    return found


@pytest.fixture(scope="module")
def ledger(root):
    """The rows of the ledger by claim."""
    text = (root / "book" / "claims.md").read_text()
    rows = re.findall(r"^\| ([CD]\d\d) \|(.*)\|$", text, flags=re.M)
    assert len(rows) == len(dict(rows)), "a claim has two rows"
    return dict(rows)


def test_every_verdict_has_its_row_and_every_row_its_verdict(ledger):
    numbered = itertools.chain(
        (f"C{i:02}" for i in range(1, 30)), (f"D{i:02}" for i in range(1, 29))
    )
    due = sorted(set(numbered) - LATER)
    assert sorted(verdicts()) == due
    assert list(ledger) == due


def test_every_row_quotes_its_verdict_and_links_to_it(ledger):
    for claim, (notebook, line) in verdicts().items():
        assert re.fullmatch(
            r"[CD]\d\d \| .+ \| (reproduces|holds|holds in part: .+|fails)",
            line,
        )
        assert f"{{glue:text}}`{notebook}::{claim}:s`" in ledger[claim]
        anchor = f"{'claim' if claim[0] == 'C' else 'defect'}-{claim.lower()}"
        assert f"<{anchor}>`" in ledger[claim]
