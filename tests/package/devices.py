"""Trains every kind of model on one device and on two; prints the numbers.

Run in a process of its own: devices are made before the backend starts.
`test_devices` reads one line of JSON: {case: {devices: numbers}}.
"""

from contextlib import nullcontext
from functools import cache
import json
import os

BACKEND = os.environ["KERAS_BACKEND"]
if BACKEND == "jax":
    os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=2"
else:
    import tensorflow as tf

    cpu = tf.config.list_physical_devices("CPU")[0]
    logical = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(cpu, logical)

import aecourse  # noqa: E402
import keras  # noqa: E402
from keras import layers  # noqa: E402
import numpy as np  # noqa: E402

RNG = np.random.default_rng(0)
X = RNG.uniform(size=(48, 6)).astype("float32")
WEIGHTS = RNG.uniform(size=48).astype("float32")


def dense_encoder(*more):
    dense = layers.Dense(3, "sigmoid")
    return keras.Sequential([keras.Input((6,)), dense, *more])


def decoder(latent_dim=3):
    dense = layers.Dense(6, "sigmoid")
    return keras.Sequential([keras.Input((latent_dim,)), dense])


def variational():
    x = keras.Input((6,))
    # Variance exp(-30): the draw is the mean, whatever the noise.
    bias = keras.initializers.Constant(-30)
    log_var = layers.Dense(2, bias_initializer=bias)
    encoder = keras.Model(x, [layers.Dense(2)(x), log_var(x)])
    return aecourse.VariationalAutoencoder(encoder, decoder(2), beta=0.5)


def contractive():
    return aecourse.ContractiveAutoencoder(dense_encoder(), decoder(), 0.5)


def sparse(kind):
    penalty = aecourse.SparsityPenalty(0.5, kind, target=0.1)
    return aecourse.Autoencoder(dense_encoder(penalty), decoder())


MAKE = {
    "variational": variational,
    "contractive": contractive,
    "kl": lambda: sparse("kl"),
    "l1": lambda: sparse("l1"),
    "l2": lambda: sparse("l2"),
}
# Samples, samples in a batch, samples are weighted, learning rate.
DATA = {"even": (48, 16, False, 0.1), "weighted": (48, 16, True, 0.1)}
if BACKEND == "tensorflow":  # JAX itself refuses to share a batch unevenly
    # Of 33 samples in batches of 32, the last leaves one device without any.
    DATA |= {"uneven": (33, 32, False, 0.0), "empty": (33, 32, False, 0.1)}


@cache
def strategy():
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


def scope(devices):
    if devices == 1:
        return nullcontext()
    if BACKEND == "jax":
        found = keras.distribution.list_devices()
        assert len(found) == 2
        return keras.distribution.DataParallel(devices=found).scope()
    assert strategy().num_replicas_in_sync == 2
    return strategy().scope()


def numbers(make, n, batch_size, weighted, rate, devices):
    keras.utils.set_random_seed(0)
    fit = {"batch_size": batch_size, "verbose": 0}
    if weighted:
        fit["sample_weight"] = WEIGHTS[:n]
    with scope(devices):
        model = make()
        model.compile(
            keras.optimizers.SGD(rate), aecourse.summed_squared_error
        )
        history = model.fit(X[:n], epochs=2, shuffle=False, **fit).history
        held_out = model.evaluate(X[:n], return_dict=True, **fit)
    losses = {**history, **{f"held out {k}": v for k, v in held_out.items()}}
    return {
        "losses": {key: np.ravel(v).tolist() for key, v in losses.items()},
        "weights": [
            weight.ravel().tolist() for weight in model.get_weights()
        ],
    }


def refusal():
    with scope(2):
        penalty = aecourse.SparsityPenalty(0.5, "kl")
        model = keras.Sequential([dense_encoder(penalty), decoder()])
        model.compile("sgd", "mse")
    try:
        model.fit(X, X, verbose=0)
    except NotImplementedError as error:
        return str(error)


if __name__ == "__main__":
    found = {
        f"{kind}, {data}": [numbers(make, *how, d) for d in (1, 2)]
        for kind, make in MAKE.items()
        for data, how in DATA.items()
    }
    if BACKEND == "tensorflow":
        found["plain model"] = refusal()
    print(json.dumps(found))
