"""What would otherwise fail silently or obscurely gets a clear error: it
names the argument, what it got and, where there is a usual mistake behind
it, what to do.

Two tables: each argument that is an array meets everything that no array of
numbers may be, and the rest, the usual mistakes among them, stands call by
call.
"""

from functools import cache
import re
from types import SimpleNamespace

import aecourse
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


def encoder():
    parts = [keras.Input((4, 4, 1)), layers.Flatten(), layers.Dense(2)]
    return keras.Sequential(parts)


def decoder():
    dense = layers.Dense(16, activation="sigmoid")
    parts = [keras.Input((2,)), dense, layers.Reshape((4, 4, 1))]
    return keras.Sequential(parts)


def two_heads():
    x = keras.Input((4, 4, 1))
    h = layers.Flatten()(x)
    return keras.Model(x, [layers.Dense(2)(h), layers.Dense(2)(h)])


def model(kind="Autoencoder", loss="mse"):
    """A new one: on JAX, a model whose first step fails loses its weights."""
    heads = two_heads if kind == "VariationalAutoencoder" else encoder
    extra = {"weight": 0.1} if kind == "ContractiveAutoencoder" else {}
    made = getattr(aecourse, kind)(heads(), decoder(), **extra)
    made.compile("sgd", getattr(aecourse, loss, loss), run_eagerly=True)
    return made


@cache
def fitted():
    coder = aecourse.AutoencoderTransformer(2, epochs=1, random_state=0)
    return coder.fit(FLAT)


def with_one(array, value):
    """The array, with its last entry replaced."""
    array = np.array(array, dtype="float32")
    array.flat[-1] = value
    return array


# Every call with arguments that are right.
PAIR = {"x": IMAGES, "x_hat": IMAGES}
PARTS = {"encoder": encoder(), "decoder": decoder()}
GOOD = {
    "Autoencoder": PARTS,
    "AutoencoderTransformer": {"X": FLAT},
    "ContractiveAutoencoder": PARTS | {"weight": 0.1},
    "DenseTranspose": {"dense": layers.Dense(2)},
    "MaskingNoise": {"rate": 0.1},
    "SaltAndPepperNoise": {"rate": 0.1},
    "SparsityPenalty": {"weight": 0.1},
    "VariationalAutoencoder": PARTS | {"encoder": two_heads()},
    "active_units": {"z_mean": CODES},
    "bernoulli_kl": {"rho": 0.1, "rho_hat": FLAT},
    "contractive_penalty": {"encoder": encoder(), "x": IMAGES},
    "gaussian_kl": {"z_mean": CODES, "z_log_var": CODES},
    "importance_weighted_bound": {
        "vae": model("VariationalAutoencoder"),
        "x": IMAGES,
        "n_samples": 2,
    },
    "jacobian_norm": {"function": encoder(), "x": IMAGES},
    "plot_digits": {"images": IMAGES},
    "plot_filters": {"weights": RNG.normal(size=(16, 3))},
    "plot_latent": {"z": CODES, "labels": LABELS},
    "plot_reconstructions": PAIR,
    "principal_angles": {"a": FLAT.T[:, :2], "b": FLAT.T[:, 2:4]},
    "reconstruction_error": PAIR,
    "summed_binary_crossentropy": PAIR,
    "summed_squared_error": PAIR,
    "warmup_cosine": {"peak": 0.1, "steps": 10},
}
CALLS = {name: getattr(aecourse, name) for name in GOOD}


def transformer(X, method="fit", **parameters):
    defaults = {"n_components": 2, "epochs": 1, "random_state": 0}
    made = aecourse.AutoencoderTransformer(**defaults | parameters)
    return getattr(made, method)(X)


CALLS["AutoencoderTransformer"] = transformer
# What is called by methods, by "name.method".
KINDS = [name for name in GOOD if name.endswith("Autoencoder")]
for kind in KINDS:
    GOOD[f"{kind}.fit"] = {"x": IMAGES}
    CALLS[f"{kind}.fit"] = lambda kind=kind, loss="mse", **data: model(
        kind, loss
    ).fit(verbose=0, **data)
for method in ("encode", "decode", "reconstruct"):
    data = {"z": CODES} if method == "decode" else {"x": IMAGES}
    GOOD[f"Autoencoder.{method}"] = data
    CALLS[f"Autoencoder.{method}"] = getattr(model(), method)
GOOD |= {
    "AutoencoderTransformer.transform": {"X": FLAT},
    "AutoencoderTransformer.inverse_transform": {"X": CODES},
    "SaltAndPepperNoise.call": {"x": IMAGES},
    "Sampling.call": {"inputs": (CODES, CODES)},
}
CALLS |= {
    "AutoencoderTransformer.transform": lambda X: fitted().transform(X),
    "AutoencoderTransformer.inverse_transform": lambda X: (
        fitted().inverse_transform(X)
    ),
    "SaltAndPepperNoise.call": lambda x: aecourse.SaltAndPepperNoise(0.1)(x),
    "Sampling.call": lambda inputs: aecourse.Sampling()(inputs),
}

# Arrays: what each of them refuses.
ARRAYS = {
    "Autoencoder.encode": ["x"],
    "Autoencoder.decode": ["z"],
    "active_units": ["z_mean"],
    "bernoulli_kl": ["rho_hat"],
    "contractive_penalty": ["x"],
    "gaussian_kl": ["z_mean", "z_log_var"],
    "importance_weighted_bound": ["x"],
    "jacobian_norm": ["x"],
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
    "None": lambda good: (None, "got None"),
    "words": lambda good: (np.full(good.shape, "a"), "got dtype "),
    "NaN": lambda good: (with_one(good, np.nan), r"finite, got nan at \["),
    "empty": lambda good: (
        np.zeros((0, *good.shape[1:]), "float32"),
        r"not be empty, got shape \(0,",
    ),
}

VAE_CURE = r"got 2; of .*keras.Model\(encoder.inputs, encoder.outputs\[0\]\)"
ONE_ALONE = r"; one (sample|image) alone is {}\[None\]"
LAST = r"; move the channels last: np.moveaxis\({}, 1, -1\)"
IF_LABELS = "; if {} holds labels, pass the images"

# The rest: (call, what is wrong, what the message says).
REST = [
    # numbers that a formula would take without a word
    ("ContractiveAutoencoder", {"weight": -0.5}, r"weight .*\[0.*got -0\.5"),
    ("MaskingNoise", {"rate": 1.2}, r"rate must be in \[0, 1\), got 1\.2"),
    ("MaskingNoise", {"rate": np.nan}, "rate .*got nan"),
    ("SaltAndPepperNoise", {"rate": "a"}, "rate must be a number, got 'a'"),
    ("SparsityPenalty", {"weight": -1}, "weight must be in .*got -1"),
    ("SparsityPenalty", {"target": 1}, r"target must be in \(0, 1\), got 1"),
    ("SparsityPenalty", {"kind": "l3"}, "kind must be one of .*got 'l3'"),
    ("VariationalAutoencoder", {"beta": -1}, r"beta .*\[0, inf\), got -1"),
    ("bernoulli_kl", {"rho": 1.5}, r"rho must be in \[0, 1\], got 1\.5"),
    ("importance_weighted_bound", {"n_samples": 0}, "n_samples .*1, got 0"),
    ("warmup_cosine", {"peak": -1}, "peak must be in .*got -1"),
    ("warmup_cosine", {"warmup": 1}, r"warmup must be in \[0, 1\), got 1"),
    ("warmup_cosine", {"steps": 234.0}, "steps .*got 234.0; divide with //"),
    # autoencoders
    ("Autoencoder", {"encoder": 3}, "encoder must be a Layer, got 3"),
    ("Autoencoder", {"decoder": FLAT}, "decoder .* Layer, got ndarray"),
    (
        "Autoencoder",
        {"decoder": keras.Sequential([keras.Input((3,)), layers.Dense(16)])},
        r"code must have shape \(None, 3\) .*got \(None, 2\)",
    ),
    ("VariationalAutoencoder", {"encoder": encoder()}, r"2 output.*got 1"),
    *(
        (f"{kind}.{method}", {"x": bad}, says)
        for kind, method in [
            *((kind, "fit") for kind in KINDS),
            ("Autoencoder", "encode"),
        ]
        for bad, says in [
            (BYTES, f"x must be an array of floats, got dtype uint8{DIVIDE}"),
            (CHANNELS_FIRST, r"got \(6, 1, 4, 4\)" + LAST.format("x")),
            (FLAT, r"got \(6, 16\); reshape x to \(-1, 4, 4, 1\)"),
            (with_one(IMAGES, np.inf), r"x must be finite, got inf at \[5,"),
        ]
    ),
    *(
        (f"{kind}.fit", {"y": bad}, says)
        for kind in KINDS
        for bad, says in [
            (
                LABELS,
                r"target .*got \(6,\).*" + IF_LABELS.format(".*"),
            ),
            (CHANNELS_FIRST, "the target .*" + LAST.format(".*")),
            (with_one(IMAGES, np.inf), "y must be finite, got inf"),
        ]
    ),
    ("Autoencoder.encode", {"x": LABELS}, IF_LABELS.format("x")),
    ("Autoencoder.encode", {"x": FLAT[0]}, ONE_ALONE.format("x")),
    ("Autoencoder.decode", {"z": IMAGES}, r"z must have shape \(None, 2\)"),
    ("Autoencoder.reconstruct", {"x": BYTES}, DIVIDE),
    # the transformer: partly in scikit-learn's own words
    ("AutoencoderTransformer", {"loss": "mse"}, "loss must .*got 'mse'"),
    ("AutoencoderTransformer", {"n_components": 2.5}, "n_comp.*got 2.5"),
    ("AutoencoderTransformer", {"learning_rate": -1}, "learn.*got -1"),
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
    ("AutoencoderTransformer", {"X": IMAGES}, "array with dim 4"),
    ("AutoencoderTransformer.transform", {"X": CODES}, "X has 2 features"),
    (
        "AutoencoderTransformer.inverse_transform",
        {"X": FLAT},
        r"X must have shape \(None, 2\) .*got \(6, 16\)",
    ),
    # layers
    ("DenseTranspose", {"dense": 3}, "dense must be a Dense, got 3"),
    ("SaltAndPepperNoise.call", {"x": BYTES}, f"x .*dtype uint8{DIVIDE}"),
    ("Sampling.call", {"inputs": CODES[:2]}, "inputs must be a tuple or lis"),
    (
        "Sampling.call",
        {"inputs": (CODES, CODES[:, :1])},
        r"z_mean and z_log_var must have .* shape, got \(6, 2\) and \(6, 1\)",
    ),
    # losses
    *(
        (loss, {one: bad}, says)
        for loss in ("summed_squared_error", "summed_binary_crossentropy")
        for one in ("x", "x_hat")
        for bad, says in [
            (LABELS, rf"{one} must .*got \(6,\)" + IF_LABELS.format(one)),
            (CHANNELS_FIRST, LAST.format(one)),
            (FLAT, r"same shape, got .*; reshape x_hat to \(-1, "),
            (IMAGES[:5], r"x and x_hat must .* shape, got .*\(5, 4, 4, 1\)"),
            (IMAGES[0, 0, 0], ONE_ALONE.format(one)),
        ]
    ),
    ("summed_binary_crossentropy", {"x": BYTES}, rf"x .*\[0, 1\].*{DIVIDE}"),
    ("summed_binary_crossentropy", {"x_hat": -IMAGES}, r"x_hat .*, got -"),
    ("gaussian_kl", {"z_log_var": CODES[:, :1]}, r"z_log_var .*\(6, 1\)"),
    ("contractive_penalty", {"encoder": 3}, "encoder .*Layer, got 3"),
    ("contractive_penalty", {"encoder": two_heads()}, f"enc.*{VAE_CURE}"),
    ("contractive_penalty", {"x": CHANNELS_FIRST}, LAST.format("x")),
    # metrics
    ("reconstruction_error", {"x": BYTES}, "x must .*uint8 up to.*" + DIVIDE),
    ("reconstruction_error", {"x_hat": FLAT}, "; reshape x_hat to"),
    ("active_units", {"z_mean": IMAGES}, r"; flatten .*reshape\(6, -1\)"),
    ("principal_angles", {"a": FLAT}, r"a .*got shape \(6, 16\).*, a\.T"),
    ("principal_angles", {"b": np.ones((16, 2))}, "b must .*with rank 1$"),
    ("principal_angles", {"b": CODES}, "number of rows"),
    ("jacobian_norm", {"function": two_heads()}, f"function .*{VAE_CURE}"),
    ("jacobian_norm", {"x": CHANNELS_FIRST}, LAST.format("x")),
    ("importance_weighted_bound", {"vae": 3}, "vae must .*got int"),
    ("importance_weighted_bound", {"vae": model()}, r"2 output.*got 1"),
    (
        "importance_weighted_bound",
        {"vae": SimpleNamespace(encoder=lambda x, training: x, decoder=0)},
        "what vae.encoder returns must be a tuple or list, got ndarray",
    ),
    ("importance_weighted_bound", {"x": BYTES}, rf"got \d+\.0{DIVIDE}"),
    # plots
    *(
        (name, {argument: bad}, says)
        for name, argument in [
            ("plot_digits", "images"),
            ("plot_reconstructions", "x"),
            ("plot_reconstructions", "x_hat"),
        ]
        for bad, says in [
            (255 * IMAGES, rf"{argument} .*got values up to \d+.*{DIVIDE}"),
            (FLAT[0], ONE_ALONE.format(argument)),
            (FLAT[:, :10], rf"{argument} must be square.*got \(6, 10\)"),
        ]
    ),
    ("plot_reconstructions", {"x_hat": IMAGES[:5]}, r"x_hat .*got \(5, 4, 4"),
    ("plot_reconstructions", {"x_hat": {"input": IMAGES}}, "x_hat .*'input'"),
    ("plot_filters", {"weights": FLAT[0]}, r"weights must .*got \(16,\)"),
    ("plot_filters", {"weights": FLAT[:, :10].T}, r"weights.T .*\(6, 10\)"),
    ("plot_filters", {"weights": [FLAT, CODES]}, "; choose one of them"),
    ("plot_latent", {"z": FLAT}, r"z must .*got \(6, 16\); .*z\[:, :2\]"),
    ("plot_latent", {"labels": LABELS[:5]}, r"labels must .*got \(5,\)"),
    ("plot_latent", {"labels": ONE_HOT}, r"labels .*argmax\(axis=1\)"),
    ("plot_latent", {"z": np.eye(11, 2), "labels": range(11)}, "got 11$"),
]

TABLE = [
    (name, {argument: bad}, f"{argument} must .*{says}")
    for name, arguments in ARRAYS.items()
    for argument in arguments
    for make in WRONG_ARRAYS.values()
    for bad, says in [make(np.asarray(GOOD[name][argument]))]
]
TABLE += REST


@pytest.fixture(autouse=True)
def _no_windows():
    plt.switch_backend("agg")
    yield
    plt.close("all")


@pytest.mark.parametrize("name", GOOD)
def test_the_arguments_that_are_called_good_are(name):
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
