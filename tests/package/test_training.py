"""Learning rate, seed and progress line."""

import io
import random
import re
from types import SimpleNamespace

from aecourse import Progress, set_seed, training, warmup_cosine
import IPython.display
import keras
import numpy as np
import pytest


def rate_by_hand(step, peak, steps, rising):
    if step < rising:
        return peak * step / rising
    return peak / 2 * (1 + np.cos(np.pi * (step - rising) / (steps - rising)))


@pytest.mark.parametrize(
    ("steps", "warmup", "rising"),
    [(50, 0.1, 5), (20, 0.25, 5), (7, 0.0, 0), (1, 0.1, 0), (2, 0.9, 1)],
)
def test_warmup_cosine_follows_the_formula(steps, warmup, rising):
    rate = warmup_cosine(0.02, steps, warmup)
    got = [float(rate(step)) for step in range(steps + 1)]
    wanted = [rate_by_hand(s, 0.02, steps, rising) for s in range(steps + 1)]
    np.testing.assert_allclose(got, wanted, atol=1e-8)


def test_warmup_cosine_rises_over_a_tenth_by_default():
    rate = warmup_cosine(0.01, 100)
    rates = [float(rate(step)) for step in range(101)]
    assert np.argmax(rates) == 10
    assert max(rates) == pytest.approx(0.01)
    assert rates[-1] == pytest.approx(0, abs=1e-9)


def test_warmup_cosine_survives_saving():
    rate = warmup_cosine(0.01, np.int64(30))
    again = keras.optimizers.schedules.deserialize(
        keras.optimizers.schedules.serialize(rate)
    )
    assert float(again(2)) == float(rate(2)) > 0


def draws():
    normal = keras.ops.convert_to_numpy(keras.random.normal((3,)))
    return [random.random(), *np.random.rand(3), *normal]  # noqa: NPY002


def test_set_seed_repeats_python_numpy_and_keras():
    assert set_seed(7) == 7
    first = draws()
    assert set_seed(8) == 8
    second = draws()
    set_seed(np.int64(7))
    assert draws() == first
    assert not np.any(np.equal(first, second))


@pytest.mark.parametrize(("text", "seed"), [(None, 0), ("3", 3)])
def test_set_seed_reads_the_environment(monkeypatch, text, seed):
    monkeypatch.delenv("AECOURSE_SEED", raising=False)
    if text:
        monkeypatch.setenv("AECOURSE_SEED", text)
    assert set_seed() == seed
    first = draws()
    assert set_seed(seed) == seed
    assert draws() == first
    assert set_seed(5) == 5  # an explicit seed wins


@pytest.mark.parametrize("text", ["seven", "", "1.5", "-1", "4294967296"])
def test_set_seed_names_a_bad_variable(monkeypatch, text):
    monkeypatch.setenv("AECOURSE_SEED", text)
    with pytest.raises(ValueError, match="AECOURSE_SEED must be .*got") as e:
        set_seed()
    assert text in str(e.value).rpartition("got")[2]


class Terminal(io.StringIO):
    def isatty(self):
        return True


class NotebookStream(io.StringIO):
    __module__ = "ipykernel.iostream"


@pytest.fixture
def run(monkeypatch):
    """Drive a Progress through two epochs of three steps, 2 s a step."""
    monkeypatch.delenv("AECOURSE_PROGRESS", raising=False)

    def run(stream=None, label="basic", epochs=2, steps=3, **last):
        if stream is not None:
            monkeypatch.setattr("sys.stdout", stream)
        now = SimpleNamespace(seconds=100)
        time = SimpleNamespace(monotonic=lambda: now.seconds)
        monkeypatch.setattr(training, "time", time)
        progress = Progress(label)
        progress.set_params({"epochs": epochs, "steps": steps, "verbose": 0})
        progress.on_train_begin()
        for epoch in range(epochs):
            progress.on_epoch_begin(epoch)
            for batch in range(3):
                now.seconds += 2
                progress.on_train_batch_end(batch, {"loss": 9.87654})
            progress.on_epoch_end(epoch, {"loss": 72.8114, **last})
        progress.on_train_end()
        return stream.getvalue() if stream else None

    return run


def test_progress_in_a_pipe_is_one_line(run, capsys):
    run(label="basic 784-32-784", val_loss=0.0914159, kl=3.0)
    printed = capsys.readouterr()
    assert re.fullmatch(
        r"basic 784-32-784: 2 epochs, loss 72.81, val_loss 0.09142, 12 s\n",
        printed.out,
    )
    assert printed.err == ""


def test_progress_counts_seconds_and_large_losses(run):
    out = run(io.StringIO(), label="", epochs=1, val_loss=20432.4)
    assert out == "1 epoch, loss 72.81, val_loss 20432, 6 s\n"


def test_progress_variable_asks_for_one_line(run, monkeypatch):
    monkeypatch.setenv("AECOURSE_PROGRESS", "line")
    assert run(Terminal()) == "basic: 2 epochs, loss 72.81, 12 s\n"
    assert run(NotebookStream()) == "basic: 2 epochs, loss 72.81, 12 s\n"


def test_progress_in_a_terminal_redraws_one_line(run, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    out = run(Terminal())
    assert out.count("\n") == 1
    assert out.endswith("\n")
    drawn = out[:-1].split("\r\x1b[K")
    assert len(drawn) == 1 + 6 + 1
    assert drawn[0] == ""
    bar = "[###.................]"
    assert drawn[1].startswith(f"basic: {bar} epoch 1/2, loss 9.877")
    assert drawn[6].startswith(f"basic: [{'#' * 20}] epoch 2/2, loss 72.81")
    assert drawn[7].startswith("basic: 2 epochs, loss 72.81")
    assert capsys.readouterr().err == ""


def test_progress_does_not_redraw_at_every_step(run, monkeypatch):
    monkeypatch.setattr(training, "SECONDS_BETWEEN_DRAWS", 1000)
    assert run(Terminal()).count("\r") == 2


def test_progress_line_never_wraps(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "30")
    for line in run(Terminal(), label="a long label " * 9).split("\r\x1b[K"):
        assert len(line.rstrip("\n")) < 30


def test_progress_without_known_steps(run):
    assert "epoch 1/2" in run(Terminal(), steps=None)


def test_progress_in_a_notebook_updates_one_output(run, monkeypatch):
    shown = []

    class Handle:
        def update(self, data, raw):
            shown.append(data["text/plain"])

    def display(data, raw, display_id):
        shown.append(data["text/plain"])
        return Handle()

    monkeypatch.setattr(IPython.display, "display", display)
    assert run(NotebookStream()) == ""
    assert len(shown) == 1 + 6 + 1
    assert shown[1].startswith("basic: [###")
    assert shown[-1].startswith("basic: 2 epochs, loss 72.81")


def test_progress_in_a_stored_notebook_leaves_one_line(monkeypatch, root):
    """A real kernel without AECOURSE_PROGRESS, as a learner executes it."""
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    monkeypatch.delenv("AECOURSE_PROGRESS", raising=False)
    code = """
        from aecourse import Progress
        p = Progress("live")
        p.set_params({"epochs": 1, "steps": 2})
        p.on_train_begin()
        p.on_epoch_begin(0)
        p.on_train_batch_end(0, {"loss": 2.0})
        p.on_epoch_end(0, {"loss": 1.5})
        p.on_train_end()
    """
    cell = nbformat.v4.new_code_cell(re.sub(r"\n +", "\n", code))
    notebook = nbformat.v4.new_notebook(cells=[cell])
    resources = {"metadata": {"path": str(root)}}
    nbclient.NotebookClient(notebook, resources=resources).execute()
    (output,) = cell.outputs
    line = r"live: 1 epoch, loss 1.5, \d+ s"
    assert re.fullmatch(line, output["data"]["text/plain"])


def small_model():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3)])
    model.compile("sgd", loss="mse")
    return model


def test_progress_reports_the_losses_of_a_fit(monkeypatch, capsys):
    monkeypatch.delenv("AECOURSE_PROGRESS", raising=False)
    x = np.random.default_rng(0).normal(size=(20, 3)).astype("float32")
    history = (
        small_model()
        .fit(
            x,
            x,
            epochs=3,
            validation_data=(2 * x, x),
            verbose=0,
            callbacks=[Progress("fit")],
        )
        .history
    )
    losses = f"loss {history['loss'][-1]:.4g}, "
    losses += f"val_loss {history['val_loss'][-1]:.4g}"
    out = capsys.readouterr().out
    assert re.fullmatch(rf"fit: 3 epochs, {losses}, \d+ s\n", out)


def test_progress_survives_an_interrupted_fit(monkeypatch, capsys):
    monkeypatch.delenv("AECOURSE_PROGRESS", raising=False)

    class Interrupt(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise KeyboardInterrupt

    progress, model, x = Progress("again"), small_model(), np.zeros((4, 3))
    with pytest.raises(KeyboardInterrupt):
        model.fit(
            x, x, epochs=5, verbose=0, callbacks=[progress, Interrupt()]
        )
    assert capsys.readouterr().out == ""
    model.fit(x, x, epochs=1, verbose=0, callbacks=[progress])
    out = capsys.readouterr().out
    assert re.fullmatch(r"again: 1 epoch, loss \S+, \d+ s\n", out)
