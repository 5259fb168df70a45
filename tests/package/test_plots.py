"""What the figures draw: pixels, limits, lines, labels."""

from aecourse import (
    plot_digits,
    plot_filters,
    plot_history,
    plot_latent,
    plot_reconstructions,
)
import keras
import matplotlib
from matplotlib.colors import to_rgb
import matplotlib.pyplot as plt
import numpy as np
import pytest


@pytest.fixture(autouse=True)
def _no_windows():
    plt.switch_backend("agg")
    yield
    plt.close("all")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def images(rng):
    return rng.random((7, 3, 3))


def drawn(ax):
    """The one picture of an Axes: its pixels and its colour limits."""
    (image,) = ax.images
    return np.ma.filled(image.get_array(), np.nan), image.get_clim()


def test_plot_digits_puts_each_pixel_in_its_place(images):
    mosaic, limits = drawn(plot_digits(images, columns=3))
    assert mosaic.shape == (11, 11)  # 3 pictures and 2 separators a side
    assert limits == (0, 1)
    for i, image in enumerate(images):
        top, left = 4 * (i // 3), 4 * (i % 3)
        np.testing.assert_array_equal(
            mosaic[top : top + 3, left : left + 3], image
        )
    assert np.isfinite(mosaic).sum() == images.size  # nothing else is drawn
    assert np.isnan(mosaic[3]).all()
    assert np.isnan(mosaic[:, 7]).all()


@pytest.mark.parametrize("shape", [(7, 9), (7, 3, 3), (7, 3, 3, 1)])
def test_plot_digits_takes_every_shape(images, shape):
    one, _ = drawn(plot_digits(images))
    other, _ = drawn(plot_digits(images.reshape(shape)))
    assert one.shape == (3, 27)  # ten columns, seven images
    np.testing.assert_array_equal(one, other)


def test_plot_digits_uses_axes_and_limits(images):
    _, ax = plt.subplots()
    assert plot_digits(images, limits=(-2, 5), ax=ax) is ax
    assert drawn(ax)[1] == (-2, 5)
    assert len(plt.get_fignums()) == 1


@pytest.mark.parametrize(
    ("shape", "columns", "size"),
    [((10, 4), 10, (6.8, 0.68)), ((100, 4), 10, (4.8, 4.8))],
)
def test_plot_digits_figure_fits_the_mosaic(shape, columns, size):
    figure = plot_digits(np.zeros(shape), columns).figure
    np.testing.assert_allclose(figure.get_size_inches(), size)


def test_plot_reconstructions_has_two_named_rows(images):
    ax = plot_reconstructions(images, images.reshape(7, 9) / 2)
    mosaic, limits = drawn(ax)
    assert mosaic.shape == (7, 27)
    assert limits == (0, 1)
    np.testing.assert_array_equal(mosaic[:3, 4:7], images[1])
    np.testing.assert_array_equal(mosaic[4:, 24:], images[6] / 2)
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == ["input", "output"]
    assert ax.get_yticks().tolist() == [1, 5]  # the rows' middle pixels
    assert ax.axison


def test_plot_reconstructions_takes_several_rows(images):
    _, ax = plt.subplots()
    rows = {"PCA": images / 2, "32 units": images / 3}
    limits = (-1, 2)
    assert plot_reconstructions(images, rows, limits=limits, ax=ax) is ax
    mosaic, drawn_limits = drawn(ax)
    np.testing.assert_array_equal(mosaic[4:7, :3], images[0] / 2)
    np.testing.assert_array_equal(mosaic[8:, :3], images[0] / 3)
    assert drawn_limits == limits
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == ["input", "PCA", "32 units"]


def test_plot_filters_draws_one_picture_per_unit(rng):
    weights = rng.normal(size=(9, 5))
    mosaic, limits = drawn(plot_filters(weights, columns=2))
    assert mosaic.shape == (11, 7)
    assert limits == (-1, 1)
    np.testing.assert_array_equal(
        mosaic[4:7, 4:], weights[:, 3].reshape(3, 3)
    )


def test_plot_filters_scales_to_the_largest_weight(rng):
    weights = rng.normal(size=(9, 5))
    largest = np.abs(weights).max()
    _, ax = plt.subplots()
    assert plot_filters(weights, limits=None, ax=ax) is ax
    assert drawn(ax)[1] == (-largest, largest)
    assert drawn(plot_filters(np.zeros((9, 2)), limits=None))[1] == (-1, 1)


@pytest.mark.parametrize(
    ("units", "rows", "columns"),
    [(32, 4, 8), (64, 8, 8), (128, 8, 16), (200, 10, 20), (1, 1, 1)],
)
def test_plot_filters_leaves_no_place_empty(units, rows, columns):
    mosaic, _ = drawn(plot_filters(np.zeros((4, units))))
    assert mosaic.shape == (3 * rows - 1, 3 * columns - 1)


def history(**lists):
    made = keras.callbacks.History()
    made.history = lists
    return made


def test_plot_history_counts_epochs_from_one():
    run = history(loss=[3.0, 2.0, 1.5], kl=[0.1, 0.2, 0.3])
    ax = plot_history(run)
    (line,) = ax.lines
    assert line.get_xydata().tolist() == [[1, 3], [2, 2], [3, 1.5]]
    assert ax.get_legend() is None
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss")
    low, high = ax.get_xlim()
    shown = [tick for tick in ax.get_xticks() if low <= tick <= high]
    assert shown == [1, 2, 3]
    assert plot_history(run, key="kl").lines[0].get_ydata()[2] == 0.3


def test_plot_history_draws_one_line_per_run():
    _, ax = plt.subplots()
    runs = {"deep": history(loss=[2, 1]), "wide": [5, 4, 3]}
    assert plot_history(runs, ax=ax) is ax
    deep, wide = ax.lines
    assert deep.get_ydata().tolist() == [2, 1]
    assert wide.get_xdata().tolist() == [1, 2, 3]
    assert deep.get_marker() != wide.get_marker()
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == ["deep", "wide"]


def test_plot_history_of_one_epoch_has_one_tick():
    ax = plot_history({"short": [2.0]})
    low, high = ax.get_xlim()
    assert [t for t in ax.get_xticks() if low <= t <= high] == [1]


def test_plot_latent_gives_each_class_its_colour_and_name(rng):
    z, labels = rng.normal(size=(500, 2)), np.arange(500) % 10
    _, ax = plt.subplots()
    assert plot_latent(z, labels, ax=ax) is ax
    assert len(ax.collections) == 10
    for digit, points in enumerate(ax.collections):
        np.testing.assert_array_equal(points.get_offsets(), z[digit::10])
    colours = [tuple(c.get_facecolor()[0]) for c in ax.collections]
    assert len(set(colours)) == 10
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    names = [text.get_text() for text in ax.texts]
    assert legend == names == [str(digit) for digit in range(10)]
    np.testing.assert_allclose(
        ax.texts[3].get_position(), np.median(z[3::10], axis=0)
    )


def contrast_to_white(colour):
    channels = np.array(to_rgb(colour))
    linear = np.where(
        channels <= 0.04045,
        channels / 12.92,
        ((channels + 0.055) / 1.055) ** 2.4,
    )
    return 1.05 / (linear @ [0.2126, 0.7152, 0.0722] + 0.05)


def test_the_style_of_the_book(root):
    style = matplotlib.rc_params_from_file(
        root / "book" / "matplotlibrc", use_default_template=False
    )
    assert style["figure.dpi"] == 150
    assert 6.5 <= style["figure.figsize"][0] <= 7
    assert not style["axes.spines.top"]
    assert style["image.cmap"] == "gray"
    colours = style["axes.prop_cycle"].by_key()["color"]
    assert len(set(colours)) == 7
    # Lines need a contrast of 3 to the page; the first ones have it.
    assert (
        min(contrast_to_white(f"#{c.lstrip('#')}") for c in colours[:3]) > 3
    )
