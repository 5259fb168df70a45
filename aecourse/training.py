"""What every training run shares: a quiet Keras, rate, seed, progress."""

from contextlib import contextmanager
import operator
import os
import shutil
import sys
import tempfile
import time

from aecourse.checks import check_in_range, check_integer

MAX_SEED = 2**32 - 1
BAR_WIDTH = 20
SECONDS_BETWEEN_DRAWS = 0.2


@contextmanager
def quiet_stderr():
    """Hold back what is written to file descriptor 2, unless it fails.

    TensorFlow writes 'Could not find cuda drivers' there while its shared
    libraries load, before it reads any log variable: nothing else keeps the
    line out of a notebook.
    """
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as held_back:
        os.dup2(held_back.fileno(), 2)
        try:
            yield
        except BaseException:
            held_back.seek(0)
            os.write(stderr, held_back.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


def import_keras():
    """Import Keras without the start-up messages of its backend."""
    if "keras" in sys.modules:
        return sys.modules["keras"]
    # Level 2 lets through what old processors lack; errors are raised.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet_stderr():
        import keras

        if keras.backend.backend() == "tensorflow":
            import tensorflow

            # The first look for devices logs a second time.
            tensorflow.config.list_physical_devices()
            # A loop over seeds builds many models on purpose; do not warn
            # of the retracing that this takes.
            tensorflow.get_logger().setLevel("ERROR")
    return keras


keras = import_keras()


def warmup_cosine(peak, steps, warmup=0.1):
    """Learning rate that rises linearly and falls as half a cosine.

    Parameters
    ----------
    peak : float
        Highest learning rate, greater than 0. It is reached at step
        ``round(warmup * steps)``.
    steps : int
        Number of gradient steps of the whole training, at least 1: epochs
        times the number of batches in an epoch. At this step the rate is 0.
    warmup : float
        Fraction of the steps spent rising from 0, in [0, 1).

    Returns
    -------
    keras.optimizers.schedules.LearningRateSchedule
        To be passed as the ``learning_rate`` of an optimizer.

    Raises
    ------
    TypeError, ValueError
        If an argument is outside its range, or `steps` no integer.

    References
    ----------
    Goyal et al. (2017), arXiv:1706.02677 (warm-up); Loshchilov and Hutter
    (2017), arXiv:1608.03983 (cosine).

    Examples
    --------
    >>> rate = warmup_cosine(peak=0.01, steps=100)
    >>> [round(float(rate(step)), 4) for step in (0, 5, 10, 55, 100)]
    [0.0, 0.005, 0.01, 0.005, 0.0]
    """
    check_in_range("peak", peak, "(0, inf)")
    check_integer("steps", steps)
    check_in_range("warmup", warmup, "[0, 1)")
    peak, steps = float(peak), int(steps)
    rising = min(round(warmup * steps), steps - 1)
    if rising == 0:
        return keras.optimizers.schedules.CosineDecay(peak, steps)
    return keras.optimizers.schedules.CosineDecay(
        0.0, steps - rising, warmup_target=peak, warmup_steps=rising
    )


def set_seed(seed=None):
    """Seed Python, NumPy and the Keras backend.

    Parameters
    ----------
    seed : int or None
        In [0, 2**32 - 1]. None means the environment variable
        ``AECOURSE_SEED`` or, if that is not set, 0.

    Returns
    -------
    int
        The seed that was used.

    Raises
    ------
    TypeError, ValueError
        If the seed, or ``AECOURSE_SEED``, is no integer in this range.
    """
    if seed is None:
        text = os.environ.get("AECOURSE_SEED", "0")
        if not text.isdecimal() or int(text) > MAX_SEED:
            raise ValueError(
                "the environment variable AECOURSE_SEED must be an integer "
                f"in [0, {MAX_SEED}], got {text!r}"
            )
        seed = int(text)
    seed = operator.index(seed)
    keras.utils.set_random_seed(seed)
    return seed


class Progress(keras.callbacks.Callback):
    """A bar while the model trains, one line when it has finished.

    Use it with ``fit(verbose=0, callbacks=[Progress("label")])``. In a
    terminal and in a live notebook one line is redrawn several times a
    second. Where standard output is a file or a pipe, or where the
    environment variable ``AECOURSE_PROGRESS`` is ``line``, only the final
    line is printed: label, epochs, losses of the last epoch, seconds.

    Parameters
    ----------
    label : str
        Name of the run, printed at the start of the line.
    """

    def __init__(self, label=""):
        super().__init__()
        self.label = label

    def on_train_begin(self, logs=None):
        self._start = time.monotonic()
        self._drawn_at = float("-inf")
        self._epoch = self._epochs_done = 0
        self._losses = ""
        self._show = live_line()

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        now = time.monotonic()
        if self._show is None or now - self._drawn_at < SECONDS_BETWEEN_DRAWS:
            return
        self._drawn_at = now
        epochs, steps = self.params["epochs"], self.params["steps"]
        part = self._epoch + ((batch + 1) / steps if steps else 0)
        bar = "#" * round(BAR_WIDTH * part / epochs)
        text = f"[{bar:.<{BAR_WIDTH}}] epoch {self._epoch + 1}/{epochs}"
        self._show(self._line(text, self._losses or _losses(logs)))

    def on_epoch_end(self, epoch, logs=None):
        self._epochs_done += 1
        self._losses = _losses(logs)

    def on_train_end(self, logs=None):
        n = self._epochs_done
        line = self._line(f"{n} epoch{'' if n == 1 else 's'}", self._losses)
        if self._show is None:
            print(line, flush=True)
        else:
            self._show(line, last=True)

    def _line(self, text, losses):
        seconds = f"{time.monotonic() - self._start:.0f} s"
        line = ", ".join(part for part in (text, losses, seconds) if part)
        return f"{self.label}: {line}" if self.label else line


def _losses(logs):
    """Write the loss and the validation loss with four digits."""
    logs = logs or {}
    return ", ".join(
        f"{key} {float(logs[key]):{'.4g' if logs[key] < 1e4 else '.0f'}}"
        for key in ("loss", "val_loss")
        if key in logs
    )


def live_line():
    """Return a function that redraws one line, None where none can be."""
    if os.environ.get("AECOURSE_PROGRESS") == "line":
        return None
    if type(sys.stdout).__module__.startswith("ipykernel"):
        return _notebook_line()
    return _terminal_line() if sys.stdout.isatty() else None


def _notebook_line():
    from IPython.display import display

    handle = display({"text/plain": ""}, raw=True, display_id=True)

    def show(line, last=False):
        handle.update({"text/plain": line}, raw=True)

    return show


def _terminal_line():
    def show(line, last=False):
        line = line[: shutil.get_terminal_size().columns - 1]
        end = "\n" if last else ""
        print(f"\r\x1b[K{line}", end=end, flush=True)

    return show
