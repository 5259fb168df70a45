"""The page on speed: what was measured, and that it says so."""

from statistics import median
import subprocess

import pace
import pytest

from benchmarks import peers, waits


@pytest.fixture
def stood_in(monkeypatch):
    """Measurements of one row that can be counted in one's head."""

    def points(*values):
        return [[10.0 * n, {"bce": v}] for n, v in enumerate(values)]

    def put(course):
        row = {"peer": points(4.0, 3.0, 2.0), "course": points(*course)}
        data = {
            **pace.load("peers"),
            "rows": {"plain": {"code": ["", ""], "rounds": [row]}},
        }
        monkeypatch.setattr(pace, "load", lambda name: data)
        monkeypatch.setattr(pace, "GOALS", {"plain": pace.GOALS["plain"]})

    return put


def test_the_page_knows_the_rows_that_are_measured():
    from benchmarks.recipes import ROWS

    assert {**pace.GOALS, **pace.SAME_TIME}.keys() == ROWS.keys()
    for name, row in ROWS.items():
        shown = (pace.SAME_TIME if row.same_time else pace.GOALS)[name]
        assert shown.figure == row.figure
        assert row.chapter.name.startswith(f"{shown.chapter:02d}_")


@pytest.mark.parametrize("name", [*pace.GOALS, *pace.SAME_TIME])
def test_each_row_was_measured_in_every_round(name):
    assert len(pace.rounds_of(name)) == peers.ROUNDS


@pytest.mark.parametrize("name", pace.GOALS)
def test_the_course_needs_a_quarter_of_the_seconds(name):
    pairs = pace.times(name, pace.GOALS[name].figure)
    assert median(course / peer for peer, course in pairs) <= 1 / 4


@pytest.mark.parametrize("name", pace.SAME_TIME)
def test_the_course_is_ahead_after_the_same_seconds(name):
    figure = pace.SAME_TIME[name].figure
    ours, theirs = (
        pace.ended(name, side, figure) for side in ("course", "peer")
    )
    assert max(ours) < min(theirs)


def test_a_ratio_is_the_seconds_until_the_peer_s_figure(stood_in):
    stood_in([4.0, 2.0])
    line = pace.PeersTable.text(None)[-1]
    assert line.endswith("| 2.0000 | 20.0 | 10.0 | 0.50 |")
    assert "by older code" in line
    assert "784-32-784 after 50 % of its seconds" in pace.told()


def test_a_goal_that_is_not_reached_is_said(stood_in):
    stood_in([4.0, 2.5, 2.1])
    assert pace.PeersTable.text(None)[-1].endswith(
        "| 20.0 | not in each round |  |"
    )
    assert "after" not in pace.told().partition("last value")[2]


def test_the_spread_is_that_of_the_rounds():
    assert pace.span([0.5], ".2f") == "0.50"
    assert pace.span([0.501, 0.502], ".2f") == "0.50"
    assert pace.span([3.0, 1.0, 10.0], ".1f") == "3.0 (1.0 to 10.0)"


def test_the_figure_is_a_picture_of_all_rows():
    every = {**pace.GOALS, **pace.SAME_TIME}
    png = pace.drawn(every)
    assert png.startswith(b"\x89PNG")
    assert pace.drawn(every) == png
    assert pace.drawn(pace.GOALS) != png


def test_waits_changes_prose_and_code_of_a_copy(root, tmp_path, monkeypatch):
    commands, texts = [], []
    chapter = tmp_path / "book" / f"{waits.CHAPTER}.ipynb"

    def seconds(*command, folder):
        commands.append(command)
        for path in (tmp_path / "book" / "intro.md", chapter):
            texts.append(path.read_text("utf-8"))
        return 1.0

    waits.copied(tmp_path)
    monkeypatch.setattr(waits, "seconds", seconds)
    assert [*waits.builds(tmp_path)] == ["nothing", "prose", "code", "again"]
    assert commands == [("make", "book")] * 4
    assert len(set(texts[::2])) == len(set(texts[1::2])) == 2
    assert texts[1] == (root / "book" / chapter.name).read_text("utf-8")


def test_waits_changes_what_is_there_once(tmp_path):
    path = tmp_path / "page"
    path.write_text("a b a")
    with pytest.raises(AssertionError, match="'a' is not once in"):
        waits.changed(path, "a", "c")
    assert path.read_text() == "a b a"


def test_a_build_that_fails_is_an_error_that_says_why(tmp_path, capsys):
    with pytest.raises(subprocess.CalledProcessError):
        waits.seconds("make", "book", folder=tmp_path)
    assert "No rule to make target" in capsys.readouterr().err


def test_an_epoch_is_a_whole_one_after_the_first(monkeypatch):
    ends = [0.0, 9.0, 11.0, 14.0, 16.0, 16.5]
    points = [[seconds, {}] for seconds in ends]
    monkeypatch.setattr(waits, "apart", lambda *_: points)
    assert waits.epoch() == 2.0


def test_what_one_waits_for_is_given_in_epochs_as_well(monkeypatch):
    data = pace.load("peers") | {
        "epoch": [1.0, 3.0],
        "import": {"keras": [3.0, 9.0, 4.0], "aecourse": [9.0, 4.5, 4.0]},
        "make": {"nothing": 900.0, "prose": 40, "code": 60, "again": 0.5},
    }
    monkeypatch.setattr(pace, "load", lambda name: data)
    _, _, *lines, _, told = pace.WaitsTable.text(None)
    assert lines[0] == "| `make book`, from nothing | 900.0 | 450.0 |"
    assert lines[3:] == [
        "| with nothing changed | 0.5 | 0.2 |",
        "| `import keras` | 4.00 | 2.00 |",
        "| `import aecourse`, beyond that | 0.50 | 0.25 |",
    ]
    assert told.startswith("An epoch here: 2.00 s. Measured on ")


def test_the_page_can_be_built_before_it_is_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(pace, "BENCHMARKS", tmp_path)
    assert pace.WaitsTable.text(None) == ["Not measured yet."]


def test_importing_the_package_costs_little_beyond_keras():
    times = pace.load("waits")["import"]
    assert median(times["aecourse"]) - median(times["keras"]) <= 0.3
