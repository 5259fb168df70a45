"""Write what ships of the executed chapters, with small figures.

`make outputs`, or `python -m tools.outputs [NAME …]` for some chapters,
takes the outputs of the book's present code and writes them to
`book/_outputs`, figures with a palette. A new clone shows them while they
are fresh, and need not execute those chapters.
"""

from base64 import b64decode, b64encode
from io import BytesIO
import sys

import nbformat
from PIL import Image

from tools import execution, freshness

COLOURS = 128
LARGEST = 100_000  # bytes of a figure
LIMIT = 6_000_000  # bytes of all files


def small(png):
    """A PNG with a palette, and with fewer pixels where it is large still.

    A part of 2.54 cm is as many pixels as its resolution says, so a page can
    show it as large as it was.
    """
    image = Image.open(BytesIO(png))
    resolution = image.info.get("dpi", (72, 72))[0]
    whole = image.convert("RGB")
    width, height = whole.size
    part = 1.0
    while True:
        size = (round(part * width), round(part * height))
        image = whole.resize(size, Image.Resampling.LANCZOS)
        image = image.quantize(
            COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE
        )
        file = BytesIO()
        dpi = (part * resolution, part * resolution)
        image.save(file, "PNG", optimize=True, dpi=dpi)
        if len(file.getvalue()) <= LARGEST:
            return file.getvalue()
        part *= 0.85


def shipped(outputs):
    """The outputs of a cell as they ship."""
    outputs = [nbformat.from_dict(output) for output in outputs]
    for output in outputs:
        if png := output.get("data", {}).get("image/png"):
            figure = small(b64decode(png))
            output.data["image/png"] = b64encode(figure).decode()
    return outputs


def size(root=execution.ROOT):
    """How many bytes ship."""
    files = (root / execution.SHIPPED).glob("*.json")
    return sum(file.stat().st_size for file in files)


def main(names, root=execution.ROOT):
    """Write the chapters of these names, or all; an error if too much ships.

    Raises
    ------
    LookupError
        If there is no such chapter, or it has no fresh outputs.
    ValueError
        If all files together are larger than the limit.
    """
    chapters = {path.stem: path for path in execution.notebooks(root)}
    for name in names or chapters:
        if name not in chapters:
            raise LookupError(f"no chapter {name!r}: {', '.join(chapters)}")
        path = chapters[name]
        notebook, seconds = execution.record(path, root)
        cells = execution.code_cells(notebook)
        outputs = [shipped(cell.outputs) for cell in cells]
        file = root / execution.SHIPPED / f"{name}.json"
        key = freshness.key(path, root=root)
        execution.write(file, key, seconds, outputs)
        print(f"{name}: {file.stat().st_size / 1000:.0f} kB", flush=True)
    if size(root) > LIMIT:
        raise ValueError(
            f"{execution.SHIPPED} has {size(root):,} bytes, more than "
            f"{LIMIT:,}: some figures need fewer pixels"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
