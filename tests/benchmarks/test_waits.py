"""What a newcomer waits for: the situations, and how they are timed."""

import subprocess

import pytest

from benchmarks import waits
from tools import freshness


def test_waits_changes_prose_and_code_of_a_copy(root, tmp_path, monkeypatch):
    commands, texts = [], []
    chapter = tmp_path / "book" / f"{waits.CHAPTER}.ipynb"

    def seconds(*command, folder):
        (folder / "_build").mkdir(exist_ok=True)
        commands.append(command)
        for path in (tmp_path / "book" / "intro.md", chapter):
            texts.append(path.read_text("utf-8"))
        return 1.0

    waits.copied(tmp_path)
    (tmp_path / "book" / "_outputs").mkdir(exist_ok=True)
    before = freshness.key(chapter, root=tmp_path)
    monkeypatch.setattr(waits, "seconds", seconds)
    found = [*waits.builds(tmp_path)]
    assert found == ["clone", "nothing", "prose", "code", "again"]
    assert commands == [("make", "book")] * 5
    assert not (tmp_path / "book" / "_outputs").exists()
    # Changed code is executed; a comment would not be.
    assert freshness.key(chapter, root=tmp_path) != before
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
