"""What pages say of the studies that they read."""

from nbformat.v4 import new_code_cell, new_notebook

from book._ext import chapters
from tools import studies


def test_a_page_names_the_studies_that_older_code_has_run(monkeypatch):
    older = {"05_sparse": True, "11_contractive": False}
    monkeypatch.setattr(studies, "is_older", older.get)
    code = ["x = load_study('05_sparse')", 'load_study("11_contractive")']
    notebook = new_notebook(cells=[new_code_cell(text) for text in code])
    (cell,) = chapters.notes_on_studies(notebook)
    assert cell.cell_type == "markdown"
    assert "`05_sparse`" in cell.source
    assert "by older code" in cell.source
