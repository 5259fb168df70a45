"""Two devices give the losses and the weights of one."""

import json
import os
from pathlib import Path
import subprocess
import sys

import keras
import numpy as np
import pytest

BACKEND = keras.backend.backend()
KINDS = ["variational", "contractive", "kl", "l1", "l2"]


@pytest.fixture(scope="module")
def found():
    """What `devices.py` prints: {case: [on one device, on two]}."""
    if BACKEND == "torch":
        pytest.skip("Keras trains on one device with PyTorch")
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("devices.py")],
        env={
            **os.environ,
            "KERAS_BACKEND": BACKEND,
            "CUDA_VISIBLE_DEVICES": "",
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def assert_equal(one, two):
    assert one["losses"].keys() == two["losses"].keys()
    for name, values in one["losses"].items():
        np.testing.assert_allclose(two["losses"][name], values, rtol=1e-5)
    for a, b in zip(one["weights"], two["weights"], strict=True):
        np.testing.assert_allclose(b, a, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("data", ["even", "weighted"])
def test_two_devices_are_like_one(found, kind, data):
    assert_equal(*found[f"{kind}, {data}"])


def test_weights_of_samples_count(found):
    for kind in KINDS:
        even, weighted = (found[f"{kind}, {d}"] for d in ("even", "weighted"))
        assert even[0]["losses"]["loss"] != weighted[0]["losses"]["loss"]


@pytest.mark.skipif(BACKEND != "tensorflow", reason="JAX refuses it itself")
@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_that_one_device_gets_nothing_of(found, kind):
    # Without training the losses are those of one device. With it, Keras
    # counts the samples of an uneven batch unevenly.
    assert_equal(*found[f"{kind}, uneven"])
    for numbers in found[f"{kind}, empty"]:
        for values in [*numbers["losses"].values(), *numbers["weights"]]:
            assert np.isfinite(values).all()


@pytest.mark.skipif(BACKEND != "tensorflow", reason="TensorFlow's replicas")
def test_the_kl_penalty_of_a_plain_model_is_refused(found):
    assert "needs the whole batch" in found["plain model"]
