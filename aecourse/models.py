"""Autoencoders as Keras models: encoder and decoder, trained together."""

from functools import wraps
import math

from aecourse.checks import (
    check_batch,
    check_fits,
    check_floats,
    check_in_range,
    check_instance,
    check_probability,
    check_target,
    check_values,
)
from aecourse.layers import Sampling, SparsityPenalty, penalty_of_all_devices
from aecourse.losses import (
    contractive_penalty,
    gaussian_kl,
    single,
    summed_binary_crossentropy,
    summed_squared_error,
)
import keras
from keras import ops
import numpy as np

__all__ = ["Autoencoder", "ContractiveAutoencoder", "VariationalAutoencoder"]

SUMMED_LOSSES = {summed_binary_crossentropy, summed_squared_error}
CROSS_ENTROPIES = {
    summed_binary_crossentropy,
    keras.losses.binary_crossentropy,
    keras.losses.binary_focal_crossentropy,
}


@keras.saving.register_keras_serializable(package="aecourse")
class Autoencoder(keras.Model):
    """Encoder and decoder, trained to give back what they are given.

    ``fit(x)`` without targets uses `x` as the target; ``fit(x_noisy, x)``
    trains a denoiser. `encode`, `decode` and `reconstruct` take and return
    NumPy arrays, in single precision at least, without noise and
    `batch_size` samples at a time. Arrays and tensors to train or evaluate
    on are looked at before the first step; data sets and generators are not.

    Parameters
    ----------
    encoder, decoder : keras.Layer
        Map x of shape (batch, ...) to a code, and codes to the shape of x.

    Raises
    ------
    TypeError, ValueError
        If encoder or decoder is no Keras layer, the encoder has another
        number of outputs, or the decoder does not take its code; in use, if
        data are no batch of finite floats, do not fit, or leave [0, 1] where
        a binary cross-entropy is used.

    Notes
    -----
    A subclass adds to the loss by `penalty`. The encoder has one output, or
    two where a subclass chooses the code from them in `_code`.
    """

    def __init__(self, encoder, decoder, **kwargs):
        check_instance("encoder", encoder, keras.Layer)
        check_instance("decoder", decoder, keras.Layer)
        if getattr(encoder, "outputs", None):
            self._check_code(encoder.outputs, decoder)
        super().__init__(**kwargs)
        self.encoder = encoder
        self.decoder = decoder
        # Parts whose inputs are not known yet are built with the data's.
        parts = encoder, decoder
        self.built = all(getattr(part, "inputs", None) for part in parts)

    def build(self, input_shape):
        if not all(isinstance(n, int | None) for n in input_shape):
            raise TypeError(f"x must be one array, got shapes {input_shape}")
        z = keras.tree.flatten(self.encoder(keras.KerasTensor(input_shape)))
        self._check_code(z, self.decoder)
        self.decoder(z[0])
        self._code_shape = tuple(z[0].shape[1:])

    @property
    def code_shape(self):
        """Shape of one code, without the batch."""
        for tensors in (
            getattr(self.decoder, "inputs", None),
            getattr(self.encoder, "outputs", None),
        ):
            if tensors:
                return tuple(tensors[0].shape[1:])
        if not hasattr(self, "_code_shape"):
            raise ValueError(
                "the shape of a code is known when the model has been called "
                "on data or trained, got a new model"
            )
        return self._code_shape

    @wraps(keras.Model.fit)
    def fit(self, x=None, y=None, *args, **kwargs):
        y = self._target("", x, y, **kwargs)
        held_out = kwargs.get("validation_data")
        if isinstance(held_out, tuple | list):
            x_val, y_val, weight = (*held_out, None, None)[:3]
            y_val = self._target("validation_", x_val, y_val, weight)
            held_out = (x_val, y_val, weight)[: len(held_out)]
            kwargs["validation_data"] = held_out
        return super().fit(x, y, *args, **kwargs)

    @wraps(keras.Model.evaluate)
    def evaluate(self, x=None, y=None, *args, **kwargs):
        y = self._target("", x, y, **kwargs)
        return super().evaluate(x, y, *args, **kwargs)

    @wraps(keras.Model.train_on_batch)
    def train_on_batch(self, x, y=None, *args, **kwargs):
        y = self._target("", x, y, **kwargs)
        return super().train_on_batch(x, y, *args, **kwargs)

    @wraps(keras.Model.test_on_batch)
    def test_on_batch(self, x, y=None, *args, **kwargs):
        y = self._target("", x, y, **kwargs)
        return super().test_on_batch(x, y, *args, **kwargs)

    @wraps(keras.Model.export)
    def export(self, *args, **kwargs):
        if getattr(self.encoder, "inputs", None):
            spec = keras.InputSpec(
                shape=(None, *self.encoder.inputs[0].shape[1:]),
                dtype=self.encoder.inputs[0].dtype,
            )
            kwargs.setdefault("input_signature", [spec])
        return super().export(*args, **kwargs)

    def call(self, x, training=None):
        check_floats("x", x)
        check_fits("x", x, self.encoder)
        z = self.encoder(x, training=training)
        return self.decoder(z, training=training)

    def penalty(self, x, y_pred):
        """What each sample adds to the loss, of shape (batch,), or None."""

    def compute_loss(self, x, y, y_pred, sample_weight=None, training=True):
        y = x if y is None else y
        x_hat, *others = _parts(y_pred)
        check_target(y, x_hat)
        if _functions(self.loss) & SUMMED_LOSSES:
            y, x_hat = (_without_padding(a, x_hat) for a in (y, x_hat))
        loss = super().compute_loss(x, y, x_hat, sample_weight, training)
        others = [_without_padding(part, part) for part in others]
        added = [penalty_of_all_devices(layer) for layer in self._sparse()]
        added.append(self.penalty(x, (x_hat, *others) if others else x_hat))
        for penalty in added:
            if penalty is not None:
                # As what layers add: Keras sums it over TensorFlow's devices,
                # of which one may have an empty part of the batch.
                rows = ops.maximum(math.prod(ops.shape(penalty)), 1)
                mean = ops.sum(penalty) / ops.cast(rows, penalty.dtype)
                mean = ops.cast(mean, loss.dtype)
                loss = loss + self._aggregate_additional_loss(mean)
        return loss

    def _sparse(self):
        layers = self._flatten_layers()
        return [part for part in layers if isinstance(part, SparsityPenalty)]

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        y = x if y is None else y
        x_hat = _parts(y_pred)[0]
        return super().compute_metrics(x, y, x_hat, sample_weight)

    def encode(self, x, batch_size=1000):
        """Codes of samples of shape (n, ...)."""
        _check_input("x", x, self.encoder)
        if not self.built:
            self.build((None, *x.shape[1:]))
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

    def _check_code(self, outputs, decoder):
        """Raise unless the encoder's outputs are what the decoder takes."""
        wanted = 1 if type(self)._code is Autoencoder._code else 2
        if len(outputs) != wanted:
            raise ValueError(
                f"encoder must have {wanted} output(s), got {len(outputs)}"
            )
        check_fits("the encoder's code", outputs[0], decoder)

    def _target(self, prefix, x, y=None, sample_weight=None, **settings):
        """What Keras is to be given as `y`, after a look at the data."""
        for layer in self._sparse():
            layer.added_by_model = True
        if _is_array(x) or isinstance(x, tuple | list | dict):
            check_floats(f"{prefix}x", x)
        name, target = ("x", x) if y is None else ("y", y)
        for key, value in {"x": x, name: target}.items():
            check_values(prefix + key, _numpy(value))
        # A target of one axis, labels perhaps, is left to `compute_loss`.
        wide = _is_array(target) and target.ndim > 1
        if wide and _functions(self.loss) & CROSS_ENTROPIES:
            check_probability(prefix + name, _numpy(target))
        # Keras forgets the weights of samples that have no target.
        return target if sample_weight is not None else y

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
        check_in_range("beta", beta, "[0, inf)")
        super().__init__(encoder, decoder, **kwargs)
        self.beta = beta
        self.sampling = Sampling()
        self.kl_mean = keras.metrics.Mean(name="kl")

    def call(self, x, training=None):
        check_floats("x", x)
        check_fits("x", x, self.encoder)
        z_mean, z_log_var = self.encoder(x, training=training)
        z = self.sampling((z_mean, z_log_var))
        return self.decoder(z, training=training), z_mean, z_log_var

    def penalty(self, x, y_pred):
        _, z_mean, z_log_var = y_pred
        kl = gaussian_kl(z_mean, z_log_var)
        self.kl_mean.update_state(kl)
        return self.beta * kl

    def get_metrics_result(self):
        logs = super().get_metrics_result()
        reconstruction = logs["loss"] - self.beta * logs["kl"]
        return {**logs, "reconstruction": reconstruction}

    def _code(self, x):
        return self.encoder(x)[0]

    def sample(self, n, seed=None):
        """Decode `n` codes drawn from N(0, I), to an ndarray (n, ...)."""
        z = keras.random.normal((n, *self.code_shape), seed=seed)
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

    def penalty(self, x, y_pred):
        return self.weight * contractive_penalty(self.encoder, x)

    def get_config(self):
        return {**super().get_config(), "weight": self.weight}


def _parts(y_pred):
    """What a call returned, as a list: the reconstruction first."""
    return list(y_pred) if isinstance(y_pred, tuple | list) else [y_pred]


def _functions(loss):
    """The functions behind a loss, however it was named in `compile`."""
    if isinstance(loss, dict):
        loss = list(loss.values())
    if isinstance(loss, tuple | list):
        return {f for each in loss for f in _functions(each)}
    if isinstance(loss, str):
        loss = keras.losses.get(loss)
    return {getattr(loss, "fn", loss)}


def _without_padding(value, masked):
    """Set `value` to 0 where layers have masked the tensor `masked`."""
    mask = getattr(masked, "_keras_mask", None)
    if mask is None:
        return value
    missing = len(value.shape) - len(mask.shape)
    mask = ops.reshape(mask, (*ops.shape(mask), *[1] * missing))
    return ops.where(mask, value, ops.zeros_like(value))


def _is_array(value):
    return isinstance(value, np.ndarray) or ops.is_tensor(value)


def _numpy(value):
    return ops.convert_to_numpy(value) if ops.is_tensor(value) else value


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
        ops.convert_to_numpy(single(function(x[i : i + batch_size])))
        for i in range(0, len(x), batch_size)
    ]
    return np.concatenate(batches)
