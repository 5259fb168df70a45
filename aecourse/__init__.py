"""aecourse: what the chapters of the course on autoencoders share.

Every public name can be imported from here. Layers, losses and models are
loaded at once, so that Keras can read saved models; the other modules when a
name of theirs is first asked for, so that ``import aecourse`` costs little
more than ``import keras``.
"""

from importlib import import_module

# isort: off
from aecourse import training  # noqa: F401 (silences the backend: first)
from aecourse import models  # noqa: F401 (registers layers, losses, models)
# isort: on

__version__ = "0.1.0"

_NAMES = {
    "data": ("RandomBlocks", "load_mnist", "plane_in_3d"),
    "estimator": ("AutoencoderTransformer",),
    "layers": (
        "DenseTranspose",
        "MaskingNoise",
        "SaltAndPepperNoise",
        "Sampling",
        "SparsityPenalty",
    ),
    "losses": (
        "bernoulli_kl",
        "contractive_penalty",
        "gaussian_kl",
        "summed_binary_crossentropy",
        "summed_squared_error",
    ),
    "metrics": (
        "active_units",
        "importance_weighted_bound",
        "jacobian_norm",
        "linear_probe_accuracy",
        "principal_angles",
        "reconstruction_error",
    ),
    "models": (
        "Autoencoder",
        "ContractiveAutoencoder",
        "VariationalAutoencoder",
    ),
    "nb": ("glue", "load_study", "note", "sure", "verdict"),
    "plots": (
        "plot_digits",
        "plot_filters",
        "plot_history",
        "plot_latent",
        "plot_reconstructions",
    ),
    "quiz": ("show_quiz",),
    "training": ("Progress", "set_seed", "warmup_cosine"),
}
_MODULE_OF = {name: mod for mod, names in _NAMES.items() for name in names}

__all__ = sorted(_MODULE_OF)


def __getattr__(name):
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'aecourse' has no attribute {name!r}")
    return getattr(import_module(f"aecourse.{_MODULE_OF[name]}"), name)


def __dir__():
    return sorted([*globals(), *__all__])
