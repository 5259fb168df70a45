"""Checks of what would otherwise fail silently or obscurely.

Each raises an error that names the argument, shows what it got and, where a
usual mistake is behind it, says what to do. Shapes and types are looked at
wherever they are known, values in NumPy arrays only: while a training step is
compiled there are none yet.
"""

import math
import numbers

import numpy as np

BYTES = "divide images from 0 to 255 by 255"
# More than noise adds to data in [0, 1], and less than any image in bytes.
CERTAINLY_BYTES = 100


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


def check_choice(name, value, choices):
    """Raise unless `value` is one of the words `choices`."""
    if not isinstance(value, str) or value not in choices:
        listed = ", ".join(repr(choice) for choice in choices)
        raise ValueError(f"{name} must be one of {listed}, got {value!r}")


def check_instance(name, value, *kinds):
    """Raise unless `value` is an instance of one of the classes `kinds`."""
    if not isinstance(value, kinds):
        wanted = " or ".join(kind.__name__ for kind in kinds)
        old = type(value).__module__.startswith("tf_keras")
        hint = " of Keras 2; unset TF_USE_LEGACY_KERAS" if old else ""
        raise TypeError(
            f"{name} must be a {wanted}, got {in_short(value)}{hint}"
        )


def check_outputs(name, layer, n, cure):
    """Raise if `layer` is known to have another number of outputs."""
    outputs = getattr(layer, "outputs", None)
    if outputs is not None and len(outputs) != n:
        got = len(outputs)
        raise ValueError(f"{name} must have {n} output(s), got {got}; {cure}")


def as_numbers(name, value):
    """The NumPy array of a number or of an array, with finite values."""
    try:
        array = np.asarray(value)
    except ValueError:  # rows of different lengths
        raise ValueError(
            f"{name} must be one array, got a {type(value).__name__} of "
            f"{len(value)} of different shapes; choose one of them"
        ) from None
    if array.dtype.name == "bfloat16":  # no type of NumPy's own
        array = array.astype("float32")
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
    kind = type_of(value)
    if not kind:
        raise TypeError(
            f"{name} must be one array of floats, got {in_short(value)}"
        )
    if "float" not in kind:
        raise TypeError(
            f"{name} must be an array of floats, got dtype {kind}; {BYTES}, "
            "turn other numbers into floats with astype('float32')"
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
    if not any(part in kind for part in ("int", "float", "bool")):
        got = f"dtype {kind}" if kind else in_short(value)
        raise TypeError(f"{name} must be one array of numbers, got {got}")
    if len(value.shape) < 2:
        one = f"; one sample alone is {name}[None]"
        raise ValueError(
            f"{name} must have shape (batch, ...), got {tuple(value.shape)}"
            f"{cure(name, value, (None, None)) or one}"
        )
    check_values(name, value)


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


def check_same_shape(name, value, other_name, other):
    """Raise if the two arrays differ in a known dimension.

    Broadcasting is refused: it would hide a wrong shape.
    """
    a, b = tuple(value.shape), tuple(other.shape)
    if not _agree(a, b):
        hints = [cure(name, value, b), cure(other_name, other, a)]
        if not hints[0] or (hints[1] and "reshape" in hints[0]):
            hints.reverse()
        raise ValueError(
            f"{name} and {other_name} must have the same shape, "
            f"got {a} and {b}{hints[0]}"
        )


def check_target(target, x_hat):
    """Raise where Keras would broadcast a target, labels for example.

    It adds and drops last axes of length 1, which is harmless.
    """
    if type_of(target) and type_of(x_hat):
        a, b = (_without_last_ones(array) for array in (target, x_hat))
        if not _agree(a, b):
            check_same_shape("the target", target, "x_hat", x_hat)


def check_fits(name, value, layer):
    """Raise if `value` cannot be the input of `layer`, where that is known.

    Keras adds or drops a last axis of length 1.
    """
    inputs = getattr(layer, "inputs", None) or ()
    if len(inputs) != 1 or not type_of(value):
        return
    shape, wanted = tuple(value.shape), tuple(inputs[0].shape)
    short, long = sorted((shape, wanted), key=len)
    fits = len(long) == len(short) + 1 and long[-1] == 1
    if len(long) == len(short):
        fits = _agree(shape[-1:], wanted[-1:])
    if not fits:
        wanted = (None, *wanted[1:])
        raise ValueError(
            f"{name} must have shape {wanted} like the input of "
            f"{layer.name!r}, got {shape}{cure(name, value, wanted)}"
        )


def _agree(a, b):
    pairs = zip(a, b, strict=False)
    known = all(i is None or j is None or i == j for i, j in pairs)
    return len(a) == len(b) and known


def _without_last_ones(array):
    shape = tuple(array.shape)
    while len(shape) > 1 and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def cure(name, array, wanted):
    """What to do with this array where another shape is wanted."""
    shape = tuple(array.shape)
    inner, wanted_inner = shape[1:], wanted[1:]
    if inner in ((), (1,)) and "int" in type_of(array):
        return f"; if {name} holds labels, pass the images"
    if len(shape) == 4 and _agree((*inner[1:], inner[0]), wanted_inner):
        return f"; move the channels last: np.moveaxis({name}, 1, -1)"
    if not inner or None in (*inner, *wanted_inner):
        return ""
    if inner != wanted_inner and math.prod(inner) == math.prod(wanted_inner):
        return f"; reshape {name} to {(-1, *wanted_inner)}"
    return ""


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
