"""The ledger and the chapters' verdicts agree."""

import itertools
import re

from ledger import verdicts
import pytest


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
    due = list(numbered)
    assert sorted(verdicts()) == due
    assert list(ledger) == due


def test_every_row_quotes_its_verdict_and_links_to_it(ledger):
    for claim, (chapter, _, outcome) in verdicts().items():
        assert re.fullmatch(
            "reproduces|holds|holds in part: .+|fails", outcome
        )
        assert f"{{glue:text}}`{chapter}.ipynb::{claim}:s`" in ledger[claim]
        assert f"{{seeds}}`{claim}`" in ledger[claim]
        anchor = f"{'claim' if claim[0] == 'C' else 'defect'}-{claim.lower()}"
        assert f"<{anchor}>`" in ledger[claim]
