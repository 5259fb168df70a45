"""AutoencoderTransformer keeps scikit-learn's promises."""

import copy
from functools import partialmethod
import pickle
import re

from aecourse import Autoencoder, AutoencoderTransformer, principal_angles
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks


@pytest.fixture
def uncompiled(monkeypatch):
    """Train without tracing: for tiny fits that saves most of the time."""
    compile_ = partialmethod(Autoencoder.compile, run_eagerly=True)
    monkeypatch.setattr(Autoencoder, "compile", compile_)


@pytest.fixture
def x():
    """200 samples near a plane of 3 dimensions in 8."""
    rng = np.random.default_rng(0)
    plane = np.linalg.qr(rng.normal(size=(8, 3)))[0].T
    noise = 0.3 * rng.normal(size=(200, 8))
    return 3 * rng.normal(size=(200, 3)) @ plane + noise + 0.5


def small(**parameters):
    defaults = {"epochs": 2, "batch_size": 50, "random_state": 0}
    return AutoencoderTransformer(2, **defaults | parameters)


@parametrize_with_checks([AutoencoderTransformer(2, epochs=1)])
def test_scikit_learn_checks(estimator, check, uncompiled):
    check(estimator)


@pytest.fixture
def probabilities(monkeypatch):
    """Scale the checks' data to [0, 1], for which there is no tag."""
    adapt = estimator_checks._enforce_estimator_tags_X

    def scaled(estimator, X, X_test=None, **kernel):
        adapted = adapt(estimator, X, X_test, **kernel)
        if X_test is None:
            return adapted / adapted.max()
        return tuple(part / part.max() for part in adapted)

    monkeypatch.setattr(estimator_checks, "_enforce_estimator_tags_X", scaled)


@parametrize_with_checks(
    [AutoencoderTransformer(2, epochs=1, loss="binary_crossentropy")],
)
def test_scikit_learn_checks_of_probabilities(
    estimator, check, uncompiled, probabilities
):
    check(estimator)


def test_linear_autoencoder_comes_near_pca(x):
    pca = PCA(3).fit(x)
    coder = AutoencoderTransformer(
        3,
        activation="linear",
        epochs=60,
        batch_size=20,
        learning_rate=0.1,
        random_state=0,
    ).fit(x)

    def error(model):
        x_hat = model.inverse_transform(model.transform(x))
        return np.mean(np.square(x - x_hat))

    assert error(pca) <= error(coder) <= 1.02 * error(pca)
    decoder = coder.autoencoder_.decoder.get_weights()[0]
    assert principal_angles(decoder.T, pca.components_.T).max() < 3
    # The score is half the squared error, summed over the eight features.
    assert coder.score(x) == pytest.approx(-error(coder) * 8 / 2, rel=1e-4)


def test_fit_resets_and_depends_on_random_state_alone(x, uncompiled):
    coder = small()
    first = coder.fit(x).transform(x)
    assert first.shape == (200, 2)
    assert first.dtype == np.float32
    np.random.seed(1)  # noqa: NPY002 (global, must not matter)
    assert len(coder.fit(x).loss_curve_) == 2
    np.testing.assert_array_equal(coder.transform(x), first)
    again = clone(coder).set_params(random_state=np.random.RandomState(0))
    np.testing.assert_array_equal(again.fit(x).transform(x), first)
    other = small(random_state=1).fit(x).transform(x)
    assert not np.allclose(other, first)


def test_fit_leaves_the_global_generators_alone(x, uncompiled):
    np.random.seed(3)  # noqa: NPY002
    wanted = np.random.rand()  # noqa: NPY002
    np.random.seed(3)  # noqa: NPY002
    small().fit(x)
    assert np.random.rand() == wanted  # noqa: NPY002


def test_each_epoch_sees_every_sample_once_in_a_new_order():
    coder = small(batch_size=4)
    coder._rng = np.random.RandomState(0)
    x = np.arange(10.0)[:, None]
    pairs = list(coder._batches(x, epochs=2))
    assert [len(batch) for batch, _ in pairs] == [4, 4, 2, 4, 4, 2]
    assert all(np.array_equal(batch, target) for batch, target in pairs)
    seen = np.concatenate([batch for batch, _ in pairs]).ravel()
    first, second = seen[:10], seen[10:]
    assert sorted(first) == sorted(second) == x.ravel().tolist()
    assert not np.array_equal(first, second)


def test_partial_fit_continues(x, uncompiled):
    coder = small(epochs=5).fit(x)
    before, model = coder.score(x), coder.autoencoder_
    for _ in range(10):
        coder.partial_fit(x)
    assert coder.autoencoder_ is model
    assert coder.score(x) > before
    assert len(coder.loss_curve_) == 15
    rate = float(model.optimizer.learning_rate)
    assert rate == pytest.approx(coder.learning_rate)
    assert int(model.optimizer.iterations) == 10 * 4  # one optimizer, kept


def test_partial_fit_starts_a_model_and_checks_its_width(x, uncompiled):
    coder = small().partial_fit(x[:50])
    assert int(coder.autoencoder_.optimizer.iterations) == 1
    with pytest.raises(ValueError, match="expecting 8 features"):
        coder.partial_fit(x[:, :5])


@pytest.mark.parametrize("copier", ["pickle", "deepcopy"])
def test_copies_transform_and_train_alike(x, copier):
    coder = small().fit(x).partial_fit(x)
    if copier == "pickle":
        twin = pickle.loads(pickle.dumps(coder))
    else:
        twin = copy.deepcopy(coder)
    np.testing.assert_array_equal(twin.transform(x), coder.transform(x))
    twin.partial_fit(x)
    assert not np.array_equal(twin.transform(x), coder.transform(x))
    coder.partial_fit(x)
    np.testing.assert_array_equal(twin.transform(x), coder.transform(x))


def test_layers_mirror_each_other(x, uncompiled):
    sizes = {"hidden_layer_sizes": (6, 4), "activation": "tanh"}
    coder = small(**sizes, epochs=1, learning_rate=1e-9).fit(x)
    model = coder.autoencoder_
    layers = [*model.encoder.layers, *model.decoder.layers]
    assert [layer.units for layer in layers] == [6, 4, 2, 4, 6, 8]
    names = [layer.activation.__name__ for layer in layers]
    assert names == ["tanh"] * 5 + ["linear"]
    # Layers with the same range of first weights draw their own.
    first, last = (layers[i].get_weights()[0].ravel() for i in (0, -1))
    assert not np.any(np.isclose(first, last))


def test_cross_entropy_ends_in_probabilities(uncompiled):
    x = (np.random.default_rng(0).random((60, 5)) < 0.8).astype(float)
    coder = small(loss="binary_crossentropy", epochs=20).fit(x)
    x_hat = coder.inverse_transform(coder.transform(x))
    assert 0 < x_hat.min() < x_hat.max() < 1
    by_hand = np.log(np.where(x == 1, x_hat, 1 - x_hat)).sum(axis=1).mean()
    assert coder.score(x) == pytest.approx(by_hand, rel=1e-5)
    for method in (
        coder.fit,
        coder.partial_fit,
        coder.transform,
        coder.score,
    ):
        with pytest.raises(
            ValueError, match=r"X must be in \[0, 1\], got 1.5"
        ):
            method(x * 1.5)


def test_pipeline_names_and_pandas(x, uncompiled):
    pd = pytest.importorskip("pandas")
    pipeline = make_pipeline(StandardScaler(), small())
    pipeline.set_output(transform="pandas")
    frame = pd.DataFrame(x, columns=[f"pixel {i}" for i in range(8)])
    codes = pipeline.fit_transform(frame)
    names = ["autoencodertransformer0", "autoencodertransformer1"]
    assert codes.columns.tolist() == names
    assert pipeline.inverse_transform(codes).shape == x.shape


def test_feature_names_without_pandas(x, uncompiled):
    names = small().fit(x).get_feature_names_out().tolist()
    assert names == ["autoencodertransformer0", "autoencodertransformer1"]


def test_grid_search_prefers_the_wider_code(x):
    search = GridSearchCV(
        small(activation="linear", epochs=20, learning_rate=0.1),
        {"n_components": [1, 3]},
        cv=2,
    ).fit(x)
    assert search.best_params_ == {"n_components": 3}
    assert search.transform(x).shape == (200, 3)


def test_verbose_prints_one_line(x, capsys, monkeypatch, uncompiled):
    monkeypatch.setenv("AECOURSE_PROGRESS", "line")
    small().fit(x)
    assert capsys.readouterr().out == ""
    small(verbose=True).fit(x)
    printed = capsys.readouterr()
    line = r"AutoencoderTransformer: 2 epochs, loss [\d.]+, \d+ s\n"
    assert re.fullmatch(line, printed.out)
    assert printed.err == ""
