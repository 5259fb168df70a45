"""The ledger and the chapters' verdicts agree."""

import ast
import itertools
import re

import nbformat
from nbformat.v4 import new_code_cell, new_notebook, new_output
import pytest

from book._ext import ledger
from tools import execution


@pytest.fixture(scope="module")
def rows(root):
    """The rows of the ledger by claim."""
    text = (root / "book" / "claims.md").read_text()
    found = re.findall(r"^\| ([CD]\d\d) \|(.*)\|$", text, flags=re.M)
    assert len(found) == len(dict(found)), "a claim has two rows"
    return dict(found)


@pytest.fixture(scope="module")
def judged():
    """The chapter that judges each claim, by the calls of `verdict`."""
    found = []
    for path in execution.notebooks():
        notebook = nbformat.read(path, as_version=4)
        for cell in execution.code_cells(notebook):
            if "verdict(" in cell.source:
                calls = [
                    node
                    for node in ast.walk(ast.parse(cell.source))
                    if isinstance(node, ast.Call)
                    and getattr(node.func, "id", "") == "verdict"
                ]
                found += [(call.args[0].value, path.stem) for call in calls]
    assert len(found) == len(dict(found)), "a claim is judged twice"
    return dict(found)


def test_every_verdict_has_its_row_and_every_row_its_verdict(rows, judged):
    numbered = itertools.chain(
        (f"C{i:02}" for i in range(1, 30)), (f"D{i:02}" for i in range(1, 29))
    )
    due = list(numbered)
    assert sorted(judged) == due
    assert list(rows) == due


def test_every_row_quotes_its_verdict_and_links_to_it(rows, judged):
    for claim, chapter in judged.items():
        assert f"{{glue:text}}`{chapter}.ipynb::{claim}:s`" in rows[claim]
        anchor = f"{'claim' if claim[0] == 'C' else 'defect'}-{claim.lower()}"
        assert f"<{anchor}>`" in rows[claim]


def record(monkeypatch, *claims):
    """Let the book be one executed chapter with these verdicts."""
    outputs = [
        output
        for claim, line, outcome in claims
        for output in (
            new_output("stream", name="stdout", text=f"{line}\n"),
            new_output(
                "display_data",
                {execution.GLUED: repr(outcome)},
                metadata={"scrapbook": {"name": claim}},
            ),
        )
    ]
    notebook = new_notebook(cells=[new_code_cell("…", outputs=outputs)])
    (path, *_) = execution.notebooks()
    monkeypatch.setattr(execution, "notebooks", lambda: [path])
    monkeypatch.setattr(execution, "record", lambda path: (notebook, 1.0))
    return path.stem


def test_verdicts_are_those_that_were_recorded(monkeypatch):
    """Whatever the printed line holds."""
    chapter = record(
        monkeypatch,
        ("C01", "C01 | a | b | holds", "holds"),
        ("D02", "nothing", "holds in part: on | two"),
        ("D03", "nothing", "open"),
        ("d02-size", "a number", 3),
    )
    assert ledger.verdicts() == {
        "C01": (chapter, "holds"),
        "D02": (chapter, "holds in part: on | two"),
        "D03": (chapter, "open"),
    }
    head, _, *lines = ledger.verdict_count()
    assert head == (
        "|  | reproduces | holds | holds in part | open | fails | all |"
    )
    assert lines == [
        "| claims | 0 | 1 | 0 | 0 | 0 | 1 |",
        "| defects | 0 | 0 | 1 | 1 | 0 | 2 |",
    ]


def test_an_outcome_of_no_known_kind_is_an_error(monkeypatch):
    record(monkeypatch, ("C01", "", "maybe"))
    with pytest.raises(ValueError, match="C01 has no known outcome: 'maybe'"):
        ledger.verdicts()


def test_a_claim_that_is_judged_twice_is_an_error(monkeypatch):
    record(monkeypatch, ("C01", "", "holds"), ("C01", "", "fails"))
    with pytest.raises(ValueError, match="C01 is judged twice"):
        ledger.verdicts()
