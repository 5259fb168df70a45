"""The data that cross between the grader and a worker: JSON, no pickles.

Arrays travel as their bytes with type and shape; whoever reads them takes
numbers only, and checks type, shape and length first.
"""

import base64
import math

import numpy as np

MAX_DEPTH = 6
MAX_TEXT = 1000
# Booleans, integers, floats: each by its exact name.
DTYPES = {np.dtype(c).newbyteorder("<").str for c in "?bhilqBHILQefdg"}


def encode(value):
    """Write plain data as what JSON can hold.

    Parameters
    ----------
    value : None, str, number, array, list or dict
        Lists and dicts may nest.

    Raises
    ------
    TypeError
        If an array holds anything but numbers.
    """
    if value is None or isinstance(value, str):
        return {"text": value}
    if type(value) in (bool, int, float) and math.isfinite(value):
        return {"number": value}
    if isinstance(value, list | tuple):
        return {"list": [encode(part) for part in value]}
    if isinstance(value, dict):
        return {"dict": {str(k): encode(v) for k, v in value.items()}}
    array = np.array(value)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"value must hold numbers, got {array.dtype}")
    array = array.astype(array.dtype.newbyteorder("<"))
    data = base64.b64encode(array.tobytes()).decode("ascii")
    return {
        "data": data,
        "dtype": array.dtype.str,
        "shape": list(array.shape),
    }


def decode(message, depth=0):
    """Read what `encode` wrote, trusting nothing.

    Raises
    ------
    ValueError
        If the message is anything else.
    """
    if not isinstance(message, dict) or depth > MAX_DEPTH:
        raise ValueError("message must be a shallow dictionary")
    if message.keys() == {"text"}:
        text = message["text"]
        if text is not None and not isinstance(text, str):
            raise ValueError("text must be a string")
        return text if text is None else text[:MAX_TEXT]
    if message.keys() == {"number"}:
        number = message["number"]
        if type(number) not in (bool, int, float):
            raise ValueError("number must be one")
        return number
    if message.keys() == {"list"} and isinstance(message["list"], list):
        return [decode(part, depth + 1) for part in message["list"]]
    if message.keys() == {"dict"} and isinstance(message["dict"], dict):
        parts = message["dict"].items()
        return {key: decode(part, depth + 1) for key, part in parts}
    if message.keys() == {"data", "dtype", "shape"}:
        return _array(**message)
    raise ValueError(f"message has unknown keys {sorted(message)[:5]}")


def _array(data, dtype, shape):
    if not (isinstance(data, str) and isinstance(dtype, str)):
        raise ValueError("data and dtype must be strings")
    if dtype not in DTYPES:
        raise ValueError(f"dtype must be one of numbers, got {dtype[:20]!r}")
    kind = np.dtype(dtype)
    right = isinstance(shape, list) and len(shape) <= 8
    if not right or any(type(n) is not int or n < 0 for n in shape):
        raise ValueError("shape must be a list of sizes")
    raw = base64.b64decode(data, validate=True)
    if len(raw) != kind.itemsize * math.prod(shape):
        raise ValueError("shape and number of bytes must agree")
    return np.frombuffer(raw, kind).reshape(shape).copy()
