"""What crosses between grader and worker: exact, and nothing but data."""

import json

import numpy as np
import pytest

from exercises.grader.inside.wire import decode, encode


@pytest.mark.parametrize(
    "value",
    [
        None,
        "text",
        7,
        0.1,
        True,
        np.float32(0.1),
        np.arange(6).reshape(2, 3),
        np.array([np.nan, np.inf, -0.0]),
        np.zeros((0, 3), "float16"),
        np.arange(4, dtype=">i4"),
        np.ones((2, 3, 4))[:, ::2],
        [1, [np.ones(2), "a"]],
        {"a": {"b": np.array(True)}},
    ],
)
def test_what_goes_in_comes_out(value):
    result = decode(json.loads(json.dumps(encode(value))))
    np.testing.assert_equal(result, value)
    if isinstance(value, int | float | bool):
        assert type(result) in (type(value), np.ndarray)


def test_only_numbers_are_encoded():
    with pytest.raises(TypeError, match="must hold numbers, got object"):
        encode(np.array([{}], object))


NUMBER = {"data": "AAAAAAAA8D8=", "dtype": "<f8", "shape": []}


@pytest.mark.parametrize(
    "message",
    [
        None,
        3,
        [],
        {},
        {"pickle": "gASVAAAA"},
        {"text": 3},
        {"number": "3"},
        {"list": {}},
        {"dict": []},
        {"list": [{"list": [{"list": [{"list": [{"list": [{"list": [
            {"list": [{"text": "deep"}]}]}]}]}]}]}]},
        NUMBER | {"extra": 1},
        NUMBER | {"dtype": "|O"},
        NUMBER | {"dtype": "<f8,<f8"},
        NUMBER | {"dtype": "<f99"},
        NUMBER | {"dtype": "<U2"},
        NUMBER | {"dtype": 8},
        NUMBER | {"shape": [2]},
        NUMBER | {"shape": [-1]},
        NUMBER | {"shape": [True]},
        NUMBER | {"shape": "1"},
        NUMBER | {"shape": [1] * 99},
        NUMBER | {"shape": [2**40, 2**40]},
        NUMBER | {"data": "no base64"},
        NUMBER | {"data": 7},
    ],
)  # fmt: skip
def test_anything_else_is_refused(message):
    with pytest.raises(ValueError, match="must|unknown|base64|padding"):
        decode(message)


def test_a_number_is_read():
    assert decode(NUMBER) == 1.0
