"""Autoencoders as Keras models: encoder and decoder, trained together."""

from functools import wraps

from aecourse.checks import (
    check_batch,
    check_fits,
    check_floats,
    check_in_range,
    check_instance,
    check_outputs,
    check_probability,
    check_target,
    check_values,
)
from aecourse.layers import Sampling
from aecourse.losses import (
    contractive_penalty,
    gaussian_kl,
    summed_binary_crossentropy,
)
import keras
from keras import ops
import numpy as np

__all__ = ["Autoencoder", "ContractiveAutoencoder", "VariationalAutoencoder"]

TWO_OUTPUTS = "z_mean and z_log_var"
WANT_PROBABILITIES = (summed_binary_crossentropy, "binary_crossentropy")


@keras.saving.register_keras_serializable(package="aecourse")
class Autoencoder(keras.Model):
    """Encoder and decoder, trained to give back what they are given.

    ``fit(x)`` without targets uses `x` as the target; ``fit(x_noisy, x)``
    trains a denoiser. `encode`, `decode` and `reconstruct` take and return
    NumPy arrays, without noise and `batch_size` samples at a time. What is
    trained on is looked at once, before the first step, if it is NumPy's.

    Parameters
    ----------
    encoder, decoder : keras.Layer
        Map x of shape (batch, ...) to a code, and codes to the shape of x.

    Raises
    ------
    TypeError, ValueError
        If encoder or decoder is no Keras layer, or the decoder does not
        take the encoder's code; in use, if data are no batch of finite
        floats, do not fit, or leave [0, 1] where the cross-entropy is used.
    """

    def __init__(self, encoder, decoder, **kwargs):
        check_instance("encoder", encoder, keras.layers.Layer)
        check_instance("decoder", decoder, keras.layers.Layer)
        for code in (getattr(encoder, "outputs", None) or ())[:1]:
            check_fits("the encoder's code", code, decoder)
        super().__init__(**kwargs)
        self.encoder = encoder
        self.decoder = decoder
        self.built = encoder.built and decoder.built

    @wraps(keras.Model.fit)
    def fit(self, x=None, y=None, *args, **kwargs):
        if isinstance(x, np.ndarray):
            check_floats("x", x)
        check_values("x", x)
        check_values("y", y)
        name, target = ("x", x) if y is None else ("y", y)
        # A target of one axis, labels perhaps, is left to `compute_loss`.
        wide = isinstance(target, np.ndarray) and target.ndim > 1
        if wide and self.loss in WANT_PROBABILITIES:
            check_probability(name, target)
        return super().fit(x, y, *args, **kwargs)

    def call(self, x, training=None):
        check_floats("x", x)
        check_fits("x", x, self.encoder)
        z = self.encoder(x, training=training)
        return self.decoder(z, training=training)

    def compute_loss(self, x, y, y_pred, sample_weight=None, training=True):
        y = x if y is None else y
        check_target(y, y_pred)
        return super().compute_loss(x, y, y_pred, sample_weight, training)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        y = x if y is None else y
        return super().compute_metrics(x, y, y_pred, sample_weight)

    def encode(self, x, batch_size=1000):
        """Codes of samples of shape (n, ...)."""
        _check_input("x", x, self.encoder)
        return run_in_batches(self._code, x, batch_size)

    def decode(self, z, batch_size=1000):
        """Reconstructions from codes of shape (n, ...)."""
        _check_input("z", z, self.decoder)
        return run_in_batches(self.decoder, z, batch_size)

    def reconstruct(self, x, batch_size=1000):
        """Encode and decode samples of shape (n, ...)."""
        return self.decode(self.encode(x, batch_size), batch_size)

    def _code(self, x):
        return self.encoder(x)

    def get_config(self):
        serialize = keras.saving.serialize_keras_object
        # Keras marks a layer as shared when it meets it a second time: a
        # first round lets both parts carry the mark of tied layers.
        serialize([self.encoder, self.decoder])
        return {
            **super().get_config(),
            "encoder": serialize(self.encoder),
            "decoder": serialize(self.decoder),
        }

    @classmethod
    def from_config(cls, config):
        encoder, decoder = keras.saving.deserialize_keras_object(
            [config["encoder"], config["decoder"]]
        )
        return cls(**{**config, "encoder": encoder, "decoder": decoder})


@keras.saving.register_keras_serializable(package="aecourse")
class VariationalAutoencoder(Autoencoder):
    """Autoencoder with a random code whose distribution is kept near N(0, I).

    The loss is the compiled reconstruction loss plus `beta` times the batch
    mean of `gaussian_kl`. With beta = 1 and a loss summed over the features
    it estimates the negative evidence lower bound, in nats, from one draw a
    sample. The history holds "reconstruction" (with penalties of layers, if
    any) and "kl" (no beta). A call returns (x_hat, z_mean, z_log_var).

    Parameters
    ----------
    encoder : keras.Layer
        Returns ``(z_mean, z_log_var)``, of which `encode` keeps the first.
    decoder : keras.Layer
    beta : float
        Weight of the KL term, at least 0.

    Raises
    ------
    TypeError, ValueError
        If a part is no Keras layer, the encoder does not have two outputs
        (where that is known), or `beta` is no number of at least 0.

    References
    ----------
    Kingma and Welling (2014), Auto-encoding variational Bayes, ICLR.
    Higgins et al. (2017), beta-VAE, ICLR.
    """

    def __init__(self, encoder, decoder, beta=1.0, **kwargs):
        check_outputs("encoder", encoder, 2, TWO_OUTPUTS)
        check_in_range("beta", beta, "[0, inf)")
        super().__init__(encoder, decoder, **kwargs)
        self.beta = beta
        self.sampling = Sampling()
        self.reconstruction_mean = keras.metrics.Mean(name="reconstruction")
        self.kl_mean = keras.metrics.Mean(name="kl")

    def call(self, x, training=None):
        check_floats("x", x)
        check_fits("x", x, self.encoder)
        z_mean, z_log_var = self.encoder(x, training=training)
        z = self.sampling((z_mean, z_log_var))
        return self.decoder(z, training=training), z_mean, z_log_var

    def compute_loss(self, x, y, y_pred, sample_weight=None, training=True):
        x_hat, z_mean, z_log_var = y_pred
        loss = super().compute_loss(x, y, x_hat, sample_weight, training)
        kl = ops.mean(gaussian_kl(z_mean, z_log_var))
        batch_size = ops.shape(z_mean)[0]
        self.reconstruction_mean.update_state(loss, batch_size)
        self.kl_mean.update_state(kl, batch_size)
        return loss + self.beta * kl

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        return super().compute_metrics(x, y, y_pred[0], sample_weight)

    def _code(self, x):
        return self.encoder(x)[0]

    def sample(self, n, seed=None):
        """Decode `n` codes drawn from N(0, I), to an ndarray (n, ...)."""
        shape = (n, *self.decoder.input_shape[1:])
        z = keras.random.normal(shape, seed=seed)
        return self.decode(ops.convert_to_numpy(z))

    def get_config(self):
        return {**super().get_config(), "beta": self.beta}


@keras.saving.register_keras_serializable(package="aecourse")
class ContractiveAutoencoder(Autoencoder):
    """Autoencoder whose code moves little when the input moves.

    The loss adds `weight` times the batch mean of `contractive_penalty`.

    Parameters
    ----------
    encoder, decoder : keras.Layer
        As in `Autoencoder`; the encoder treats samples independently.
    weight : float
        Weight of the penalty, at least 0.

    Raises
    ------
    TypeError, ValueError
        If a part is no Keras layer, or `weight` no number of at least 0.

    References
    ----------
    Rifai et al. (2011), Contractive auto-encoders, ICML.
    """

    def __init__(self, encoder, decoder, weight, **kwargs):
        check_in_range("weight", weight, "[0, inf)")
        super().__init__(encoder, decoder, **kwargs)
        self.weight = weight

    def compute_loss(self, x, y, y_pred, sample_weight=None, training=True):
        loss = super().compute_loss(x, y, y_pred, sample_weight, training)
        penalty = contractive_penalty(self.encoder, x)
        return loss + self.weight * ops.mean(penalty)

    def get_config(self):
        return {**super().get_config(), "weight": self.weight}


def _check_input(name, value, layer):
    """Raise unless `value` is a batch of finite floats that `layer` takes."""
    check_batch(name, value)
    check_floats(name, value)
    check_fits(name, value, layer)


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
