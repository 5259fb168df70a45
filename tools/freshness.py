"""Stand-in."""

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
            digest.update(cell.source.encode() + b"\0")
    return digest.hexdigest()
