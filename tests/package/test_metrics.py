"""Each metric against an independent computation."""

import warnings

from aecourse import (
    VariationalAutoencoder,
    active_units,
    importance_weighted_bound,
    jacobian_norm,
    linear_probe_accuracy,
    load_mnist,
    metrics,
    principal_angles,
    reconstruction_error,
)
import keras
import numpy as np
import pytest
from scipy import integrate, stats
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression


def test_reconstruction_error_by_hand():
    x = np.zeros((2, 2, 2, 1), "float32")
    x_hat = x.copy()
    x_hat[1] = [[[1], [2]], [[3], [4]]]
    np.testing.assert_allclose(reconstruction_error(x, x_hat), [0, 30 / 4])


def test_reconstruction_error_of_bytes_does_not_wrap():
    x = np.array([[0, 20]], "uint8")
    assert reconstruction_error(x, x[:, ::-1]).tolist() == [400]


def blobs(rng, n=400, distance=6.0):
    y = rng.integers(3, size=n)
    z = rng.normal(size=(n, 4))
    z[:, 0] += distance * y
    return z, y


def test_linear_probe_separates_what_is_separable(rng):
    z, y = blobs(rng, distance=50)
    assert linear_probe_accuracy(z[:300], y[:300], z[300:], y[300:]) == 1.0


def test_linear_probe_finds_nothing_in_noise(rng):
    z, y = rng.normal(size=(4000, 4)), rng.integers(2, size=4000)
    accuracy = linear_probe_accuracy(z[:2000], y[:2000], z[2000:], y[2000:])
    assert 0.45 < accuracy < 0.55


def test_linear_probe_against_scikit_learn(rng):
    z, y = blobs(rng, distance=2)
    z[:, 1] = 10 * z[:, 1] + 5
    train, test = slice(0, 250), slice(250, None)
    scaled = (z - z[train].mean(0)) / np.sqrt(z[train].var(0).sum())
    scores = []
    for strength in metrics.STRENGTHS:
        probe = LogisticRegression(C=strength, max_iter=1000, tol=1e-6)
        probe.fit(scaled[train], y[train])
        scores.append(np.mean(probe.predict(scaled[test]) == y[test]))
    images = z.reshape(-1, 2, 2)
    got = linear_probe_accuracy(images[train], y[train], z[test], y[test])
    assert 0.6 < min(scores) <= got <= max(scores) < 0.99


def test_linear_probe_does_not_make_noise_of_silent_units_loud(rng):
    """PCA's code holds the pixels' classes, and lets the probe use them."""
    (x, y), _ = load_mnist(flat=True)
    x_new, y_new = x[:5000], y[:5000]
    x_noisy = x_new + rng.normal(0, 0.5, x_new.shape).astype("float32")
    pca = PCA(200, svd_solver="covariance_eigh").fit(x[5000:25000])
    gains = []
    for start in (5000, 6000, 7000):
        some = slice(start, start + 1000)
        accuracy = {}
        for name, view in {
            "pixels": lambda x: x,
            "pca": pca.transform,
        }.items():
            accuracy[name] = [
                linear_probe_accuracy(
                    view(x[some]), y[some], view(new), y_new
                )
                for new in (x_new, x_noisy)
            ]
        assert accuracy["pca"][0] > 0.84
        assert accuracy["pca"][1] > 0.74
        gains.append(np.subtract(accuracy["pca"], accuracy["pixels"]))
    assert np.all(np.mean(gains, axis=0) > -0.01)


def test_linear_probe_does_not_depend_on_scale_rotation_or_dead_units(rng):
    z, y = blobs(rng, distance=2)
    turn = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    views = [z, 1000 * z + 7, z @ turn, np.hstack([z, np.ones((400, 3))])]
    accuracies = [
        linear_probe_accuracy(v[:300], y[:300], v[300:], y[300:])
        for v in views
    ]
    # One test sample is 0.01: rounding may turn one, no more.
    np.testing.assert_allclose(accuracies, accuracies[0], atol=0.015)


def test_linear_probe_tunes_on_labels_it_did_not_fit(rng):
    """Labels at random want a strong penalty, clean ones a weak one."""
    z = rng.normal(size=(300, 50))
    chosen = {}
    for name, y in {
        "clean": (z[:, 0] > 0).astype(int),
        "random": rng.integers(2, size=300),
    }.items():
        probe = LogisticRegression(warm_start=True)
        metrics._tune(probe, z, y)
        chosen[name] = probe.C
        assert y[metrics._held_out(y)].mean() == pytest.approx(
            y.mean(), abs=0.02
        )
    assert chosen["clean"] > chosen["random"] == metrics.STRENGTHS[0]


def test_linear_probe_with_one_sample_of_each_class():
    z, y = np.eye(3), np.array([4, 5, 9])
    assert not metrics._held_out(y).any()
    assert linear_probe_accuracy(z, y, z, y) == 1


def test_linear_probe_of_constant_codes(rng):
    z, y = np.ones((10, 2)), np.arange(10) % 2
    assert linear_probe_accuracy(z, y, z, y) == 0.5


def test_linear_probe_stops_without_a_warning(rng, monkeypatch):
    def one_step(**options):
        return LogisticRegression(**(options | {"max_iter": 1}))

    monkeypatch.setattr(metrics, "LogisticRegression", one_step)
    z, y = blobs(rng)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        linear_probe_accuracy(z, y, z, y)


def test_active_units_counts_variances_above_the_threshold():
    signs = np.array([[-1.0], [1.0]])  # variance 1
    z = 7 + signs * np.sqrt([0.0, 0.009, 0.011, 4.0])
    assert active_units(z) == 2
    assert active_units(z, threshold=0) == 3
    assert active_units(z.astype("float32"), threshold=0.0095) == 2
    assert isinstance(active_units(z), int)


def rotation(i, j, degrees, size=6):
    turn, angle = np.eye(size), np.deg2rad(degrees)
    turn[i, i] = turn[j, j] = np.cos(angle)
    turn[i, j], turn[j, i] = -np.sin(angle), np.sin(angle)
    return turn


def test_principal_angles_of_rotated_planes(rng):
    a = np.eye(6)[:, :3]
    b = rotation(0, 3, 20) @ rotation(1, 4, 70) @ a
    np.testing.assert_allclose(principal_angles(a, b), [70, 20, 0], atol=1e-5)
    # Other columns, order and place, the same spaces.
    basis = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    mixed = basis @ b[:, [2, 0, 1]] @ rng.normal(size=(3, 3))
    angles = principal_angles(mixed.astype("float32"), basis @ a[:, ::-1])
    np.testing.assert_allclose(angles, [70, 20, 0], atol=1e-3)


def test_principal_angles_of_a_space_in_another():
    a = np.eye(6)
    angles = principal_angles(a[:, :4], a[:, 1:3])
    np.testing.assert_allclose(angles, [0, 0], atol=1e-6)
    np.testing.assert_allclose(principal_angles(a[:, :1], a[:, 1:2]), [90])


@pytest.fixture
def rng():
    return np.random.default_rng(0)


WEIGHTS = np.array([[2.0, -1.0, 0.5, 3.0]])
BIAS = np.array([0.3, -0.2, 1.0, -1.5])
X = np.array([[1.0, 0.0, 1.0, 0.0]], "float32")


def small_vae(mean, log_var, weights=WEIGHTS):
    """A VAE of four pixels whose encoder gives every image the same q."""
    inputs = keras.Input((4,))
    heads = [
        keras.layers.Dense(
            len(weights),
            kernel_initializer="zeros",
            bias_initializer=keras.initializers.Constant(value),
        )(inputs)
        for value in (mean, log_var)
    ]
    dense = keras.layers.Dense(4, "sigmoid")
    decoder = keras.Sequential([keras.Input((len(weights),)), dense])
    dense.set_weights([weights, BIAS])
    return VariationalAutoencoder(keras.Model(inputs, heads), decoder)


def log_likelihood(z, x=X[0]):
    p = 1 / (1 + np.exp(-(z * WEIGHTS[0] + BIAS)))
    return np.sum(x * np.log(p) + (1 - x) * np.log(1 - p))


def test_bound_is_exact_where_the_code_says_nothing():
    vae = small_vae(0.0, 0.0, weights=np.zeros((2, 4)))
    x = np.array([[1, 0, 1, 0], [0.5, 0, 1, 1]], "float32")
    p = 1 / (1 + np.exp(-BIAS))
    wanted = np.sum(x * np.log(p) + (1 - x) * np.log(1 - p), axis=1)
    for n_samples in (1, 10, 999):
        got = importance_weighted_bound(vae, x, n_samples)
        np.testing.assert_allclose(got, wanted, rtol=1e-5)


def test_bound_grows_from_the_elbo_to_the_integrated_likelihood():
    mean, log_var = 0.5, -1.0
    vae = small_vae(mean, log_var)

    def expect(function, centre, scale):
        density = stats.norm(centre, scale).pdf
        return integrate.quad(
            lambda z: function(z) * density(z),
            centre - 12 * scale,
            centre + 12 * scale,
        )[0]

    log_p = np.log(expect(lambda z: np.exp(log_likelihood(z)), 0, 1))
    kl = (mean**2 + np.exp(log_var) - 1 - log_var) / 2
    elbo = expect(log_likelihood, mean, np.exp(log_var / 2)) - kl
    assert elbo < log_p - 0.1

    many = np.repeat(X, 4000, axis=0)
    bounds = [
        importance_weighted_bound(vae, many, n).mean() for n in (1, 3, 30)
    ]
    assert bounds[0] == pytest.approx(elbo, abs=0.03)
    assert bounds[0] < bounds[1] - 0.03 < bounds[2] - 0.06 < log_p - 0.06
    tight = importance_weighted_bound(vae, many[:20], 5000)
    np.testing.assert_allclose(tight, log_p, atol=0.08)
    assert tight.mean() == pytest.approx(log_p, abs=0.02)


def test_bound_is_repeatable_and_seeded():
    vae, many = small_vae(0.5, -1.0), np.repeat(X, 3, axis=0)
    first = importance_weighted_bound(vae, many, 5)
    assert first.shape == (3,)
    assert len(set(first)) == 3
    again = importance_weighted_bound(vae, many, 5, seed=0)
    assert first.tolist() == again.tolist()
    other = importance_weighted_bound(vae, many, 5, seed=1)
    assert not np.any(first == other)


@pytest.mark.parametrize(("n", "n_samples"), [(2500, 3), (3, 2500), (1, 1)])
def test_bound_holds_few_samples_at_once(monkeypatch, n, n_samples):
    vae, rows = small_vae(0.5, -1.0), []
    cost = metrics.summed_binary_crossentropy

    def spy(x, x_hat):
        rows.append(len(x))
        return cost(x, x_hat)

    monkeypatch.setattr(metrics, "summed_binary_crossentropy", spy)
    many = np.repeat(X, n, axis=0)
    assert len(importance_weighted_bound(vae, many, n_samples)) == n
    assert sum(rows) == n * n_samples
    assert max(rows) <= 1000


def test_jacobian_norm_of_a_sigmoid_layer(rng):
    kernel, bias = rng.normal(size=(6, 3)), rng.normal(size=3)
    dense = keras.layers.Dense(3, "sigmoid")
    layer = keras.Sequential([keras.Input((6,)), dense])
    dense.set_weights([kernel, bias])
    x = rng.normal(size=(230, 6))  # more than two batches
    slope = 1 / (1 + np.exp(-(x @ kernel + bias)))
    slope *= 1 - slope
    jacobians = slope[:, :, None] * kernel.T
    wanted = np.linalg.norm(jacobians, axis=(1, 2))
    np.testing.assert_allclose(jacobian_norm(layer, x), wanted, rtol=1e-4)


def test_jacobian_norm_of_images_and_noise(rng):
    twice = keras.Sequential(
        [
            keras.Input((2, 2, 1)),
            keras.layers.GaussianNoise(1.0),
            keras.layers.Rescaling(2.0),
        ]
    )
    x = rng.normal(size=(3, 2, 2, 1))
    np.testing.assert_allclose(jacobian_norm(twice, x), [4, 4, 4], rtol=1e-6)
