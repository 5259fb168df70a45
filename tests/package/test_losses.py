"""Losses against closed forms, SciPy's integrals and finite differences."""

from aecourse import (
    bernoulli_kl,
    contractive_penalty,
    gaussian_kl,
    summed_binary_crossentropy,
    summed_squared_error,
)
import keras
from keras import ops
import numpy as np
import pytest
from scipy import integrate, stats


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def numpy(tensor):
    return ops.convert_to_numpy(tensor)


def central_differences(function, point, step=1e-5):
    """Gradient of a scalar function of an array, entry by entry."""
    gradient = np.zeros_like(point)
    for index in np.ndindex(point.shape):
        ahead, behind = point.copy(), point.copy()
        ahead[index] += step
        behind[index] -= step
        gradient[index] = (function(ahead) - function(behind)) / (2 * step)
    return gradient


# --- reconstruction ---------------------------------------------------------


@pytest.mark.parametrize("shape", [(5, 7), (5, 4, 4, 1)])
def test_summed_binary_crossentropy_is_minus_the_log_likelihood(shape):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2, size=shape)
    x_hat = rng.uniform(0.01, 0.99, size=shape)
    axes = tuple(range(1, len(shape)))
    by_scipy = -stats.bernoulli.logpmf(x, x_hat).sum(axis=axes)
    result = numpy(summed_binary_crossentropy(x.astype(float), x_hat))
    assert result.shape == (5,)
    np.testing.assert_allclose(result, by_scipy, rtol=1e-9)


def test_cross_entropy_of_a_grey_pixel_with_itself_is_its_entropy():
    x = np.full((1, 3), 0.3)
    expected = 3 * stats.bernoulli.entropy(0.3)
    result = numpy(summed_binary_crossentropy(x, x))
    np.testing.assert_allclose(result, [expected], rtol=1e-9)


def test_cross_entropy_stays_finite_at_probability_zero():
    x, x_hat = np.ones((1, 1)), np.zeros((1, 1))
    expected = -np.log(keras.config.epsilon())
    result = numpy(summed_binary_crossentropy(x, x_hat))
    np.testing.assert_allclose(result, [expected], rtol=1e-6)


def test_bytes_are_taken_as_numbers():
    x = np.array([[0, 255]], dtype="uint8")
    result = numpy(summed_squared_error(x, np.zeros((1, 2), "float32")))
    np.testing.assert_allclose(result, [255**2 / 2])


# --- Bernoulli KL -----------------------------------------------------------

RHO, RHO_HAT = np.meshgrid(
    np.linspace(0.05, 0.95, 10), np.linspace(0.05, 0.95, 10)
)


def test_bernoulli_kl_is_the_closed_form():
    p, q = RHO, RHO_HAT
    expected = p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))
    result = numpy(bernoulli_kl(p, q))
    np.testing.assert_allclose(result, expected, atol=1e-12)
    # SciPy's relative entropy of the two outcomes, at one point.
    expected = stats.entropy([0.05, 0.95], [0.3, 0.7])
    assert float(bernoulli_kl(0.05, 0.3)) == pytest.approx(expected, rel=1e-5)


def test_bernoulli_kl_has_the_known_gradient():
    def total(q):
        return float(ops.sum(bernoulli_kl(RHO, q)))

    expected = (1 - RHO) / (1 - RHO_HAT) - RHO / RHO_HAT
    result = central_differences(total, RHO_HAT, step=1e-6)
    np.testing.assert_allclose(result, expected, atol=1e-5)


def test_bernoulli_kl_mixes_float_types():
    q = np.array([0.1, 0.2], dtype="float32")
    in_double = numpy(bernoulli_kl(0.05, q.astype("float64")))
    np.testing.assert_allclose(numpy(bernoulli_kl(0.05, q)), in_double, 1e-5)


# --- Gaussian KL ------------------------------------------------------------


def test_gaussian_kl_of_the_standard_normal_is_zero():
    zero = np.zeros((3, 2))
    assert numpy(gaussian_kl(zero, zero)).tolist() == [0, 0, 0]


def test_gaussian_kl_is_the_integral():
    rng = np.random.default_rng(0)
    z_mean, z_log_var = rng.normal(size=(2, 4, 3))

    def integral(mean, log_var):
        q = stats.norm(mean, np.exp(log_var / 2))

        def integrand(z):
            return q.pdf(z) * (q.logpdf(z) - stats.norm.logpdf(z))

        width = 12 * q.std()
        return integrate.quad(integrand, mean - width, mean + width)[0]

    by_scipy = np.vectorize(integral)(z_mean, z_log_var).sum(axis=1)
    result = numpy(gaussian_kl(z_mean, z_log_var))
    np.testing.assert_allclose(result, by_scipy, rtol=1e-6)


def test_gaussian_kl_sums_over_every_latent_axis():
    rng = np.random.default_rng(0)
    z_mean, z_log_var = rng.normal(size=(2, 4, 6))
    flat = numpy(gaussian_kl(z_mean, z_log_var))
    maps = (4, 2, 3)
    result = gaussian_kl(z_mean.reshape(maps), z_log_var.reshape(maps))
    np.testing.assert_allclose(numpy(result), flat)


# --- contractive penalty ----------------------------------------------------


# On PyTorch, Keras multiplies matrices in single precision.
SINGLE = keras.backend.backend() == "torch"


def dense_encoder(*units, inputs=5):
    """Sigmoid layers in double precision, for finite differences."""
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [keras.Input((inputs,), dtype="float64")]
        + [
            keras.layers.Dense(
                n,
                activation="sigmoid",
                bias_initializer="random_normal",
                dtype="float64",
            )
            for n in units
        ]
    )


def penalty_by_differences(encoder, x, step=1e-5):
    """Sum of the squared central differences, one input at a time."""
    total = np.zeros(len(x))
    for index in np.ndindex(x.shape[1:]):
        shift = np.zeros_like(x)
        shift[(slice(None), *index)] = step
        ahead, behind = numpy(encoder(x + shift)), numpy(encoder(x - shift))
        slope = (ahead - behind).reshape(len(x), -1) / (2 * step)
        total += (slope**2).sum(axis=1)
    return total


def test_contractive_penalty_of_one_sigmoid_layer_is_the_closed_form():
    encoder = dense_encoder(3)
    x = np.random.default_rng(0).uniform(size=(6, 5))
    kernel, bias = encoder.get_weights()
    h = sigmoid(x @ kernel + bias)
    expected = ((h * (1 - h)) ** 2) @ (kernel**2).sum(axis=0)
    result = numpy(contractive_penalty(encoder, x))
    assert result.shape == (6,)
    rtol = 1e-6 if SINGLE else 1e-10
    np.testing.assert_allclose(result, expected, rtol=rtol)


def test_contractive_penalty_of_two_layers_against_differences():
    encoder = dense_encoder(4, 3)
    x = np.random.default_rng(0).uniform(size=(6, 5))
    step, rtol = (1e-2, 1e-3) if SINGLE else (1e-5, 1e-7)
    expected = penalty_by_differences(encoder, x, step)
    result = numpy(contractive_penalty(encoder, x))
    np.testing.assert_allclose(result, expected, rtol=rtol)


def test_contractive_penalty_of_a_convolution_against_differences():
    keras.utils.set_random_seed(0)
    encoder = keras.Sequential(
        [
            keras.Input((4, 4, 1), dtype="float64"),
            keras.layers.Conv2D(2, 3, activation="tanh", dtype="float64"),
        ]
    )
    x = np.random.default_rng(0).uniform(size=(3, 4, 4, 1))
    # On JAX, Keras convolves in single precision.
    double = numpy(encoder(x)).dtype == np.float64
    step, rtol = (1e-5, 1e-7) if double else (1e-2, 1e-3)
    expected = penalty_by_differences(encoder, x, step)
    result = numpy(contractive_penalty(encoder, x))
    np.testing.assert_allclose(result, expected, rtol=rtol)


def test_contractive_penalty_of_a_constant_encoder_is_zero():
    encoder = keras.Sequential(
        [keras.Input((5,)), keras.layers.Dense(2, kernel_initializer="zeros")]
    )
    assert not numpy(contractive_penalty(encoder, np.ones((3, 5)))).any()


def test_contractive_penalty_is_taken_without_noise():
    encoder = keras.Sequential(
        [
            keras.Input((5,)),
            keras.layers.GaussianNoise(1.0),
            keras.layers.Dense(3, activation="sigmoid"),
        ]
    )
    x = np.ones((4, 5), dtype="float32")
    first, second = (numpy(contractive_penalty(encoder, x)) for _ in "ab")
    np.testing.assert_array_equal(first, second)


class PenaltyAlone(keras.Model):
    """Trained on the penalty only, so that a step of SGD is its gradient."""

    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def call(self, x):
        return self.encoder(x)

    def compute_loss(self, x, y, y_pred, sample_weight=None, training=True):
        return ops.mean(contractive_penalty(self.encoder, x))


def test_gradient_of_the_contractive_penalty_for_the_weights():
    encoder = dense_encoder(3, 2, inputs=3)
    x = np.random.default_rng(0).uniform(size=(6, 3))
    start = encoder.get_weights()
    step = 1e-2 if SINGLE else 1e-5
    expected = []
    for i, weight in enumerate(start):

        def penalty(value, i=i):
            encoder.set_weights([*start[:i], value, *start[i + 1 :]])
            return float(numpy(contractive_penalty(encoder, x)).mean())

        expected.append(central_differences(penalty, weight, step))
    encoder.set_weights(start)

    model = PenaltyAlone(encoder)
    model.compile(keras.optimizers.SGD(learning_rate=1.0))
    model.train_on_batch(x, x)
    for before, after, gradient in zip(
        start, encoder.get_weights(), expected, strict=True
    ):
        assert np.abs(gradient).max() > 1e-4
        np.testing.assert_allclose(before - after, gradient, atol=1e-6)
