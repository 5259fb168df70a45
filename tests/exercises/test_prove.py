"""Proofs of exercises: what is proven, remembered, and proven again."""

import pytest

from exercises import prove
from exercises.grader.source import read
from tests.exercises.samples import SOURCE

ALTERNATIVE = """
```{code-cell}
:tags: [alternative]
# q1 name=by_hand
def total(x):
    return sum(x)
```
"""


@pytest.fixture
def question(tmp_path):
    """Make the question of a small exercise from its source's text."""

    def make(old="", new="", more=ALTERNATIVE):
        assert old in SOURCE
        path = tmp_path / "ex01_sums.md"
        path.write_text(SOURCE.replace(old, new) + more)
        return prove.Question(read(path), "q1")

    return make


def test_a_right_question_is_proven(question, light_workers):
    question().prove(light_workers)


@pytest.mark.parametrize(
    ("old", "new", "more", "message"),
    [
        ("x.sum()\n    ### ELSE", "0\n    ### ELSE", "", "the reference fa"),
        ("", "", ALTERNATIVE.replace("sum(x)", "0.0"), "by_hand fails"),
        ("", "", ALTERNATIVE.replace("sum(x)", "no"), "by_hand fails"),
        ("return x.mean()", "return x.sum()", "", "mean passes every check"),
        ('["total"](np.ones(3))', '["np"].sum([3])', "", r"fails \['seen'\]"),
        ("return x.mean()", "raise 1\nraise KeyError", "", "raised KeyError"),
    ],
)
def test_what_is_wrong_is_said(
    question, light_workers, old, new, more, message
):
    with pytest.raises(prove.Unproven, match=message):
        question(old, new, more).prove(light_workers)


@pytest.mark.parametrize(
    ("old", "new", "more", "same"),
    [
        ("Some prose", "More prose", ALTERNATIVE, True),
        ("# q1\ndef", "# q1\n# The sum.\ndef", ALTERNATIVE, True),
        ("return x.sum()", "return x.sum() + 0", ALTERNATIVE, False),
        ("return x.mean()", "return x.max()", ALTERNATIVE, False),
        ("name=seen", "name=shown", ALTERNATIVE, False),
        ('"wrong"', '"not right"', ALTERNATIVE, False),
        ("", "", ALTERNATIVE.replace("sum(x)", "x.sum()"), False),
        ("", "", ALTERNATIVE.replace("alternative", "mutant"), False),
    ],
)
def test_a_proof_depends_on_what_it_is_of(question, old, new, more, same):
    before = question().key
    assert (question(old, new, more).key == before) == same


@pytest.fixture
def many(question, tmp_path, monkeypatch):
    """Forty proofs, none of which is remembered."""
    every = {f"q{i:02d}": question() for i in range(40)}
    monkeypatch.setattr(prove, "everything", lambda: every)
    monkeypatch.setattr(prove, "FILE", tmp_path / "proofs.json")
    return every


def test_due_is_what_is_not_fresh_and_a_tenth_of_the_rest(many):
    assert prove.due("a") == list(many)
    known = {name: one.key for name, one in many.items()}
    prove.remember(known | {"q07": "older", "gone": "key"})
    assert "gone" not in prove.remembered()
    first, *rest = prove.due("a")
    assert first == "q07"
    assert len(set(rest) - {"q07"}) == 4
    assert prove.due("a") == [first, *rest]
    assert any(prove.due(f"{i}") != [first, *rest] for i in range(5))


def test_a_proof_is_kept_and_one_that_fails_loses_its_line(
    many, question, light_workers, monkeypatch, capsys
):
    many["q03"] = question("return x.mean()", "return x.sum()")
    prove.remember({"q03": many["q03"].key, "q05": "older"})
    monkeypatch.setattr(
        prove, "Pool", lambda timeout: Borrowed(light_workers)
    )
    monkeypatch.setattr(prove, "learner", lambda: Borrowed(None))
    assert prove.main(["q03", "q05"]) == 1
    assert prove.remembered() == {"q05": many["q05"].key}
    said = capsys.readouterr().out
    assert "q03 NOT PROVEN: the mutant mean passes every check" in said
    assert "q05 proven in" in said


def test_all_are_forgotten_before_all_are_proven(many, monkeypatch):
    prove.remember({name: one.key for name, one in many.items()})
    asked = []
    monkeypatch.setattr(prove, "prove", lambda names: asked.extend(names))
    assert prove.main([]) == 0
    assert asked == []
    assert prove.main(["--all"]) == 0
    assert asked == list(many)
    assert prove.remembered() == {}


class Borrowed:
    """A context manager that gives what it does not own."""

    def __init__(self, value):
        self.value = value

    def __enter__(self):
        return self.value

    def __exit__(self, *_):
        pass
