"""Write what ships of the executed chapters, with small figures.

`make outputs`, or `python -m tools.outputs [NAME …]` for some chapters,
takes the outputs of the book's present code and writes them to
`book/_outputs`, figures with a palette. A new clone shows them while they
are fresh, and need not execute those chapters.
"""

from base64 import b64decode, b64encode
from io import BytesIO
import sys

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tools import execution, freshness

COLOURS = 128
LARGEST = 100_000  # bytes of a figure
LIMIT = 6_000_000  # bytes of all files
PNG = "image/png"
SHOWN = "shown"


def small(png):
    """A PNG with a palette, and with fewer pixels where it is large still.

    It says how large it is to be shown, in the pixels that it had: see
    `shown_size`.
    """
    image = Image.open(BytesIO(png))
    about = PngInfo()
    about.add_text(SHOWN, "{} {}".format(*shown_size(image)))
    whole = smaller = image.convert("RGB")
    scale = 1.0
    while True:
        file = BytesIO()
        smaller.quantize(
            COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE
        ).save(file, "PNG", optimize=True, pnginfo=about)
        if len(file.getvalue()) <= LARGEST:
            return file.getvalue()
        scale *= 0.8
        size = [round(scale * pixels) for pixels in whole.size]
        smaller = whole.resize(size, Image.Resampling.LANCZOS)


def shown_size(image):
    """Width and height at which a page shows an image, in pixels."""
    if SHOWN not in image.info:
        return image.size
    width, height = image.info[SHOWN].split()
    return int(width), int(height)


def figures(outputs):
    """The figures among outputs: mappings that hold a PNG in base64."""
    for output in outputs:
        if PNG in output.get("data", {}):
            yield output["data"]


def shrink(outputs):
    """Put small figures in the place of those that outputs hold."""
    for data in figures(outputs):
        data[PNG] = b64encode(small(b64decode(data[PNG]))).decode()


def write(names, root=execution.ROOT):
    """Write the outputs of some chapters; return the bytes of each file.

    Raises
    ------
    ValueError
        If there is no such chapter, or if all files would be too large;
        nothing is written then.
    execution.StaleError
        If a chapter has no outputs of its present code.
    """
    chapters = {path.stem: path for path in execution.notebooks(root)}
    if unknown := sorted(set(names) - set(chapters)):
        raise ValueError(f"no chapter {', '.join(unknown)} in the book")
    shipped = {
        file: file.stat().st_size
        for file in (root / execution.SHIPPED).glob("*.json")
        if file.stem in chapters
    }
    new = {}
    for name in names:
        notebook, seconds = execution.record(chapters[name], root)
        outputs = [cell.outputs for cell in execution.code_cells(notebook)]
        for some in outputs:
            shrink(some)
        key = freshness.key(chapters[name], root=root)
        file = execution.shipped_file(chapters[name], root)
        new[file] = execution.written(key, seconds, outputs)
    sizes = {file: len(text.encode()) for file, text in new.items()}
    total = sum((shipped | sizes).values())
    if total > LIMIT:
        raise ValueError(
            f"the outputs would take {total / 1e6:.1f} MB, and "
            f"{LIMIT / 1e6:.0f} MB at most may ship"
        )
    for file, text in new.items():
        execution.write(file, text)
    for file in (root / execution.SHIPPED).glob("*.json"):
        if file.stem not in chapters:
            file.unlink()
    return shipped | sizes


def main(names):
    """Write the outputs of these chapters, or of all; say how large."""
    names = names or [path.stem for path in execution.notebooks()]
    try:
        sizes = write(names)
    except execution.StaleError as error:
        sys.exit(f"{error}: run `make book`")
    except ValueError as error:
        sys.exit(str(error))
    for file, size in sorted(sizes.items()):
        print(f"{size / 1e3:8.0f} kB  {file.name}")
    print(f"{sum(sizes.values()) / 1e3:8.0f} kB  in all")


if __name__ == "__main__":
    main(sys.argv[1:])
