"""Checks of arrays: each error names the argument and shows what it got.

Where there is a usual mistake behind it, it says what to do. Shapes and types
are looked at wherever they are known, values in NumPy arrays only: while a
training step is compiled there are none yet. `_shapes` compares shapes.
"""

from aecourse._checks import in_short, type_of
from aecourse._shapes import cure
import numpy as np

BYTES = "divide images from 0 to 255 by 255"
# More than noise adds to data in [0, 1], and less than any image in bytes.
CERTAINLY_BYTES = 100


def as_numbers(name, value):
    """The NumPy array of a number or of an array, with finite values."""
    try:
        array = np.asarray(value)
    except ValueError:  # rows of different lengths
        raise ValueError(
            f"{name} must be one array, got a {type(value).__name__} of "
            f"{len(value)} of different shapes; choose one of them"
        ) from None
    if array.dtype.kind not in "biuf":
        is_array = array.ndim or isinstance(value, np.ndarray)
        got = f"dtype {array.dtype}" if is_array else in_short(value)
        raise TypeError(f"{name} must hold numbers, got {got}")
    check_values(name, array)
    return array


def check_values(name, value):
    """Raise if a NumPy array is empty or holds NaN or infinity."""
    if not isinstance(value, np.ndarray):
        return
    if not value.size:
        raise ValueError(f"{name} must not be empty, got shape {value.shape}")
    with np.errstate(all="ignore"):
        if value.dtype.kind != "f" or np.isfinite(value.sum()):
            return
    for place in np.argwhere(~np.isfinite(value))[:1].tolist():
        raise ValueError(
            f"{name} must be finite, got {value[*place]} at {place}"
        )


def check_floats(name, value):
    """Raise unless the array or tensor is of a float type."""
    if "float" not in type_of(value):
        kind = type_of(value)
        got = f"dtype {kind}" if kind else in_short(value)
        raise TypeError(
            f"{name} must be an array of floats, got {got}; {BYTES}, turn "
            "other numbers into floats with astype('float32')"
        )


def check_probability(name, value):
    """Raise if a number or an array leaves [0, 1]; tensors pass."""
    if hasattr(value, "shape") and not isinstance(
        value, np.ndarray | np.generic
    ):
        return
    array = as_numbers(name, value)
    if array.min() < 0 or array.max() > 1:
        got = array[(array < 0) | (array > 1)].flat[0]
        hint = f"; {BYTES}" if array.max() > CERTAINLY_BYTES else ""
        raise ValueError(f"{name} must be in [0, 1], got {got}{hint}")


def check_batch(name, value):
    """Raise unless `value` is an array of numbers of shape (batch, ...)."""
    kind = type_of(value)
    if not kind:
        raise TypeError(
            f"{name} must be an array, got {in_short(value)}; make one with "
            "np.asarray"
        )
    if not any(part in kind for part in ("int", "float", "bool")):
        raise TypeError(f"{name} must hold numbers, got dtype {kind}")
    if len(value.shape) < 2:
        one = f"; one sample alone is {name}[None]"
        raise ValueError(
            f"{name} must have shape (batch, ...), got {tuple(value.shape)}"
            f"{cure(name, value, (None, None)) or one}"
        )
    check_values(name, value)


def check_table(name, value):
    """Raise if `value` has more than two axes."""
    if getattr(value, "ndim", 0) > 2:
        raise ValueError(
            f"{name} must have shape (n, n_features), got {value.shape}; "
            f"flatten with {name}.reshape(len({name}), -1)"
        )


def check_labels(name, labels, other_name, other):
    """Raise unless there is one class label for each row of `other`."""
    if labels.shape != other.shape[:1]:
        one_hot = labels.ndim == 2 and len(labels) == len(other)
        hint = "; of one-hot rows pass argmax(axis=1)" if one_hot else ""
        raise ValueError(
            f"{name} must have shape {other.shape[:1]}, one label for each "
            f"row of {other_name}, got {labels.shape}{hint}"
        )
    check_values(name, labels)
