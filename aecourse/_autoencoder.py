"""The autoencoder that the others are made from."""

from functools import wraps

from aecourse._arrays import (
    check_batch,
    check_floats,
    check_probability,
    check_values,
)
from aecourse._batches import run_in_batches
from aecourse._checks import check_instance, check_integer
from aecourse._shapes import check_fits, check_target
from aecourse.losses import summed_binary_crossentropy
import keras
import numpy as np

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
        check_code(encoder, decoder)
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
        check_input("x", x, self.encoder)
        check_integer("batch_size", batch_size)
        return run_in_batches(self._code, x, batch_size)

    def decode(self, z, batch_size=1000):
        """Reconstructions from codes of shape (n, ...)."""
        check_input("z", z, self.decoder)
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


def check_code(encoder, decoder):
    """Raise if the decoder is known not to take the encoder's code."""
    for code in (getattr(encoder, "outputs", None) or ())[:1]:
        check_fits("the encoder's code", code, decoder)


def check_input(name, value, layer):
    """Raise unless `value` is a batch of finite floats that `layer` takes."""
    check_batch(name, value)
    check_floats(name, value)
    check_fits(name, value, layer)
