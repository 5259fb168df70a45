"""Autoencoders as Keras models: encoder and decoder, trained together."""

from aecourse._arrays import check_floats
from aecourse._autoencoder import Autoencoder
from aecourse._checks import (
    check_in_range,
    check_integer,
    check_seed,
    check_two_outputs,
)
from aecourse._shapes import check_fits
from aecourse.layers import Sampling
from aecourse.losses import contractive_penalty, gaussian_kl
import keras
from keras import ops

__all__ = ["Autoencoder", "ContractiveAutoencoder", "VariationalAutoencoder"]


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
        check_two_outputs("encoder", encoder)
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
        check_integer("n", n)
        check_seed("seed", seed)
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
