"""The Jacobian of a Keras model, for which `keras.ops` has no function."""

import math

import keras
from keras import ops


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
