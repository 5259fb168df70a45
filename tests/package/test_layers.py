"""Layers against closed forms and the statistics of their noise.

Bounds on random numbers are wider than five standard deviations, so that a
right layer fails with a probability below 1e-6, whatever the seed.
"""

from aecourse import (
    DenseTranspose,
    MaskingNoise,
    SaltAndPepperNoise,
    Sampling,
    SparsityPenalty,
)
import keras
from keras import ops
import numpy as np
import pytest
from scipy import stats

SIGMAS = 5.5  # two-sided probability 4e-8


def numpy(tensor):
    return ops.convert_to_numpy(tensor)


def assert_rate(hits, rate):
    """The share of True is `rate`, as far as its number can tell."""
    bound = SIGMAS * np.sqrt(rate * (1 - rate) / hits.size)
    assert abs(hits.mean() - rate) < bound


def save_and_load(model, folder):
    path = folder / "model.keras"
    model.save(path)
    return keras.models.load_model(path)


# --- noise ------------------------------------------------------------------

NOISE = [MaskingNoise, SaltAndPepperNoise]
GREY = np.full((200, 28, 28, 1), 0.5, dtype="float32")


@pytest.mark.parametrize("noise", NOISE)
def test_noise_is_off_at_inference(noise):
    x = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    layer = noise(0.5, seed=0)
    np.testing.assert_array_equal(numpy(layer(x)), x)
    np.testing.assert_array_equal(numpy(layer(x, training=False)), x)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_masking_sets_the_rate_to_zero_and_keeps_the_rest(rate):
    out = numpy(MaskingNoise(rate, seed=0)(GREY, training=True))
    assert_rate(out == 0, rate)
    assert set(np.unique(out)) == {0.0, 0.5}  # nothing is rescaled


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_salt_and_pepper_sets_half_of_the_rate_to_each_end(rate):
    out = numpy(SaltAndPepperNoise(rate, seed=0)(GREY, training=True))
    assert_rate(out == 0, rate / 2)
    assert_rate(out == 1, rate / 2)
    assert set(np.unique(out)) == {0.0, 0.5, 1.0}


@pytest.mark.parametrize("noise", NOISE)
def test_rate_zero_changes_nothing(noise):
    out = numpy(noise(0, seed=0)(GREY, training=True))
    np.testing.assert_array_equal(out, GREY)


@pytest.mark.parametrize("noise", NOISE)
def test_noise_differs_for_every_sample_and_pixel(noise):
    hit = numpy(noise(0.5, seed=0)(GREY, training=True)) != 0.5
    hit = hit.reshape(200, 784)
    assert len(np.unique(hit, axis=0)) == 200
    assert len(np.unique(hit, axis=1).T) == 784
    # Two independent samples agree in half of their pixels.
    assert_rate(hit[::2] == hit[1::2], 0.5)
    assert_rate(hit[:, ::2] == hit[:, 1::2], 0.5)


@pytest.mark.parametrize("noise", NOISE)
def test_noise_differs_from_call_to_call(noise):
    layer = noise(0.5, seed=0)
    first = numpy(layer(GREY, training=True)) != 0.5
    second = numpy(layer(GREY, training=True)) != 0.5
    assert_rate(first == second, 0.5)


@pytest.mark.parametrize("noise", NOISE)
def test_a_seed_repeats_the_noise(noise):
    x = GREY[:2]
    same = [numpy(noise(0.5, seed=3)(x, training=True)) for _ in "ab"]
    np.testing.assert_array_equal(*same)
    other = numpy(noise(0.5, seed=4)(x, training=True))
    assert (other != same[0]).any()


@pytest.mark.parametrize("noise", NOISE)
def test_noise_differs_from_step_to_step_while_training(noise):
    # A linear model on a constant: the loss repeats only if the noise does.
    model = keras.Sequential([keras.Input((50,)), noise(0.5, seed=0)])
    model.add(keras.layers.Dense(1, kernel_initializer="ones"))
    model.compile(keras.optimizers.SGD(0.0), "mse")
    x, y = np.full((1, 50), 0.5, "float32"), np.zeros((1, 1), "float32")
    losses = {float(model.train_on_batch(x, y)) for _ in range(8)}
    assert len(losses) > 1
    assert model.evaluate(x, y, verbose=0) == pytest.approx(25**2)


# --- sampling ---------------------------------------------------------------


@pytest.mark.parametrize("training", [True, False])
def test_sampling_draws_from_the_gaussian_it_is_given(training):
    mean = np.full((20_000, 2), [3.0, -1.0], dtype="float32")
    log_var = np.full((20_000, 2), np.log([4.0, 0.25]), dtype="float32")
    z = numpy(Sampling(seed=0)((mean, log_var), training=training))
    assert z.shape == mean.shape
    for column, mu, sigma in zip(z.T, (3, -1), (2, 0.5), strict=True):
        assert stats.kstest(column, stats.norm(mu, sigma).cdf).pvalue > 1e-6
    assert abs(np.corrcoef(z.T)[0, 1]) < SIGMAS / np.sqrt(20_000)


def test_sampling_without_variance_returns_the_mean():
    mean = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    z = numpy(Sampling()((mean, np.full((4, 3), -80, "float32"))))
    np.testing.assert_allclose(z, mean, rtol=1e-6)


def test_sampling_draws_anew_at_every_call_and_repeats_with_a_seed():
    zero = np.zeros((2, 3), dtype="float32")
    layer = Sampling(seed=0)
    first, second = numpy(layer((zero, zero))), numpy(layer((zero, zero)))
    assert len(np.unique([first, second])) == 12
    again = numpy(Sampling(seed=0)((zero, zero)))
    np.testing.assert_array_equal(first, again)


def test_sampling_lets_the_gradient_through():
    # z = mean + exp(log_var / 2) * eps has derivatives 1 and (z - mean) / 2.
    mean = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")
    log_var = keras.layers.Dense(
        1, use_bias=False, kernel_initializer="zeros"
    )
    x = keras.Input((1,))
    z = Sampling(seed=0)((mean(x), log_var(x)))
    model = keras.Model(x, z)
    model.compile(keras.optimizers.SGD(1.0), loss=lambda y, z: z)
    one = np.ones((1, 1), dtype="float32")
    drawn = float(model.train_on_batch(one, one))
    assert float(mean.kernel[0, 0]) == pytest.approx(1 - 1)
    moved = float(log_var.kernel[0, 0])
    assert moved == pytest.approx(-(drawn - 1) / 2, rel=1e-5)


# --- sparsity ---------------------------------------------------------------

CODE = np.array([[0.1, 0.8, 0.4], [0.3, 0.2, 0.4]], dtype="float32")


def bernoulli_entropy_against(p, q):
    return stats.entropy([p, 1 - p], [q, 1 - q])


PENALTIES = {
    "kl": sum(bernoulli_entropy_against(0.1, q) for q in (0.2, 0.5, 0.4)),
    "l1": (1.3 + 0.9) / 2,
    "l2": (0.01 + 0.64 + 0.16 + 0.09 + 0.04 + 0.16) / 2,
}


@pytest.mark.parametrize("kind", PENALTIES)
def test_sparsity_penalty_is_the_closed_form(kind):
    layer = SparsityPenalty(2.0, kind=kind, target=0.1)
    np.testing.assert_array_equal(numpy(layer(CODE)), CODE)
    (penalty,) = layer.losses
    assert float(penalty) == pytest.approx(2 * PENALTIES[kind], rel=1e-5)


@pytest.mark.parametrize("kind", PENALTIES)
def test_sparsity_penalty_of_feature_maps_sums_over_all_but_the_batch(kind):
    layer = SparsityPenalty(2.0, kind=kind, target=0.1)
    layer(CODE.reshape(2, 1, 3, 1))
    (penalty,) = layer.losses
    assert float(penalty) == pytest.approx(2 * PENALTIES[kind], rel=1e-5)


def test_l1_takes_the_absolute_value():
    layer = SparsityPenalty(1.0, kind="l1")
    layer(np.array([[-1.0, 2.0]]))
    assert float(layer.losses[0]) == pytest.approx(3)


def test_kl_needs_the_batch_mean_and_not_each_sample():
    # On average each unit is at the target, though no sample is.
    layer = SparsityPenalty(1.0, kind="kl", target=0.5)
    layer(np.array([[0.1, 0.9], [0.9, 0.1]]))
    assert float(layer.losses[0]) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("kind", PENALTIES)
def test_sparsity_penalty_does_not_depend_on_the_batch_size(kind):
    keras.utils.set_random_seed(0)
    x = np.repeat([[0.2, -0.4, 0.9]], 200, axis=0).astype("float32")
    layer = SparsityPenalty(3.0, kind=kind, target=0.1)
    model = keras.Sequential([keras.Input((3,))])
    model.add(keras.layers.Dense(4, activation="sigmoid"))
    code = numpy(model(x))
    model.add(layer)
    # Rate 0: the weights stay.
    model.compile(keras.optimizers.SGD(0.0), "mse", run_eagerly=True)
    # The targets are the outputs: what is left of the loss is the penalty.
    layer(code[:1])
    expected = float(layer.losses[0])
    assert expected > 0.01
    for size in (1, 100):
        rows = (x[: 2 * size], code[: 2 * size])
        fit = model.fit(*rows, size, validation_data=rows, verbose=0)
        assert fit.history["loss"][0] == pytest.approx(expected, rel=1e-4)
        assert fit.history["val_loss"][0] == pytest.approx(expected, rel=1e-4)


# --- tied weights -----------------------------------------------------------


def tied_parts(units=4, inputs=6):
    keras.utils.set_random_seed(0)
    dense = keras.layers.Dense(units, activation="tanh")
    transpose = DenseTranspose(dense, activation="sigmoid")
    return [keras.Input((inputs,)), dense, transpose]


def sequential():
    return keras.Sequential(tied_parts())


def functional():
    x, dense, transpose = tied_parts()
    return keras.Model(x, transpose(dense(x)))


TIED = [sequential, functional]
X = np.random.default_rng(0).uniform(size=(20, 6)).astype("float32")


def assert_tied(model):
    """The output is that of one kernel, there and back, in NumPy."""
    dense, transpose = model.layers[-2:]
    assert transpose.dense is dense
    kernel, bias = (numpy(weight) for weight in dense.weights)
    z = np.tanh(X @ kernel + bias)
    x_hat = 1 / (1 + np.exp(-(z @ kernel.T + numpy(transpose.bias))))
    np.testing.assert_allclose(numpy(model(X)), x_hat, atol=1e-5)


@pytest.mark.parametrize("make", TIED)
def test_transpose_reads_the_kernel_before_and_after_training(make):
    model = make()
    assert_tied(model)
    before = numpy(model.layers[-2].kernel).copy()
    model.compile(keras.optimizers.SGD(1.0), "mse")
    model.train_on_batch(X, X)
    assert np.abs(numpy(model.layers[-2].kernel) - before).max() > 1e-3
    assert_tied(model)


@pytest.mark.parametrize("make", TIED)
def test_tied_weights_are_counted_once(make):
    model = make()
    assert model.count_params() == 6 * 4 + 4 + 6
    assert len(model.trainable_weights) == 3


def test_the_tied_kernel_gets_the_gradient_of_both_uses():
    # x -> w x -> w^2 x: the derivative of the output is 2 w x.
    dense = keras.layers.Dense(1, use_bias=False)
    model = keras.Sequential(
        [keras.Input((1,)), dense, DenseTranspose(dense, use_bias=False)]
    )
    dense.set_weights([np.array([[3.0]])])
    model.compile(keras.optimizers.SGD(0.1), loss=lambda y, x_hat: x_hat)
    model.train_on_batch(np.array([[1.0]]), np.array([[0.0]]))
    assert float(dense.kernel[0, 0]) == pytest.approx(3 - 0.1 * 6)


@pytest.mark.parametrize("make", TIED)
def test_the_tie_outlives_saving(make, tmp_path):
    model = make()
    model.compile(keras.optimizers.Adam(0.1), "mse")
    model.train_on_batch(X, X)
    loaded = save_and_load(model, tmp_path)
    np.testing.assert_array_equal(numpy(loaded(X)), numpy(model(X)))
    assert_tied(loaded)
    assert loaded.count_params() == model.count_params()
    loaded.train_on_batch(X, X)
    assert_tied(loaded)
    assert (numpy(loaded(X)) != numpy(model(X))).any()


def test_a_decoder_saved_alone_takes_the_kernel_with_it(tmp_path):
    transpose = sequential().layers[-1]
    decoder = keras.Sequential([keras.Input((4,)), transpose])
    loaded = save_and_load(decoder, tmp_path)
    z = X[:, :4]
    np.testing.assert_array_equal(numpy(loaded(z)), numpy(decoder(z)))


def test_transpose_without_bias_or_activation_is_linear():
    dense = keras.layers.Dense(2)
    dense.build((None, 3))
    transpose = DenseTranspose(dense, use_bias=False)
    z = np.array([[1.0, -2.0]], dtype="float32")
    np.testing.assert_allclose(
        numpy(transpose(z)), z @ numpy(dense.kernel).T, rtol=1e-6
    )
    assert transpose.compute_output_shape((None, 2)) == (None, 3)


# --- configuration ----------------------------------------------------------


@pytest.mark.parametrize(
    "layer",
    [
        MaskingNoise(0.3, seed=1),
        SaltAndPepperNoise(0.3, seed=1),
        SparsityPenalty(0.1, kind="l2", target=0.2),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_saving_keeps_every_argument(layer, tmp_path):
    model = keras.Sequential([keras.Input((6,)), layer])
    (loaded,) = save_and_load(model, tmp_path).layers
    assert type(loaded) is type(layer)
    assert loaded.get_config() == layer.get_config()


def test_saving_keeps_the_seed_of_sampling(tmp_path):
    x = keras.Input((6,))
    model = keras.Model(x, Sampling(seed=7)((x, x)))
    loaded = save_and_load(model, tmp_path)
    assert loaded.layers[-1].seed == 7
    np.testing.assert_array_equal(numpy(loaded(X)), numpy(model(X)))
