"""The playground's weights: small, current, and as good as the models."""

import hashlib
import json

from aecourse import load_mnist
import numpy as np
import pytest

from playground import train, weights


@pytest.fixture(scope="module")
def measured(root):
    text = (root / "benchmarks" / "playground.json").read_text("utf-8")
    return json.loads(text)


@pytest.fixture(scope="module")
def models():
    return train.committed()


def test_scripts_and_style_are_small(root):
    files = [*(root / "book" / "_assets").glob("playground*")]
    assert len(files) == 4
    assert sum(file.stat().st_size for file in files) <= 500_000


def test_the_measurements_are_of_these_weights(measured):
    script = weights.SCRIPT.read_bytes()
    assert hashlib.sha256(script).hexdigest() == measured["weights"]


def test_the_exported_models_have_the_errors_that_are_shown(models, measured):
    (_, _), (x_test, _) = load_mnist(flat=True)
    found = train.errors(models, x_test)
    assert found == pytest.approx(measured["errors"]["int8"], rel=2e-3)


def test_rounding_costs_next_to_nothing(measured):
    exact, int8 = (measured["errors"][k] for k in ("float", "int8"))
    assert exact.keys() == {"vae", "plain", "denoiser"}
    assert int8 == pytest.approx(exact, rel=0.01)


def test_a_step_takes_at_most_five_milliseconds(measured):
    times = measured["milliseconds"]
    assert times.keys() == {"point", "stroke", "noise", "walk"}
    for found in times.values():
        assert 0 < found["median"] <= found["most"] <= 5


def test_codes_and_images_are_those_of_the_test_set(models):
    (_, _), (x_test, y_test) = load_mnist(flat=True)
    entries, data = weights.load()
    at = weights.restore(models, entries["models"], data)
    count, step = entries["codes"].values()
    z = np.frombuffer(data, "int8", 2 * count, at).reshape(-1, 2) * step
    np.testing.assert_allclose(
        z, models["vae"].encode(x_test[:count]), atol=0.51 * step
    )
    labels = np.frombuffer(data, "uint8", count, at + 2 * count)
    np.testing.assert_array_equal(labels, y_test[:count])
    images = np.frombuffer(data, "uint8", offset=at + 3 * count)
    shown = images.reshape(-1, 784) / 255
    np.testing.assert_allclose(shown, x_test[entries["images"]], atol=1e-6)
    assert y_test[entries["images"]].tolist() == [*range(10)]


def test_rounding_is_at_most_half_a_step():
    kernel = np.random.default_rng(0).standard_normal((5, 4, 3))
    whole, scale = weights.rounded(kernel)
    assert whole.dtype == "int8"
    assert (abs(whole).max(axis=(0, 1)) == 127).all()
    assert (abs(whole * scale - kernel) <= 0.501 * scale).all()


def test_export_and_back_is_the_identity(models):
    entries, data = weights.load()
    described, again = weights.exported(models)
    assert json.loads(json.dumps(described)) == entries["models"]
    other = train.untrained()
    weights.restore(other, described, again)
    for name, model in models.items():
        for side, same in zip(
            *map(weights.parts, (model, other[name])), strict=True
        ):
            for group, twin in zip(side, same, strict=True):
                np.testing.assert_allclose(
                    *map(weights.kernel_of, (group, twin)),
                    atol=1e-5,
                )


def test_a_stroke_is_measured_as_wide_as_it_is():
    bar = np.zeros((1, 28, 28))
    bar[:, 2:26, 12:15] = 1
    assert train.stroke_width(bar) == pytest.approx(3, rel=0.12)
    assert train.stroke_width(bar / 2) == pytest.approx(3, rel=0.12)


def test_the_centre_of_mass_is_found():
    image = np.zeros((2, 28, 28))
    image[:, 3, 5] = 0.5
    assert train.centre_of_mass(image) == pytest.approx(4.5)
