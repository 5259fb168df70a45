"""Many small pictures, joined and drawn as one image."""

import math

from aecourse._checks import check_pair
import matplotlib.pyplot as plt
import numpy as np

# Inches: ten pictures in a row fill the width of a page.
TILE, LARGEST_WIDTH, LARGEST_HEIGHT = 0.68, 6.8, 4.8


def squares(name, images):
    """Return images as an array of shape (n, side, side)."""
    images = np.asarray(images)
    pixels = math.prod(images.shape[1:])
    side = math.isqrt(pixels)
    good = (side * side,), (side, side), (side, side, 1)
    if images.shape[1:] not in good or images.size == 0:
        raise ValueError(
            f"{name} must be square images of shape (n, side * side), "
            f"(n, side, side) or (n, side, side, 1), got {images.shape}"
        )
    return images.reshape(-1, side, side)


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
    check_pair("limits", limits)
    low, high = limits
    if not low < high:
        raise ValueError(
            f"limits must be (low, high) with low < high, got {limits!r}"
        )
    if ax is None:
        rows, columns = (np.array(mosaic.shape) + 1) / (side + 1)
        tile = min(TILE, LARGEST_WIDTH / columns, LARGEST_HEIGHT / rows)
        ax = plt.subplots(figsize=(columns * tile, rows * tile))[1]
    cmap = plt.get_cmap(cmap).with_extremes(bad=bad)
    ax.imshow(mosaic, cmap=cmap, vmin=low, vmax=high)
    ax.set_axis_off()
    return ax
