"""What a learner has: a wheel of aecourse, Keras, and an empty folder."""

import sys

from jupyter_client.manager import KernelManager
import nbclient
import nbformat
import pytest

from exercises.grader.build import notebooks
from exercises.prove import python
from tests.exercises.samples import SOURCE


@pytest.fixture
def empty(tmp_path, environment):
    """An empty folder, where aecourse is that of the wheel."""
    code = "import importlib.util as u; print(u.find_spec('aecourse').origin)"
    _, origin = python("-c", code, cwd=tmp_path, env=environment)
    assert origin.startswith(environment["PYTHONPATH"])
    return tmp_path


def test_a_wrong_answer_a_message_a_right_answer_full_score(
    empty, environment, tmp_path_factory
):
    source = tmp_path_factory.mktemp("src") / "ex01_sums.md"
    source.write_text(SOURCE)
    starter, _ = notebooks(source, {"url": "URL", "branch": "main"})
    notebook = nbformat.reads(starter, 4)
    *first, answer, check, score = notebook.cells
    wrong, right = (
        answer.source.replace("raise NotImplementedError", f"return {code}")
        for code in ("x.mean()", "x.sum()")
    )
    texts = [wrong, check.source, right, check.source, score.source]
    texts.append("import aecourse; print(aecourse.__file__)")
    notebook.cells = first + [nbformat.v4.new_code_cell(t) for t in texts]
    manager = KernelManager()
    manager.kernel_spec.argv[0] = sys.executable
    client = nbclient.NotebookClient(notebook, manager, timeout=200)
    client.execute(cwd=str(empty), env=environment)
    _, before, _, after, score, origin = (
        "".join(output.text for output in cell.outputs)
        for cell in notebook.cells[len(first) :]
    )
    assert before.startswith("  failed seen (1): wrong\nq1: 0 of 1 points")
    assert after.startswith("  passed seen (1)\nq1: 1 of 1 points")
    assert score.endswith("\nScore: 3 of 3 points\n")
    assert origin.startswith(environment["PYTHONPATH"])
