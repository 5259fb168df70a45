"""Stand-in."""

import ast
import hashlib
import os
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]


def key(path, seed=None, root=ROOT):
    """A stand-in."""
    digest = hashlib.sha256(os.environ.get("AECOURSE_SEED", "").encode())
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            digest.update(
                ast.dump(ast.parse(cell.source.replace("%pip", "#"))).encode()
            )
    return digest.hexdigest()
