"""Functions of the chapters, to measure them elsewhere."""

import ast
from pathlib import Path
from types import SimpleNamespace

from aecourse import Progress, summed_binary_crossentropy, warmup_cosine
import keras
import nbformat

BOOK = Path(__file__).resolve().parents[1] / "book"


def lesson(chapter, *names):
    """What a chapter defines under these names, with all that it imports."""
    notebook = nbformat.read(BOOK / f"{chapter}.ipynb", as_version=4)
    space = {}
    for cell in notebook.cells:
        if cell.cell_type != "code" or "%pip" in cell.source:
            continue
        for part in ast.parse(cell.source).body:
            imports = isinstance(part, ast.Import | ast.ImportFrom)
            if imports or name_of(part) in names:
                code = compile(ast.Module([part], []), chapter, "exec")
                exec(code, space)
    return SimpleNamespace(**{name: space[name] for name in names})


def name_of(part):
    """The name that a definition or an assignment binds, or None."""
    if isinstance(part, ast.Assign):
        return getattr(part.targets[0], "id", None)
    return getattr(part, "name", None)


def train_plain(model, x, epochs=10, peak=5e-3):
    """Train 784-32-784 as chapter 3 does."""
    model.compile(
        keras.optimizers.Adam(warmup_cosine(peak, steps=epochs * 215)),
        loss=summed_binary_crossentropy,
        jit_compile=True,
        steps_per_execution=43,
    )
    settings = {"epochs": epochs, "batch_size": 256, "verbose": 0}
    model.fit(x, callbacks=[Progress("plain")], **settings)
