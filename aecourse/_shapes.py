"""Checks of the shapes of arrays and tensors, as far as they are known."""

import math

from aecourse._checks import type_of


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


def check_broadcast(name, value, other_name, other):
    """Raise if numbers or arrays cannot be combined entry by entry."""
    a, b = (tuple(getattr(part, "shape", ())) for part in (value, other))
    pairs = zip(reversed(a), reversed(b), strict=False)
    if not all(i == j or i in (1, None) or j in (1, None) for i, j in pairs):
        raise ValueError(
            f"{name} and {other_name} must have shapes that broadcast, "
            f"got {a} and {b}"
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
