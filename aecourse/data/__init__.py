"""The data sets of the course. Nothing is ever downloaded."""

from pathlib import Path
from zipfile import BadZipFile
import zlib

import keras
import numpy as np

MNIST_FILE = Path(__file__).with_name("mnist.npz")
_ARRAYS = ("x_train", "y_train", "x_test", "y_test")


def read_mnist_bytes():
    """Read the packaged MNIST file as it was published.

    Returns
    -------
    dict of str to ndarray of uint8
        ``x_train`` of shape (60000, 28, 28), ``y_train`` of shape (60000,),
        ``x_test`` of shape (10000, 28, 28) and ``y_test`` of shape (10000,),
        pixels from 0 (background) to 255.

    Raises
    ------
    FileNotFoundError
        If the file is missing.
    OSError
        If it is damaged.
    """
    repair = "reinstall aecourse, or restore the file with `git checkout`"
    try:
        with np.load(MNIST_FILE, allow_pickle=False) as archive:
            return {name: archive[name] for name in _ARRAYS}
    except FileNotFoundError:
        raise FileNotFoundError(
            f"the MNIST file is missing: {MNIST_FILE}; {repair}"
        ) from None
    except (
        OSError,
        EOFError,
        KeyError,
        ValueError,
        BadZipFile,
        zlib.error,
    ) as error:
        raise OSError(
            f"the MNIST file is damaged: {MNIST_FILE} ({error}); {repair}"
        ) from error


def load_mnist(flat=False):
    """Load MNIST, the 70,000 handwritten digits, from the package.

    Parameters
    ----------
    flat : bool, default=False
        If True, images are rows of 784 pixels; else they are 28 by 28 with
        one channel.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : tuples of ndarray
        ``x_train`` of shape (60000, 28, 28, 1), or (60000, 784) if `flat`,
        and ``x_test`` likewise with 10000 images: float32 in [0, 1], 0 is
        the background. Labels are uint8 from 0 to 9, of shape (60000,) and
        (10000,). The order is that of the original files.

    Raises
    ------
    FileNotFoundError, OSError
        If the packaged file is missing or damaged.

    References
    ----------
    LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning applied
    to document recognition. Origin and licence: ``aecourse/data/README.md``.
    """
    mnist = read_mnist_bytes()
    shape = (-1, 784) if flat else (-1, 28, 28, 1)

    def pixels(name):
        return np.divide(mnist[name].reshape(shape), 255, dtype="float32")

    return (
        (pixels("x_train"), mnist["y_train"]),
        (pixels("x_test"), mnist["y_test"]),
    )


def plane_in_3d(n_samples=200, noise=0.1, seed=0):
    """Draw points near a tilted plane in three dimensions.

    The points fill a disc of radius 2 by 1 in the plane, which does not pass
    through the origin; Gaussian noise is added in all three dimensions.

    Parameters
    ----------
    n_samples : int, default=200
        Number of points, at least 1.
    noise : float, default=0.1
        Standard deviation of the noise, at least 0.
    seed : int, default=0
        Seed of the draw.

    Returns
    -------
    ndarray of shape (n_samples, 3), float32
    """
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, 2 * np.pi, n_samples)
    radius = np.sqrt(rng.uniform(0, 1, n_samples))
    disc = np.column_stack(
        [2 * radius * np.cos(angle), radius * np.sin(angle)]
    )
    axes = np.array([[2, 2, 1], [-2, 1, 2]]) / 3  # orthonormal rows
    points = np.array([1.0, -0.5, 2.0]) + disc @ axes
    points += noise * rng.standard_normal((n_samples, 3))
    return points.astype("float32")


class RandomBlocks(keras.utils.PyDataset):
    """Batches as old examples draw them: blocks that begin at random places.

    Images are neither shuffled nor all seen in an epoch, and the last one
    never is. Kept to repeat printed figures; to train a model, let ``fit``
    shuffle.

    Parameters
    ----------
    x : ndarray of shape (n, ...)
        The samples; each is its own target.
    seed : int
        Of the random places.
    batch_size : int
        Samples in a block, below n.
    """

    def __init__(self, x, seed, batch_size=128):
        super().__init__()
        self.x, self.batch_size = x, batch_size
        self.rng = np.random.default_rng(seed)

    def __len__(self):
        return len(self.x) // self.batch_size

    def __getitem__(self, i):
        start = self.rng.integers(0, len(self.x) - self.batch_size)
        block = self.x[start : start + self.batch_size]
        return block, block
