"""What glue records is what myst-nb reads; verdicts say what they mean."""

from aecourse import glue, nb, note, verdict
import keras
import numpy as np
import pytest


@pytest.fixture
def glued(monkeypatch):
    """The values glued, by name, as repr strings."""
    recorded = {}

    def display(data, metadata, raw):
        assert raw
        assert metadata["scrapbook"]["mime_prefix"] == nb._HIDDEN
        (kind,) = data
        assert kind == "application/papermill.record/text/plain"
        recorded[metadata["scrapbook"]["name"]] = data[kind]

    monkeypatch.setattr(nb, "display", display)
    return recorded


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        (0.25, "0.25"),
        (np.float32(0.25), "0.25"),
        (np.int64(7), "7"),
        (keras.ops.convert_to_tensor(0.25), "0.25"),
        ("holds", "'holds'"),
    ],
)
def test_glue_records_numbers_and_words(glued, value, text):
    assert glue("key", value) is None
    assert glued == {"key": text}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.float32(0.25), "0.2500"),
        (0.000123456, "0.0001235"),
        (99.98765, "99.99"),
        (824849.6, "824850"),
        (np.int64(123456), "123456"),
        (keras.ops.mean([0.5, 1.0]), "0.7500"),
    ],
)
def test_note_prints_what_it_records(glued, capsys, value, text):
    assert note("key", value) is None
    assert capsys.readouterr().out == f"key: {text}\n"
    assert glued == {"key": repr(np.asarray(value).item())}


@pytest.mark.parametrize("value", ["holds", np.nan, [1]])
def test_note_records_and_prints_numbers_only(glued, capsys, value):
    with pytest.raises((TypeError, ValueError), match="for 'key'"):
        note("key", value)
    assert not glued
    assert not capsys.readouterr().out


@pytest.mark.parametrize(
    ("passed", "options", "outcome"),
    [
        (True, {}, "holds"),
        (np.array([True, True]), {}, "holds"),
        (True, {"reproduces": True}, "reproduces"),
        (np.bool_(False), {}, "fails"),
        (keras.ops.convert_to_tensor(True), {}, "holds"),
        ([True, keras.ops.convert_to_tensor(False)], {}, "fails"),
        ([True, False], {}, "fails"),
        ([True, False], {"reproduces": True}, "fails"),
        (False, {"partly": {"a": False, "b": [False, True]}}, "fails"),
        (False, {"partly": {"a": True}}, "holds in part: a"),
        (
            False,
            {"partly": {"a": [True, True], "b": False, "c": True}},
            "holds in part: a, c",
        ),
        (True, {"partly": {"a": True}}, "holds"),
        ((x > 1 for x in (2, 3)), {}, "holds"),
    ],
)
def test_verdict(glued, capsys, passed, options, outcome):
    verdict("C09", "within 15 %", passed, **options)
    assert capsys.readouterr().out == f"C09 | within 15 % | {outcome}\n"
    assert glued == {"C09": repr(outcome)}
