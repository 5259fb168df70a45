"""The checks as a learner meets them, without Keras."""

import sys
import types

import numpy as np
import pytest

from exercises.grader.inside import checks
from tests.exercises.samples import sum_check

CHECKS = [
    sum_check("total", name="seen", points=2),
    sum_check("total", name="held_out", points=2, hidden=True),
]


@pytest.fixture(autouse=True)
def _stand_in_for_keras(monkeypatch):
    utils = types.SimpleNamespace(set_random_seed=lambda seed: None)
    keras = types.SimpleNamespace(utils=utils)
    monkeypatch.setitem(sys.modules, "keras", keras)


@pytest.fixture
def learner():
    """A namespace with `check` and `score`, as the first cell makes it."""
    ns = {}
    ns["check"], ns["score"] = checks.commands(CHECKS, ns)
    return ns


def test_wrong_answer_message_right_answer_full_score(learner, capsys):
    learner["check"]("q1")
    printed = capsys.readouterr().out
    assert "`total` is not defined: its cell was not run, or " in printed
    learner["total"] = lambda x: x.mean()
    learner["check"]("q1")
    printed = capsys.readouterr().out
    assert "failed seen (2): this is not the sum" in printed
    assert "q1: 0 of 2 points" in printed
    learner["total"] = lambda x: x.sum()
    learner["check"]("q1")
    assert "passed seen (2)\nq1: 2 of 2" in capsys.readouterr().out
    learner["score"]()
    assert capsys.readouterr().out.endswith("Score: 4 of 4 points\n")


def test_an_answer_that_writes_into_its_inputs_changes_no_verdict(
    learner, capsys
):
    def total(x):
        x *= 0
        return 0.0

    learner["total"] = total
    learner["check"]("q1")
    assert "failed seen (2)" in capsys.readouterr().out


def test_an_unknown_question_is_named(learner):
    with pytest.raises(ValueError, match="must be q1, got 'q9'"):
        learner["check"]("q9")


def raises(error):
    """Code of a learner that raises."""
    return f"def total(x):\n    raise {error}"


@pytest.mark.parametrize(
    ("total", "message"),
    [
        (raises("NotImplementedError(0)"), "not answered yet"),
        (raises("SystemExit(3)"), "your code raised SystemExit: 3"),
        (raises("KeyError('a\\nb')"), "raised KeyError: 'a\\nb'"),
        (raises("ValueError()"), "your code raised ValueError"),
        (
            raises(
                "TypeError('\x1b[1mbad\x1b[0m Arguments received by A:"
                "\\n  • x=1\\n  • y=SECOND')"
            ),
            "your code raised TypeError: bad\n",
        ),
        (
            "def total(): pass",
            "this check could not use your answer: TypeError: total() takes",
        ),
        (
            "total = 3",
            "this check could not use your answer: TypeError: 'int",
        ),
        (lambda x: None, "the sum is None: is a `return` missing?"),
        (lambda x: x, "must be one number, but its shape is (50,)"),
        (lambda x: float("nan"), "must be finite"),
        (lambda x: np.inf, "must be finite"),
        (lambda x: "12", "must be made of numbers"),
        (lambda x: {}, "must be made of numbers"),
        (lambda x: [[1], [2, 3]], "does not have the form"),
        (lambda x: np.ma.masked_array([1.0], [True]), "(1,)"),
        (lambda x: x.sum() * 1j, "expected numbers, got complex"),
        (lambda x: object(), "expected numbers, got object"),
        (lambda x: range(3), "shape is (3,)"),
        (lambda x: np.zeros(3_000_000), "fewer numbers, got 3000000"),
    ],
)
def test_messages(total, message, learner, capsys):
    if isinstance(total, str):
        exec(total, learner)
    else:
        learner["total"] = total
    learner["check"]("q1")
    assert message in capsys.readouterr().out


def test_a_message_is_said_once(learner, capsys):
    learner["total"] = lambda x: 0.0
    learner["score"]()
    printed = capsys.readouterr().out
    assert printed.count("this is not the sum") == 1
    assert "failed held_out (2): as above" in printed


def test_any_number_type_will_do(learner, capsys):
    for kind in (float, np.float32, np.float64, np.longdouble, np.array):
        learner["total"] = lambda x, kind=kind: kind(x.sum())
        learner["check"]("q1")
        assert "2 of 2 points" in capsys.readouterr().out


def test_inputs_depend_on_seed_and_name_only():
    one, other = CHECKS
    again = dict(one, code=one["code"] + "\n\n# changed", points=9)
    draws = [
        checks.draw(check, seed)[1]["x"]
        for check, seed in [(one, 1), (again, 1), (other, 1), (one, 2)]
    ]
    assert (draws[0] == draws[1]).all()
    assert (draws[0] != draws[2]).all()
    assert (draws[0] != draws[3]).all()


def test_digits_are_test_images_of_mnist(root):
    x = checks.digits(np.random.default_rng(0), 7)
    assert (x.shape, x.dtype) == ((7, 784), np.float32)
    with np.load(root / "aecourse" / "data" / "mnist.npz") as archive:
        images = archive["x_test"].reshape(-1, 784)
    for row in np.rint(x * 255).astype("uint8"):
        assert (images == row).all(axis=1).any()


def test_close_is_never_true_for_nan_or_other_shapes():
    assert checks.close(1.0, 1.0 + 1e-5)
    assert not checks.close(np.nan, np.nan)
    assert not checks.close(np.ones(3), 1.0)
