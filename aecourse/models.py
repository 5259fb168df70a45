"""Autoencoders as Keras models: encoder and decoder, trained together."""

from aecourse._batches import run_in_batches
from aecourse._checks import (
    check_in_range,
    check_instance,
    check_integer,
    check_samples,
    check_seed,
    check_two_outputs,
)
from aecourse.layers import Sampling
from aecourse.losses import contractive_penalty, gaussian_kl
import keras
from keras import ops


@keras.saving.register_keras_serializable(package="aecourse")
class Autoencoder(keras.Model):
    """Encoder and decoder, trained to give back what they are given.

    ``fit(x)`` without targets uses `x` as the target; ``fit(x_noisy, x)``
    trains a denoiser. `encode`, `decode` and `reconstruct` take and return
    NumPy arrays, without noise and `batch_size` samples at a time.

    Parameters
    ----------
    encoder, decoder : keras.Layer
        Map x of shape (batch, ...) to a code, and codes to the shape of x.

    Raises
    ------
    TypeError
        If encoder or decoder is no Keras layer.
    """

    def __init__(self, encoder, decoder, **kwargs):
        check_instance("encoder", encoder, keras.layers.Layer)
        check_instance("decoder", decoder, keras.layers.Layer)
        super().__init__(**kwargs)
        self.encoder = encoder
        self.decoder = decoder
        self.built = encoder.built and decoder.built

    def call(self, x, training=None):
        z = self.encoder(x, training=training)
        return self.decoder(z, training=training)

    def compute_loss(self, x, y, y_pred, sample_weight=None, training=True):
        y = x if y is None else y
        return super().compute_loss(x, y, y_pred, sample_weight, training)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        y = x if y is None else y
        return super().compute_metrics(x, y, y_pred, sample_weight)

    def encode(self, x, batch_size=1000):
        """Codes of samples of shape (n, ...)."""
        check_samples("x", x)
        check_integer("batch_size", batch_size)
        return run_in_batches(self._code, x, batch_size)

    def decode(self, z, batch_size=1000):
        """Reconstructions from codes of shape (n, ...)."""
        check_samples("z", z)
        check_integer("batch_size", batch_size)
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
        check_two_outputs("encoder", encoder)
        check_in_range("beta", beta, "[0, inf)")
        super().__init__(encoder, decoder, **kwargs)
        self.beta = beta
        self.sampling = Sampling()
        self.reconstruction_mean = keras.metrics.Mean(name="reconstruction")
        self.kl_mean = keras.metrics.Mean(name="kl")

    def call(self, x, training=None):
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
