"""Measures of reconstructions and codes. NumPy in, NumPy or numbers out."""

import warnings

from aecourse.checks import (
    BYTES,
    as_numbers,
    check_batch,
    check_fits,
    check_instance,
    check_integer,
    check_labels,
    check_outputs,
    check_probability,
    check_same_shape,
)
from aecourse.losses import (
    ONE_OF_TWO,
    squared_jacobian_norm,
    summed_binary_crossentropy,
)
from aecourse.models import run_in_batches
import keras
import numpy as np
from scipy.linalg import subspace_angles
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

__all__ = [
    "active_units",
    "importance_weighted_bound",
    "jacobian_norm",
    "linear_probe_accuracy",
    "principal_angles",
    "reconstruction_error",
]

ROWS_AT_ONCE = 1000  # images or decoded samples held in memory together
# Inverse penalties, from strong to weak, for codes of total variance 1.
STRENGTHS = (1, 4, 16, 64, 256, 1024)


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


def linear_probe_accuracy(z_train, y_train, z_test, y_test):
    """Accuracy of a linear classifier that sees only the codes.

    Multinomial logistic regression with an L2 penalty. The training set's
    mean is subtracted from the codes, and all units are divided by one
    number, the root of their total variance: to scale each unit by itself
    would make as much of the noise in a silent unit as of the signal in a
    loud one. The penalty is weakened step by step as long as the log loss
    falls on training samples that are held out, every fifth of a class;
    then the probe is fitted to all of them. Nothing is drawn at random. A
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
    TypeError, ValueError
        If codes are not finite, the sets differ in width, labels and codes
        in number, or `y_train` holds a single class.

    References
    ----------
    Alain and Bengio (2016), "Understanding intermediate layers using linear
    classifier probes", arXiv:1610.01644.
    """
    z_train = _codes("train", z_train, y_train)
    z_test = _codes("test", z_test, y_test)
    if z_train.shape[1] != z_test.shape[1]:
        raise ValueError(
            f"z_test must have {z_train.shape[1]} features like z_train, "
            f"got {z_test.shape[1]}"
        )
    if len(np.unique(y_train)) == 1:
        raise ValueError(f"y_train must hold two classes, got {y_train[:1]}")
    mean = z_train.mean(axis=0)
    scale = np.sqrt(z_train.var(axis=0).sum()) or 1
    z_train, y_train = (z_train - mean) / scale, np.asarray(y_train)
    probe = LogisticRegression(max_iter=200, tol=2e-4, warm_start=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        _tune(probe, z_train, y_train)
        probe.fit(z_train, y_train)
    return float(probe.score((z_test - mean) / scale, y_test))


def active_units(z_mean, threshold=0.01):
    """Number of code units that vary with the input.

    Parameters
    ----------
    z_mean : array of shape (n, latent_dim)
        Codes; for a variational autoencoder the means.
    threshold : float
        Least variance over the samples, in squared units.

    Returns
    -------
    int
        Between 0 and `latent_dim`.

    Raises
    ------
    TypeError, ValueError
        If `z_mean` is no matrix of finite numbers.

    References
    ----------
    Burda, Grosse and Salakhutdinov (2016), arXiv:1509.00519, section 5.
    """
    z_mean = _matrix("z_mean", z_mean)
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
    check_outputs("function", function, 1, ONE_OF_TWO)
    x = as_numbers("x", x)
    check_batch("x", x)
    check_fits("x", x, function)
    x = x.astype("float32", copy=False)

    def square(batch):
        return squared_jacobian_norm(function, batch)

    # Few at once: one Jacobian of 784 by 784 numbers has 2.5 MB.
    return np.sqrt(run_in_batches(square, x, batch_size=100))


def importance_weighted_bound(vae, x, n_samples=100, seed=0):
    """Lower bound on log p(x) of a variational autoencoder.

    For each image it draws `n_samples` codes z from the encoder's
    q(z | x) and returns the logarithm of the mean of
    p(x | z) p(z) / q(z | x), with p(z) = N(0, I) and a Bernoulli decoder. In
    expectation the bound grows with `n_samples` towards log p(x);
    ``n_samples=1`` gives an estimate of the ELBO.

    Parameters
    ----------
    vae : VariationalAutoencoder
        Or any object whose ``encoder(x)`` returns ``(z_mean, z_log_var)``
        and whose ``decoder(z)`` returns probabilities of the shape of x.
    x : array of shape (n, ...)
        Data in [0, 1].
    n_samples : int
        Codes per image, at least 1.
    seed : int
        Seed of the codes that are drawn.

    Returns
    -------
    array of shape (n,)
        In nats.

    Raises
    ------
    TypeError, ValueError
        If `vae` has no encoder of two outputs, `x` is empty or leaves
        [0, 1], or `n_samples` is less than 1.

    References
    ----------
    Burda, Grosse and Salakhutdinov (2016), "Importance weighted
    autoencoders", arXiv:1509.00519, equation 8.
    """
    if not hasattr(vae, "encoder") or not hasattr(vae, "decoder"):
        got = type(vae).__name__
        raise TypeError(f"vae must have an encoder and a decoder, got {got}")
    check_outputs("vae.encoder", vae.encoder, 2, "z_mean and z_log_var")
    x = as_numbers("x", x)
    check_batch("x", x)
    x = x.astype("float32", copy=False)
    check_probability("x", x)
    check_fits("x", x, vae.encoder)
    check_integer("n_samples", n_samples)
    rng = np.random.default_rng(seed)
    bounds = [
        _log_mean_weight(vae, x[i : i + ROWS_AT_ONCE], n_samples, rng)
        for i in range(0, len(x), ROWS_AT_ONCE)
    ]
    return np.concatenate(bounds)


def _check_scale(name, array, other):
    in_bytes = array.dtype.kind in "iu" and np.max(array) > 1
    if in_bytes and other.dtype.kind == "f" and np.max(other) <= 1:
        raise ValueError(
            f"{name} must be in units of the other, got {array.dtype} up to "
            f"{np.max(array)} beside floats up to {np.max(other)}; {BYTES}"
        )


def _tune(probe, z, y):
    """Give the probe the best penalty, and its weights for a start."""
    held, lowest = _held_out(y), np.inf
    # With one sample of each class there is nothing to tune on.
    best = {"C": STRENGTHS[0]}
    for strength in STRENGTHS if held.any() else ():
        probe.set_params(C=strength)
        probe.fit(z[~held], y[~held])
        chances = probe.predict_proba(z[held])
        loss = log_loss(y[held], chances, labels=probe.classes_)
        if loss >= lowest:
            break
        best, lowest = dict(vars(probe)), loss
    vars(probe).update(best)


def _held_out(y):
    """Which samples tune: of each class the second, the seventh, …"""
    held = np.zeros(len(y), bool)
    for label in np.unique(y):
        held[np.flatnonzero(y == label)[1::5]] = True
    return held


def _codes(which, z, y):
    z = as_numbers(f"z_{which}", z)
    check_batch(f"z_{which}", z)
    y = np.asarray(y)
    check_labels(f"y_{which}", y, f"z_{which}", z)
    if y.dtype.kind == "f" and np.any(y % 1):
        raise ValueError(
            f"y_{which} must hold classes, got {y[y % 1 != 0][0]}"
        )
    return z.reshape(len(z), -1)


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


def _log_mean_weight(vae, x, n_samples, rng):
    """log (1/k) sum_k p(x, z_k) / q(z_k | x) for one batch of images."""
    n = len(x)
    parts = vae.encoder(x, training=False)
    check_instance("what vae.encoder returns", parts, tuple, list)
    z_mean, z_log_var = (
        keras.ops.convert_to_numpy(part).astype("float64") for part in parts
    )
    log_sum = np.full(n, -np.inf)
    at_once = max(1, ROWS_AT_ONCE // n)
    for done in range(0, n_samples, at_once):
        k = min(at_once, n_samples - done)
        eps = rng.standard_normal((k, *z_mean.shape))
        z = z_mean + np.exp(z_log_var / 2) * eps
        x_hat = vae.decoder(
            z.reshape(k * n, -1).astype("float32"), training=False
        )
        copies = keras.ops.concatenate([x] * k)
        cost = summed_binary_crossentropy(copies, x_hat)
        log_p_x = -keras.ops.convert_to_numpy(cost).reshape(k, n)
        # log p(z) - log q(z | x): the terms with 2 pi cancel
        log_ratio = np.sum(z_log_var + eps**2 - z**2, axis=-1) / 2
        for log_weight in log_p_x.astype("float64") + log_ratio:
            log_sum = np.logaddexp(log_sum, log_weight)
    return log_sum - np.log(n_samples)
