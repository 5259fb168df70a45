"""The tables and the figure of what was measured."""

from math import inf
from statistics import median

import pytest

from benchmarks import peers
from book._ext import measured

ROWS = measured.load("peers")["rows"]
GOALS = [name for name, row in ROWS.items() if not row["same_time"]]
SAME_TIME = [name for name, row in ROWS.items() if row["same_time"]]


def points(*values):
    return [[10.0 * n, {"bce": v}] for n, v in enumerate(values)]


@pytest.fixture
def stood_in(monkeypatch):
    """Measurements of one row that can be counted in one's head."""

    def put(*courses):
        rounds = [
            {"peer": points(4.0, 3.0, 2.0), "course": points(*course)}
            for course in courses
        ]
        plain = ROWS["plain"] | {"code": "", "rounds": rounds}
        data = measured.load("peers") | {"rows": {"plain": plain}}
        monkeypatch.setattr(measured, "load", lambda name: data)
        return plain

    return put


def test_the_page_knows_the_rows_that_are_measured():
    from benchmarks.recipes import ROWS as recipes

    assert list(ROWS) == list(recipes)
    for name, row in recipes.items():
        assert ROWS[name] | row.shown() == ROWS[name]
        assert (measured.ROOT / "book" / f"{row.chapter}.ipynb").exists()


@pytest.mark.parametrize("name", ROWS)
def test_published_rows_have_every_round(name):
    assert len(ROWS[name]["rounds"]) == peers.ROUNDS


@pytest.mark.parametrize("name", GOALS)
def test_published_courses_need_a_quarter_of_the_seconds(name):
    pairs = measured.times(ROWS[name])
    assert median(course / peer for peer, course in pairs) <= 1 / 4


@pytest.mark.parametrize("name", SAME_TIME)
def test_published_courses_are_ahead_after_the_same_seconds(name):
    row = ROWS[name]
    figure, _, _ = measured.compared(row)
    ours, theirs = (
        measured.ended(row, side, figure) for side in ("course", "peer")
    )
    assert max(ours) < min(theirs)


def test_published_imports_cost_little_beyond_keras():
    times = measured.load("waits")["import"]
    assert median(times["aecourse"]) - median(times["keras"]) <= 0.3


def test_published_costs_of_grading_were_measured_side_by_side():
    data = measured.load("grading")
    complete = [one for one in data["rounds"] if "import" in one]
    assert complete
    for one in complete:
        assert {"bare", "alone", "ours"} <= one.keys()
        assert one.keys() & {"otter", "nbgrader"}
    shown = "\n".join(measured.grading_cost())
    assert data["machine"]["processor"] in shown
    assert all(one["date"] in shown for one in data["rounds"])


def test_a_ratio_is_the_seconds_until_the_peer_s_figure(stood_in):
    row = stood_in([4.0, 2.0])
    line = measured.peers_table()[-1]
    assert line.endswith("| 2.0000 | 20.0 | 10.0 | 0.50 |")
    assert "by older code" in line
    assert measured.share(row) == "50 %"
    assert "784-32-784 after 50 % of its seconds" in measured.told()


def test_a_goal_that_is_not_reached_is_said(stood_in):
    row = stood_in([4.0, 2.5, 2.1])
    assert measured.times(row) == [(20.0, inf)]
    assert measured.peers_table()[-1].endswith(
        "| 20.0 | not in each round |  |"
    )
    assert measured.share(row) == "more than 100 %"
    assert "after" not in measured.told().partition("last value")[2]


def test_a_goal_that_is_missed_once_counts_as_the_slowest_round(stood_in):
    row = stood_in([4.0, 2.5], [4.0, 2.0], [4.0, 2.0])
    assert measured.share(row) == "50 %"
    assert "not in each round" in measured.peers_table()[-1]


def test_a_start_that_is_good_enough_takes_no_time(stood_in):
    assert measured.share(stood_in([1.0, 1.0])) == "0 %"


def test_the_spread_is_that_of_the_rounds():
    assert measured.spread([0.5], ".2f") == "0.50"
    assert measured.spread([0.501, 0.502], ".2f") == "0.50"
    assert measured.spread([3.0, 1.0, 10.0], ".1f") == "3.0 (1.0 to 10.0)"


def test_the_figure_is_a_picture_of_all_rows():
    png = measured.drawn(ROWS.values())
    assert png.startswith(b"\x89PNG")
    assert measured.drawn(ROWS.values()) == png
    assert measured.drawn([ROWS[name] for name in GOALS]) != png


def test_what_one_waits_for_is_given_in_epochs_as_well(monkeypatch):
    data = measured.load("waits") | {
        "epoch": [1.0, 3.0],
        "import": {"keras": [3.0, 9.0, 4.0], "aecourse": [9.0, 4.5, 4.0]},
        "make": {"nothing": 900.0, "prose": 40, "code": 60, "again": 0.5},
    }
    monkeypatch.setattr(measured, "load", lambda name: data)
    _, _, *lines, _, told = measured.waits_table()
    assert lines[0] == "| `make book`, from nothing | 900.0 | 450.0 |"
    assert lines[3:] == [
        "| with nothing changed | 0.5 | 0.2 |",
        "| `import keras` | 4.00 | 2.00 |",
        "| `import aecourse`, beyond that | 0.50 | 0.25 |",
    ]
    assert told.startswith("An epoch here: 2.00 s. Measured on ")


def test_the_page_can_be_built_before_it_is_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(measured, "ROOT", tmp_path)
    assert measured.waits_table() == ["Not measured yet."]
