"""A linear classifier as a measure of codes."""

import warnings

from aecourse.checks import as_numbers, check_batch, check_labels
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

# Inverse penalties, from strong to weak, for codes of total variance 1.
STRENGTHS = (1, 4, 16, 64, 256, 1024)


def linear_probe_accuracy(z_train, y_train, z_test, y_test):
    """Accuracy of a linear classifier that sees only the codes.

    Multinomial logistic regression with an L2 penalty. The training set's
    mean is subtracted from the codes, and all units are divided by one
    number, the root of their total variance: to scale each unit by itself
    would make as much of the noise in a silent unit as of the signal in a
    loud one. The penalty is weakened step by step as long as the log loss
    falls on training samples that are held out, every fifth of a class;
    then the probe is fitted to all of them. Nothing is drawn at random. A
    fit stops after 200 iterations at the latest, without a warning.

    Parameters
    ----------
    z_train, z_test : arrays of shape (n, ...)
        Codes; axes after the first are flattened.
    y_train, y_test : arrays of shape (n,)
        Class labels, at least two classes.

    Returns
    -------
    float
        Fraction of the test samples classified correctly, in [0, 1].

    Raises
    ------
    TypeError, ValueError
        If codes are not finite, the sets differ in width, labels and codes
        in number, or `y_train` holds a single class.

    References
    ----------
    Alain and Bengio (2016), "Understanding intermediate layers using linear
    classifier probes", arXiv:1610.01644.
    """
    z_train = _codes("train", z_train, y_train)
    z_test = _codes("test", z_test, y_test)
    if z_train.shape[1] != z_test.shape[1]:
        raise ValueError(
            f"z_test must have {z_train.shape[1]} features like z_train, "
            f"got {z_test.shape[1]}"
        )
    if len(np.unique(y_train)) == 1:
        raise ValueError(f"y_train must hold two classes, got {y_train[:1]}")
    mean = z_train.mean(axis=0)
    scale = np.sqrt(z_train.var(axis=0).sum()) or 1
    z_train, y_train = (z_train - mean) / scale, np.asarray(y_train)
    probe = LogisticRegression(max_iter=200, tol=2e-4, warm_start=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        _tune(probe, z_train, y_train)
        probe.fit(z_train, y_train)
    return float(probe.score((z_test - mean) / scale, y_test))


def _tune(probe, z, y):
    """Give the probe the best penalty, and its weights for a start."""
    held, lowest = _held_out(y), np.inf
    # With one sample of each class there is nothing to tune on.
    best = {"C": STRENGTHS[0]}
    for strength in STRENGTHS if held.any() else ():
        probe.set_params(C=strength)
        probe.fit(z[~held], y[~held])
        chances = probe.predict_proba(z[held])
        loss = log_loss(y[held], chances, labels=probe.classes_)
        if loss >= lowest:
            break
        best, lowest = dict(vars(probe)), loss
    vars(probe).update(best)


def _held_out(y):
    """Which samples tune: of each class the second, the seventh, …"""
    held = np.zeros(len(y), bool)
    for label in np.unique(y):
        held[np.flatnonzero(y == label)[1::5]] = True
    return held


def _codes(which, z, y):
    z = as_numbers(f"z_{which}", z)
    check_batch(f"z_{which}", z)
    y = np.asarray(y)
    check_labels(f"y_{which}", y, f"z_{which}", z)
    if y.dtype.kind == "f" and np.any(y % 1):
        raise ValueError(
            f"y_{which} must hold classes, got {y[y % 1 != 0][0]}"
        )
    return z.reshape(len(z), -1)
