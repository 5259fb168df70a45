"""Train the playground's models, and write its weights and measurements.

`make playground` runs the code of the chapters: their models, settings and
losses. Only the widths of the variational autoencoder differ, for the page
may weigh 500 kB. Written are `book/_assets/playground-weights.js`, with the
kernels as int8, and `playground.json`: errors on the test images before and
after the rounding, and what a step takes in Chromium.
"""

import hashlib
import json
from pathlib import Path

from aecourse import (
    VariationalAutoencoder,
    load_mnist,
    reconstruction_error,
    set_seed,
    summed_binary_crossentropy,
)
import numpy as np

from benchmarks.lessons import lesson, train_plain
from playground import steps, weights

DATA = Path(__file__).with_name("playground.json")
# The chapter has (256, 128, 128), which alone would fill the page.
WIDTHS = (128, 64, 64)
CODES = 1000


BASIC = lesson("03_basic", "build")
VAE = lesson("09_vae", "build", "train", "measure")
DENOISING = lesson(
    "07_denoising", "build", "train", "gaussian", "corrupt", "pixel_bce"
)


def untrained():
    """The models by name, as the chapters build them."""
    return {
        "vae": VariationalAutoencoder(*VAE.build(2, WIDTHS)),
        "plain": BASIC.build(32, "relu", "sigmoid", start="glorot_uniform"),
        "denoiser": DENOISING.build(DENOISING.gaussian(0.4)),
    }


def committed():
    """The models with the weights that the page has."""
    models = untrained()
    entries, data = weights.load()
    weights.restore(models, entries["models"], data)
    return models


def train(models, x):
    """Train each model as its chapter does."""
    VAE.train(models["vae"], x, "vae", 10, jit_compile=True)
    train_plain(models["plain"], x)
    images = x.reshape(-1, 28, 28, 1)
    DENOISING.train(models["denoiser"], images, "denoiser", 6, 1e-2, 64)


def errors(models, x):
    """What the chapters report of each model, on the test images."""
    set_seed(0)
    # Evaluation needs a loss; to compile anew changes nothing else.
    models["vae"].compile(loss=summed_binary_crossentropy)
    images = x.reshape(-1, 28, 28, 1)
    noisy = DENOISING.corrupt(DENOISING.gaussian(0.4), images)
    plain = reconstruction_error(x, models["plain"].reconstruct(x))
    return {
        "vae": float(VAE.measure(models["vae"], x)["elbo"]),
        "plain": float(plain.mean()),
        "denoiser": DENOISING.pixel_bce(models["denoiser"], noisy, images),
    }


def stroke_width(x):
    """Mean width of a stroke: its area is width times length, and its
    outline, the sum of all steps in brightness, twice the length.
    """
    images = np.pad(x.reshape(-1, 28, 28), ((0, 0), (1, 1), (1, 1)))
    down, right = (np.diff(images, axis=a) for a in (1, 2))
    steps = np.hypot(down[:, :, 1:], right[:, 1:, :])
    return float(np.mean(2 * images.sum((1, 2)) / steps.sum((1, 2))))


def centre_of_mass(x):
    """Mean place of the ink, in pixels from the upper left corner."""
    rows, columns = (x.reshape(-1, 28, 28).mean(axis=a) for a in (2, 1))
    places = np.arange(28) + 0.5
    sums = rows.sum(axis=1)
    return float(np.mean((rows + columns) @ places / sums / 2))


def main():
    """Train, write the weights, measure, write the data."""
    (x_train, _), (x_test, y_test) = load_mnist(flat=True)
    set_seed(0)
    models = untrained()
    train(models, x_train[5000:])
    before = errors(models, x_test)
    described, data = weights.exported(models)
    weights.restore(models, described, data)
    after = errors(models, x_test)
    codes = models["vae"].encode(x_test[:CODES])
    step = float(abs(codes).max()) / 127
    first = [int(np.flatnonzero(y_test == digit)[0]) for digit in range(10)]
    data += np.rint(codes / step).astype("int8").tobytes()
    data += y_test[:CODES].tobytes()
    data += np.rint(255 * x_test[first]).astype("uint8").tobytes()
    rest = {
        "models": described,
        "codes": {"count": CODES, "step": step},
        "images": first,
        "stroke": round(stroke_width(x_train[5000:]), 2),
        "centre": round(centre_of_mass(x_train[5000:]), 2),
    }
    weights.save(rest, data)
    data = {
        "weights": hashlib.sha256(weights.SCRIPT.read_bytes()).hexdigest(),
        "errors": {"float": before, "int8": after},
        **steps.measured(),
    }
    DATA.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
