"""A linear classifier as a measure of codes."""

import warnings

from aecourse.checks import as_numbers, check_batch, check_labels
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def linear_probe_accuracy(z_train, y_train, z_test, y_test):
    """Accuracy of a linear classifier that sees only the codes.

    Multinomial logistic regression (L2 penalty, C = 1) on codes that are
    standardised with the training set's means and standard deviations. The
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
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=200))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        probe.fit(z_train, y_train)
    return float(probe.score(z_test, y_test))


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
