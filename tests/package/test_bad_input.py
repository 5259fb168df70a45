"""Bad input: every public name says which argument is wrong, what it got
and, where there is a usual mistake behind it, what to do.

Three tables: each argument that is an array meets everything that no array
of numbers may be, each that is a number likewise, and the rest, the usual
mistakes among them, stands call by call.
"""

from contextlib import contextmanager
from functools import cache, partial
import re
from types import SimpleNamespace

import aecourse
from aecourse import nb, quiz
import keras
from keras import layers
import matplotlib.pyplot as plt
import numpy as np
import pytest

RNG = np.random.default_rng(0)
IMAGES = RNG.uniform(size=(6, 4, 4, 1)).astype("float32")
FLAT = IMAGES.reshape(6, 16)
CODES = RNG.normal(size=(6, 2)).astype("float32")
LABELS = np.array([0, 1, 2, 0, 1, 2])
BYTES = np.round(255 * IMAGES).astype("uint8")
CHANNELS_FIRST = np.moveaxis(IMAGES, -1, 1)
ONE_HOT = np.eye(3)[LABELS]
DIVIDE = "; divide images from 0 to 255 by 255"


def sequential(*parts):
    return keras.Sequential(list(parts))


def encoder():
    return sequential(
        keras.Input((4, 4, 1)), layers.Flatten(), layers.Dense(2)
    )


def decoder():
    dense = layers.Dense(16, activation="sigmoid")
    return sequential(keras.Input((2,)), dense, layers.Reshape((4, 4, 1)))


def two_heads():
    x = keras.Input((4, 4, 1))
    h = layers.Flatten()(x)
    return keras.Model(x, [layers.Dense(2)(h), layers.Dense(2)(h)])


def model(kind="Autoencoder", loss="mse"):
    """A new one: on JAX, a model whose first step fails loses its weights."""
    made = {
        "Autoencoder": lambda: aecourse.Autoencoder(encoder(), decoder()),
        "VariationalAutoencoder": lambda: aecourse.VariationalAutoencoder(
            two_heads(), decoder()
        ),
        "ContractiveAutoencoder": lambda: aecourse.ContractiveAutoencoder(
            encoder(), decoder(), weight=0.1
        ),
    }[kind]()
    made.compile("sgd", getattr(aecourse, loss, loss), run_eagerly=True)
    return made


@cache
def fitted():
    coder = aecourse.AutoencoderTransformer(2, epochs=1, random_state=0)
    return coder.fit(FLAT)


def transformer(method="fit", X=FLAT, **parameters):
    defaults = {"n_components": 2, "epochs": 1, "random_state": 0}
    made = aecourse.AutoencoderTransformer(**defaults | parameters)
    return getattr(made, method)(X)


def with_one(array, value):
    """The array, with its last entry replaced."""
    array = np.array(array, dtype="float32")
    array.flat[-1] = value
    return array


def transposed(z, unbuilt=False, after=None):
    dense = layers.Dense(2, name="late") if unbuilt else built_dense()
    layer = aecourse.DenseTranspose(dense)
    if after is not None:
        layer(after)
    return layer(z)


def built_dense():
    dense = layers.Dense(2)
    dense.build((None, 16))
    return dense


def history(**costs):
    made = keras.callbacks.History()
    made.history = costs
    return made


def question(**parts):
    answers = [{"feedback": "Yes.", "answer": "a", "correct": True}]
    good = {"question": "?", "type": "many_choice", "answers": answers}
    return [good | parts]


# Every call with arguments that are right.
PAIR = {"x": IMAGES, "x_hat": IMAGES}
PARTS = {"encoder": encoder(), "decoder": decoder()}
GOOD = {
    "Autoencoder": PARTS,
    "AutoencoderTransformer": {},
    "ContractiveAutoencoder": PARTS | {"weight": 0.1},
    "DenseTranspose": {"dense": built_dense()},
    "MaskingNoise": {"rate": 0.1},
    "Progress": {},
    "RandomBlocks": {"x": IMAGES, "seed": 0, "batch_size": 3},
    "SaltAndPepperNoise": {"rate": 0.1},
    "Sampling": {},
    "SparsityPenalty": {"weight": 0.1},
    "VariationalAutoencoder": PARTS | {"encoder": two_heads()},
    "active_units": {"z_mean": CODES},
    "bernoulli_kl": {"rho": 0.1, "rho_hat": FLAT},
    "contractive_penalty": {"encoder": encoder(), "x": IMAGES},
    "gaussian_kl": {"z_mean": CODES, "z_log_var": CODES},
    "glue": {"name": "key", "value": 1.0},
    "importance_weighted_bound": {
        "vae": model("VariationalAutoencoder"),
        "x": IMAGES,
        "n_samples": 2,
    },
    "jacobian_norm": {"function": encoder(), "x": IMAGES},
    "linear_probe_accuracy": {
        "z_train": CODES,
        "y_train": LABELS,
        "z_test": CODES,
        "y_test": LABELS,
    },
    "load_mnist": {},
    "note": {"name": "key", "value": 1.0},
    "plane_in_3d": {"n_samples": 5},
    "plot_digits": {"images": IMAGES},
    "plot_filters": {"weights": RNG.normal(size=(16, 3))},
    "plot_history": {"histories": history(loss=[2.0, np.nan])},
    "plot_latent": {"z": CODES, "labels": LABELS},
    "plot_manifold": {"decoder": decoder(), "steps": 2},
    "plot_reconstructions": PAIR,
    "principal_angles": {"a": FLAT.T[:, :2], "b": FLAT.T[:, 2:4]},
    "reconstruction_error": PAIR,
    "set_seed": {"seed": 0},
    "show_quiz": {"questions": question()},
    "summed_binary_crossentropy": PAIR,
    "summed_squared_error": PAIR,
    "verdict": {"claim": "C01", "criterion": "near", "passed": True},
    "warmup_cosine": {"peak": 0.1, "steps": 10},
}
CALLS = {name: getattr(aecourse, name) for name in GOOD}
CALLS["AutoencoderTransformer"] = transformer
# What is called by methods, by "name.method".
for kind in [name for name in GOOD if name.endswith("Autoencoder")]:
    GOOD[f"{kind}.fit"] = {"x": IMAGES}
    CALLS[f"{kind}.fit"] = lambda kind=kind, loss="mse", **data: model(
        kind, loss
    ).fit(verbose=0, **data)
for kind in ("Autoencoder", "VariationalAutoencoder"):
    for method in ("encode", "decode", "reconstruct"):
        data = {"z": CODES} if method == "decode" else {"x": IMAGES}
        GOOD[f"{kind}.{method}"] = data
        CALLS[f"{kind}.{method}"] = getattr(model(kind), method)
CALLS |= {
    "VariationalAutoencoder.sample": model("VariationalAutoencoder").sample,
    "DenseTranspose.call": transposed,
    "MaskingNoise.call": lambda x: aecourse.MaskingNoise(0.1)(x),
    "SaltAndPepperNoise.call": lambda x: aecourse.SaltAndPepperNoise(0.1)(x),
    "Sampling.call": lambda inputs: aecourse.Sampling()(inputs),
    "SparsityPenalty.call": lambda z: aecourse.SparsityPenalty(1.0)(z),
}
for method in ("transform", "score", "inverse_transform"):
    GOOD[f"AutoencoderTransformer.{method}"] = {"X": FLAT}
    CALLS[f"AutoencoderTransformer.{method}"] = lambda X, method=method: (
        getattr(fitted(), method)(X)
    )
CALLS["AutoencoderTransformer.partial_fit"] = partial(
    transformer, "partial_fit"
)
GOOD |= {
    "AutoencoderTransformer.partial_fit": {},
    "AutoencoderTransformer.inverse_transform": {"X": CODES},
    "VariationalAutoencoder.sample": {"n": 2},
    "DenseTranspose.call": {"z": CODES},
    "MaskingNoise.call": {"x": IMAGES},
    "SaltAndPepperNoise.call": {"x": IMAGES},
    "Sampling.call": {"inputs": (CODES, CODES)},
    "SparsityPenalty.call": {"z": np.abs(FLAT)},
}

# Arrays: what each of them refuses.
ARRAYS = {
    "Autoencoder.encode": ["x"],
    "Autoencoder.decode": ["z"],
    "Autoencoder.reconstruct": ["x"],
    "RandomBlocks": ["x"],
    "VariationalAutoencoder.encode": ["x"],
    "VariationalAutoencoder.decode": ["z"],
    "active_units": ["z_mean"],
    "bernoulli_kl": ["rho", "rho_hat"],
    "contractive_penalty": ["x"],
    "gaussian_kl": ["z_mean", "z_log_var"],
    "importance_weighted_bound": ["x"],
    "jacobian_norm": ["x"],
    "linear_probe_accuracy": ["z_train", "z_test"],
    "plot_digits": ["images"],
    "plot_filters": ["weights"],
    "plot_latent": ["z"],
    "plot_reconstructions": ["x", "x_hat"],
    "principal_angles": ["a", "b"],
    "reconstruction_error": ["x", "x_hat"],
    "summed_binary_crossentropy": ["x", "x_hat"],
    "summed_squared_error": ["x", "x_hat"],
}


WRONG_ARRAYS = {
    "text": lambda good: ("text", "got 'text'"),
    "None": lambda good: (None, "got None"),
    "words": lambda good: (np.full(good.shape, "a"), "got dtype "),
    "NaN": lambda good: (with_one(good, np.nan), r"finite, got nan at \["),
    "infinity": lambda good: (with_one(good, np.inf), "finite, got inf at"),
    "empty": lambda good: (
        np.zeros((0, *good.shape[1:]), "float32"),
        r"not be empty, got shape \(0,",
    ),
}


# Numbers: what each of them refuses, besides "text" and NaN.
NUMBERS = {
    "AutoencoderTransformer": {
        "n_components": [0, 2.5, None, True],
        "epochs": [0, 1.5],
        "batch_size": [-1, 2.0],
        "learning_rate": [0, -1, np.inf],
    },
    "AutoencoderTransformer.partial_fit": {"batch_size": [0, "large"]},
    "Autoencoder.encode": {"batch_size": [0, 2.5]},
    "Autoencoder.decode": {"batch_size": [0, 2.5]},
    "ContractiveAutoencoder": {"weight": [-0.5, np.inf, None]},
    "MaskingNoise": {"rate": [1.2, 1, -0.1, True], "seed": [-1, 0.5]},
    "RandomBlocks": {"seed": [-1, None], "batch_size": [0, 6, 1.5]},
    "SaltAndPepperNoise": {"rate": [1.2, 1, -0.1, True], "seed": [-1, 0.5]},
    "Sampling": {"seed": [-1, 0.5]},
    "SparsityPenalty": {"weight": [-1, np.inf], "target": [0, 1]},
    "VariationalAutoencoder": {"beta": [-1, np.inf, None]},
    "VariationalAutoencoder.sample": {"n": [0, 2.5], "seed": [-1, 0.5]},
    "active_units": {"threshold": [-1, np.inf, True]},
    "bernoulli_kl": {"rho": [1.5, -0.1], "rho_hat": [1.5, np.inf]},
    "importance_weighted_bound": {"n_samples": [0, 1.5], "seed": [-1, None]},
    "plane_in_3d": {
        "n_samples": [0, 2.5, True],
        "noise": [-1, np.inf],
        "seed": [-1, 0.5],
    },
    "plot_digits": {"columns": [0, 1.5]},
    "plot_filters": {"columns": [0, 1.5]},
    "plot_manifold": {"extent": [0, np.inf], "steps": [1, 2.5]},
    "set_seed": {"seed": [-1, 2.0, True, 2**32]},
    "warmup_cosine": {
        "peak": [0, np.inf],
        "steps": [0, 2.5],
        "warmup": [1, -0.1],
    },
}

VAE_CURE = r"got 2; of .*keras.Model\(encoder.inputs, encoder.outputs\[0\]\)"
ONE_ALONE = r"; one (sample|image) alone is {}\[None\]"
LAST = r"; move the channels last: np.moveaxis\({}, 1, -1\)"
IF_LABELS = "; if {} holds labels, pass the images"

# The rest: (call, what is wrong, what the message says).
REST = [
    # autoencoders
    ("Autoencoder", {"encoder": 3}, "encoder must be a Layer, got 3"),
    ("Autoencoder", {"decoder": FLAT}, "decoder .* Layer, got ndarray"),
    (
        "Autoencoder",
        {"decoder": sequential(keras.Input((3,)), layers.Dense(16))},
        r"code must have shape \(None, 3\) .*got \(None, 2\)",
    ),
    ("VariationalAutoencoder", {"encoder": encoder()}, "two outputs.*got 1"),
    ("VariationalAutoencoder", {"decoder": "d"}, "decoder .*got 'd'"),
    ("ContractiveAutoencoder", {"encoder": None}, "encoder .*got None"),
    *(
        (f"{kind}.{method}", {"x": bad}, says)
        for kind in ("Autoencoder", "VariationalAutoencoder")
        for method in ("fit", "encode", "reconstruct")
        for bad, says in [
            (BYTES, f"x must be an array of floats, got dtype uint8{DIVIDE}"),
            (CHANNELS_FIRST, r"got \(6, 1, 4, 4\)" + LAST.format("x")),
            (FLAT, r"got \(6, 16\); reshape x to \(-1, 4, 4, 1\)"),
            (with_one(IMAGES, np.nan), r"x must be finite, got nan at \[5,"),
            (IMAGES[:0], r"x must not be empty, got shape \(0, 4, 4, 1\)"),
        ]
    ),
    *(
        (f"{kind}.fit", wrong, says)
        for kind in (
            "Autoencoder",
            "VariationalAutoencoder",
            "ContractiveAutoencoder",
        )
        for wrong, says in [
            (
                {"y": LABELS},
                "the target and x_hat must have the same shape, got "
                r"\(6,\) and \(6, 4, 4, 1\)" + IF_LABELS.format("the target"),
            ),
            ({"y": CHANNELS_FIRST}, "the target .*" + LAST.format(".*")),
            ({"y": with_one(IMAGES, np.inf)}, "y must be finite, got inf"),
            (
                {"x": np.float32(BYTES), "loss": "binary_crossentropy"},
                rf"x must be in \[0, 1\], got \d+\.0{DIVIDE}",
            ),
            (
                {"y": BYTES, "loss": "summed_binary_crossentropy"},
                rf"y must be in \[0, 1\], got \d+{DIVIDE}",
            ),
            (
                {"y": LABELS, "loss": "summed_binary_crossentropy"},
                "the target .*" + IF_LABELS.format("the target"),
            ),
        ]
    ),
    ("Autoencoder.encode", {"x": IMAGES.tolist()}, "x .*got list; make one"),
    ("Autoencoder.encode", {"x": LABELS}, IF_LABELS.format("x")),
    ("Autoencoder.encode", {"x": FLAT[0]}, ONE_ALONE.format("x")),
    ("Autoencoder.decode", {"z": IMAGES}, r"z must have shape \(None, 2\)"),
    ("Autoencoder.decode", {"z": LABELS[:, None]}, "z .* got dtype int64"),
    # the transformer: partly in scikit-learn's own words
    ("AutoencoderTransformer", {"loss": "mse"}, "loss must .*got 'mse'"),
    ("AutoencoderTransformer", {"loss": ["mse"]}, r"loss .*got \['mse'\]"),
    ("AutoencoderTransformer", {"activation": "rule"}, "activation.*: rule"),
    ("AutoencoderTransformer", {"random_state": "a"}, "'a' cannot be used"),
    (
        "AutoencoderTransformer",
        {"hidden_layer_sizes": 4},
        "hidden_layer_sizes must be a tuple, got 4",
    ),
    (
        "AutoencoderTransformer",
        {"hidden_layer_sizes": (4, 0)},
        r"hidden_layer_sizes\[1\] must be at least 1, got 0",
    ),
    (
        "AutoencoderTransformer",
        {"X": BYTES.reshape(6, 16), "loss": "binary_crossentropy"},
        rf"X must be in \[0, 1\], got \d+\.0{DIVIDE}",
    ),
    *(
        (f"AutoencoderTransformer{method}", {"X": bad}, says)
        for method in ("", ".partial_fit", ".transform", ".score")
        for bad, says in [
            (
                IMAGES,
                r"X must have shape \(n, n_features\), got \(6, 4, 4, 1\); "
                r"flatten with X.reshape\(len\(X\), -1\)",
            ),
            (FLAT[0], "Expected 2D array, got 1D array.*Reshape your data"),
            (with_one(FLAT, np.nan), "X contains NaN"),
            (with_one(FLAT, np.inf), "X contains infinity"),
            (FLAT[:0], r"0 sample\(s\) \(shape=\(0, 16\)\)"),
        ]
    ),
    (
        "AutoencoderTransformer.transform",
        {"X": CODES},
        "X has 2 features, but .* is expecting 16",
    ),
    (
        "AutoencoderTransformer.inverse_transform",
        {"X": FLAT},
        r"X must have shape \(None, 2\) .*got \(6, 16\)",
    ),
    (
        "AutoencoderTransformer.inverse_transform",
        {"X": with_one(CODES, np.nan)},
        "X contains NaN",
    ),
    # layers
    ("DenseTranspose", {"dense": 3}, "dense must be a Dense, got 3"),
    ("DenseTranspose", {"use_bias": "no"}, "use_bias must .*got 'no'"),
    ("DenseTranspose", {"activation": "rule"}, "activation.*: rule"),
    ("DenseTranspose.call", {"z": FLAT}, r"units = 2 .*got shape \(6, 16\)"),
    (
        "DenseTranspose.call",
        {"z": FLAT, "after": CODES},
        r"units = 2 features, got shape \(6, 16\)",
    ),
    (
        "DenseTranspose.call",
        {"z": CODES, "unbuilt": True},
        "dense must be built before its transpose, got 'late' .*put an Input",
    ),
    ("MaskingNoise.call", {"x": BYTES}, f"x .*got dtype uint8{DIVIDE}"),
    ("SaltAndPepperNoise.call", {"x": BYTES}, f"x .*dtype uint8{DIVIDE}"),
    ("Sampling.call", {"inputs": CODES}, "inputs must be a tuple of two"),
    ("Sampling.call", {"inputs": (CODES,) * 3}, "inputs .* two .*got 3"),
    (
        "Sampling.call",
        {"inputs": (CODES, CODES[:, :1])},
        r"z_mean and z_log_var must have the same shape, got "
        r"\(6, 2\) and \(6, 1\)",
    ),
    (
        "Sampling.call",
        {"inputs": (CODES, np.int64(CODES))},
        "z_log_var must be an array of floats, got dtype int64",
    ),
    (
        "Sampling.call",
        {"inputs": (np.int64(CODES), CODES)},
        "z_mean must be an array of floats, got dtype int64",
    ),
    ("SparsityPenalty", {"kind": "l3"}, "kind must be one of .*got 'l3'"),
    ("SparsityPenalty", {"kind": ["kl"]}, r"kind .*got \['kl'\]"),
    ("SparsityPenalty.call", {"z": CODES[0]}, r"z must .*got \(2,\)"),
    # losses
    *(
        (loss, {one: bad}, says)
        for loss in ("summed_squared_error", "summed_binary_crossentropy")
        for one in ("x", "x_hat")
        for bad, says in [
            (LABELS, rf"{one} must .*got \(6,\)" + IF_LABELS.format(one)),
            (LABELS[:, None] % 2, IF_LABELS.format(one)),
            (CHANNELS_FIRST, LAST.format(one)),
            (FLAT, r"same shape, got .*; reshape x_hat to \(-1, "),
            (IMAGES[:5], r"x and x_hat must .* shape, got .*\(5, 4, 4, 1\)"),
            (IMAGES[0, 0, 0], ONE_ALONE.format(one)),
            (IMAGES.tolist(), f"{one} must be an array, got list"),
        ]
    ),
    (
        "summed_binary_crossentropy",
        {"x": BYTES},
        rf"x must be in \[0, 1\], got \d+{DIVIDE}",
    ),
    (
        "summed_binary_crossentropy",
        {"x_hat": np.log(IMAGES)},
        r"x_hat must be in \[0, 1\], got -",
    ),
    ("bernoulli_kl", {"rho_hat": BYTES}, rf"rho_hat .*got \d+{DIVIDE}"),
    (
        "bernoulli_kl",
        {"rho": np.full(3, 0.1)},
        r"rho and rho_hat must .*got \(3,\) and \(6, 16\)",
    ),
    ("gaussian_kl", {"z_mean": CODES[0]}, r"z_mean .*got \(2,\)"),
    ("gaussian_kl", {"z_log_var": CODES[:, :1]}, r"z_log_var .*\(6, 1\)"),
    ("contractive_penalty", {"encoder": 3}, "encoder .*Layer, got 3"),
    (
        "contractive_penalty",
        {"encoder": two_heads()},
        f"encoder .*{VAE_CURE}",
    ),
    ("contractive_penalty", {"x": CHANNELS_FIRST}, LAST.format("x")),
    ("contractive_penalty", {"x": LABELS}, IF_LABELS.format("x")),
    # metrics
    (
        "reconstruction_error",
        {"x": BYTES},
        r"x must be in units of the other, got uint8 up to \d+ .*" + DIVIDE,
    ),
    ("reconstruction_error", {"x_hat": BYTES}, "x_hat must .*" + DIVIDE),
    ("reconstruction_error", {"x": LABELS}, IF_LABELS.format("x")),
    ("reconstruction_error", dict.fromkeys(PAIR, FLAT[0]), r"x .*\(16,\)"),
    ("reconstruction_error", {"x": CHANNELS_FIRST}, LAST.format("x")),
    ("reconstruction_error", {"x_hat": FLAT}, "; reshape x_hat to"),
    ("linear_probe_accuracy", {"y_train": LABELS[:5]}, r"y_train .*\(5,\)"),
    (
        "linear_probe_accuracy",
        {"y_test": ONE_HOT},
        r"y_test must have shape \(6,\), one label for each row of z_test, "
        r"got \(6, 3\); of one-hot rows pass argmax\(axis=1\)",
    ),
    ("linear_probe_accuracy", {"y_train": 0 * LABELS}, r"y_train .*got \[0"),
    ("linear_probe_accuracy", {"y_train": FLAT[:, 0]}, "y_train .*classes, "),
    ("linear_probe_accuracy", {"y_test": FLAT[:, 0]}, "y_test .*classes, "),
    ("linear_probe_accuracy", {"z_test": FLAT}, "z_test .* 2 .*got 16"),
    (
        "linear_probe_accuracy",
        {"z_train": LABELS},
        IF_LABELS.format("z_tr.*"),
    ),
    ("active_units", {"z_mean": IMAGES}, r"; flatten .*reshape\(6, -1\)"),
    ("active_units", {"z_mean": CODES[0]}, r"z_mean .*got \(2,\)"),
    ("principal_angles", {"a": FLAT}, r"a .*got shape \(6, 16\).*, a\.T"),
    (
        "principal_angles",
        {"b": np.ones((16, 2))},
        r"b must have linearly independent columns, got shape \(16, 2\) with "
        "rank 1$",
    ),
    ("principal_angles", {"b": CODES}, "b must have 16 rows like a, got 6"),
    ("jacobian_norm", {"function": abs}, "function .*Layer, got builtin"),
    ("jacobian_norm", {"function": two_heads()}, f"function .*{VAE_CURE}"),
    ("jacobian_norm", {"x": CHANNELS_FIRST}, LAST.format("x")),
    ("jacobian_norm", {"x": LABELS}, IF_LABELS.format("x")),
    ("importance_weighted_bound", {"vae": 3}, "vae must .*got int"),
    ("importance_weighted_bound", {"vae": model()}, "two outputs.*got 1"),
    (
        "importance_weighted_bound",
        {"vae": SimpleNamespace(encoder=lambda x, training: x, decoder=0)},
        "what vae.encoder returns must be a tuple of two, got ndarray",
    ),
    ("importance_weighted_bound", {"x": BYTES}, rf"got \d+\.0{DIVIDE}"),
    ("importance_weighted_bound", {"x": LABELS}, IF_LABELS.format("x")),
    ("importance_weighted_bound", {"x": CHANNELS_FIRST}, LAST.format("x")),
    # data
    ("load_mnist", {"flat": 1}, "flat must be True or False, got 1"),
    ("RandomBlocks", {"x": LABELS}, IF_LABELS.format("x")),
    ("RandomBlocks", {"x": IMAGES.tolist()}, "x must .*got list"),
    # plots
    *(
        (name, {argument: bad}, says)
        for name, argument in [
            ("plot_digits", "images"),
            ("plot_reconstructions", "x"),
            ("plot_reconstructions", "x_hat"),
        ]
        for bad, says in [
            (BYTES, rf"{argument} must lie near limits .*got .*{DIVIDE}"),
            (255 * IMAGES, rf"{argument} .*got values up to \d+.*{DIVIDE}"),
            (CHANNELS_FIRST, LAST.format(argument)),
            (LABELS, IF_LABELS.format(argument)),
            (FLAT[0], ONE_ALONE.format(argument)),
            (FLAT[:, :10], rf"{argument} must be square.*got \(6, 10\)"),
            (IMAGES[..., [0, 0, 0]], rf"{argument} .*got \(6, 4, 4, 3\)"),
        ]
    ),
    *(
        (name, {"limits": bad}, says)
        for name in ("plot_digits", "plot_filters", "plot_reconstructions")
        for bad, says in [
            ((1, 0), r"limits must be .*low < high, got \(1, 0\)"),
            (1, "limits must be a tuple of two, got 1"),
            ((0, 1, 2), "limits must hold two items, got 3"),
            (("a", "b"), r"limits\[0\] must be a number, got 'a'"),
            ((0, np.nan), r"limits\[1\] must be .*got nan"),
        ]
    ),
    *(
        (name, {"ax": bad}, says)
        for name in GOOD
        if name.startswith("plot_")
        for bad, says in [
            (3, "ax must be one Axes or None, got 3"),
            (
                np.array([None, None]),
                r"ax must .*got ndarray; choose one: ax=axes\[0\]",
            ),
        ]
    ),
    ("plot_reconstructions", {"x_hat": IMAGES[:5]}, r"x_hat .*got \(5, 4, 4"),
    ("plot_reconstructions", {"x_hat": {"input": IMAGES}}, "x_hat .*'input'"),
    (
        "plot_reconstructions",
        {"x_hat": {"PCA": BYTES}},
        rf"x_hat\['PCA'\] must .*{DIVIDE}",
    ),
    ("plot_filters", {"weights": FLAT[0]}, r"weights must .*got \(16,\)"),
    ("plot_filters", {"weights": FLAT[:, :10].T}, r"weights.T .*\(6, 10\)"),
    (
        "plot_filters",
        {"weights": built_dense().get_weights()},
        "weights must be one array, got a list of 2 .*; choose one of them",
    ),
    ("plot_history", {"histories": {}}, "histories must not be empty"),
    ("plot_history", {"histories": 3}, "histories must be .*got 3"),
    ("plot_history", {"histories": {"a": []}}, "histories must .*got list"),
    ("plot_history", {"histories": {"a": ["b"]}}, "histories .*got list"),
    ("plot_history", {"key": "cost"}, "key must be one of 'loss', .*'cost'"),
    ("plot_latent", {"z": FLAT}, r"z must .*got \(6, 16\); .*z\[:, :2\]"),
    ("plot_latent", {"z": (CODES, CODES)}, r"z must .*got \(2, 6, 2\)"),
    ("plot_latent", {"labels": LABELS[:5]}, r"labels must .*got \(5,\)"),
    ("plot_latent", {"labels": ONE_HOT}, r"labels .*argmax\(axis=1\)"),
    ("plot_latent", {"labels": 6 * [np.nan]}, r"labels .*, got nan at \[0"),
    ("plot_latent", {"z": np.eye(11, 2), "labels": range(11)}, "got 11$"),
    ("plot_manifold", {"decoder": 3}, "decoder must be callable, got 3"),
    ("plot_manifold", {"decoder": lambda z: z}, "decoder's .*got .4, 2."),
    (
        "plot_manifold",
        {"decoder": sequential(keras.Input((20,)), layers.Dense(16))},
        r"decoder must have shape \(None, 20\) .*got \(4, 2\)",
    ),
    ("plot_manifold", {"decoder": lambda z: BYTES[:4]}, DIVIDE),
    # notebook and training
    ("glue", {"name": 3}, "name must be a str, got 3"),
    ("glue", {"value": [1]}, r"value must .*got \[1\] for 'key'"),
    ("glue", {"value": None}, "value must be .*got None for 'key'"),
    ("glue", {"value": np.nan}, "value must be finite, got nan for 'key'"),
    ("glue", {"value": np.float32("inf")}, "value .*got inf for 'key'"),
    ("note", {"value": "holds"}, "value must .*got 'holds' for 'key'"),
    ("note", {"value": True}, "value must .*got True for 'key'"),
    ("note", {"value": np.nan}, "value .*got nan for 'key'"),
    ("note", {"name": None}, "name must be a str, got None"),
    ("verdict", {"claim": 3}, "claim must be a str, got 3"),
    ("verdict", {"criterion": 0.1}, "criterion must be a str, got 0.1"),
    ("verdict", {"passed": []}, r"passed must .*one bool, got \[\]"),
    ("verdict", {"passed": 0.93}, "passed must hold bools, got 0.93"),
    ("verdict", {"passed": [True, 1]}, "passed must hold bools, got 1"),
    ("verdict", {"passed": {"a": True}}, "passed must .*got {'a'"),
    ("verdict", {"partly": [True]}, "partly must be a Mapping, got list"),
    ("verdict", {"reproduces": "no"}, "reproduces must .*got 'no'"),
    (
        "verdict",
        {"partly": {"a": 1}, "passed": False},
        r"partly\['a'\] must hold bools, got 1",
    ),
    ("show_quiz", {"questions": "?"}, "questions must be a list, got '\\?'"),
    ("show_quiz", {"questions": []}, r"questions must .*got \[\]"),
    ("show_quiz", {"questions": [3]}, r"questions\[0\] .*dict, got 3"),
    *(
        (
            "show_quiz",
            {"questions": question(**{part: bad})},
            rf"questions\[0\].* must be .*got {got}",
        )
        for part, bad, got in [
            ("question", None, "None"),
            ("type", "yes_no", "'yes_no'"),
            ("answers", None, "None"),
            ("answers", [{"feedback": ""}], r"{'feedback': ''}"),
            ("answers", ["a"], "'a'"),
        ]
    ),
    ("Progress", {"label": 3}, "label must be a str, got 3"),
    ("warmup_cosine", {"steps": 234.0}, "steps .*got 234.0; divide with //"),
]


TABLE = [
    (name, {argument: bad}, f"{argument} must .*{says}")
    for name, arguments in ARRAYS.items()
    for argument in arguments
    for make in WRONG_ARRAYS.values()
    for bad, says in [make(np.asarray(GOOD[name][argument]))]
]
TABLE += [
    (name, {argument: bad}, f"{argument} must .*got {re.escape(repr(bad))}")
    for name, arguments in NUMBERS.items()
    for argument, wrong in arguments.items()
    for bad in [*wrong, "text", np.nan]
]
TABLE += REST


@contextmanager
def shown():
    """What a notebook would show of a quiz: HTML and its script."""
    kinds = ("text/html", "application/javascript")
    yield SimpleNamespace(
        outputs=[SimpleNamespace(data={kind: ""}) for kind in kinds]
    )


@pytest.fixture(autouse=True)
def _nothing_is_shown(monkeypatch):
    plt.switch_backend("agg")
    monkeypatch.setattr(nb, "display", lambda *_, **__: None)
    yield
    plt.close("all")


def test_every_public_name_is_in_the_table():
    assert sorted({name.split(".")[0] for name in GOOD}) == aecourse.__all__
    assert {name for name, _, _ in TABLE} == set(GOOD)


@pytest.mark.parametrize("name", GOOD)
def test_the_arguments_that_are_called_good_are(name, monkeypatch):
    # Outside IPython jupyterquiz shows nothing.
    monkeypatch.setattr(quiz, "capture_output", shown)
    CALLS[name](**GOOD[name])


@pytest.mark.parametrize(
    ("name", "wrong", "says"),
    TABLE,
    ids=[f"{name}-{'-'.join(wrong)}" for name, wrong, _ in TABLE],
)
def test_bad_input_is_named(name, wrong, says):
    with pytest.raises((TypeError, ValueError)) as error:
        CALLS[name](**GOOD[name] | wrong)
    assert re.search(says, str(error.value), flags=re.DOTALL)
