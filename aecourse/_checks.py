"""Argument checks: each raises an error that names argument and value."""

import numbers

import numpy as np


def check_in_range(name, value, interval):
    """Raise unless `value` is a number inside `interval`, e.g. "[0, 1)"."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number, got {value!r}")
    low, high = map(float, interval[1:-1].split(","))
    above = value >= low if interval[0] == "[" else value > low
    below = value <= high if interval[-1] == "]" else value < high
    if not (above and below):
        raise ValueError(f"{name} must be in {interval}, got {value}")


def check_integer(name, value, minimum=1):
    """Raise unless `value` is an integer of at least `minimum`."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    if value < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {value}")


def check_seed(name, value):
    """Raise unless `value` is None or an integer of at least 0."""
    if value is not None:
        check_integer(name, value, minimum=0)


def check_boolean(name, value):
    """Raise unless `value` is True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {value!r}")


def check_choice(name, value, choices):
    """Raise unless `value` is one of `choices`."""
    if value not in choices:
        listed = ", ".join(repr(choice) for choice in choices)
        raise ValueError(f"{name} must be one of {listed}, got {value!r}")


def check_instance(name, value, kind):
    """Raise unless `value` is an instance of the class `kind`."""
    if not isinstance(value, kind):
        raise TypeError(
            f"{name} must be a {kind.__name__}, got {type(value).__name__}"
        )


def check_callable(name, value):
    """Raise unless `value` can be called."""
    if not callable(value):
        raise TypeError(f"{name} must be callable, got {value!r}")


def check_pair(name, value):
    """Raise unless `value` is a tuple or list of two."""
    if not isinstance(value, (tuple, list)):
        got = type(value).__name__
        raise TypeError(f"{name} must be a tuple of two, got {got}")
    if len(value) != 2:
        raise ValueError(f"{name} must hold two items, got {len(value)}")


def check_two_outputs(name, layer):
    """Raise if `layer` is known not to have two outputs."""
    outputs = getattr(layer, "outputs", None)
    if outputs is not None and len(outputs) != 2:
        raise ValueError(
            f"{name} must have two outputs, z_mean and z_log_var, "
            f"got {len(outputs)}"
        )


def check_probability(name, value):
    """Raise if `value`, where it is known, leaves [0, 1].

    Python numbers and NumPy arrays are looked at; tensors, whose values
    need not exist yet, pass.
    """
    if isinstance(value, (numbers.Real, np.ndarray, list, tuple)):
        array = np.asarray(value, dtype=float)
        wrong = array[~((array >= 0) & (array <= 1))]
        if wrong.size:
            raise ValueError(f"{name} must be in [0, 1], got {wrong[0]}")


def check_batch(name, value):
    """Raise unless `value` is an array of shape (batch, ...)."""
    shape = getattr(value, "shape", None)
    if shape is None:
        got = type(value).__name__
        raise TypeError(f"{name} must be an array, got {got}")
    if len(shape) < 2:
        raise ValueError(
            f"{name} must have shape (batch, ...), got {tuple(shape)}"
        )


def check_samples(name, value):
    """Raise unless `value` is a NumPy-like batch of at least one sample."""
    check_batch(name, value)
    if value.shape[0] == 0:
        raise ValueError(
            f"{name} must hold at least one sample, got shape "
            f"{tuple(value.shape)}"
        )


def check_same_shape(name, value, other_name, other):
    """Raise if the two arrays differ in a known dimension.

    Broadcasting is refused: it would hide a wrong shape.
    """
    a, b = tuple(value.shape), tuple(other.shape)
    known = all(
        i is None or j is None or i == j for i, j in zip(a, b, strict=False)
    )
    if len(a) != len(b) or not known:
        raise ValueError(
            f"{name} and {other_name} must have the same shape, "
            f"got {a} and {b}"
        )
