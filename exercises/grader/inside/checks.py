"""Run the checks of an exercise: embedded in every student notebook.

A check is a dictionary of plain data: ``question``, ``name``, ``points``,
``hidden`` and ``code``. Its code defines up to three functions:

``inputs(rng)``
    draws what the check needs, a dictionary of arrays and numbers;
``probe(ns, **inputs)``
    runs beside the learner's code, with its names, and returns numbers;
``judge(out, **inputs)``
    looks at these numbers only, and calls `require` with a message.

This file needs NumPy; Keras only where a probe runs.
"""

import importlib.util
from pathlib import Path
import re
import zlib

import numpy as np

MAX_NUMBERS = 2_000_000
MAX_TEXT = 600


class Unmet(Exception):
    """What a check asks for is not met; the message is for the learner."""


def require(condition, message):
    """Raise `Unmet` with the message unless the condition is true."""
    if not bool(condition):
        raise Unmet(message)


def numbers(value, shape, what):
    """Require finite numbers, which messages call `what`; ``()`` is one."""
    require(value is not None, f"{what} is None: is a `return` missing?")
    if type(value) in (list, tuple):
        value = np.asarray(value)
    require(
        isinstance(value, np.ndarray) and value.dtype.kind in "biuf",
        f"{what} must be made of numbers",
    )
    wanted = f"have shape {shape}" if shape else "be one number"
    require(
        value.shape == shape,
        f"{what} must {wanted}, but its shape is {value.shape}",
    )
    finite = np.isfinite(value).all()
    require(finite, f"{what} must be finite, but holds NaN or infinity")
    return value.astype("float64")


def close(a, b, rtol=1e-3, atol=1e-4):
    """Whether two arrays of the same shape agree; never with NaN."""
    return np.shape(a) == np.shape(b) and np.allclose(a, b, rtol, atol)


def digits(rng, n):
    """Draw `n` of MNIST's test images, of shape (n, 784), in [0, 1]."""
    folder = Path(importlib.util.find_spec("aecourse").origin).parent
    with np.load(folder / "data" / "mnist.npz") as archive:
        images = archive["x_test"]
    chosen = images[rng.choice(len(images), n, replace=False)]
    return np.divide(chosen.reshape(n, 784), 255, dtype="float32")


def plain(value, depth=0):
    """Turn tensors into arrays, and refuse what is not plain data."""
    if depth > 4:
        raise Unmet("the answer is nested too deeply")
    if value is None:
        return None
    if type(value) is str:
        return value[:MAX_TEXT]
    if type(value) in (list, tuple):
        return [plain(part, depth + 1) for part in value[:1000]]
    if type(value) is dict:
        return {str(k): plain(v, depth + 1) for k, v in value.items()}
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    array = np.array(value, subok=False)
    if array.dtype.name == "bfloat16":
        array = array.astype("float32")
    if array.dtype.kind not in "biuf":
        raise Unmet(f"expected numbers, got {type(value).__name__}")
    if array.size > MAX_NUMBERS:
        raise Unmet(f"expected fewer numbers, got {array.size}")
    return array


def functions(check):
    """Define a check's functions; returned by name."""
    env = {
        "np": np,
        "require": require,
        "numbers": numbers,
        "close": close,
        "digits": digits,
    }
    exec(compile(check["code"], f"<check {check['name']}>", "exec"), env)
    return env


def draw(check, seed):
    """Draw a probe's seed and inputs, which depend on no other check."""
    name = f"{check['question']}.{check['name']}"
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    probe_seed = int(rng.integers(2**31))
    inputs = functions(check).get("inputs", lambda rng: {})
    return probe_seed, inputs(rng)


class Names(dict):
    """The learner's names; a missing one is explained."""

    def __missing__(self, name):
        raise Unmet(
            f"`{name}` is not defined: its cell was not run, or ended with "
            "an error before it"
        )


def ask(check, ns, seed, inputs):
    """Run the probe: ``(out, None)`` or ``(None, message)``."""
    try:
        import keras

        keras.utils.set_random_seed(seed)
        probe = functions(check | {"code": "import keras\n" + check["code"]})
        value = probe["probe"](Names(ns), **inputs)
    except NotImplementedError:
        return None, "not answered yet"
    except Unmet as error:
        return None, str(error)[:MAX_TEXT]
    except (Exception, SystemExit) as error:
        if raised_in(ns, error):
            return None, explain(error)
        return None, explain(error, "this check could not use your answer: ")
    try:
        return plain(value), None
    except Unmet as error:
        return None, str(error)[:MAX_TEXT]
    except Exception as error:
        return None, explain(error, "your answer cannot be read: ")


def raised_in(ns, error):
    """Whether the learner's code had a part in an error, not just a check."""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals is ns:
            return True
        trace = trace.tb_next
    return False


def explain(error, before="your code raised "):
    """Say in one line what an exception was, whatever its class does."""
    try:
        # Keras adds colours, and at the end what a layer was called with.
        text = re.sub(
            r"\x1b\[\d*m|Arguments received by.*",
            "",
            f"{error}",
            flags=re.DOTALL,
        )
        text = " ".join(text.split())
    except BaseException:
        text = "its message cannot be shown"
    name = type.__getattribute__(type(error), "__name__")
    return f"{before}{name}: {text}"[:MAX_TEXT].rstrip(": ")


def judge(check, out, inputs):
    """Judge the numbers of a probe: ``(passed, message)``."""
    try:
        functions(check)["judge"](out, **inputs)
    except Unmet as error:
        return False, str(error)
    except Exception:
        return False, "the answer does not have the form that is asked for"
    return True, ""


def commands(checks, ns):
    """Make the functions `check` and `score` of a notebook."""

    def run(chosen, seed):
        earned, before = 0, None
        for one in chosen:
            probe_seed, inputs = draw(one, seed)
            out, message = ask(one, ns, probe_seed, inputs)
            passed = message is None
            if passed:
                # Drawn again: the answer may have written into its inputs.
                passed, message = judge(one, out, draw(one, seed)[1])
            earned += one["points"] if passed else 0
            word = "passed" if passed else "failed"
            line = f"  {word} {one['name']} ({one['points']})"
            if message:
                line += ": as above" if message == before else f": {message}"
            before = message
            print(line, flush=True)
        return earned, sum(one["points"] for one in chosen)

    def check(question):
        """Run the visible checks of one question."""
        mine = [one for one in checks if one["question"] == question]
        if not mine:
            known = ", ".join(sorted({one["question"] for one in checks}))
            raise ValueError(f"question must be {known}, got {question!r}")
        visible = [one for one in mine if not one["hidden"]]
        earned, points = run(visible, 0)
        print(f"{question}: {earned} of {points} points of these checks")

    def score():
        """Run all checks, the held-out ones too, on other random inputs."""
        total = [0, 0]
        for question in sorted({one["question"] for one in checks}):
            print(question)
            mine = [one for one in checks if one["question"] == question]
            total = [a + b for a, b in zip(total, run(mine, 1), strict=True)]
        print(f"Score: {total[0]} of {total[1]} points")

    return check, score
