"""Keep what nbval executes, so that the book is built from tested outputs.

nbval executes each notebook once and compares the checked cells. Added here:
the outputs are kept as `make book` keeps its own; a checked cell that has no
stored output fails, and so does any text on stderr, or a sentence that is
not `sure`; and `--store-outputs` writes the checked outputs back into the
notebooks.
"""

import time

import nbformat
from nbval.kernel import RunningKernel
from nbval.plugin import IPyNbCell
import pytest

from tools import execution, freshness


def pytest_addoption(parser):
    parser.addoption(
        "--store-outputs",
        action="store_true",
        help="store the new outputs of the checked cells in the notebooks",
    )


def pytest_configure(config):
    execution.share_processors()

    def execute_cell_input(self, source, allow_stdin=None):
        # Without a history IPython would echo the value of `plt.plot(x);`.
        return self.kc.execute(
            source,
            store_history=True,
            allow_stdin=allow_stdin,
            stop_on_error=False,
        )

    RunningKernel.execute_cell_input = execute_cell_input


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    if not isinstance(item, IPyNbCell):
        return (yield)
    chapter, cell = item.parent, item.cell
    if not hasattr(chapter, "started"):
        chapter.started, chapter.passed = time.monotonic(), 0
        chapter.key = freshness.key(chapter.path)
        # Recorded values stand beside a verdict, but only its text counts.
        chapter.skip_compare += (execution.GLUED,)
    cell.metadata["checked"] = item.options["check"]
    if item.config.option.store_outputs:
        item.options["check"] = False
    elif item.options["check"] and cell.execution_count is None:
        item.raise_cell_error("A checked cell has no stored output")
    result = yield
    # nbval has compared by now: the new outputs replace the stored ones.
    cell.outputs = [nbformat.from_dict(out) for out in item.test_outputs]
    if wrong := execution.complaint(cell.outputs):
        item.raise_cell_error(f"{chapter.path.name}: {wrong}")
    chapter.passed += 1
    cell.execution_count = chapter.passed
    for output in cell.outputs:
        if output.output_type == "execute_result":
            output.execution_count = chapter.passed
    return result


def pytest_runtest_teardown(item, nextitem):
    """After a chapter's last cell, keep its outputs if all cells passed."""
    if not isinstance(item, IPyNbCell):
        return
    chapter = item.parent
    if nextitem is not None and nextitem.parent is chapter:
        return
    code = [cell for cell in chapter.nb.cells if cell.cell_type == "code"]
    if getattr(chapter, "passed", 0) < len(code):
        return
    checked = [cell.metadata.pop("checked") for cell in code]
    seconds = time.monotonic() - chapter.started
    execution.store(chapter.path, chapter.nb, seconds, chapter.key)
    if item.config.option.store_outputs:
        for cell, keep in zip(code, checked, strict=True):
            cell.execution_count = 1 if keep else None
            cell.outputs = [
                output
                for output in cell.outputs
                if keep and execution.GLUED not in output.get("data", {})
            ]
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    output.execution_count = 1
        # The notebook is the only source: it is never half-written.
        new = chapter.path.with_suffix(".new")
        nbformat.write(chapter.nb, new)
        new.replace(chapter.path)
