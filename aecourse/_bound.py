"""The importance-weighted bound on log p(x), in batches."""

from aecourse._arrays import as_numbers, check_batch, check_probability
from aecourse._checks import check_integer, check_pair, check_two_outputs
from aecourse._shapes import check_fits
from aecourse.losses import summed_binary_crossentropy
import keras
import numpy as np

ROWS_AT_ONCE = 1000  # images or decoded samples held in memory together


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
    check_two_outputs("vae.encoder", vae.encoder)
    x = as_numbers("x", x)
    check_batch("x", x)
    x = x.astype("float32", copy=False)
    check_probability("x", x)
    check_fits("x", x, vae.encoder)
    check_integer("n_samples", n_samples)
    check_integer("seed", seed, minimum=0)
    rng = np.random.default_rng(seed)
    bounds = [
        _log_mean_weight(vae, x[i : i + ROWS_AT_ONCE], n_samples, rng)
        for i in range(0, len(x), ROWS_AT_ONCE)
    ]
    return np.concatenate(bounds)


def _log_mean_weight(vae, x, n_samples, rng):
    """log (1/k) sum_k p(x, z_k) / q(z_k | x) for one batch of images."""
    n = len(x)
    parts = vae.encoder(x, training=False)
    check_pair("what vae.encoder returns", parts)
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
        # As a tensor: its values have been looked at.
        copies = keras.ops.convert_to_tensor(np.concatenate([x] * k))
        cost = summed_binary_crossentropy(copies, x_hat)
        log_p_x = -keras.ops.convert_to_numpy(cost).reshape(k, n)
        # log p(z) - log q(z | x): the terms with 2 pi cancel
        log_ratio = np.sum(z_log_var + eps**2 - z**2, axis=-1) / 2
        for log_weight in log_p_x.astype("float64") + log_ratio:
            log_sum = np.logaddexp(log_sum, log_weight)
    return log_sum - np.log(n_samples)
