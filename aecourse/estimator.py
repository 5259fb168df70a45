"""A dense autoencoder that follows scikit-learn's conventions."""

from aecourse.checks import (
    check_choice,
    check_fits,
    check_in_range,
    check_integer,
    check_probability,
)
from aecourse.losses import summed_binary_crossentropy, summed_squared_error
from aecourse.models import Autoencoder
from aecourse.training import Progress, warmup_cosine
import keras
from sklearn import base
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

LOSSES = {
    "squared_error": (summed_squared_error, "linear"),
    "binary_crossentropy": (summed_binary_crossentropy, "sigmoid"),
}


class AutoencoderTransformer(
    base.ClassNamePrefixFeaturesOutMixin,
    base.TransformerMixin,
    base.BaseEstimator,
):
    """Dense autoencoder as a scikit-learn transformer.

    Parameters
    ----------
    n_components : int
        Width of the code, at least 1.
    hidden_layer_sizes : tuple of int
        Widths of the encoder's hidden layers; the decoder mirrors them.
    activation : str
        Of hidden layers and code, as in Keras. With "linear" and squared
        error the model spans the space of the first principal components.
    loss : {"squared_error", "binary_crossentropy"}
        Half the squared error and a linear output, or the cross-entropy, a
        sigmoid output and data in [0, 1]; summed over the features.
    epochs : int
        Passes of `fit` over the data, at least 1.
    batch_size : int
        Samples in a gradient step, at least 1.
    learning_rate : float
        Adam's, above 0: a `warmup_cosine` in `fit`, constant afterwards.
    random_state : int, RandomState or None
        Determines the first weights and the order of the samples.
    verbose : bool
        Whether to show `Progress`.

    Attributes
    ----------
    autoencoder_ : Autoencoder
        The Keras model.
    loss_curve_ : list of float
        Mean loss per sample of each epoch.
    n_features_in_ : int

    Raises
    ------
    TypeError, ValueError
        In `fit`, if a parameter or the data is outside its range.
    """

    def __init__(
        self,
        n_components=32,
        *,
        hidden_layer_sizes=(),
        activation="relu",
        loss="squared_error",
        epochs=20,
        batch_size=256,
        learning_rate=5e-3,
        random_state=None,
        verbose=False,
    ):
        self.n_components = n_components
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.loss = loss
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X, y=None):
        """Train a new model on X of shape (n, n_features); y is ignored."""
        self._check_parameters()
        X = self._check_data(X, reset=True)
        self._build()
        steps = self.epochs * -(-len(X) // self.batch_size)
        self._compile(warmup_cosine(self.learning_rate, steps))
        return self._train(X, self.epochs)

    def partial_fit(self, X, y=None):
        """Train the model further, with one pass over X; y is ignored."""
        self._check_parameters()
        is_new = not hasattr(self, "autoencoder_")
        X = self._check_data(X, reset=is_new)
        if is_new:
            self._build()
        if not self._rate_is_constant:
            self._compile(self.learning_rate)
            self._rate_is_constant = True
        return self._train(X, 1)

    def transform(self, X):
        """Codes of X, float32 of shape (n, n_components)."""
        check_is_fitted(self)
        return self.autoencoder_.encode(self._check_data(X, reset=False))

    def inverse_transform(self, X):
        """Decode codes of shape (n, n_components) to (n, n_features)."""
        check_is_fitted(self)
        codes = check_array(X, dtype="float32", input_name="X")
        check_fits("X", codes, self.autoencoder_.decoder)
        return self.autoencoder_.decode(codes)

    def score(self, X, y=None):
        """Minus the mean loss per sample of X: higher is better."""
        check_is_fitted(self)
        X = self._check_data(X, reset=False)
        x_hat = self.autoencoder_.reconstruct(X)
        losses = keras.ops.convert_to_numpy(LOSSES[self.loss][0](X, x_hat))
        return -float(losses.mean(dtype="float64"))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        tags.input_tags.positive_only = self.loss == "binary_crossentropy"
        return tags

    def _check_parameters(self):
        for name in ("n_components", "epochs", "batch_size"):
            check_integer(name, getattr(self, name))
        for i, size in enumerate(self.hidden_layer_sizes):
            check_integer(f"hidden_layer_sizes[{i}]", size)
        check_choice("loss", self.loss, LOSSES)
        check_in_range("learning_rate", self.learning_rate, "(0, inf)")

    def _check_data(self, X, reset):
        is_probability = self.loss == "binary_crossentropy"
        X = validate_data(
            self,
            X,
            dtype="float32",
            reset=reset,
            ensure_non_negative=is_probability,
        )
        if is_probability:
            check_probability("X", X)
        return X

    def _build(self):
        self._rng = check_random_state(self.random_state)
        n, k = self.n_features_in_, int(self.n_components)
        inside = [self._dense(n) for n in self.hidden_layer_sizes]
        code = self._dense(k)
        outside = [self._dense(n) for n in self.hidden_layer_sizes[::-1]]
        x_hat = self._dense(n, LOSSES[self.loss][1])
        self.autoencoder_ = Autoencoder(
            keras.Sequential([keras.Input((n,)), *inside, code]),
            keras.Sequential([keras.Input((k,)), *outside, x_hat]),
        )
        self._n_features_out = k
        self._rate_is_constant = False
        self.loss_curve_ = []

    def _dense(self, units, activation=None):
        seed = int(self._rng.randint(2**31 - 1))
        return keras.layers.Dense(
            int(units),
            activation or self.activation,
            kernel_initializer=keras.initializers.GlorotUniform(seed),
        )

    def _compile(self, learning_rate):
        optimizer = keras.optimizers.Adam(learning_rate)
        self.autoencoder_.compile(optimizer, loss=LOSSES[self.loss][0])

    def _train(self, X, epochs):
        progress = [Progress(type(self).__name__)] if self.verbose else []
        history = self.autoencoder_.fit(
            self._batches(X, epochs),
            epochs=epochs,
            steps_per_epoch=-(-len(X) // self.batch_size),
            shuffle=False,
            verbose=0,
            callbacks=progress,
        )
        self.loss_curve_ += history.history["loss"]
        return self

    def _batches(self, X, epochs):
        # Keras would shuffle with its global seed, not with random_state.
        for _ in range(epochs):
            order = self._rng.permutation(len(X))
            for i in range(0, len(X), self.batch_size):
                rows = X[order[i : i + self.batch_size]]
                yield rows, rows
