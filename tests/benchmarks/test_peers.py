"""The benchmark against peers: each recipe trains and is measured."""

import json
import math

import pytest

from benchmarks import peers
from tools import freshness

ROWS = [
    *("plain", "deep", "convolutional", "denoiser"),
    *("sparse", "linear", "vae"),
]


def test_all_rows_are_tried():
    from benchmarks.recipes import ROWS as rows

    assert list(rows) == ROWS


@pytest.mark.parametrize("side", ["peer", "course"])
@pytest.mark.parametrize("name", ROWS)
def test_a_recipe_trains_and_is_measured_around_each_epoch(
    name, side, monkeypatch
):
    from benchmarks.recipes import ROWS as rows

    measure, found = rows[name].measure, []

    def measure_thrice(model, x):
        found.append(measure(model, x))
        model.stop_training = len(found) == 3
        return found[-1]

    monkeypatch.setattr(rows[name], "measure", measure_thrice)
    points = peers.run(name, side, 0, sizes=(1280, 100))
    assert [figures for _, figures in points] == found
    seconds = [point[0] for point in points]
    assert seconds == sorted(seconds)
    assert seconds[0] == 0 < seconds[1]
    figures = [figure for _, row in points for figure in row.values()]
    assert all(map(math.isfinite, figures))
    assert len(found) >= 3
    assert found[0] != found[1] != found[2]


def test_the_clock_stops_a_training_at_its_limit():
    points = peers.run("plain", "peer", 0, limit=1e-9, sizes=(640, 100))
    assert len(points) == 2


def test_when_a_goal_was_reached():
    points = [[1.0, {"bce": 3.0}], [2.0, {"bce": 1.0}], [3.0, {"bce": 2.0}]]
    assert peers.reached(points, "bce", 2.5) == 2.0
    assert peers.reached(points, "bce", 3.0) == 1.0
    assert peers.reached(points, "bce", 0.5) is None


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A file with a round in each row, as if measured here and now."""
    monkeypatch.setattr(peers, "DATA", tmp_path / "peers.json")
    found = peers.load()
    for row in found["rows"].values():
        row["rounds"].append({"peer": [], "course": []})
    peers.DATA.write_text(json.dumps(found))
    return found


def test_what_was_measured_is_kept(data):
    assert peers.load() == data


def test_a_row_of_other_code_starts_anew(data):
    data["rows"]["deep"]["code"] = "another"
    peers.DATA.write_text(json.dumps(data))
    found = peers.load()["rows"]
    assert [name for name, row in found.items() if not row["rounds"]] == [
        "deep"
    ]


@pytest.mark.parametrize(
    ("key", "part"), [("machine", "cores"), ("versions", "keras")]
)
def test_what_was_measured_elsewhere_is_not_mixed_in(data, key, part):
    data[key][part] = "another"
    peers.DATA.write_text(json.dumps(data))
    assert not any(row["rounds"] for row in peers.load()["rows"].values())


def test_the_key_of_a_row_is_that_of_its_recipes_and_its_chapter(
    monkeypatch,
):
    from benchmarks.recipes import ROWS as rows

    keys = {name: peers.code_key(row) for name, row in rows.items()}
    assert len(set(keys.values())) == len(rows)
    parts = freshness.parts(peers.RECIPES, names=rows["denoiser"].functions())
    for name in ("recipes.NOISE", "recipes.peer_denoiser"):
        assert any(part.endswith(name) for part in parts), name
    assert any("07_denoising" in part for part in parts)
