"""What `peers.py` runs side by side: a peer's recipe and the course's.

A peer's settings are those that it publishes; the code is our own. The
course's are those of its chapters, and so is the code. A recipe takes the
training images, flat, of shape (n, 784) in [0, 1], and `watch`, to which it
shows its model before it trains it. Figures are of held-out images, except
for the linear autoencoder, whose aim is PCA of the training images.
"""

from collections.abc import Callable
from dataclasses import dataclass

from aecourse import (
    Autoencoder,
    Progress,
    SparsityPenalty,
    VariationalAutoencoder,
    bernoulli_kl,
    principal_angles,
    summed_binary_crossentropy,
    summed_squared_error,
    warmup_cosine,
)
import keras
from keras import layers, ops
import numpy as np
from sklearn.decomposition import PCA

from benchmarks.lessons import lesson, train_plain
from benchmarks.stacked import NETWORKS, build

BASIC = lesson("03_basic", "build")
CONV = lesson(
    *("06_convolutional", "relu", "pixels"),
    *("stack", "pooling", "strided", "train"),
)
DENOISING = lesson("07_denoising", "build", "train", "gaussian", "corrupt")
LINEAR = lesson("08_pca", "linear_autoencoder", "train")
VAE = lesson("09_vae", "build", "train", "measure")
STACKED = lesson("10_stacked", "stack", "train", "quick")
NOISE = 0.4
# Hands-on Machine Learning, chapter 17.
SPARSE_WEIGHT, SPARSE_TARGET = 5e-3, 0.1


@dataclass
class Row:
    """One comparison with the code of a chapter's notebook.

    `model` and `source`, the peer's, are for the page. `measure` returns
    figures by name; `figures` has their words and formats: of the first,
    which is compared, lower is better. Where the peer's training takes more
    than ten minutes it gets the `same_time` as the course's.
    """

    chapter: str
    model: str
    source: str
    figures: dict
    measure: Callable
    peer: Callable
    course: Callable
    same_time: bool = False

    def functions(self):
        """The names in this file of what measures and trains."""
        every = (self.measure, self.peer, self.course)
        return [one.__qualname__.partition(".")[0] for one in every]

    def shown(self):
        """What the page has to know beside the measurements."""
        return {
            "chapter": self.chapter,
            "model": self.model,
            "peer": self.source,
            "figures": {name: [*how] for name, how in self.figures.items()},
            "functions": self.functions(),
            "same_time": self.same_time,
        }


def images(x):
    return x.reshape(-1, 28, 28, 1)


def shaped(model, x):
    """The images as the model takes them."""
    first = getattr(model, "encoder", model)
    return x.reshape(-1, *first.input_shape[1:])


def predicted(model, x):
    return model.predict(x, batch_size=1000, verbose=0)


def pixel_bce(model, x):
    x = shaped(model, x)
    costs = summed_binary_crossentropy(x, predicted(model, x))
    return {"bce": float(ops.mean(costs)) / 784}


def peer_plain(x, watch):
    """Building Autoencoders in Keras, its first model."""
    fit_for_lesson(watch(build(NETWORKS["plain"])), x, epochs=50)


def peer_deep(x, watch):
    """Building Autoencoders in Keras, its deep model."""
    fit_for_lesson(watch(build(NETWORKS["deep"])), x, epochs=100)


def fit_for_lesson(model, x, epochs):
    model.compile("adam", "binary_crossentropy")
    model.fit(x, x, epochs=epochs, batch_size=256, verbose=0)


def course_plain(x, watch):
    model = BASIC.build(32, "relu", "sigmoid", start="glorot_uniform")
    train_plain(watch(model), x, epochs=20, peak=1e-2)


def course_deep(x, watch):
    model, loss = STACKED.stack(NETWORKS["deep"]), summed_binary_crossentropy
    STACKED.train(watch(model), x, "deep", epochs=16, loss=loss)


def peer_convolutional(x, watch):
    """The Keras lesson's pooling and upsampling model."""
    pooling = CONV.pooling()
    model = keras.Sequential([pooling.encoder, pooling.decoder])
    model.compile("adam", "binary_crossentropy")
    x = images(x)
    watch(model).fit(x, x, epochs=50, batch_size=128, verbose=0)


def course_convolutional(x, watch):
    CONV.train(watch(CONV.strided()), images(x), "strided", epochs=5)


def noisy_bce(model, x):
    x = images(x)
    rng = np.random.default_rng(0)
    noisy = x + NOISE * rng.normal(size=x.shape)
    noisy = noisy.clip(0, 1).astype("float32")
    costs = summed_binary_crossentropy(x, predicted(model, noisy))
    return {"bce": float(ops.mean(costs)) / 784}


def peer_denoiser(x, watch):
    """Keras' example of convolutional denoising, its noisy epochs.

    The example trains on clean images first; all of the time goes to the
    noisy ones here, on which it is measured.
    """

    def conv(filters, kind=layers.Conv2D, activation="relu", **settings):
        settings |= {"padding": "same", "activation": activation}
        return kind(filters, 3, **settings)

    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            conv(32),
            layers.MaxPooling2D(2, padding="same"),
            conv(32),
            layers.MaxPooling2D(2, padding="same"),
            conv(32, layers.Conv2DTranspose, strides=2),
            conv(32, layers.Conv2DTranspose, strides=2),
            conv(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy")
    x = images(x)
    noise = np.random.default_rng(1).normal(size=x.shape)
    noisy = (x + NOISE * noise).clip(0, 1).astype("float32")
    watch(model).fit(noisy, x, epochs=100, batch_size=128, verbose=0)


def course_denoiser(x, watch):
    model = DENOISING.build(DENOISING.gaussian(NOISE))
    DENOISING.train(watch(model), images(x), "denoiser", 6, 1e-2, 64)


def sparse_objective(model, x):
    """The peer's objective: error and penalty in its units."""
    z = predicted(model.encoder, x)
    error = float(np.mean((x - predicted(model.decoder, z)) ** 2))
    active = np.float32(z.mean(axis=0))
    penalty = float(ops.sum(bernoulli_kl(SPARSE_TARGET, active)))
    return {
        "objective": error + SPARSE_WEIGHT * penalty,
        "mse": error,
        "active": float(active.mean()),
    }


def sparse_network(weight):
    """The network of Hands-On Machine Learning, with its penalty."""
    penalty = SparsityPenalty(weight, target=SPARSE_TARGET)
    encoder = [layers.Dense(100, "relu"), layers.Dense(300, "sigmoid")]
    decoder = [layers.Dense(100, "relu"), layers.Dense(784)]
    return Autoencoder(
        keras.Sequential([keras.Input((784,)), *encoder, penalty]),
        keras.Sequential([keras.Input((300,)), *decoder]),
    )


def peer_sparse(x, watch):
    """Hands-On Machine Learning: 300 units, the divergence as penalty."""
    model = sparse_network(SPARSE_WEIGHT)
    model.compile("nadam", "mse")
    watch(model).fit(x, epochs=10, batch_size=32, verbose=0)


def course_sparse(x, watch):
    """The chapter's loss and schedule; its own network has fewer layers."""
    # summed_squared_error is half of 784 mean squared errors.
    model = sparse_network(784 / 2 * SPARSE_WEIGHT)
    rate = warmup_cosine(5e-3, 7 * -(-len(x) // 40))
    adam = keras.optimizers.Adam(rate, beta_2=0.99)
    quick = {"jit_compile": True, "steps_per_execution": 50}
    model.compile(adam, loss=summed_squared_error, **quick)
    settings = {"epochs": 7, "batch_size": 40, "verbose": 0}
    watch(model).fit(x, callbacks=[Progress("sparse")], **settings)


def beside_pca():
    """Excess error over PCA's and largest angle to it; centres first."""
    known = []

    def measure(model, x):
        if not known:
            pca = PCA(32, svd_solver="covariance_eigh").fit(x)
            back = pca.inverse_transform(pca.transform(x))
            known.append((pca, np.mean((x - back) ** 2)))
        pca, floor = known[0]
        x = x - pca.mean_
        error = np.mean((x - predicted(model, x)) ** 2)
        decoder = getattr(model, "decoder", model)
        kernel = decoder.layers[-1].get_weights()[0]
        angles = principal_angles(kernel.T, pca.components_.T)
        return {
            "excess": float(error / floor - 1),
            "angle": float(angles.max()),
        }

    return measure


def peer_linear(x, watch):
    """What the Keras post's recipe gives with linear layers."""
    model = keras.Sequential(
        [
            keras.Input((784,)),
            layers.Dense(32, use_bias=False),
            layers.Dense(784, use_bias=False),
        ]
    )
    model.compile("adam", "mse")
    x = x - x.mean(axis=0)
    watch(model).fit(x, x, epochs=50, batch_size=256, verbose=0)


def course_linear(x, watch):
    model = watch(LINEAR.linear_autoencoder(784, 32))
    settings = {"epochs": 20, "batch_size": 1024, "peak": 2e-2}
    loss = summed_squared_error
    LINEAR.train(model, x - x.mean(axis=0), "linear", loss=loss, **settings)


def bound(model, x):
    """Minus the bound on the log-likelihood, in nats an image."""
    return {"elbo": float(VAE.measure(model, shaped(model, x))["elbo"])}


def peer_vae(x, watch):
    """Keras' example of a convolutional VAE with two latent units."""
    start = keras.Input((28, 28, 1))
    same = {"strides": 2, "padding": "same", "activation": "relu"}
    h = layers.Conv2D(32, 3, **same)(start)
    h = layers.Conv2D(64, 3, **same)(h)
    h = layers.Dense(16, "relu")(layers.Flatten()(h))
    heads = [layers.Dense(2)(h), layers.Dense(2)(h)]
    decoder = keras.Sequential(
        [
            keras.Input((2,)),
            layers.Dense(7 * 7 * 64, "relu"),
            layers.Reshape((7, 7, 64)),
            layers.Conv2DTranspose(64, 3, **same),
            layers.Conv2DTranspose(32, 3, **same),
            layers.Conv2DTranspose(
                1, 3, padding="same", activation="sigmoid"
            ),
        ]
    )
    model = VariationalAutoencoder(keras.Model(start, heads), decoder)
    model.compile("adam", summed_binary_crossentropy)
    settings = {"epochs": 30, "batch_size": 128, "verbose": 0}
    watch(model).fit(images(x), **settings)


def course_vae(x, watch):
    model = VariationalAutoencoder(*VAE.build(2, (256, 128, 128)))
    VAE.train(watch(model), x, "vae", 10, jit_compile=True)


BCE = {"bce": ("cross-entropy per pixel", ".4f")}
ROWS = {
    "plain": Row(
        *("03_basic", "784-32-784", "{cite:t}`chollet2016`, 50 epochs"),
        *(BCE, pixel_bce, peer_plain, course_plain),
    ),
    "deep": Row(
        *("10_stacked", "784-128-64-32 and back"),
        *("{cite:t}`chollet2016`, 100 epochs", BCE),
        *(pixel_bce, peer_deep, course_deep),
    ),
    "convolutional": Row(
        *("06_convolutional", "convolutional"),
        *("{cite:t}`source-lesson`, 50 epochs", BCE),
        *(pixel_bce, peer_convolutional, course_convolutional),
        same_time=True,
    ),
    "denoiser": Row(
        *("07_denoising", "denoiser, noise 0.4"),
        *("{cite:t}`valdarrama2021`, 100 epochs", BCE),
        *(noisy_bce, peer_denoiser, course_denoiser),
        same_time=True,
    ),
    "sparse": Row(
        *("05_sparse", "300 sparse units, divergence"),
        "{cite:t}`geron2022`, 10 epochs",
        {
            "objective": ("error plus penalty", ".4f"),
            "mse": ("squared error per pixel", ".4f"),
            "active": ("mean activation", ".3f"),
        },
        *(sparse_objective, peer_sparse, course_sparse),
    ),
    "linear": Row(
        *("08_pca", "linear, 32 units"),
        "the plain recipe, linear, 50 epochs",
        {
            "excess": ("excess over PCA's error", ".2g"),
            "angle": ("largest angle to PCA's plane, degrees", ".2f"),
        },
        *(beside_pca(), peer_linear, course_linear),
    ),
    "vae": Row(
        *("09_vae", "VAE, 2 units", "{cite:t}`chollet2020`, 30 epochs"),
        {"elbo": ("minus the bound, nats", ".1f")},
        *(bound, peer_vae, course_vae),
        same_time=True,
    ),
}
