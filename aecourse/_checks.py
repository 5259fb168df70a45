"""Argument checks: each raises an error that names argument and value.

Here are those of numbers, choices and layers; `_arrays` and `_shapes` check
arrays.
"""

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
        cure = "; divide with //" if isinstance(value, float) else ""
        raise TypeError(f"{name} must be an integer, got {value!r}{cure}")
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
    """Raise unless `value` is one of the words `choices`."""
    if not isinstance(value, str) or value not in choices:
        listed = ", ".join(repr(choice) for choice in choices)
        raise ValueError(f"{name} must be one of {listed}, got {value!r}")


def check_instance(name, value, kind):
    """Raise unless `value` is an instance of the class `kind`."""
    if not isinstance(value, kind):
        raise TypeError(
            f"{name} must be a {kind.__name__}, got {in_short(value)}"
        )


def check_callable(name, value):
    """Raise unless `value` can be called."""
    if not callable(value):
        raise TypeError(f"{name} must be callable, got {in_short(value)}")


def check_pair(name, value):
    """Raise unless `value` is a tuple or list of two."""
    if not isinstance(value, (tuple, list)):
        got = in_short(value)
        raise TypeError(f"{name} must be a tuple of two, got {got}")
    if len(value) != 2:
        raise ValueError(f"{name} must hold two items, got {len(value)}")


def check_one_output(name, layer):
    """Raise if `layer` is known to have more than one output."""
    n = len(getattr(layer, "outputs", None) or [layer])
    if n != 1:
        raise ValueError(
            f"{name} must have one output, got {n}; of the encoder of a "
            "VariationalAutoencoder pass "
            "keras.Model(encoder.inputs, encoder.outputs[0])"
        )


def check_two_outputs(name, layer):
    """Raise if `layer` is known not to have two outputs."""
    outputs = getattr(layer, "outputs", None)
    if outputs is not None and len(outputs) != 2:
        raise ValueError(
            f"{name} must have two outputs, z_mean and z_log_var, "
            f"got {len(outputs)}"
        )


def check_axes(name, value):
    """Raise unless `value` is None or one matplotlib Axes."""
    if value is not None and not hasattr(value, "imshow"):
        cure = "; choose one: ax=axes[0]" if np.ndim(value) else ""
        raise TypeError(
            f"{name} must be one Axes or None, got {in_short(value)}{cure}"
        )


def in_short(value):
    """What a message shows: a short value itself, of others the type."""
    if value is None or isinstance(value, str | numbers.Number):
        return repr(value)
    return type(value).__name__


def type_of(value):
    """Name of an array's type in every backend, "" of what has none."""
    if not hasattr(value, "shape") or not hasattr(value, "dtype"):
        return ""
    dtype = value.dtype
    return str(getattr(dtype, "name", dtype)).removeprefix("torch.")
