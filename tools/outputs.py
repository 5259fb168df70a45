"""Write what ships of the executed chapters, with small figures.

`make outputs`, or `python -m tools.outputs [NAME …]` for some chapters,
takes the outputs of the book's present code and writes them to
`book/_outputs`, figures with a palette. A new clone shows them while they
are fresh, and need not execute those chapters.
"""

from io import BytesIO

from PIL import Image

COLOURS = 128
LARGEST = 100_000  # bytes of a figure
LIMIT = 6_000_000  # bytes of all files


def small(png):
    """A PNG with a palette, and with fewer pixels where it is large still.

    It says how large it is to be shown, in the pixels that it had.
    """
    image = Image.open(BytesIO(png)).convert("RGB")
    while True:
        file = BytesIO()
        image.quantize(
            COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE
        ).save(file, "PNG", optimize=True)
        if len(file.getvalue()) <= LARGEST:
            return file.getvalue()
        image = image.reduce(2)
