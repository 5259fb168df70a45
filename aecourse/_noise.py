"""Noise layers for denoising autoencoders."""

from aecourse._arrays import check_floats
from aecourse._checks import check_in_range, check_seed
import keras
from keras import ops


@keras.saving.register_keras_serializable(package="aecourse")
class MaskingNoise(keras.layers.Layer):
    """Set a random fraction of the inputs to 0, in training only.

    Unlike dropout it does not rescale the inputs that survive: the model
    sees a damaged sample, not one of the right mean. At inference it
    returns its input.

    Parameters
    ----------
    rate : float
        Probability with which each input is set to 0, in [0, 1).
    seed : int, optional
        Seed of the noise. The noise differs for every sample and call.

    Notes
    -----
    Input and output have the same shape (batch, ...).

    Raises
    ------
    TypeError, ValueError
        If `rate` is not a number in [0, 1), `seed` not an integer of at
        least 0, or the input not of a float type.

    References
    ----------
    Vincent, Larochelle, Lajoie, Bengio and Manzagol (2010), Stacked
    denoising autoencoders, Journal of Machine Learning Research 11.
    """

    def __init__(self, rate, seed=None, **kwargs):
        check_in_range("rate", rate, "[0, 1)")
        check_seed("seed", seed)
        super().__init__(**kwargs)
        self.rate = rate
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, x, training=False):
        check_floats("x", x)
        if not training:
            return x
        u = keras.random.uniform(ops.shape(x), seed=self.seed_generator)
        return ops.where(u < self.rate, ops.zeros_like(x), x)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


@keras.saving.register_keras_serializable(package="aecourse")
class SaltAndPepperNoise(keras.layers.Layer):
    """Set a random fraction of the inputs to 0 or 1, in training only.

    Each input is struck with probability `rate`; a struck input becomes 0 or
    1 with equal probability. At inference the layer returns its input.

    Parameters
    ----------
    rate : float
        Probability with which each input is struck, in [0, 1).
    seed : int, optional
        Seed of the noise. The noise differs for every sample and call.

    Notes
    -----
    Input and output have the same shape (batch, ...). Made for data in
    [0, 1].

    Raises
    ------
    TypeError, ValueError
        If `rate` is not a number in [0, 1), `seed` not an integer of at
        least 0, or the input not of a float type.

    References
    ----------
    Vincent, Larochelle, Lajoie, Bengio and Manzagol (2010), Stacked
    denoising autoencoders, Journal of Machine Learning Research 11.
    """

    def __init__(self, rate, seed=None, **kwargs):
        check_in_range("rate", rate, "[0, 1)")
        check_seed("seed", seed)
        super().__init__(**kwargs)
        self.rate = rate
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, x, training=False):
        check_floats("x", x)
        if not training:
            return x
        u = keras.random.uniform(ops.shape(x), seed=self.seed_generator)
        x = ops.where(u < self.rate, ops.ones_like(x), x)
        return ops.where(u < self.rate / 2, ops.zeros_like(x), x)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}
