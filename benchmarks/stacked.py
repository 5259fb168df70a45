"""Train the plain and the deep network of the Keras lesson by its recipe.

From the repository's folder, where `--append` keeps the runs in the file:

    python -m benchmarks.stacked
    python -m benchmarks.stacked --networks plain --seeds 1 2 --append

784-32-784 and 784-128-64-32-64-128-784, ReLU, a sigmoid at the end: binary
cross-entropy, Adam at its usual rate, 50 epochs in batches of 256, all 60,000
training images; the 10,000 test images are watched. Chapters 3 and 10 read
what is written to stacked.json: the losses of every epoch, as means over the
pixels.

A training that is cut short goes on at its last full epoch when the same
command is given again; `seconds` is the sum of its epochs' wall times.
"""

import argparse
import json
from pathlib import Path
import shlex
import sys
import tempfile
import time

from aecourse import load_mnist, set_seed
import keras
from keras import layers

from benchmarks.machine import described, resume, today

DATA = Path(__file__).with_suffix(".json")
NETWORKS = {"plain": (784, 32), "deep": (784, 128, 64, 32)}


class EpochLog(keras.callbacks.Callback):
    """Append what each epoch measured to a file, one line an epoch."""

    def __init__(self, file):
        super().__init__()
        self.file = file

    def on_epoch_begin(self, epoch, logs=None):
        """Look at the clock."""
        self.start = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        """Write the line."""
        row = [logs["loss"], logs["val_loss"], time.monotonic() - self.start]
        with self.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def build(widths):
    """The lesson's network with these widths, down to the code and back."""
    inner = [*widths[1:], *widths[-2:0:-1]]
    return keras.Sequential(
        [
            keras.Input((widths[0],)),
            *(layers.Dense(units, activation="relu") for units in inner),
            layers.Dense(widths[0], activation="sigmoid"),
        ]
    )


def run(name, seed, epochs):
    """One training: losses of all epochs, dead code units, seconds."""
    (x_train, _), (x_test, _) = load_mnist(flat=True)
    set_seed(seed)
    model = build(NETWORKS[name])
    loss = "binary_crossentropy"
    model.compile("adam", loss=loss, steps_per_execution=47)
    # Adam's moments are restored with the weights, if they exist by then.
    model.optimizer.build(model.trainable_variables)
    folder = Path(tempfile.gettempdir(), f"stacked-{name}-{seed}")
    folder.mkdir(exist_ok=True)
    lines = folder / "epochs"
    keep = keras.callbacks.BackupAndRestore(str(folder / "backup"))
    model.fit(
        x_train,
        x_train,
        epochs=epochs,
        batch_size=256,
        validation_data=(x_test, x_test),
        verbose=0,
        callbacks=[EpochLog(lines), keep],
    )
    rows = [json.loads(line) for line in lines.read_text().splitlines()]
    lines.unlink()
    train, test, seconds = zip(*rows, strict=True)
    code = model.layers[len(NETWORKS[name]) - 2].output
    z = keras.Model(model.inputs, code).predict(x_test, verbose=0)
    return {
        "date": today(),
        "command": "python -m benchmarks.stacked " + shlex.join(sys.argv[1:]),
        "network": name,
        "seed": seed,
        "train": [round(loss, 5) for loss in train],
        "test": [round(loss, 5) for loss in test],
        "silent_units": int((z.max(axis=0) == 0).sum()),
        "seconds": round(sum(seconds), 1),
    }


def main():
    """Train what was asked for, and write the data after each training."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--networks", nargs="+", default=[*NETWORKS])
    parser.add_argument("--append", action="store_true", help="keep runs")
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--out", type=Path, default=DATA)
    chosen = parser.parse_args()
    data = described("keras", "tensorflow") | {"runs": []}
    if chosen.append and chosen.out.exists():
        data = resume(chosen.out, data, "runs")
    for seed in chosen.seeds:
        for name in chosen.networks:
            data["runs"].append(run(name, seed, chosen.epochs))
            last = data["runs"][-1]
            print(name, seed, last["train"][-1], last["seconds"], flush=True)
            text = json.dumps(data, indent=1) + "\n"
            chosen.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
