"""The course's figures. Each function draws on one Axes and returns it."""

import math

from aecourse._arrays import as_numbers
from aecourse._charts import plot_history, plot_latent
from aecourse._checks import (
    check_axes,
    check_callable,
    check_in_range,
    check_integer,
)
from aecourse._mosaic import draw, join, squares
from aecourse._shapes import check_fits
import keras
import matplotlib.pyplot as plt
import numpy as np

__all__ = [
    "plot_digits",
    "plot_filters",
    "plot_history",
    "plot_latent",
    "plot_manifold",
    "plot_reconstructions",
]


def plot_digits(images, columns=10, limits=(0, 1), ax=None):
    """Draw images as one mosaic, row by row from the top left.

    Parameters
    ----------
    images : array of shape (n, side * side), (n, side, side) or \
(n, side, side, 1)
        Square grey-scale images of any side.
    columns : int
        Images in a row, at least 1. Fewer images make a narrower mosaic.
    limits : (float, float)
        Values drawn black and white. What lies outside is clipped.
    ax : matplotlib Axes or None
        None makes a new figure of fitting size.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If `images` are not square, or `columns` or `limits` are out of range.
    """
    images = squares("images", images, limits)
    check_integer("columns", columns)
    mosaic = join(images, min(columns, len(images)))
    return draw(mosaic, images.shape[1], limits, "gray", ax)


def plot_reconstructions(x, x_hat, limits=(0, 1), ax=None):
    """Draw inputs in the upper row and their reconstructions below.

    Parameters
    ----------
    x : array of shape (n, side * side), (n, side, side) or \
(n, side, side, 1)
        Input images; about ten fill the width of a page.
    x_hat : array of the same n, or dict of str to such arrays
        Reconstructions. A dict gives several rows, each with its label.
    limits : (float, float)
        Values drawn black and white. What lies outside is clipped.
    ax : matplotlib Axes or None
        None makes a new figure of fitting size.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If a row has another number or size of images than `x`.
    """
    rows = {"input": squares("x", x, limits)}
    outputs = x_hat if isinstance(x_hat, dict) else {"output": x_hat}
    for label, images in outputs.items():
        name = f"x_hat[{label!r}]" if outputs is x_hat else "x_hat"
        if label in rows:
            raise ValueError(f"x_hat must not have a row named {label!r}")
        rows[label] = squares(name, images, limits)
        if rows[label].shape != rows["input"].shape:
            raise ValueError(
                f"{name} must be images like x, {rows['input'].shape}, "
                f"got {rows[label].shape}"
            )
    images = np.concatenate(list(rows.values()))
    n, side = len(rows["input"]), images.shape[1]
    ax = draw(join(images, n), side, limits, "gray", ax)
    ax.set_axis_on()
    ax.spines[:].set_visible(False)
    centres = np.arange(len(rows)) * (side + 1) + (side - 1) / 2
    ax.set_yticks(centres, labels=list(rows))
    ax.set_xticks([])
    ax.tick_params(length=0)
    return ax


def plot_filters(weights, columns=None, limits=(-1, 1), ax=None):
    """Draw the weights of each unit as a picture: blue below 0, red above.

    Parameters
    ----------
    weights : array of shape (n_pixels, n_units)
        Kernel of a dense layer, `n_pixels` a square number.
    columns : int or None
        Pictures in a row. None leaves as few empty places as it can in a
        mosaic one to four times as wide as high.
    limits : (float, float) or None
        Values drawn in full blue and full red. None means plus and minus the
        largest absolute weight.
    ax : matplotlib Axes or None
        None makes a new figure of fitting size.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If `weights` is no matrix or `n_pixels` is not a square number.
    """
    weights = as_numbers("weights", weights)
    if weights.ndim != 2:
        raise ValueError(
            f"weights must have shape (n_pixels, n_units), "
            f"got {weights.shape}"
        )
    pictures = squares("weights.T", weights.T)
    if columns is None:
        columns = _best_columns(len(pictures))
    check_integer("columns", columns)
    if limits is None:
        largest = float(np.max(np.abs(weights))) or 1.0
        limits = (-largest, largest)
    mosaic = join(pictures, min(columns, len(pictures)))
    return draw(mosaic, pictures.shape[1], limits, "RdBu_r", ax, bad="0.75")


def _best_columns(n):
    """The width with the fewest empty places, if several, near sqrt(2n)."""
    narrowest = math.isqrt(n - 1) + 1
    return min(
        range(narrowest, 2 * narrowest + 1),
        key=lambda width: (-n % width, abs(width - math.sqrt(2 * n))),
    )


def plot_manifold(decoder, extent=3.0, steps=20, ax=None):
    """Draw what a decoder makes of a grid on its two-dimensional code plane.

    Parameters
    ----------
    decoder : callable
        Keras model, or function of codes of shape (n, 2), that returns square
        images of values in [0, 1], as for `plot_digits`.
    extent : float
        Half the width of the grid, greater than 0: both code units take
        evenly spaced values from ``-extent`` to ``extent``.
    steps : int
        Values of each code unit, at least 2.
    ax : matplotlib Axes or None
        None makes a new figure.

    Returns
    -------
    matplotlib Axes
        The axes carry the values of the code; the second grows upwards.

    Raises
    ------
    ValueError
        If `extent` or `steps` is out of range, or the output is not square.
    """
    check_callable("decoder", decoder)
    check_in_range("extent", extent, "(0, inf)")
    check_integer("steps", steps, minimum=2)
    check_axes("ax", ax)
    values = np.linspace(-extent, extent, steps, dtype="float32")
    z = np.stack(np.meshgrid(values, values[::-1]), axis=-1).reshape(-1, 2)
    check_fits("the grid for decoder", z, decoder)
    images = keras.ops.convert_to_numpy(decoder(z))
    images = squares("the decoder's output", images, (0, 1))
    edge = extent + extent / (steps - 1)  # the outer tiles' outer edges
    ax = plt.subplots(figsize=(5.4, 5.2))[1] if ax is None else ax
    mosaic = join(images, steps, gap=0)
    ax.imshow(
        mosaic, cmap="gray", vmin=0, vmax=1, extent=(-edge, edge, -edge, edge)
    )
    ax.set(xlabel="$z_1$", ylabel="$z_2$")
    return ax
