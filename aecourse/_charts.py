"""The figures that are no pictures: cost per epoch, code plane."""

from aecourse._arrays import as_numbers, check_labels
from aecourse._checks import check_axes, check_choice, in_short
import keras
from matplotlib import patheffects, ticker
import matplotlib.pyplot as plt
import numpy as np

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

    Raises
    ------
    ValueError
        If a History has no entry `key`, or there is nothing to draw.
    """
    lines = histories if isinstance(histories, dict) else {None: histories}
    if not lines:
        raise ValueError("histories must not be empty, got {}")
    check_axes("ax", ax)
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
    ValueError
        If the shapes do not fit or there are more than ten classes.
    """
    z, labels = as_numbers("z", z), np.asarray(labels)
    if z.ndim != 2 or z.shape[1] != 2:
        hint = "; choose two units: z[:, :2]" if z.ndim == 2 else ""
        raise ValueError(f"z must have shape (n, 2), got {z.shape}{hint}")
    check_labels("labels", labels, "z", z)
    check_axes("ax", ax)
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
    if isinstance(run, keras.callbacks.History):
        check_choice("key", key, sorted(run.history))
        run = run.history[key]
    costs = np.asarray(run)
    if costs.dtype.kind not in "iuf" or costs.ndim != 1 or not costs.size:
        raise ValueError(
            "histories must be a History, or hold sequences of costs, "
            f"got {in_short(run)}"
        )
    return list(run)
