"""Tied weights: a decoder layer that reuses the encoder's kernel."""

from aecourse._checks import check_boolean, check_instance
import keras
from keras import ops


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
        If `dense` is not a Dense layer or `use_bias` not a truth value.
    ValueError
        If `dense` is not built yet, or the input does not have
        ``dense.units`` features.

    References
    ----------
    Vincent, Larochelle, Lajoie, Bengio and Manzagol (2010), Stacked
    denoising autoencoders, Journal of Machine Learning Research 11.
    """

    def __init__(self, dense, activation=None, use_bias=True, **kwargs):
        check_instance("dense", dense, keras.layers.Dense)
        check_boolean("use_bias", use_bias)
        super().__init__(**kwargs)
        self.dense = dense
        self.activation = keras.activations.get(activation)
        self.use_bias = use_bias

    def build(self, input_shape):
        check_transposable(self.dense, input_shape)
        if self.use_bias:
            features = self.dense.kernel.shape[0]
            self.bias = self.add_weight(
                shape=(features,), initializer="zeros", name="bias"
            )

    def call(self, z):
        check_transposable(self.dense, z.shape)
        x_hat = ops.matmul(z, ops.transpose(self.dense.kernel))
        if self.use_bias:
            x_hat = x_hat + self.bias
        return self.activation(x_hat)

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


def check_transposable(dense, input_shape):
    """Raise unless `dense` is built and the code has its size."""
    if not dense.built:
        raise ValueError(
            f"dense must be built before its transpose, got {dense.name!r} "
            "without weights: put an Input before it"
        )
    if input_shape[-1] != dense.units:
        raise ValueError(
            f"the code must have dense.units = {dense.units} features, "
            f"got shape {tuple(input_shape)}"
        )
