"""What the notebooks say to the book: measured numbers, and verdicts.

Both work wherever IPython does, in Colab too; only the book reads them.
"""

from collections.abc import Iterable, Mapping

from aecourse.checks import check_instance
from IPython.display import display
import numpy as np

# myst-nb keeps glued outputs out of the page by this prefix on their type.
_HIDDEN = "application/papermill.record/"


def glue(name, value):
    """Record a value under a name, so that the book's prose can quote it.

    The prose writes ``{glue:text}`03_basic.ipynb::name:.4f` ``. Nothing is
    shown: a cell that glues a number also prints it, for readers of the
    notebook itself.

    Parameters
    ----------
    name : str
        Unique within the notebook, in kebab-case.
    value : int, float, bool or str
        Scalars of NumPy and of Keras' backend are welcome.

    Raises
    ------
    TypeError
        If `name` is no str, or `value` none of these.
    ValueError
        If `value` is NaN or infinite.
    """
    check_instance("name", name, str)
    value = _plain(value)
    if not isinstance(value, int | float | str):
        raise TypeError(
            f"value must be a number or a str, got {value!r} for {name!r}"
        )
    if isinstance(value, float) and not np.isfinite(value):
        raise ValueError(f"value must be finite, got {value!r} for {name!r}")
    display(
        {_HIDDEN + "text/plain": repr(value)},
        metadata={"scrapbook": {"name": name, "mime_prefix": _HIDDEN}},
        raw=True,
    )


def note(name, value):
    """Print one number and record it, as `glue` does.

    The line reads ``name: 0.09230``: four significant digits, or all those
    before the point. Cells that print a table use `glue` itself.

    Parameters
    ----------
    name : str
        Unique within the notebook, in kebab-case.
    value : int or float
        Scalars of NumPy and of Keras' backend are welcome.

    Raises
    ------
    TypeError, ValueError
        As `glue` does, and for a `value` that is no number.
    """
    value = _plain(value)
    if isinstance(value, str | bool):
        raise TypeError(f"value must be a number, got {value!r} for {name!r}")
    glue(name, value)
    whole = isinstance(value, int) or abs(value) >= 1000
    print(f"{name}: {value:.0f}" if whole else f"{name}: {value:#.4g}")


def verdict(claim, criterion, passed, partly=None, reproduces=False):
    """Print and record the verdict on one claim of the literature.

    The line holds no measured number, so that it is the same on every seed.

    Parameters
    ----------
    claim : str
        Its id in the ledger, such as ``"C09"``; the outcome is glued under
        it.
    criterion : str
        What was decided to count as success before the run.
    passed : bool or sequence of bool
        Whether the criterion was met; one entry per seed or case.
    partly : dict of str to bool or sequence of bool, optional
        Conditions under which a part of the claim might hold, by name; used
        if the claim as a whole does not pass.
    reproduces : bool, default=False
        The claim is a printed number, and this was an attempt to repeat it.

    Returns
    -------
    None
        The outcome is printed: 'reproduces', 'holds', 'holds in part: …' or
        'fails'.

    Raises
    ------
    TypeError, ValueError
        If `passed` or a condition holds anything but bools, or nothing, or
        another argument is of a wrong type.
    """
    check_instance("claim", claim, str)
    check_instance("criterion", criterion, str)
    check_instance("partly", {} if partly is None else partly, Mapping)
    check_instance("reproduces", reproduces, bool)
    if _all_true("passed", passed):
        outcome = "reproduces" if reproduces else "holds"
    else:
        conditions = [
            name
            for name, met in (partly or {}).items()
            if _all_true(f"partly[{name!r}]", met)
        ]
        outcome = (
            "holds in part: " + ", ".join(conditions)
            if conditions
            else "fails"
        )
    print(f"{claim} | {criterion} | {outcome}")
    glue(claim, outcome)


def _all_true(name, flags):
    """Whether all flags are set, after checking that they are flags."""
    flags = _plain(flags)
    if isinstance(flags, Mapping) or not isinstance(flags, Iterable):
        flags = [flags]
    flags = [_plain(flag) for flag in flags]
    if not flags:
        raise ValueError(f"{name} must hold at least one bool, got {flags}")
    for flag in flags:
        if not isinstance(flag, bool):
            raise TypeError(f"{name} must hold bools, got {flag!r}")
    return all(flags)


def _plain(value):
    """A scalar of NumPy or of Keras' backend as one of Python's own."""
    scalar = getattr(value, "shape", None) == ()
    return np.asarray(value).item() if scalar else value
