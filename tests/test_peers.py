"""The benchmark against peers: each recipe trains and is measured."""

import math

import pytest

from benchmarks import peers

ROWS = [
    *("plain", "deep", "convolutional", "denoiser"),
    *("sparse", "linear", "vae"),
]


def test_all_rows_are_tried():
    from benchmarks.recipes import ROWS as rows

    assert list(rows) == ROWS


@pytest.mark.parametrize("side", ["peer", "course"])
@pytest.mark.parametrize("name", ROWS)
def test_a_recipe_trains_and_is_measured_after_each_epoch(name, side):
    points = peers.run(name, side, 0, limit=3, sizes=(640, 100))
    seconds = [point[0] for point in points]
    assert seconds == sorted(seconds)
    assert 0 < seconds[0]
    figures = [figure for _, row in points for figure in row.values()]
    assert all(map(math.isfinite, figures))
    assert points[-1][1] != points[0][1] or len(points) == 1


def test_the_clock_stops_a_training_at_its_limit():
    points = peers.run("plain", "peer", 0, limit=1e-9, sizes=(640, 100))
    assert len(points) == 1


def test_when_a_goal_was_reached():
    points = [[1.0, {"bce": 3.0}], [2.0, {"bce": 1.0}], [3.0, {"bce": 2.0}]]
    assert peers.reached(points, "bce", 2.5) == 2.0
    assert peers.reached(points, "bce", 3.0) == 1.0
    assert peers.reached(points, "bce", 0.5) is None
