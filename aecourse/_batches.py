"""NumPy in, NumPy out: a Keras model applied to a whole data set."""

from keras import ops
import numpy as np


def run_in_batches(function, x, batch_size=1000):
    """Apply a Keras layer to an array, `batch_size` samples at a time.

    Nothing is traced or compiled for it, so that arrays of any length can
    follow each other. Noise layers do nothing outside training.

    Parameters
    ----------
    function : callable
        Takes and returns a tensor of shape (batch, ...).
    x : ndarray of shape (n, ...)
    batch_size : int
        At least 1.

    Returns
    -------
    ndarray of shape (n, ...)
    """
    batches = [
        ops.convert_to_numpy(function(x[i : i + batch_size]))
        for i in range(0, len(x), batch_size)
    ]
    return np.concatenate(batches)
