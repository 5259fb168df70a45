"""Many small pictures, joined and drawn as one image."""

import math

from aecourse._arrays import BYTES, CERTAINLY_BYTES, as_numbers
from aecourse._checks import check_axes, check_in_range, check_pair
from aecourse._shapes import cure
import matplotlib.pyplot as plt
import numpy as np

# Inches: ten pictures in a row fill the width of a page.
TILE, LARGEST_WIDTH, LARGEST_HEIGHT = 0.68, 6.8, 4.8


def squares(name, images, limits=None):
    """Return images as an array of shape (n, side, side).

    With `limits` they must not be bytes where 1 is to be drawn white.
    """
    images = as_numbers(name, images)
    pixels = math.prod(images.shape[1:])
    side = math.isqrt(pixels)
    good = (side * side,), (side, side), (side, side, 1)
    if images.shape[1:] not in good or images.size == 0:
        hint = cure(name, images, (None, *good[2]))
        if not hint and images.ndim == 1:
            hint = f"; one image alone is {name}[None]"
        raise ValueError(
            f"{name} must be square images of shape (n, side * side), "
            f"(n, side, side) or (n, side, side, 1), got {images.shape}"
            f"{hint}"
        )
    if limits is not None:
        check_limits(limits)
        if limits[1] <= 1 and np.max(images) > CERTAINLY_BYTES:
            raise ValueError(
                f"{name} must lie near limits = {limits}, got values up to "
                f"{np.max(images)}; {BYTES}"
            )
    return images.reshape(-1, side, side)


def check_limits(limits):
    """Raise unless `limits` are two numbers, the lower one first."""
    check_pair("limits", limits)
    for i, limit in enumerate(limits):
        check_in_range(f"limits[{i}]", limit, "(-inf, inf)")
    if not limits[0] < limits[1]:
        raise ValueError(
            f"limits must be (low, high) with low < high, got {limits!r}"
        )


def join(images, columns, gap=1):
    """Join images of shape (n, side, side); what lies between is NaN."""
    n, side, _ = images.shape
    rows = -(-n // columns)
    tiles = np.full((rows * columns, side + gap, side + gap), np.nan)
    tiles[:n, :side, :side] = images
    tiles = tiles.reshape(rows, columns, side + gap, side + gap)
    mosaic = tiles.swapaxes(1, 2).reshape(rows * (side + gap), -1)
    return mosaic[: len(mosaic) - gap, : mosaic.shape[1] - gap]


def draw(mosaic, side, limits, cmap, ax, bad="white"):
    """Draw a mosaic of pictures of `side` pixels; NaN in the colour `bad`."""
    check_axes("ax", ax)
    check_limits(limits)
    if ax is None:
        rows, columns = (np.array(mosaic.shape) + 1) / (side + 1)
        tile = min(TILE, LARGEST_WIDTH / columns, LARGEST_HEIGHT / rows)
        ax = plt.subplots(figsize=(columns * tile, rows * tile))[1]
    cmap = plt.get_cmap(cmap).with_extremes(bad=bad)
    ax.imshow(mosaic, cmap=cmap, vmin=limits[0], vmax=limits[1])
    ax.set_axis_off()
    return ax
