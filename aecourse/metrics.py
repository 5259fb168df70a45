"""Measures of reconstructions and codes. NumPy in, NumPy or numbers out."""

import warnings

from aecourse._batches import run_in_batches
from aecourse._bound import importance_weighted_bound
from aecourse._checks import check_in_range, check_same_shape, check_samples
from aecourse.losses import contractive_penalty
import numpy as np
from scipy.linalg import subspace_angles
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

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
    ValueError
        If the shapes differ or there is no feature axis.
    """
    x, x_hat = np.asarray(x), np.asarray(x_hat)
    check_same_shape("x", x, "x_hat", x_hat)
    check_samples("x", x)
    floats = np.result_type(x, x_hat, "float32")
    error = np.subtract(x, x_hat, dtype=floats).reshape(len(x), -1)
    return np.square(error).mean(axis=1, dtype="float64")


def linear_probe_accuracy(z_train, y_train, z_test, y_test):
    """Accuracy of a linear classifier that sees only the codes.

    Multinomial logistic regression (L2 penalty, C = 1) on codes that are
    standardised with the training set's means and standard deviations. The
    fit stops after 200 iterations at the latest, without a warning.

    Parameters
    ----------
    z_train, z_test : arrays of shape (n, ...)
        Codes; axes after the first are flattened.
    y_train, y_test : arrays of shape (n,)
        Class labels, at least two classes.

    Returns
    -------
    float
        Fraction of the test samples classified correctly, in [0, 1].

    Raises
    ------
    ValueError
        If a set has different numbers of codes and labels.

    References
    ----------
    Alain and Bengio (2016), "Understanding intermediate layers using linear
    classifier probes", arXiv:1610.01644.
    """
    z_train = _codes("train", z_train, y_train)
    z_test = _codes("test", z_test, y_test)
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=200))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        probe.fit(z_train, y_train)
    return float(probe.score(z_test, y_test))


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
    ValueError
        If `z_mean` is no matrix or `threshold` is negative.

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
    ValueError
        If the matrices do not have the same number of rows.

    References
    ----------
    Knyazev and Argentati (2002), SIAM J. Sci. Comput. 23(6).
    """
    a, b = _matrix("a", a), _matrix("b", b)
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
    TypeError
        If `function` cannot be called.
    ValueError
        If `x` has no sample or no feature axis.

    References
    ----------
    Rifai et al. (2011), "Contractive auto-encoders", ICML.
    """
    x = np.asarray(x, dtype="float32")
    check_samples("x", x)

    def square(batch):
        return contractive_penalty(function, batch)

    # Few at once: one Jacobian of 784 by 784 numbers has 2.5 MB.
    return np.sqrt(run_in_batches(square, x, batch_size=100))


def _codes(which, z, y):
    z, y = np.asarray(z), np.asarray(y)
    if z.ndim < 2 or y.shape != z.shape[:1]:
        raise ValueError(
            f"z_{which} must have shape (n, ...) and y_{which} (n,), "
            f"got {z.shape} and {y.shape}"
        )
    return z.reshape(len(z), -1)


def _matrix(name, array):
    array = np.asarray(array)
    if array.ndim != 2:
        raise ValueError(f"{name} must have two axes, got {array.shape}")
    return array
