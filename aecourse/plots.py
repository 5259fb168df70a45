"""The course's figures. Each function draws on one Axes and returns it."""

import math

from aecourse.checks import (
    BYTES,
    CERTAINLY_BYTES,
    as_numbers,
    check_labels,
    cure,
)
import keras
from matplotlib import patheffects, ticker
import matplotlib.pyplot as plt
import numpy as np

__all__ = [
    "plot_digits",
    "plot_filters",
    "plot_history",
    "plot_latent",
    "plot_reconstructions",
]

# Ten colours that people with a colour vision deficiency can tell apart:
# Petroff (2021), "Accessible color sequences", arXiv:2107.02270.
CLASS_COLOURS = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#94a4a2",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
)
MARKERS = "osD^vPX*<>"
# Inches: ten pictures in a row fill the width of a page.
TILE, LARGEST_WIDTH, LARGEST_HEIGHT = 0.68, 6.8, 4.8


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
    TypeError, ValueError
        If `images` are no square images, or in bytes beside limits of 1.
    """
    images = _squares("images", images, limits)
    mosaic = _join(images, min(columns, len(images)))
    return _draw(mosaic, images.shape[1], limits, "gray", ax)


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
    TypeError, ValueError
        As `plot_digits`, or if a row has another number or size of images.
    """
    rows = {"input": _squares("x", x, limits)}
    outputs = x_hat if isinstance(x_hat, dict) else {"output": x_hat}
    for label, images in outputs.items():
        name = f"x_hat[{label!r}]" if outputs is x_hat else "x_hat"
        if label in rows:
            raise ValueError(f"x_hat must not have a row named {label!r}")
        rows[label] = _squares(name, images, limits)
        if rows[label].shape != rows["input"].shape:
            raise ValueError(
                f"{name} must be images like x, {rows['input'].shape}, "
                f"got {rows[label].shape}"
            )
    images = np.concatenate(list(rows.values()))
    n, side = len(rows["input"]), images.shape[1]
    ax = _draw(_join(images, n), side, limits, "gray", ax)
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
    TypeError, ValueError
        If `weights` is no matrix or `n_pixels` is not a square number.
    """
    weights = as_numbers("weights", weights)
    if weights.ndim != 2:
        raise ValueError(
            f"weights must have shape (n_pixels, n_units), "
            f"got {weights.shape}"
        )
    pictures = _squares("weights.T", weights.T)
    if columns is None:
        columns = _best_columns(len(pictures))
    if limits is None:
        largest = float(np.max(np.abs(weights))) or 1.0
        limits = (-largest, largest)
    mosaic = _join(pictures, min(columns, len(pictures)))
    return _draw(mosaic, pictures.shape[1], limits, "RdBu_r", ax, bad="0.75")


def _best_columns(n):
    """The width with the fewest empty places, if several, near sqrt(2n)."""
    narrowest = math.isqrt(n - 1) + 1
    return min(
        range(narrowest, 2 * narrowest + 1),
        key=lambda width: (-n % width, abs(width - math.sqrt(2 * n))),
    )


def plot_history(histories, key="loss", ax=None):
    """Draw the cost of each epoch.

    Parameters
    ----------
    histories : keras History, dict of str to History, or dict of str to \
sequence of float
        One line each, labelled with the dict's key. ``history.history`` is
        such a dict: it gives training and validation lines.
    key : str
        Which entry of each History to draw; the label of the vertical axis.
    ax : matplotlib Axes or None
        None makes a new figure.

    Returns
    -------
    matplotlib Axes
        Epochs count from 1.
    """
    lines = histories if isinstance(histories, dict) else {None: histories}
    lines = {label: _costs(run, key) for label, run in lines.items()}
    ax = plt.subplots()[1] if ax is None else ax
    for (label, costs), marker in zip(
        lines.items(), MARKERS * len(lines), strict=False
    ):
        epochs = np.arange(1, len(costs) + 1)
        every = max(1, len(costs) // 10)
        ax.plot(epochs, costs, marker, ls="-", markevery=every, label=label)
    ax.set(xlabel="epoch", ylabel=key)
    ax.set_xlim(0.5, max(len(line.get_xdata()) for line in ax.lines) + 0.5)
    ax.xaxis.set_major_locator(
        ticker.MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10])
    )
    if isinstance(histories, dict):
        ax.legend()
    return ax


def plot_latent(z, labels, ax=None):
    """Draw two-dimensional codes, one colour and one name per class.

    Parameters
    ----------
    z : array of shape (n, 2)
        Codes.
    labels : array of shape (n,)
        Classes, at most ten different ones.
    ax : matplotlib Axes or None
        None makes a new figure.

    Returns
    -------
    matplotlib Axes
        Each class is also named at the median of its codes, so that no
        reader depends on colour alone.

    Raises
    ------
    TypeError, ValueError
        If the shapes do not fit or there are more than ten classes.
    """
    z, labels = as_numbers("z", z), np.asarray(labels)
    if z.ndim != 2 or z.shape[1] != 2:
        hint = "; choose two units: z[:, :2]" if z.ndim == 2 else ""
        raise ValueError(f"z must have shape (n, 2), got {z.shape}{hint}")
    check_labels("labels", labels, "z", z)
    classes = np.unique(labels)
    if len(classes) > len(CLASS_COLOURS):
        raise ValueError(
            f"labels must hold at most {len(CLASS_COLOURS)} classes, "
            f"got {len(classes)}"
        )
    ax = plt.subplots()[1] if ax is None else ax
    size = float(np.clip(20_000 / max(len(z), 1), 2, 20))
    halo = [patheffects.withStroke(linewidth=3, foreground="white")]
    for name, colour in zip(classes, CLASS_COLOURS, strict=False):
        points = z[labels == name]
        ax.scatter(*points.T, s=size, color=colour, lw=0, label=str(name))
        ax.text(
            *np.median(points, axis=0),
            str(name),
            weight="bold",
            ha="center",
            va="center",
            path_effects=halo,
        )
    handles = ax.legend(
        title="class", loc="center left", bbox_to_anchor=(1, 0.5)
    ).legend_handles
    for handle in handles:
        handle.set_sizes([40])
    ax.set(xlabel="$z_1$", ylabel="$z_2$")
    return ax


def _costs(run, key):
    is_history = isinstance(run, keras.callbacks.History)
    return list(run.history[key] if is_history else run)


def _squares(name, images, limits=None):
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
    if limits and limits[1] <= 1 and np.max(images) > CERTAINLY_BYTES:
        raise ValueError(
            f"{name} must lie near limits = {limits}, got values up to "
            f"{np.max(images)}; {BYTES}"
        )
    return images.reshape(-1, side, side)


def _join(images, columns, gap=1):
    """Join images of shape (n, side, side); what lies between is NaN."""
    n, side, _ = images.shape
    rows = -(-n // columns)
    tiles = np.full((rows * columns, side + gap, side + gap), np.nan)
    tiles[:n, :side, :side] = images
    tiles = tiles.reshape(rows, columns, side + gap, side + gap)
    mosaic = tiles.swapaxes(1, 2).reshape(rows * (side + gap), -1)
    return mosaic[: len(mosaic) - gap, : mosaic.shape[1] - gap]


def _draw(mosaic, side, limits, cmap, ax, bad="white"):
    """Draw a mosaic of pictures of `side` pixels; NaN in the colour `bad`."""
    if ax is None:
        rows, columns = (np.array(mosaic.shape) + 1) / (side + 1)
        tile = min(TILE, LARGEST_WIDTH / columns, LARGEST_HEIGHT / rows)
        ax = plt.subplots(figsize=(columns * tile, rows * tile))[1]
    cmap = plt.get_cmap(cmap).with_extremes(bad=bad)
    ax.imshow(mosaic, cmap=cmap, vmin=limits[0], vmax=limits[1])
    ax.set_axis_off()
    return ax
