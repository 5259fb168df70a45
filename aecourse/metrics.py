"""Measures of reconstructions and codes. NumPy in, NumPy or numbers out."""

from aecourse._arrays import BYTES, as_numbers, check_batch
from aecourse._batches import run_in_batches
from aecourse._bound import importance_weighted_bound
from aecourse._checks import check_in_range, check_instance, check_one_output
from aecourse._probe import linear_probe_accuracy
from aecourse._shapes import check_same_shape
from aecourse.losses import contractive_penalty
import keras
import numpy as np
from scipy.linalg import subspace_angles

__all__ = [
    "active_units",
    "importance_weighted_bound",
    "jacobian_norm",
    "linear_probe_accuracy",
    "principal_angles",
    "reconstruction_error",
]


def reconstruction_error(x, x_hat):
    """Mean squared error of each sample, averaged over its features.

    Parameters
    ----------
    x, x_hat : arrays of shape (n, ...)
        Inputs and reconstructions of the same shape.

    Returns
    -------
    array of shape (n,)
        In squared units of `x`.

    Raises
    ------
    TypeError, ValueError
        If the shapes differ, there is no feature axis or nothing in it, a
        number is not finite, or only one of the two is in bytes.
    """
    x, x_hat = as_numbers("x", x), as_numbers("x_hat", x_hat)
    check_batch("x", x)
    check_same_shape("x", x, "x_hat", x_hat)
    _check_scale("x", x, x_hat)
    _check_scale("x_hat", x_hat, x)
    floats = np.result_type(x, x_hat, "float32")
    error = np.subtract(x, x_hat, dtype=floats).reshape(len(x), -1)
    return np.square(error).mean(axis=1, dtype="float64")


def active_units(z_mean, threshold=0.01):
    """Number of code units that vary with the input.

    Parameters
    ----------
    z_mean : array of shape (n, latent_dim)
        Codes; for a variational autoencoder the means.
    threshold : float
        Least variance over the samples, at least 0, in squared units.

    Returns
    -------
    int
        Between 0 and `latent_dim`.

    Raises
    ------
    TypeError, ValueError
        If `z_mean` is no matrix of finite numbers, `threshold` negative.

    References
    ----------
    Burda, Grosse and Salakhutdinov (2016), arXiv:1509.00519, section 5.
    """
    z_mean = _matrix("z_mean", z_mean)
    check_in_range("threshold", threshold, "[0, inf)")
    return int(np.sum(z_mean.var(axis=0, dtype="float64") > threshold))


def principal_angles(a, b):
    """Angles between the spaces that the columns of two matrices span.

    Parameters
    ----------
    a, b : arrays of shape (n_features, k) and (n_features, l)
        Their columns need not be orthogonal, but linearly independent.

    Returns
    -------
    array of shape (min(k, l),)
        In degrees, in [0, 90], largest first. All are 0 if one space holds
        the other.

    Raises
    ------
    TypeError, ValueError
        If they differ in their number of rows, or columns are dependent.

    References
    ----------
    Knyazev and Argentati (2002), SIAM J. Sci. Comput. 23(6).
    """
    a, b = _matrix("a", a), _matrix("b", b)
    _check_independent("a", a)
    _check_independent("b", b)
    if len(a) != len(b):
        raise ValueError(f"b must have {len(a)} rows like a, got {len(b)}")
    return np.rad2deg(
        subspace_angles(a.astype("float64"), b.astype("float64"))
    )


def jacobian_norm(function, x):
    """Frobenius norm of d function(x) / d x at each sample.

    Parameters
    ----------
    function : keras.Layer
        Layer or model, called without noise (``training=False``). It treats
        the samples of a batch independently.
    x : array of shape (n, ...)

    Returns
    -------
    array of shape (n,)
        In units of the output per unit of the input.

    Raises
    ------
    TypeError, ValueError
        If `function` is no layer with one output, or `x` no input of it.

    References
    ----------
    Rifai et al. (2011), "Contractive auto-encoders", ICML.
    """
    check_instance("function", function, keras.Layer)
    check_one_output("function", function)
    x = as_numbers("x", x)
    check_batch("x", x)
    x = x.astype("float32", copy=False)

    def square(batch):
        return contractive_penalty(function, batch)

    # Few at once: one Jacobian of 784 by 784 numbers has 2.5 MB.
    return np.sqrt(run_in_batches(square, x, batch_size=100))


def _check_scale(name, array, other):
    in_bytes = array.dtype.kind in "iu" and np.max(array) > 1
    if in_bytes and other.dtype.kind == "f" and np.max(other) <= 1:
        raise ValueError(
            f"{name} must be in units of the other, got {array.dtype} up to "
            f"{np.max(array)} beside floats up to {np.max(other)}; {BYTES}"
        )


def _matrix(name, array):
    array = as_numbers(name, array)
    if array.ndim != 2:
        raise ValueError(
            f"{name} must have two axes, got {array.shape}; flatten samples "
            f"with {name}.reshape({len(array)}, -1)"
        )
    return array


def _check_independent(name, matrix):
    rank = np.linalg.matrix_rank(matrix.astype("float64"))
    if rank < matrix.shape[1]:
        wide = matrix.shape[1] > len(matrix)
        cure = f"; pass rows as columns, {name}.T" if wide else ""
        raise ValueError(
            f"{name} must have linearly independent columns, got shape "
            f"{matrix.shape} with rank {rank}{cure}"
        )
