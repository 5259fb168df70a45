"""Layers that Keras does not have: tied weights, noise, sparsity."""

from aecourse._arrays import check_batch, check_floats
from aecourse._checks import (
    check_choice,
    check_in_range,
    check_pair,
    check_seed,
)
from aecourse._noise import MaskingNoise, SaltAndPepperNoise
from aecourse._shapes import check_same_shape
from aecourse._tied import DenseTranspose
from aecourse.losses import bernoulli_kl
import keras
from keras import ops

__all__ = [
    "DenseTranspose",
    "MaskingNoise",
    "SaltAndPepperNoise",
    "Sampling",
    "SparsityPenalty",
]


@keras.saving.register_keras_serializable(package="aecourse")
class Sampling(keras.layers.Layer):
    """Draw a code from a Gaussian, so that gradients reach mean and variance.

    Computes ``z_mean + exp(z_log_var / 2) * eps`` with ``eps ~ N(0, I)``,
    fresh for every sample, dimension and call, in training and at inference.

    Parameters
    ----------
    seed : int, optional
        Seed of the noise.

    Notes
    -----
    Call with a tuple ``(z_mean, z_log_var)`` of two arrays of the same shape
    (batch, ...); the result has that shape.

    Raises
    ------
    TypeError, ValueError
        If `seed` is not an integer of at least 0, or the layer is called
        with anything but two arrays of floats and of the same shape.

    References
    ----------
    Kingma and Welling (2014), Auto-encoding variational Bayes, section 2.4.
    """

    def __init__(self, seed=None, **kwargs):
        check_seed("seed", seed)
        super().__init__(**kwargs)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs):
        check_pair("inputs", inputs)
        check_floats("z_mean", inputs[0])
        check_floats("z_log_var", inputs[1])
        check_same_shape("z_mean", inputs[0], "z_log_var", inputs[1])
        z_mean, z_log_var = inputs
        eps = keras.random.normal(
            ops.shape(z_mean), dtype=z_mean.dtype, seed=self.seed_generator
        )
        return z_mean + ops.exp(0.5 * z_log_var) * eps

    def compute_output_shape(self, input_shape):
        return input_shape[0]

    def get_config(self):
        return {**super().get_config(), "seed": self.seed}


@keras.saving.register_keras_serializable(package="aecourse")
class SparsityPenalty(keras.layers.Layer):
    """Pass the code on and add a penalty on its activity to the loss.

    The penalty is a mean over the batch in every version of Keras, unlike an
    activity regulariser, which some versions sum. It is added in training
    and in evaluation.

    Parameters
    ----------
    weight : float
        Factor of the penalty, at least 0.
    kind : {"kl", "l1", "l2"}
        "kl": ``weight * sum_j KL(target || mean over the batch of z_j)``, in
        nats, for codes in [0, 1], as a sigmoid gives them (Ng, 2011).
        "l1": ``weight * mean over the batch of sum_j |z_j|``.
        "l2": ``weight * mean over the batch of sum_j z_j ** 2``.
    target : float
        Wanted mean activity of a unit, in (0, 1); used by "kl" only.

    Notes
    -----
    Input and output have the same shape (batch, ...); j runs over all but
    the batch axis.

    Raises
    ------
    TypeError, ValueError
        If an argument leaves its range, or the code has no feature axis.

    References
    ----------
    Ng (2011), Sparse autoencoder, CS294A lecture notes, Stanford.
    """

    def __init__(self, weight, kind="kl", target=0.05, **kwargs):
        check_in_range("weight", weight, "[0, inf)")
        check_choice("kind", kind, ("kl", "l1", "l2"))
        check_in_range("target", target, "(0, 1)")
        super().__init__(**kwargs)
        self.weight = weight
        self.kind = kind
        self.target = target

    def call(self, z):
        check_batch("z", z)
        if self.kind == "kl":
            penalty = bernoulli_kl(self.target, ops.mean(z, axis=0))
        elif self.kind == "l1":
            penalty = ops.mean(ops.abs(z), axis=0)
        else:
            penalty = ops.mean(ops.square(z), axis=0)
        self.add_loss(self.weight * ops.sum(penalty))
        return z

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "weight": self.weight,
            "kind": self.kind,
            "target": self.target,
        }
