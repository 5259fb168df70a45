"""What glue records is what myst-nb reads; verdicts say what they mean."""

import json

from aecourse import glue, load_study, nb, note, sure, verdict
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


@pytest.mark.parametrize(
    ("passed", "partly", "outcome"),
    [
        ([True] * 10, None, "holds"),
        ([False] * 10, None, "fails"),
        ([True] * 9 + [False], None, "open"),
        ([True, False], {"a": [True, False]}, "open"),
        ([True, False], {"a": [True, True]}, "holds in part: a"),
        ([False, False], {"a": [True, False]}, "fails"),
    ],
)
def test_where_seeds_disagree_a_verdict_is_open(
    glued, capsys, passed, partly, outcome
):
    verdict("C17", "below", passed, partly, over_seeds=True)
    assert capsys.readouterr().out == f"C17 | below | {outcome}\n"
    assert glued == {"C17": repr(outcome)}


@pytest.mark.parametrize(
    "condition",
    [True, np.bool_(True), [True, True], np.array([2.0, 3.0]) > 1],
)
def test_what_a_sentence_rests_on_is_recorded(glued, capsys, condition):
    assert sure("raw-slower", condition) is None
    assert glued == {"sure:raw-slower": "True"}
    assert not capsys.readouterr().out


def test_a_false_sentence_is_recorded_and_said(glued, capsys):
    sure("one", 1 > 2)
    sure("seeds", [True, False, True])
    assert glued == {"sure:one": "False", "sure:seeds": "False"}
    one, seeds = capsys.readouterr().out.splitlines()
    assert one.startswith("one: not true in this run; ")
    assert seeds.startswith("seeds: not true in this run (2 of 3); ")


@pytest.mark.parametrize("condition", [1, [], [1.0], "yes", {"a": True}])
def test_a_condition_is_made_of_bools(glued, condition):
    with pytest.raises((TypeError, ValueError), match="condition must hold"):
        sure("key", condition)
    assert not glued


RECORD = {
    "study": "05_sparse",
    "criterion": "lower",
    "seeds": [10, 11],
    "history": [{"criterion": "higher", "seeds": [0, 1]}],
    "runs": [
        {"setting": s, "seed": r, "seconds": 1.5, "values": {"error": e}}
        for s, r, e in [("a", 11, 2.0), ("a", 10, 1.0), ("b", 10, 3.0)]
        + [("b", 11, 4.0)]
    ],
}


@pytest.fixture
def studies(tmp_path, monkeypatch):
    monkeypatch.setattr(nb, "STUDIES", tmp_path)
    (tmp_path / "05_sparse.json").write_text(json.dumps(RECORD))
    return tmp_path


def test_a_study_gives_arrays_over_its_seeds(studies):
    study = load_study("05_sparse")
    assert (study.criterion, study.seeds) == ("lower", (10, 11))
    assert study.history == RECORD["history"]
    assert list(study) == ["a", "b"]
    np.testing.assert_array_equal(study["a"]["error"], [1.0, 2.0])
    np.testing.assert_array_equal(study["b"]["error"], [3.0, 4.0])
    np.testing.assert_array_equal(study.seconds["a"], [1.5, 1.5])
    with pytest.raises(KeyError, match="no setting 'c', but .*'a', 'b'"):
        study["c"]


def test_a_study_that_is_not_there_names_those_that_are(studies):
    with pytest.raises(FileNotFoundError, match="'06_x', but .*05_sparse"):
        load_study("06_x")


def test_half_a_study_is_no_study(studies):
    half = RECORD | {"runs": RECORD["runs"][:-1]}
    (studies / "05_sparse.json").write_text(json.dumps(half))
    with pytest.raises(ValueError, match="'b, seed 11'.*NAME=05_sparse"):
        load_study("05_sparse")
