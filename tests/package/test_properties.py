"""What holds of losses and layers for every input, on drawn examples.

The draws are the same in every run and nothing of them is kept. Values are
doubles, and a bound on random numbers is six standard deviations wide.
"""

from tempfile import TemporaryDirectory

from aecourse import (
    DenseTranspose,
    MaskingNoise,
    SaltAndPepperNoise,
    Sampling,
    SparsityPenalty,
    bernoulli_kl,
    contractive_penalty,
    gaussian_kl,
    jacobian_norm,
    summed_binary_crossentropy,
    summed_squared_error,
)
from hypothesis import configuration, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
import keras
from keras import ops
import numpy as np
import pytest
from scipy import special

EPS = keras.config.epsilon()
EDGES = [0.0, EPS / 2, EPS, 0.5, 1 - EPS, 1 - EPS / 2, 1.0]
NOISE = [MaskingNoise, SaltAndPepperNoise]

# Hypothesis would keep what it has learnt in the folder it is called from.
home = TemporaryDirectory()
configuration.set_hypothesis_home_dir(home.name)

few = settings(
    max_examples=15, derandomize=True, deadline=None, database=None
)
shapes = arrays.array_shapes(min_dims=2, max_dims=4, max_side=4)
seeds = st.integers(0, 2**31 - 1)
probabilities = st.sampled_from(EDGES) | st.floats(0, 1)
reals = st.floats(-100, 100)
rates = st.floats(0, 1, exclude_max=True)


def numpy(tensor):
    return ops.convert_to_numpy(tensor)


def pairs(values, other):
    """Two arrays of one shape (batch, ...)."""
    return shapes.flatmap(
        lambda shape: st.tuples(
            arrays.arrays("float64", shape, elements=values),
            arrays.arrays("float64", shape, elements=other),
        )
    )


# Every loss of two arrays, the arrays it is for, and its formula in NumPy
# for one entry. Where a loss clips, so does the formula.
def clip(p):
    return np.clip(p, EPS, 1 - EPS)


def half_square(x, x_hat):
    return (x - x_hat) ** 2 / 2


def cross_entropy(x, x_hat):
    q = clip(x_hat)
    return -special.xlogy(x, q) - special.xlog1py(1 - x, -q)


def normal_divergence(mean, log_var):
    return (mean**2 + np.expm1(log_var) - log_var) / 2


LOSSES = {
    summed_squared_error: (pairs(reals, reals), half_square),
    summed_binary_crossentropy: (
        pairs(probabilities, probabilities),
        cross_entropy,
    ),
    gaussian_kl: (pairs(reals, st.floats(-20, 20)), normal_divergence),
}
EVERY_LOSS = pytest.mark.parametrize(
    "loss", LOSSES, ids=lambda loss: loss.__name__
)
ROUNDING = {"rtol": 1e-9, "atol": 1e-9}


def relative_entropy(p, q):
    p, q = clip(p), clip(q)
    return special.rel_entr(p, q) + special.rel_entr(1 - p, 1 - q)


# --- losses -----------------------------------------------------------------


@EVERY_LOSS
@few
@given(data=st.data())
def test_a_loss_is_its_formula_summed_over_the_features(loss, data):
    drawn, formula = LOSSES[loss]
    a, b = data.draw(drawn)
    expected = formula(a, b).reshape(len(a), -1).sum(axis=1)
    result = numpy(loss(a, b))
    assert result.shape == (len(a),)
    np.testing.assert_allclose(result, expected, **ROUNDING)
    assert (result >= 0).all()


@EVERY_LOSS
@few
@given(data=st.data())
def test_samples_are_independent_and_features_without_order(loss, data):
    a, b = data.draw(LOSSES[loss][0])
    whole = numpy(loss(a, b))
    order = np.array(data.draw(st.permutations(range(len(a)))))
    np.testing.assert_allclose(
        numpy(loss(a[order], b[order])), whole[order], **ROUNDING
    )
    cut = data.draw(st.integers(1, len(a)))
    parts = [
        numpy(loss(a[rows], b[rows]))
        for rows in (slice(cut), slice(cut, None))
        if len(a[rows])
    ]
    np.testing.assert_allclose(np.concatenate(parts), whole, **ROUNDING)
    a, b = a.reshape(len(a), -1), b.reshape(len(b), -1)
    order = np.array(data.draw(st.permutations(range(a.shape[1]))))
    np.testing.assert_allclose(
        numpy(loss(a[:, order], b[:, order])), whole, **ROUNDING
    )


@pytest.fixture(scope="module")
def identity():
    """Its output is its input, so that its loss is known."""
    return keras.Sequential([keras.Input((3,)), keras.layers.Identity()])


@pytest.mark.parametrize(
    "loss",
    [summed_squared_error, summed_binary_crossentropy],
    ids=lambda loss: loss.__name__,
)
@settings(few, max_examples=6)
@given(
    n=st.integers(1, 7), batch_size=st.integers(1, 7), seed=st.integers(0, 99)
)
def test_compiled_it_is_the_mean_over_all_samples(
    identity, loss, n, batch_size, seed
):
    rng = np.random.default_rng(seed)
    x, target = rng.uniform(0.1, 0.9, size=(2, n, 3)).astype("float32")
    identity.compile(loss=loss, run_eagerly=True)
    result = identity.evaluate(x, target, batch_size=batch_size, verbose=0)
    assert result == pytest.approx(numpy(loss(target, x)).mean(), rel=1e-5)


@few
@given(pq=pairs(probabilities, probabilities))
def test_bernoulli_kl_is_scipy_s_and_zero_where_equal(pq):
    p, q = pq
    result = numpy(bernoulli_kl(p, q))
    assert result.shape == p.shape
    np.testing.assert_allclose(result, relative_entropy(p, q), **ROUNDING)
    assert (result >= -1e-12).all()
    assert (result[np.abs(p - q) > 0.01] > 1e-5).all()
    np.testing.assert_array_equal(numpy(bernoulli_kl(p, p)), 0 * p)


@few
@given(pq=pairs(probabilities, probabilities))
def test_no_reconstruction_beats_the_target_itself(pq):
    x, x_hat = pq
    best = numpy(summed_binary_crossentropy(x, x))
    assert (numpy(summed_binary_crossentropy(x, x_hat)) >= best - 1e-5).all()
    assert (numpy(summed_squared_error(x, x)) == 0).all()


@few
@given(ab=pairs(reals, reals))
def test_the_squared_error_is_symmetric_and_quadratic(ab):
    a, b = ab
    error = numpy(summed_squared_error(a, b))
    np.testing.assert_array_equal(numpy(summed_squared_error(b, a)), error)
    scaled = numpy(summed_squared_error(3 * a, 3 * b))
    np.testing.assert_allclose(scaled, 9 * error, **ROUNDING)


@few
@given(mv=pairs(reals, st.floats(-20, 20)))
def test_gaussian_kl_is_zero_at_the_prior_alone(mv):
    mean, log_var = mv
    assert (numpy(gaussian_kl(0 * mean, 0 * mean)) == 0).all()
    away = (np.abs(mean) > 0.01) | (np.abs(log_var) > 0.01)
    away = away.reshape(len(mean), -1).any(axis=1)
    assert (numpy(gaussian_kl(mean, log_var))[away] > 1e-5).all()


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="TensorFlow's tape"
)
@pytest.mark.parametrize(
    ("loss", "edges"),
    [
        (summed_squared_error, [-1e3, 0.0, 1e3]),
        (summed_binary_crossentropy, EDGES),
        (bernoulli_kl, EDGES),
        (gaussian_kl, [-80.0, 0.0, 80.0]),
    ],
    ids=lambda part: getattr(part, "__name__", None),
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients_are_finite_at_the_edges(loss, edges, dtype):
    import tensorflow as tf

    a, b = (tf.constant(part, dtype) for part in np.meshgrid(edges, edges))
    with tf.GradientTape() as tape:
        tape.watch([a, b])
        value = loss(a, b)
    assert np.isfinite(numpy(value)).all()
    for gradient in tape.gradient(value, [a, b]):
        assert np.isfinite(numpy(gradient)).all()


@few
@given(
    inputs=st.integers(1, 5),
    units=st.integers(1, 5),
    n=st.integers(1, 4),
    seed=seeds,
)
def test_the_penalty_of_a_linear_map_is_its_norm_everywhere(
    inputs, units, n, seed
):
    rng = np.random.default_rng(seed)
    dense = keras.layers.Dense(units)
    dense.build((None, inputs))
    kernel = rng.normal(size=(inputs, units))
    dense.set_weights([kernel, rng.normal(size=units)])
    x = rng.normal(size=(n, inputs)).astype("float32")
    expected = np.full(n, np.sum(kernel**2))
    penalty = numpy(contractive_penalty(dense, x))
    np.testing.assert_allclose(penalty, expected, rtol=1e-5)
    norm = jacobian_norm(dense, x)
    np.testing.assert_allclose(norm, np.sqrt(expected), rtol=1e-5)


# --- layers -----------------------------------------------------------------


def drawn_input(shape, seed):
    rng = np.random.default_rng(seed)
    return rng.uniform(0.2, 0.8, size=shape).astype("float32")


@pytest.mark.parametrize("noise", NOISE)
@few
@given(shape=shapes, rate=rates, seed=seeds)
def test_noise_is_added_in_training_only_and_rescales_nothing(
    noise, shape, rate, seed
):
    x, layer = drawn_input(shape, seed), noise(rate, seed=seed)
    assert layer.compute_output_shape(shape) == shape
    np.testing.assert_array_equal(numpy(layer(x, training=False)), x)
    out = numpy(layer(x, training=True))
    assert (out.shape, out.dtype) == (x.shape, x.dtype)
    struck = [0.0] if noise is MaskingNoise else [0.0, 1.0]
    assert np.isin(out[out != x], struck).all()
    if rate == 0:
        np.testing.assert_array_equal(out, x)


@pytest.mark.parametrize("noise", NOISE)
@few
@given(rate=rates, seed=seeds)
def test_noise_strikes_at_its_rate(noise, rate, seed):
    x = np.full((100, 100), 0.5, "float32")
    out = numpy(noise(rate, seed=seed)(x, training=True))
    bound = 6 * np.sqrt(rate * (1 - rate) / x.size) + 1e-6
    assert abs(np.mean(out != 0.5) - rate) < bound
    ones = 0 if noise is MaskingNoise else rate / 2
    assert abs(np.mean(out == 1) - ones) < bound


@few
@given(shape=shapes, seed=seeds, data=st.data())
def test_sampling_shifts_and_scales_the_same_draw(shape, seed, data):
    mean = drawn_input(shape, seed)
    log_var = np.float32(data.draw(st.floats(-4, 4))) + 0 * mean
    layer = Sampling(seed)
    z = numpy(layer((mean, log_var)))
    assert z.shape == layer.compute_output_shape((shape, shape)) == shape
    eps = numpy(Sampling(seed)((0 * mean, 0 * mean)))
    expected = mean + np.exp(log_var / 2) * eps
    np.testing.assert_allclose(z, expected, rtol=1e-5, atol=1e-5)


@few
@given(mean=st.floats(-9, 9), log_var=st.floats(-4, 4), seed=seeds)
def test_sampling_has_the_moments_it_is_given(mean, log_var, seed):
    n = 10_000
    parts = (np.full((n, 1), part, "float32") for part in (mean, log_var))
    z = numpy(Sampling(seed)(tuple(parts))).astype("float64")
    eps = (z - mean) / np.exp(log_var / 2)
    assert abs(eps.mean()) < 6 / np.sqrt(n)
    assert abs(eps.var() - 1) < 6 * np.sqrt(2 / n)
    assert abs((eps**3).mean()) < 6 * np.sqrt(15 / n)


@few
@given(
    shape=arrays.array_shapes(min_dims=1, max_dims=3, max_side=4),
    features=st.integers(1, 5),
    units=st.integers(1, 5),
    use_bias=st.booleans(),
    activation=st.sampled_from([None, "tanh", "sigmoid"]),
    seed=seeds,
)
def test_tied_weights_are_one_kernel(
    shape, features, units, use_bias, activation, seed
):
    rng = np.random.default_rng(seed)
    dense = keras.layers.Dense(units)
    dense.build((None, features))
    layer = DenseTranspose(dense, activation, use_bias)
    z = rng.normal(size=(*shape, units)).astype("float32")
    layer(z)
    assert layer.compute_output_shape(z.shape) == (*shape, features)
    own = [w for w in layer.weights if not any(w is d for d in dense.weights)]
    assert [tuple(w.shape) for w in own] == use_bias * [(features,)]
    # A new kernel of the one is the kernel of the other.
    kernel = rng.normal(size=(features, units)).astype("float32")
    bias = rng.normal(size=features).astype("float32") if use_bias else 0.0
    dense.kernel.assign(kernel)
    if use_bias:
        layer.bias.assign(bias)
    linear = z @ kernel.T + bias
    expected = {None: linear, "tanh": np.tanh(linear)}.get(
        activation, special.expit(linear)
    )
    np.testing.assert_allclose(numpy(layer(z)), expected, atol=1e-5)


PENALTIES = {
    "kl": lambda z, target: relative_entropy(target, z.mean(axis=0)),
    "l1": lambda z, target: np.abs(z).mean(axis=0),
    "l2": lambda z, target: (z**2).mean(axis=0),
}


@pytest.mark.parametrize("kind", PENALTIES)
@few
@given(
    shape=shapes,
    weight=st.floats(0, 10),
    target=st.floats(0.01, 0.99),
    repeats=st.integers(1, 3),
    seed=seeds,
)
def test_the_sparsity_penalty_is_a_mean_over_the_batch(
    kind, shape, weight, target, repeats, seed
):
    z, layer = drawn_input(shape, seed), SparsityPenalty(weight, kind, target)
    np.testing.assert_array_equal(numpy(layer(z)), z)
    assert layer.compute_output_shape(shape) == shape
    expected = weight * np.sum(
        PENALTIES[kind](np.asarray(z, "float64"), target)
    )
    tolerance = {"rel": 1e-4, "abs": 1e-5}
    assert float(layer.losses[0]) == pytest.approx(expected, **tolerance)
    # Neither the order of the samples nor their number is seen in a mean.
    layer(np.concatenate(repeats * [z[::-1]]))
    assert float(layer.losses[-1]) == pytest.approx(expected, **tolerance)


LAYERS = {
    MaskingNoise: {"rate": rates, "seed": st.none() | seeds},
    SaltAndPepperNoise: {"rate": rates, "seed": st.none() | seeds},
    Sampling: {"seed": st.none() | seeds},
    SparsityPenalty: {
        "weight": st.floats(0, 1e6),
        "kind": st.sampled_from(["kl", "l1", "l2"]),
        "target": st.floats(0, 1, exclude_min=True, exclude_max=True),
    },
    DenseTranspose: {
        "dense": st.integers(1, 9),
        "activation": st.sampled_from([None, "tanh", "relu"]),
        "use_bias": st.booleans(),
    },
}


@pytest.mark.parametrize("kind", LAYERS, ids=lambda kind: kind.__name__)
@few
@given(data=st.data())
def test_a_configuration_says_everything(kind, data):
    arguments = data.draw(st.fixed_dictionaries(LAYERS[kind]))
    if kind is DenseTranspose:
        arguments["dense"] = keras.layers.Dense(arguments["dense"])
    layer = kind(**arguments)
    config = layer.get_config()
    again = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(layer)
    )
    assert type(again) is kind
    assert again.get_config() == config
    for name, value in arguments.items():
        kept = getattr(again, name)
        if name == "dense":
            assert kept.units == value.units
        elif name == "activation":
            assert kept.__name__ == (value or "linear")
        else:
            assert kept == value
