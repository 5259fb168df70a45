"""The ledger's page shows the verdicts of the executed chapters."""

import re

from bs4 import BeautifulSoup

from book._ext.ledger import verdicts


def test_each_row_shows_the_verdict_that_was_recorded(html):
    text = (html / "book" / "claims.html").read_text("utf-8")
    tables = BeautifulSoup(text, "html.parser").select("article table")
    shown = {}
    for row in (row for table in tables for row in table.select("tr")):
        cells = [cell.get_text().strip() for cell in row.select("td")]
        if cells and re.fullmatch(r"[CD]\d\d", cells[0]):
            shown[cells[0]] = cells[3]
    due = {claim: outcome for claim, (_, outcome) in verdicts().items()}
    assert shown == due
    for outcome in due.values():
        assert re.fullmatch(
            "reproduces|holds|holds in part: .+|fails", outcome
        )
