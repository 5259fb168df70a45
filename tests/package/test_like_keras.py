"""The models behave as Keras's own do, or say what they do not do."""

import copy

import aecourse
from aecourse import (
    Autoencoder,
    AutoencoderTransformer,
    ContractiveAutoencoder,
    DenseTranspose,
    SparsityPenalty,
    VariationalAutoencoder,
    summed_binary_crossentropy,
    summed_squared_error,
)
import keras
from keras import layers, ops
import numpy as np
import pytest

TENSORFLOW = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="of TensorFlow"
)
RNG = np.random.default_rng(0)
X = RNG.uniform(0.05, 0.95, size=(64, 8)).astype("float32")


def numpy(tensor):
    return ops.convert_to_numpy(tensor)


def encoder(*more):
    dense = layers.Dense(2, "sigmoid")
    return keras.Sequential([keras.Input((8,)), dense, *more])


def decoder():
    dense = layers.Dense(8, "sigmoid")
    return keras.Sequential([keras.Input((2,)), dense])


def two_heads(outputs=2):
    x = keras.Input((8,))
    return keras.Model(x, [layers.Dense(2)(x) for _ in range(outputs)])


def sparse(kind):
    return Autoencoder(encoder(SparsityPenalty(0.1, kind)), decoder())


MAKE = {
    "plain": lambda: Autoencoder(encoder(), decoder()),
    "variational": lambda: VariationalAutoencoder(two_heads(), decoder()),
    "contractive": lambda: ContractiveAutoencoder(encoder(), decoder(), 0.1),
    "kl": lambda: sparse("kl"),
    "l1": lambda: sparse("l1"),
    "l2": lambda: sparse("l2"),
}
EVERY = pytest.mark.parametrize("kind", MAKE)
THREE = pytest.mark.parametrize("kind", list(MAKE)[:3])


def ready(make, loss=summed_squared_error, **kwargs):
    keras.utils.set_random_seed(0)
    model = make()
    model.compile(keras.optimizers.SGD(0.01), loss, **kwargs)
    return model


@keras.saving.register_keras_serializable(package="tests")
class Written(keras.Model):
    """A part that somebody wrote, of any number of outputs."""

    def __init__(self, units, outputs=1, **kwargs):
        super().__init__(**kwargs)
        self.units, self.outputs_ = units, outputs
        self.heads = [layers.Dense(units) for _ in range(outputs)]

    def call(self, x):
        found = [head(x) for head in self.heads]
        return found[0] if self.outputs_ == 1 else tuple(found)

    def get_config(self):
        own = {"units": self.units, "outputs": self.outputs_}
        return {**super().get_config(), **own}


# --- precision --------------------------------------------------------------


@pytest.fixture(params=["mixed_float16", "mixed_bfloat16"])
def half(request):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy(before)


@EVERY
def test_mixed_precision_trains_to_nearly_the_same_loss(half, kind):
    mixed = ready(MAKE[kind]).fit(X, epochs=2, verbose=0).history["loss"]
    keras.config.set_dtype_policy("float32")
    full = ready(MAKE[kind]).fit(X, epochs=2, verbose=0).history["loss"]
    np.testing.assert_allclose(mixed, full, rtol=0.2)


def test_codes_are_in_single_precision_where_the_model_is_in_half(half):
    model = ready(MAKE["variational"])
    for array in (model.encode(X), model.reconstruct(X), model.sample(3)):
        assert array.dtype == np.float32
    coder = AutoencoderTransformer(2, epochs=1, random_state=0).fit(X)
    assert coder.transform(X).dtype == np.float32
    assert np.isfinite(aecourse.jacobian_norm(model.decoder, X[:, :2])).all()


def test_metrics_and_figures_take_codes_in_half_precision(half):
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("agg")
    z = numpy(encoder()(X))
    assert "float16" in z.dtype.name
    labels = np.arange(64) % 2
    assert aecourse.active_units(z, threshold=0) == 2
    aecourse.plot_latent(z, labels)
    assert (aecourse.reconstruction_error(z, z) == 0).all()
    assert aecourse.linear_probe_accuracy(z, labels, z, labels) > 0.4
    plt.close("all")


@TENSORFLOW
@EVERY
def test_doubles_from_a_data_set(kind):
    import tensorflow as tf

    x = X.astype("float64")
    data = tf.data.Dataset.from_tensor_slices((x, x)).batch(32)
    model, same = ready(MAKE[kind]), ready(MAKE[kind])
    keras.utils.set_random_seed(1)
    found = model.fit(data, verbose=0).history["loss"]
    keras.utils.set_random_seed(1)
    wanted = same.fit(X, batch_size=32, shuffle=False, verbose=0)
    np.testing.assert_allclose(found, wanted.history["loss"], rtol=1e-5)
    assert np.isfinite(model.evaluate(data, return_dict=True)["loss"])


@EVERY
def test_doubles_from_a_generator_and_in_single_steps(kind):
    x = X.astype("float64")
    model = ready(MAKE[kind])
    batches = ((x[i : i + 32], x[i : i + 32]) for i in (0, 32))
    history = model.fit(batches, verbose=0).history
    results = [
        *history["loss"],
        model.train_on_batch(x, return_dict=True)["loss"],
        model.test_on_batch(x, return_dict=True)["loss"],
        model.evaluate(x, verbose=0, return_dict=True)["loss"],
    ]
    assert np.isfinite(results).all()


# --- masks ------------------------------------------------------------------

STEPS = RNG.uniform(0.1, 0.9, size=(6, 5, 3)).astype("float32")
STEPS[:3, 3:] = 0  # padding
SEEN = (STEPS != 0).any(axis=2)


def sequence_parts(outputs=1):
    x = keras.Input((5, 3))
    h = layers.Masking()(x)
    heads = [layers.Dense(2)(h) for _ in range(outputs)]
    z = keras.Input((5, 2))
    x_hat = layers.Dense(3, "sigmoid")(z)
    heads = heads[0] if outputs == 1 else heads
    return keras.Model(x, heads), keras.Model(z, x_hat)


@TENSORFLOW
@pytest.mark.parametrize(
    "loss", [summed_squared_error, summed_binary_crossentropy]
)
def test_a_summed_loss_leaves_masked_steps_out(loss):
    model = ready(lambda: Autoencoder(*sequence_parts()), loss)
    x_hat = model.reconstruct(STEPS)
    wanted = np.mean(
        [
            numpy(loss(x[None, seen], y[None, seen]))
            for x, y, seen in zip(STEPS, x_hat, SEEN, strict=True)
        ]
    )
    found = model.evaluate(STEPS, verbose=0)
    assert found == pytest.approx(wanted, rel=1e-4)


@TENSORFLOW
def test_masked_steps_have_no_part_in_the_latent_loss():
    model = ready(lambda: VariationalAutoencoder(*sequence_parts(2)))
    mean, log_var = (numpy(z) for z in model.encoder(STEPS))
    kl = np.sum((mean**2 + np.exp(log_var) - 1 - log_var) / 2, axis=2)
    found = model.evaluate(STEPS, verbose=0, return_dict=True)
    wanted = np.mean((kl * SEEN).sum(axis=1))
    assert found["kl"] == pytest.approx(wanted, rel=1e-4)
    # The reconstruction is of a draw, from codes without variance here.
    head = model.encoder.layers[-1]
    head.set_weights([np.zeros((3, 2)), np.full(2, -60.0)])
    squares = (STEPS - model.reconstruct(STEPS)) ** 2 * SEEN[..., None]
    found = model.evaluate(STEPS, verbose=0, return_dict=True)
    wanted = squares.sum() / 2 / len(STEPS)
    assert found["reconstruction"] == pytest.approx(wanted, rel=1e-3)


# --- saving, exporting, quantising ------------------------------------------


@TENSORFLOW
@EVERY
def test_export_after_fit_and_of_a_new_model(kind, tmp_path):
    import tensorflow as tf

    model = ready(MAKE[kind])
    model.export(tmp_path / "new", verbose=False)
    model.fit(X, verbose=0)
    model.export(tmp_path / "fitted", verbose=False)
    loaded = tf.saved_model.load(tmp_path / "fitted")
    served = loaded.serve(X)
    x_hat = served[0] if kind == "variational" else served
    assert x_hat.shape == X.shape
    if kind != "variational":
        np.testing.assert_allclose(x_hat, model.reconstruct(X), atol=1e-5)


def written():
    return VariationalAutoencoder(Written(2, 2), Written(8))


@TENSORFLOW
def test_export_of_hand_written_parts(tmp_path):
    import tensorflow as tf

    model = ready(written)
    model.fit(X, verbose=0)
    model.export(tmp_path / "fitted", verbose=False)
    loaded = tf.saved_model.load(tmp_path / "fitted")
    assert loaded.serve(X)[0].shape == X.shape


@pytest.mark.parametrize(
    "make",
    [written, lambda: Autoencoder(Written(2), Written(8))],
    ids=["variational", "plain"],
)
def test_hand_written_parts_are_saved(make, tmp_path):
    model = ready(make)
    model.fit(X, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded.encode(X), model.encode(X), atol=1e-6)
    x_hat = loaded.reconstruct(X)
    np.testing.assert_allclose(x_hat, model.reconstruct(X), atol=1e-6)
    assert loaded.code_shape == (2,)
    loaded.train_on_batch(X)


def nested_tied():
    """Encoder and decoder in one Sequential, tied."""
    one, two = layers.Dense(5, "tanh"), layers.Dense(2, "tanh")
    down = keras.Sequential([keras.Input((8,)), one, two])
    up = [DenseTranspose(two, "tanh"), DenseTranspose(one)]
    return keras.Sequential(
        [down, keras.Sequential([keras.Input((2,)), *up])]
    )


@pytest.mark.parametrize("times", [1, 2])
def test_ties_between_nested_models_outlive_saving(times, tmp_path):
    model = ready(nested_tied, loss="mse")
    model.fit(X, X, verbose=0)
    loaded = model
    for _ in range(times):
        loaded.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(numpy(loaded(X)), numpy(model(X)))
    down, up = loaded.layers
    assert up.layers[0].dense is down.layers[1]
    assert up.layers[1].dense is down.layers[0]
    assert len(loaded.trainable_weights) == 6
    copied = copy.deepcopy(model)
    assert copied.layers[1].layers[0].dense is copied.layers[0].layers[1]


def test_quantising_tied_weights_is_refused():
    model = ready(lambda: tied_autoencoder())
    model.fit(X, verbose=0)
    model.quantize("int8")
    with pytest.raises(NotImplementedError, match="int8 now; quantize a mod"):
        model.reconstruct(X)
    with pytest.raises(NotImplementedError, match="int8 now; quantize a mod"):
        model.predict(X, verbose=0)


def tied_autoencoder():
    down = encoder()
    up = DenseTranspose(down.layers[-1])
    return Autoencoder(down, keras.Sequential([keras.Input((2,)), up]))


def test_quantising_untied_weights_changes_little():
    model = ready(MAKE["plain"])
    before = model.reconstruct(X)
    model.quantize("int8")
    np.testing.assert_allclose(model.reconstruct(X), before, atol=0.02)


# --- parts of any kind ------------------------------------------------------


@pytest.mark.parametrize(
    "parts",
    [
        lambda: (two_heads(), Written(8)),
        lambda: (Written(2, 2), Written(8)),
        lambda: (Written(2, 2), decoder()),
    ],
    ids=["decoder", "both", "encoder"],
)
def test_samples_of_hand_written_parts(parts):
    model = ready(lambda: VariationalAutoencoder(*parts()))
    model.fit(X, verbose=0)
    assert model.sample(3, seed=0).shape == (3, 8)


def test_a_new_model_of_unknown_code_says_what_it_needs():
    with pytest.raises(ValueError, match="called on data or trained"):
        written().sample(3)


@pytest.mark.parametrize("use", ["fit", "encode", "evaluate", "predict"])
@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("make", [Written, None], ids=["written", "known"])
def test_a_variational_encoder_has_two_outputs(make, outputs, use):
    message = rf"encoder must have 2 output\(s\), got {outputs}"

    def train():
        down = make(2, outputs) if make else two_heads(outputs)
        model = ready(lambda: VariationalAutoencoder(down, decoder()))
        getattr(model, use)(X)

    with pytest.raises(ValueError, match=message):
        train()


@pytest.mark.parametrize("use", ["fit", "encode", "evaluate", "predict"])
@pytest.mark.parametrize("make", [Written, None], ids=["written", "known"])
def test_shortcuts_past_the_code_are_refused(make, use):
    def train():
        down = make(2, 2) if make else two_heads(2)
        getattr(ready(lambda: Autoencoder(down, Written(8))), use)(X)

    with pytest.raises(ValueError, match=r"must have 1 output\(s\), got 2"):
        train()


@pytest.mark.parametrize("use", ["fit", "encode", "evaluate", "predict"])
@pytest.mark.parametrize("x", [[X, X], (X, X), {"x": X}], ids=type)
@pytest.mark.parametrize("make", [MAKE["plain"], written])
def test_several_inputs_are_refused(make, x, use):
    with pytest.raises(TypeError, match="x must be one array"):
        getattr(ready(make), use)(x)


def test_layers_of_keras_2_are_named():
    class Sequential:
        __module__ = "tf_keras.src.engine.sequential"

    with pytest.raises(TypeError, match="of Keras 2; unset TF_USE"):
        Autoencoder(Sequential(), decoder())


# --- cross-entropies --------------------------------------------------------

SPELLINGS = {
    "string": "binary_crossentropy",
    "alias": "bce",
    "upper case": "BCE",
    "class": "BinaryCrossentropy",
    "object": keras.losses.BinaryCrossentropy(),
    "logits": keras.losses.BinaryCrossentropy(from_logits=True),
    "focal": keras.losses.BinaryFocalCrossentropy(),
    "function": keras.losses.binary_crossentropy,
    "list": ["binary_crossentropy"],
    "ours": summed_binary_crossentropy,
    "ours in a list": [summed_binary_crossentropy],
}
BEYOND = 3 * X - 1


@pytest.mark.parametrize("loss", SPELLINGS)
def test_every_cross_entropy_refuses_what_is_no_probability(loss):
    model = ready(MAKE["plain"], SPELLINGS[loss], run_eagerly=True)
    for use, arguments, name in [
        ("fit", {"x": BEYOND}, "x"),
        ("fit", {"x": X, "y": BEYOND}, "y"),
        ("fit", {"x": X, "validation_data": (BEYOND, None)}, "validation_x"),
        ("fit", {"x": X, "validation_data": (X, BEYOND)}, "validation_y"),
        ("fit", {"x": X, "validation_data": (BEYOND,)}, "validation_x"),
        ("fit", {"x": ops.convert_to_tensor(BEYOND)}, "x"),
        ("evaluate", {"x": BEYOND}, "x"),
        ("evaluate", {"x": X, "y": BEYOND}, "y"),
        ("train_on_batch", {"x": BEYOND}, "x"),
        ("test_on_batch", {"x": X, "y": BEYOND}, "y"),
    ]:
        with pytest.raises(ValueError, match=rf"^{name} must be in \[0, 1\]"):
            getattr(model, use)(**arguments)


def test_an_input_beyond_probabilities_is_no_fault():
    model = ready(MAKE["plain"], "bce", run_eagerly=True)
    model.fit(BEYOND, X, validation_data=(BEYOND, X), verbose=0)
    ready(MAKE["plain"], "mse", run_eagerly=True).fit(BEYOND, verbose=0)
