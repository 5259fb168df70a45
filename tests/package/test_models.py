"""Models against their losses worked out by hand in NumPy."""

import copy
import pickle

from aecourse import (
    Autoencoder,
    ContractiveAutoencoder,
    DenseTranspose,
    MaskingNoise,
    SparsityPenalty,
    VariationalAutoencoder,
    summed_binary_crossentropy,
    summed_squared_error,
)
import keras
from keras import ops
import numpy as np
import pytest

RNG = np.random.default_rng(0)
X = RNG.uniform(0.05, 0.95, size=(50, 6)).astype("float32")
Y = RNG.uniform(0.05, 0.95, size=(50, 6)).astype("float32")
IMAGES = RNG.uniform(size=(7, 4, 4, 1)).astype("float32")


def numpy(tensor):
    return ops.convert_to_numpy(tensor)


def sgd(rate=0.1):
    return keras.optimizers.SGD(rate)


def dense_parts(noise=False):
    """A sigmoid encoder, 6 to 3, and a sigmoid decoder, 3 to 6."""
    layers = [keras.Input((6,)), keras.layers.Dense(3, activation="sigmoid")]
    if noise:
        layers.insert(1, MaskingNoise(0.5))
    decoder = [keras.Input((3,)), keras.layers.Dense(6, activation="sigmoid")]
    return keras.Sequential(layers), keras.Sequential(decoder)


def tied_parts():
    encoder, _ = dense_parts()
    transpose = DenseTranspose(encoder.layers[-1], activation="sigmoid")
    return encoder, keras.Sequential([keras.Input((3,)), transpose])


def variational_parts(noise=False):
    """6 to two times 2, and a sigmoid decoder, 2 to 6."""
    x = keras.Input((6,))
    h = MaskingNoise(0.5)(x) if noise else x
    h = keras.layers.Dense(5, activation="tanh")(h)
    outputs = [keras.layers.Dense(2)(h), keras.layers.Dense(2)(h)]
    decoder = [keras.Input((2,)), keras.layers.Dense(6, activation="sigmoid")]
    return keras.Model(x, outputs), keras.Sequential(decoder)


def basic():
    return Autoencoder(*dense_parts())


def noisy():
    return Autoencoder(*dense_parts(noise=True))


def tied():
    return Autoencoder(*tied_parts())


def variational(beta=0.7, noise=False):
    return VariationalAutoencoder(*variational_parts(noise), beta=beta)


def contractive(weight=0.3):
    return ContractiveAutoencoder(*dense_parts(), weight=weight)


EVERY = [basic, noisy, tied, variational, contractive]


def ready(make, loss=summed_binary_crossentropy, optimizer=None, **kwargs):
    """A compiled model with the same weights and noise each time.

    It runs eagerly, which is faster for so small a model.
    """
    keras.utils.set_random_seed(0)
    model = make()
    kwargs = {"run_eagerly": True, **kwargs}
    model.compile(optimizer or sgd(), loss, **kwargs)
    return model


def assert_same_weights(a, b):
    for one, other in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def cross_entropy(x, p):
    return -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum(axis=1)


def gaussian_divergence(mean, log_var):
    return 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).sum(axis=1)


def contraction(model, x):
    kernel = numpy(model.encoder.layers[-1].kernel.value)
    h = numpy(model.encoder(x))
    return ((h * (1 - h)) ** 2) @ (kernel**2).sum(axis=0)


# --- targets ----------------------------------------------------------------


@pytest.mark.parametrize("make", EVERY)
def test_fit_without_targets_is_fit_on_the_input(make):
    alone, both = ready(make, metrics=["mse"]), ready(make, metrics=["mse"])
    fit = {"batch_size": 25, "verbose": 0}
    keras.utils.set_random_seed(1)
    a = alone.fit(X, validation_data=(X[:9], None), **fit).history
    keras.utils.set_random_seed(1)
    b = both.fit(X, X, validation_data=(X[:9], X[:9]), **fit).history
    assert {"loss", "val_loss", "mse", "val_mse"} <= set(a)
    assert a == b
    assert_same_weights(alone, both)


def test_other_targets_are_honoured():
    model = ready(basic, metrics=["mse"])
    x_hat = model.reconstruct(X)
    result = model.evaluate(X, Y, verbose=0, return_dict=True)
    assert result["loss"] == pytest.approx(cross_entropy(Y, x_hat).mean())
    assert result["mse"] == pytest.approx(((Y - x_hat) ** 2).mean())
    # And training moves towards them, not towards the input.
    model.fit(X, Y, epochs=3, verbose=0)
    assert model.evaluate(X, Y, verbose=0)[0] < result["loss"]


def test_sample_weights_are_honoured():
    model = ready(basic, loss=summed_squared_error)
    weight = np.arange(50) < 10
    result = model.evaluate(
        X, X, sample_weight=weight.astype("float32"), batch_size=50, verbose=0
    )
    error = 0.5 * ((X - model.reconstruct(X)) ** 2).sum(axis=1)
    # Keras divides by the sum of the weights or by the number of samples.
    total = (weight * error).sum()
    assert any(result == pytest.approx(total / n) for n in (10, 50))


def test_validation_split_works_without_targets():
    history = ready(basic).fit(X, validation_split=0.2, verbose=0).history
    assert set(history) == {"loss", "val_loss"}


@pytest.mark.parametrize("make", EVERY)
def test_losses_that_layers_add_are_part_of_the_loss(make):
    plain = ready(make).evaluate(X[:1], verbose=0, return_dict=True)
    keras.utils.set_random_seed(0)
    model = make()
    penalty = SparsityPenalty(1.0, kind="l2")
    model.decoder.add(penalty)
    model.compile(sgd(), summed_binary_crossentropy)
    result = model.evaluate(X[:1], verbose=0, return_dict=True)
    added = result["loss"] - plain["loss"]
    if make is not variational:  # its output is random
        squares = (model.reconstruct(X[:1]) ** 2).sum()
        assert added == pytest.approx(squares, rel=1e-3)
    assert added > 0.1


# --- NumPy in, NumPy out ----------------------------------------------------


@pytest.mark.parametrize("make", EVERY)
def test_encode_decode_reconstruct(make):
    model = ready(make)
    z = model.encode(X)
    code = 2 if make is variational else 3
    assert isinstance(z, np.ndarray)
    assert z.shape == (50, code)
    x_hat = model.reconstruct(X)
    assert isinstance(x_hat, np.ndarray)
    np.testing.assert_array_equal(x_hat, model.decode(z))
    expected = model.encoder(X, training=False)
    expected = expected[0] if make is variational else expected
    np.testing.assert_allclose(z, numpy(expected), atol=1e-6)
    expected = numpy(model.decoder(z, training=False))
    np.testing.assert_allclose(x_hat, expected, atol=1e-6)


@pytest.mark.parametrize("make", [noisy, lambda: variational(noise=True)])
def test_encode_and_reconstruct_are_without_noise(make):
    model = ready(make)
    np.testing.assert_array_equal(model.encode(X), model.encode(X))
    np.testing.assert_array_equal(model.reconstruct(X), model.reconstruct(X))
    noisy_z = model.encoder(X, training=True)
    noisy_z = noisy_z if make is noisy else noisy_z[0]
    assert (numpy(noisy_z) != model.encode(X)).any()


@pytest.mark.parametrize("size", [1, 7, 50, 51])
def test_the_batch_size_does_not_change_the_codes(size):
    model = ready(basic)
    expected = model.encode(X)
    np.testing.assert_allclose(model.encode(X, size), expected, atol=1e-6)
    z = model.decode(expected, batch_size=size)
    np.testing.assert_allclose(z, model.decode(expected), atol=1e-6)


@pytest.mark.parametrize("part", ["encoder", "decoder"])
def test_noise_is_on_in_training_and_off_in_validation(part):
    # Rate 0: the weights stay, so that only noise can change the loss.
    def make():
        parts = dict(zip(("encoder", "decoder"), dense_parts(), strict=True))
        parts[part] = keras.Sequential([MaskingNoise(0.5), parts[part]])
        return Autoencoder(**parts)

    model = ready(make, optimizer=sgd(0.0))
    fit = {"validation_data": (X, None), "epochs": 2, "verbose": 0}
    history = model.fit(X, **fit).history
    error = cross_entropy(X, model.reconstruct(X)).mean()
    assert history["val_loss"] == pytest.approx([error] * 2, rel=1e-5)
    first, second = history["loss"]
    assert abs(first - error) > 1e-3
    assert abs(first - second) > 1e-4


def test_images_keep_their_shape():
    encoder = keras.Sequential(
        [keras.Input((4, 4, 1)), keras.layers.Conv2D(2, 3, strides=2)]
    )
    decoder = keras.Sequential(
        [keras.Input((1, 1, 2)), keras.layers.Conv2DTranspose(1, 4)]
    )
    model = Autoencoder(encoder, decoder)
    assert model.encode(IMAGES).shape == (7, 1, 1, 2)
    assert model.reconstruct(IMAGES).shape == (7, 4, 4, 1)
    model.compile(sgd(), summed_squared_error)
    result = model.evaluate(IMAGES, verbose=0)
    errors = 0.5 * (IMAGES - model.reconstruct(IMAGES)) ** 2
    assert result == pytest.approx(errors.sum() / 7, rel=1e-5)


# --- saving -----------------------------------------------------------------


@pytest.mark.parametrize("make", EVERY)
def test_a_loaded_model_is_the_same_and_trains_on(make, tmp_path):
    model = ready(make, optimizer=keras.optimizers.Adam(0.01))
    model.train_on_batch(X, X)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert type(loaded) is type(model)
    assert_same_weights(loaded, model)
    np.testing.assert_array_equal(loaded.reconstruct(X), model.reconstruct(X))
    # Loss and optimizer go on where they were. (Keras saves no noise.)
    before = model.get_weights()
    for each in (model, loaded):
        each.train_on_batch(X, X)
    assert loaded.get_compile_config() == model.get_compile_config()
    assert int(loaded.optimizer.iterations) == 2
    after = zip(loaded.get_weights(), model.get_weights(), strict=True)
    for start, (one, other) in zip(before, after, strict=True):
        assert (one != start).any()
        if make in (basic, tied, contractive):
            np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.parametrize(
    "duplicate",
    [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))],
    ids=["deepcopy", "pickle"],
)
def test_copies_stay_tied(duplicate):
    model = ready(tied)
    model.train_on_batch(X, X)
    copied = duplicate(model)
    assert_tied(copied)
    assert copied.encoder.layers[-1] is not model.encoder.layers[-1]


def assert_tied(model):
    dense, transpose = model.encoder.layers[-1], model.decoder.layers[-1]
    assert transpose.dense is dense
    kernel, bias = (numpy(weight.value) for weight in dense.weights)
    z = 1 / (1 + np.exp(-(X @ kernel + bias)))
    x_hat = 1 / (1 + np.exp(-(z @ kernel.T + numpy(transpose.bias.value))))
    np.testing.assert_allclose(model.reconstruct(X), x_hat, atol=1e-5)


def test_the_tie_between_encoder_and_decoder_outlives_saving(tmp_path):
    model = ready(tied, run_eagerly=False)
    assert model.count_params() == 6 * 3 + 3 + 6
    model.train_on_batch(X, X)
    assert_tied(model)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert_tied(loaded)
    assert len(loaded.trainable_weights) == 3
    before = loaded.reconstruct(X)
    loaded.train_on_batch(X, X)
    assert np.abs(loaded.reconstruct(X) - before).max() > 1e-4
    assert_tied(loaded)


def test_saving_keeps_beta_and_weight(tmp_path):
    path = tmp_path / "model.keras"
    variational(beta=0.25).save(path)
    assert keras.models.load_model(path).beta == 0.25
    contractive(weight=0.125).save(path)
    assert keras.models.load_model(path).weight == 0.125


# --- variational ------------------------------------------------------------


@pytest.mark.parametrize("beta", [0, 0.7, 4])
def test_variational_loss_is_reconstruction_plus_beta_kl(beta):
    model = ready(lambda: variational(beta))
    x_hat, z_mean, z_log_var = model(X)
    result = float(model.compute_loss(X, None, (x_hat, z_mean, z_log_var)))
    error = cross_entropy(X, numpy(x_hat)).mean()
    kl = gaussian_divergence(numpy(z_mean), numpy(z_log_var)).mean()
    assert kl > 0.05
    assert result == pytest.approx(error + beta * kl, rel=1e-5)


@pytest.mark.parametrize("beta", [0, 0.7])
def test_history_holds_both_parts(beta):
    # Rate 0: the weights stay. Variance exp(-40): the draw is the mean.
    # Not eagerly, since metrics are to survive the compiled step.
    make = {"make": lambda: variational(beta), "run_eagerly": False}
    model = ready(**make, optimizer=sgd(0.0))
    mean, log_var = model.encoder.layers[-2:]
    mean.set_weights([3 * weight for weight in mean.get_weights()])
    log_var.set_weights([np.zeros((5, 2)), np.full(2, -40.0)])
    history = model.fit(
        X, batch_size=32, verbose=0, validation_data=(X[:9], None)
    ).history
    z_mean, z_log_var = (numpy(z) for z in model.encoder(X))
    error = cross_entropy(X, model.reconstruct(X))
    kl = gaussian_divergence(z_mean, z_log_var)
    for prefix, rows in (("", slice(None)), ("val_", slice(9))):
        part = {
            "reconstruction": error[rows].mean(),
            "kl": kl[rows].mean(),
            "loss": error[rows].mean() + beta * kl[rows].mean(),
        }
        for key, expected in part.items():
            (value,) = history[prefix + key]
            assert value == pytest.approx(expected, rel=1e-4), prefix + key


def test_compiled_loss_and_metrics_are_honoured():
    model = ready(variational, loss="mae", metrics=["mae"])
    result = model.evaluate(X, Y, verbose=0, return_dict=True)
    assert set(result) == {"loss", "reconstruction", "kl", "mae"}
    assert result["reconstruction"] == pytest.approx(result["mae"])
    total = result["reconstruction"] + 0.7 * result["kl"]
    assert result["loss"] == pytest.approx(total, rel=1e-5)


def test_the_reconstruction_is_of_a_draw_and_not_of_the_mean():
    model = ready(variational)
    first, second = (numpy(model(X)[0]) for _ in "ab")
    assert (first != second).all()
    # Where the variance vanishes, both are the decoded mean.
    head = model.encoder.layers[-1]
    head.set_weights([np.zeros((5, 2)), np.full(2, -60.0)])
    expected = model.reconstruct(X)
    np.testing.assert_allclose(numpy(model(X)[0]), expected, atol=1e-6)


def test_training_pulls_the_code_to_the_prior():
    model = ready(lambda: variational(100.0), optimizer=sgd(0.003))
    history = model.fit(X, epochs=5, batch_size=10, verbose=0).history
    assert history["kl"][-1] < 0.2 * history["kl"][0]


def test_sample_decodes_normal_codes():
    decoder = keras.Sequential([keras.Input((2,)), keras.layers.Identity()])
    encoder, _ = variational_parts()
    model = VariationalAutoencoder(encoder, decoder)
    z = model.sample(5000, seed=1)
    assert isinstance(z, np.ndarray)
    assert z.shape == (5000, 2)
    # Six standard deviations of mean and of variance.
    assert (np.abs(z.mean(axis=0)) < 6 / np.sqrt(5000)).all()
    assert (np.abs(z.var(axis=0) - 1) < 6 * np.sqrt(2 / 5000)).all()
    np.testing.assert_array_equal(z, model.sample(5000, seed=1))
    assert (model.sample(5, seed=2) != z[:5]).all()
    assert (model.sample(5) != model.sample(5)).all()


# --- contractive ------------------------------------------------------------


@pytest.mark.parametrize("weight", [0, 0.3, 5])
def test_contractive_loss_adds_the_penalty(weight):
    model = ready(lambda: contractive(weight), loss=summed_squared_error)
    error = 0.5 * ((X - model.reconstruct(X)) ** 2).sum(axis=1)
    expected = (error + weight * contraction(model, X)).mean()
    result = model.evaluate(X, batch_size=16, verbose=0)
    assert result == pytest.approx(expected, rel=1e-5)


def test_training_contracts():
    model = ready(
        lambda: contractive(50.0), summed_squared_error, run_eagerly=False
    )
    before = contraction(model, X).mean()
    model.fit(X, epochs=3, batch_size=10, verbose=0)
    assert contraction(model, X).mean() < 0.5 * before


# --- errors -----------------------------------------------------------------


def test_a_reconstruction_of_another_shape_is_an_error():
    encoder, decoder = dense_parts()
    decoder.add(keras.layers.Reshape((2, 3)))
    model = ready(lambda: Autoencoder(encoder, decoder))
    with pytest.raises(ValueError, match="must have the same shape"):
        model.fit(X, verbose=0)
