"""Layers that Keras does not have: tied weights, noise, sparsity."""

from functools import wraps

from aecourse.checks import (
    check_choice,
    check_floats,
    check_in_range,
    check_instance,
    check_same_shape,
)
from aecourse.losses import bernoulli_kl, single
import keras
from keras import ops

__all__ = [
    "DenseTranspose",
    "MaskingNoise",
    "SaltAndPepperNoise",
    "Sampling",
    "SparsityPenalty",
]


def _known_as_shared(init):
    """Let every file that holds `dense` say that it may occur twice.

    Keras marks what it serialises a second time, but a Sequential has by
    then copied the first occurrence, without the mark.
    """

    @wraps(init)
    def wrapped(self, dense, activation=None, use_bias=True, **kwargs):
        init(self, dense, activation, use_bias, **kwargs)
        get_config = dense.get_config

        def met_twice():
            dense.get_config = get_config
            try:
                keras.saving.serialize_keras_object(dense)
                return get_config()
            finally:
                dense.get_config = met_twice

        dense.get_config = met_twice

    return wrapped


def check_not_quantized(dense):
    """Raise if the kernel no longer holds the weights themselves."""
    mode = getattr(dense, "quantization_mode", None)
    if mode is not None:
        raise NotImplementedError(
            f"DenseTranspose reads the kernel of {dense.name!r}, which holds "
            f"{mode} now; quantize a model without tied weights"
        )


@keras.saving.register_keras_serializable(package="aecourse")
class DenseTranspose(keras.layers.Layer):
    """Dense layer that reads another one's kernel backwards (tied weights).

    Computes ``activation(z @ dense.kernel.T + bias)``. Kernel and transpose
    are one variable: training moves both, and the only new weight is the
    bias. ``save`` and ``load_model`` (.keras files) keep the tie within one
    Sequential or functional model and between encoder and decoder of an
    `Autoencoder`; ``keras.models.clone_model`` cuts it.

    Parameters
    ----------
    dense : keras.layers.Dense
        The layer to transpose. It must be built before this layer is, which
        an ``Input`` in front of it sees to.
    activation : str or callable, optional
        None is the identity.
    use_bias : bool
        Whether to add a bias, which starts at 0.

    Notes
    -----
    Input of shape (batch, ..., dense.units), output of shape (batch, ...,
    features), with the number of features that enter `dense`.

    Raises
    ------
    TypeError
        If `dense` is not a Dense layer.

    References
    ----------
    Vincent, Larochelle, Lajoie, Bengio and Manzagol (2010), Stacked
    denoising autoencoders, Journal of Machine Learning Research 11.
    """

    @_known_as_shared
    def __init__(self, dense, activation=None, use_bias=True, **kwargs):
        check_instance("dense", dense, keras.layers.Dense)
        super().__init__(**kwargs)
        self.dense = dense
        self.activation = keras.activations.get(activation)
        self.use_bias = use_bias

    def build(self, input_shape):
        if self.use_bias:
            features = self.dense.kernel.shape[0]
            self.bias = self.add_weight(
                shape=(features,), initializer="zeros", name="bias"
            )

    def call(self, z):
        check_not_quantized(self.dense)
        x_hat = ops.matmul(z, ops.transpose(self.dense.kernel))
        if self.use_bias:
            x_hat = x_hat + self.bias
        return self.activation(x_hat)

    def compute_mask(self, z, mask=None):
        return mask

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.dense.kernel.shape[0])

    def get_config(self):
        return {
            **super().get_config(),
            "dense": keras.saving.serialize_keras_object(self.dense),
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
        }

    @classmethod
    def from_config(cls, config):
        # While a file is read, Keras returns the layer it has already made.
        dense = keras.saving.deserialize_keras_object(config["dense"])
        return cls(**{**config, "dense": dense})


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
        If `rate` is not a number in [0, 1), or the input not of a float
        type.

    References
    ----------
    Vincent, Larochelle, Lajoie, Bengio and Manzagol (2010), Stacked
    denoising autoencoders, Journal of Machine Learning Research 11.
    """

    def __init__(self, rate, seed=None, **kwargs):
        check_in_range("rate", rate, "[0, 1)")
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

    def compute_mask(self, x, mask=None):
        return mask

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


@keras.saving.register_keras_serializable(package="aecourse")
class SaltAndPepperNoise(MaskingNoise):
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
        If `rate` is not a number in [0, 1), or the input not of a float
        type.

    References
    ----------
    Vincent, Larochelle, Lajoie, Bengio and Manzagol (2010), Stacked
    denoising autoencoders, Journal of Machine Learning Research 11.
    """

    def call(self, x, training=False):
        check_floats("x", x)
        if not training:
            return x
        u = keras.random.uniform(ops.shape(x), seed=self.seed_generator)
        x = ops.where(u < self.rate, ops.ones_like(x), x)
        return ops.where(u < self.rate / 2, ops.zeros_like(x), x)


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
        If the layer is called with anything but two arrays of the same
        shape.

    References
    ----------
    Kingma and Welling (2014), Auto-encoding variational Bayes, section 2.4.
    """

    def __init__(self, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs):
        check_instance("inputs", inputs, tuple, list)
        check_same_shape("z_mean", inputs[0], "z_log_var", inputs[1])
        z_mean, z_log_var = inputs
        eps = keras.random.normal(
            ops.shape(z_mean), dtype=z_mean.dtype, seed=self.seed_generator
        )
        return z_mean + ops.exp(0.5 * z_log_var) * eps

    def compute_mask(self, inputs, mask=None):
        return mask and mask[0]

    def compute_output_shape(self, input_shape):
        return input_shape[0]

    def get_config(self):
        return {**super().get_config(), "seed": self.seed}


def _replica():
    """TensorFlow's context of one of several devices, else None."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        context = tf.distribute.get_replica_context()
        if context and context.num_replicas_in_sync > 1:
            return context
    return None


def _in_single_precision_on_each_device(call):
    """Give the penalty its code; on TensorFlow's replicas see to the rest.

    Each replica holds a part of the batch, which may be empty. "kl" needs
    the mean of the whole batch, for which the replicas must meet. They would
    mix up what Keras lists as losses if they met within a call, so the model
    adds this penalty afterwards, in `Autoencoder.compute_loss`.
    """

    @wraps(call)
    def wrapped(self, z):
        code, replica = single(z), _replica()
        if replica:
            import tensorflow as tf

            rows = tf.shape(code)[0]
            if self.kind == "kl":
                if not getattr(self, "added_by_model", False):
                    raise NotImplementedError(
                        "SparsityPenalty of kind 'kl' needs the whole batch; "
                        "to train on several devices make the model an "
                        "aecourse.Autoencoder, or use kind 'l1' or 'l2'"
                    )
                total = tf.reshape(tf.reduce_sum(code, axis=0), [-1])
                rows = tf.cast([rows], code.dtype)
                self.part_of_batch = tf.concat([total, rows], axis=0)
                return z
            no_nan = tf.cast(rows == 0, "int32")
            code = tf.pad(code, [[0, no_nan], *[[0, 0]] * (code.ndim - 1)])
        call(self, code)
        return z

    return wrapped


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
        If an argument leaves its range.

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

    @_in_single_precision_on_each_device
    def call(self, z):
        if self.kind == "kl":
            penalty = bernoulli_kl(self.target, ops.mean(z, axis=0))
        elif self.kind == "l1":
            penalty = ops.mean(ops.abs(z), axis=0)
        else:
            penalty = ops.mean(ops.square(z), axis=0)
        self.add_loss(self.weight * ops.sum(penalty))
        return z

    def compute_mask(self, z, mask=None):
        return mask

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "weight": self.weight,
            "kind": self.kind,
            "target": self.target,
        }


def penalty_of_all_devices(layer):
    """The penalty of a layer that waits for the other devices, or None."""
    part = getattr(layer, "part_of_batch", None)
    if part is None:
        return None
    import tensorflow as tf

    layer.part_of_batch = None
    whole = _replica().all_reduce(tf.distribute.ReduceOp.SUM, part)
    kl = bernoulli_kl(layer.target, whole[:-1] / whole[-1])
    return layer.weight * ops.sum(kl)
