"""What the notebooks say to the book: numbers, conditions and verdicts.

All work wherever IPython does, in Colab too; only the book reads what they
record. Studies, which `make studies` runs over seeds, are read from here.
"""

from collections.abc import Iterable, Mapping
import json
from pathlib import Path

from aecourse.checks import check_instance
from IPython.display import display
import numpy as np

STUDIES = Path(__file__).with_name("data") / "studies"
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


def sure(name, condition):
    """Record a condition that a sentence of the prose rests on.

    Nothing is shown where it is true. The book is not built where it is
    false; in a reader's own run one line says so.

    Parameters
    ----------
    name : str
        Unique within the notebook, in kebab-case.
    condition : bool or sequence of bool
        Whether the sentence is true; one entry per seed or case, and it is
        true if all of them are.

    Raises
    ------
    TypeError, ValueError
        If `name` is no str, or `condition` holds anything but bools, or
        nothing.
    """
    check_instance("name", name, str)
    flags = _flags("condition", condition)
    if not all(flags):
        seeds = f" ({sum(flags)} of {len(flags)})" if len(flags) > 1 else ""
        print(f"{name}: not true in this run{seeds}; the text says it is")
    glue(f"sure:{name}", all(flags))


def verdict(
    claim,
    criterion,
    passed,
    partly=None,
    reproduces=False,
    over_seeds=False,
):
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
    over_seeds : bool, default=False
        The entries of `passed`, and of each condition, are a study's seeds:
        where some pass and some do not, the question is open.

    Returns
    -------
    None
        The outcome is printed: 'reproduces', 'holds', 'holds in part: …',
        'open' or 'fails'. A condition that holds on every seed outweighs an
        open question.

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
    flags = _flags("passed", passed)
    conditions = [
        name
        for name, met in (partly or {}).items()
        if all(_flags(f"partly[{name!r}]", met))
    ]
    if all(flags):
        outcome = "reproduces" if reproduces else "holds"
    elif conditions:
        outcome = "holds in part: " + ", ".join(conditions)
    else:
        outcome = "open" if over_seeds and any(flags) else "fails"
    print(f"{claim} | {criterion} | {outcome}")
    glue(claim, outcome)


class Study(Mapping):
    """What a study measured: by setting, then by name, over its seeds.

    ``study["contractive"]["error"]`` is an array with a number for each
    seed, in the order of `seeds`.

    Attributes
    ----------
    criterion : str
        What was written down before the run.
    seeds : tuple of int
        Of the run that counts.
    history : list of dict
        Earlier criteria, with the seeds that they were judged on.
    seconds : dict of str to ndarray
        How long each run took, by setting.
    """

    def __init__(self, record):
        self.name, self.criterion = record["study"], record["criterion"]
        self.seeds, self.history = tuple(record["seeds"]), record["history"]
        runs = {(run["setting"], run["seed"]): run for run in record["runs"]}
        settings = dict.fromkeys(setting for setting, _ in runs)
        missing = [
            f"{setting}, seed {seed}"
            for setting in settings
            for seed in self.seeds
            if (setting, seed) not in runs
        ]
        if missing or not runs:
            raise ValueError(
                f"the study {self.name!r} is not complete, it lacks "
                f"{missing[:1] or 'all runs'}: make studies NAME={self.name}"
            )
        rows = {s: [runs[s, seed] for seed in self.seeds] for s in settings}
        self.seconds = {
            setting: np.array([run["seconds"] for run in own])
            for setting, own in rows.items()
        }
        self._values = {
            setting: {
                name: np.array([run["values"][name] for run in own])
                for name in own[0]["values"]
            }
            for setting, own in rows.items()
        }

    def __getitem__(self, setting):
        try:
            return self._values[setting]
        except KeyError:
            raise KeyError(
                f"the study {self.name!r} has no setting {setting!r}, but "
                f"{list(self)}"
            ) from None

    def __iter__(self):
        return iter(self._values)

    def __len__(self):
        return len(self._values)


def load_study(name):
    """Read what a study measured on all its seeds.

    Parameters
    ----------
    name : str
        Such as ``"11_contractive"``.

    Returns
    -------
    Study

    Raises
    ------
    FileNotFoundError
        If there is no such study; it names those that there are.
    ValueError
        If some of its runs are missing.
    """
    check_instance("name", name, str)
    there = sorted(path.stem for path in STUDIES.glob("*.json"))
    if name not in there:
        raise FileNotFoundError(f"there is no study {name!r}, but {there}")
    text = (STUDIES / f"{name}.json").read_text("utf-8")
    return Study(json.loads(text))


def _flags(name, flags):
    """The flags as a list, after checking that they are flags."""
    flags = _plain(flags)
    if isinstance(flags, Mapping) or not isinstance(flags, Iterable):
        flags = [flags]
    flags = [_plain(flag) for flag in flags]
    if not flags:
        raise ValueError(f"{name} must hold at least one bool, got {flags}")
    for flag in flags:
        if not isinstance(flag, bool):
            raise TypeError(f"{name} must hold bools, got {flag!r}")
    return flags


def _plain(value):
    """A scalar of NumPy or of Keras' backend as one of Python's own."""
    scalar = getattr(value, "shape", None) == ()
    return np.asarray(value).item() if scalar else value
