"""Losses in nats, summed over the features and not over the batch.

Shapes and types are checked always, values in NumPy arrays only.
"""

import math

from aecourse.checks import (
    check_batch,
    check_fits,
    check_instance,
    check_outputs,
    check_probability,
    check_same_shape,
)
import keras
from keras import ops

ONE_OF_TWO = (
    "of the encoder of a VariationalAutoencoder pass "
    "keras.Model(encoder.inputs, encoder.outputs[0])"
)


def single(tensor):
    """The tensor, in single precision where it is in half."""
    half = "float16" in keras.backend.standardize_dtype(tensor.dtype)
    return ops.cast(tensor, "float32") if half else tensor


def _floats(*arrays):
    """Tensors of one float type, single at least, that holds them all."""
    tensors = [single(ops.convert_to_tensor(array)) for array in arrays]
    types = [keras.backend.standardize_dtype(t.dtype) for t in tensors]
    # On JAX, Keras' rule makes singles even of doubles.
    double = "float64" in types
    dtype = "float64" if double else keras.backend.result_type(*types, float)
    return [ops.cast(tensor, dtype) for tensor in tensors]


def _check_pair(name, value, other_name, other):
    check_batch(name, value)
    check_batch(other_name, other)
    check_same_shape(name, value, other_name, other)


def _sum_features(array):
    """Sum over all axes but the first."""
    return ops.sum(array, axis=tuple(range(1, len(array.shape))))


@keras.saving.register_keras_serializable(package="aecourse")
def summed_squared_error(x, x_hat):
    """Half the squared error, summed over all features of a sample.

    Up to a constant it is the negative log-likelihood of a Gaussian with
    unit variance around `x_hat`, in nats.

    Parameters
    ----------
    x : array of shape (batch, ...)
        The target, any real values.
    x_hat : array of shape (batch, ...)
        The reconstruction, of the same shape. The two are never broadcast.

    Returns
    -------
    tensor of shape (batch,)
        ``0.5 * sum((x - x_hat) ** 2)``, at least 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is no array of finite numbers, or the shapes differ
        or lack a feature axis.
    """
    _check_pair("x", x, "x_hat", x_hat)
    x, x_hat = _floats(x, x_hat)
    return 0.5 * _sum_features(ops.square(x - x_hat))


@keras.saving.register_keras_serializable(package="aecourse")
def summed_binary_crossentropy(x, x_hat):
    """Cross-entropy of Bernoulli pixels, summed over a sample's features.

    Parameters
    ----------
    x : array of shape (batch, ...)
        The target, in [0, 1].
    x_hat : array of shape (batch, ...)
        The reconstruction: probabilities in [0, 1], not logits, of the same
        shape. Clipped to [eps, 1 - eps] with ``keras.config.epsilon()``.

    Returns
    -------
    tensor of shape (batch,)
        ``-sum(x * log(x_hat) + (1 - x) * log(1 - x_hat))``, in nats. For
        grey pixels its smallest value is not 0 but the entropy of `x`.

    Raises
    ------
    TypeError, ValueError
        If an argument is no array of numbers in [0, 1], or the shapes
        differ or lack a feature axis.
    """
    _check_pair("x", x, "x_hat", x_hat)
    check_probability("x", x)
    check_probability("x_hat", x_hat)
    x, x_hat = _floats(x, x_hat)
    return _sum_features(ops.binary_crossentropy(x, x_hat))


def bernoulli_kl(rho, rho_hat):
    """Kullback-Leibler divergence between two Bernoulli distributions.

    The sparsity penalty of Ng (2011) is its sum over the code units, with
    `rho` the target activity and `rho_hat` the mean activity of a unit.

    Parameters
    ----------
    rho, rho_hat : float or array
        Probabilities in [0, 1], of shapes that broadcast; clipped to
        [eps, 1 - eps] with ``keras.config.epsilon()``.

    Returns
    -------
    tensor of the broadcast shape
        ``KL(Bernoulli(rho) || Bernoulli(rho_hat))`` for each element, in
        nats; finite, and 0 where the two are equal.

    Raises
    ------
    TypeError, ValueError
        If an argument is no number or array, or leaves [0, 1].

    References
    ----------
    Ng (2011), Sparse autoencoder, CS294A lecture notes, Stanford.
    """
    check_probability("rho", rho)
    check_probability("rho_hat", rho_hat)
    eps = keras.config.epsilon()
    p, q = _floats(rho, rho_hat)
    # On PyTorch, Keras makes singles of bounds that are Python's numbers.
    low, high = (ops.convert_to_tensor(b, p.dtype) for b in (eps, 1 - eps))
    p, q = (ops.clip(r, low, high) for r in (p, q))
    return p * ops.log(p / q) + (1 - p) * ops.log((1 - p) / (1 - q))


def gaussian_kl(z_mean, z_log_var):
    """KL divergence from a diagonal Gaussian to the standard Gaussian.

    Parameters
    ----------
    z_mean : array of shape (batch, ...)
        Mean of the code.
    z_log_var : array of shape (batch, ...)
        Natural logarithm of its variance, of the same shape.

    Returns
    -------
    tensor of shape (batch,)
        ``KL(N(z_mean, exp(z_log_var)) || N(0, I))``, summed over the latent
        dimensions, in nats; 0 for mean 0 and log-variance 0.

    Raises
    ------
    TypeError, ValueError
        If an argument is no array of finite numbers, or the shapes differ
        or lack a latent axis.

    References
    ----------
    Kingma and Welling (2014), Auto-encoding variational Bayes, appendix B.
    """
    _check_pair("z_mean", z_mean, "z_log_var", z_log_var)
    z_mean, z_log_var = _floats(z_mean, z_log_var)
    # expm1(v) - v loses less near v = 0 than exp(v) - 1 - v.
    terms = ops.square(z_mean) + ops.expm1(z_log_var) - z_log_var
    return 0.5 * _sum_features(terms)


def contractive_penalty(encoder, x):
    """Squared Frobenius norm of the encoder's Jacobian at each sample.

    The encoder is called without noise (``training=False``). The result can
    be differentiated with respect to the encoder's weights.

    Parameters
    ----------
    encoder : keras.Layer
        A layer or model with one output of shape (batch, ...), which treats
        the samples of a batch independently.
    x : array of shape (batch, ...)

    Returns
    -------
    tensor of shape (batch,)
        ``sum over i and j of (d z_j / d x_i) ** 2``, at least 0.

    Raises
    ------
    TypeError, ValueError
        If `encoder` is no layer with one output, or `x` no input of it.

    References
    ----------
    Rifai et al. (2011), Contractive auto-encoders, ICML.
    """
    check_instance("encoder", encoder, keras.Layer)
    check_outputs("encoder", encoder, 1, ONE_OF_TWO)
    check_batch("x", x)
    check_fits("x", x, encoder)
    return squared_jacobian_norm(encoder, x)


def squared_jacobian_norm(function, x):
    """What `contractive_penalty` returns, of arguments that are right."""
    return _sum_features(ops.square(batch_jacobian(function, *_floats(x))))


def batch_jacobian(function, x):
    """Jacobian of a Keras layer or model at every sample of a batch.

    Every sample is repeated once for each output, and one backward pass
    gives the gradient of output j at copy j. The samples must therefore not
    influence each other. The function is called with ``training=False``.

    Parameters
    ----------
    function : keras.Layer
        Takes and returns one float tensor of shape (batch, ...).
    x : tensor of shape (batch, ...)

    Returns
    -------
    tensor of shape (batch, outputs, inputs)
        Entry (n, j, i) is the derivative of output j with respect to input i
        at sample n; both are flattened. It can be differentiated with
        respect to the function's weights.
    """
    outputs = math.prod(function(x, training=False).shape[1:])
    copies = ops.repeat(x, outputs, axis=0)

    def output_of_each_copy(copies):
        z = function(copies, training=False)
        z = ops.reshape(z, (-1, outputs, outputs))
        return ops.sum(z * ops.eye(outputs, dtype=z.dtype))

    gradient = _GRADIENT[keras.backend.backend()]
    jacobian = gradient(output_of_each_copy, copies)
    return ops.reshape(jacobian, (-1, outputs, math.prod(x.shape[1:])))


def _tensorflow(scalar_function, x):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(x)
        value = scalar_function(x)
    zero = tf.UnconnectedGradients.ZERO
    return tape.gradient(value, x, unconnected_gradients=zero)


def _jax(scalar_function, x):
    import jax

    return jax.grad(scalar_function)(x)


def _torch(scalar_function, x):
    import torch

    # Keras evaluates under no_grad, but a Jacobian needs gradients.
    with torch.enable_grad():
        x = x.detach().requires_grad_(True)
        value = scalar_function(x)
        return torch.autograd.grad(value, x, create_graph=True)[0]


_GRADIENT = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}
