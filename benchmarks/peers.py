"""Time the course's recipes beside those of its peers.

`make bench` runs each row of `recipes.py` three times, the peer's recipe and
the course's in turn, each in a process of its own, and keeps what was
measured before the first and after every epoch in `peers.json`: seconds of
training so far, with what Keras compiles on the way, and the figures.
Measuring is not counted. It takes an hour, writes each pair down when it
ends, and goes on where it was. A row whose recipes or chapter have changed
starts anew; on another machine, or with other versions, all of them do.
"""

import json
import multiprocessing
import os
from pathlib import Path
import time

from benchmarks import machine
from tools import freshness

RECIPES = Path(__file__).with_name("recipes.py")
DATA = Path(__file__).with_suffix(".json")
ROUNDS = 3
VERSIONS = ("keras", "tensorflow", "numpy")


def run(name, side, seed, limit=None, sizes=(55000, 5000)):
    """Train by one recipe; return [seconds, figures], from 0 s on.

    `limit` ends the training after so many seconds. The first 5,000
    training images of MNIST are held out; `sizes` are how many images are
    used of the others and of these.
    """
    from aecourse import load_mnist, set_seed
    import keras

    from benchmarks.recipes import ROWS

    row, points = ROWS[name], []
    (x, _), _ = load_mnist(flat=True)
    x_fit, x_val = x[5000:][: sizes[0]], x[:5000][: sizes[1]]
    measured = x_fit if name == "linear" else x_val

    class Clock(keras.callbacks.Callback):
        spent = 0.0

        def on_train_begin(self, logs=None):
            if not points:
                self.measure()
            self.start = time.perf_counter()

        def measure(self):
            points.append([self.spent, row.measure(self.model, measured)])

        def now(self):
            return self.spent + time.perf_counter() - self.start

        def on_train_batch_end(self, batch, logs=None):
            if limit and self.now() > limit:
                self.model.stop_training = True

        def on_epoch_end(self, epoch, logs=None):
            self.spent = self.now()
            self.measure()
            self.start = time.perf_counter()

    def watch(model):
        """Let the clock run while the model is fitted."""
        fit = model.fit

        def timed(*args, callbacks=(), **settings):
            return fit(*args, callbacks=[*callbacks, Clock()], **settings)

        model.fit = timed
        return model

    set_seed(seed)
    getattr(row, side)(x_fit, watch)
    return points


def apart(*arguments):
    """Run `run` in a new process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(run, arguments)


def reached(points, figure, goal):
    """Seconds until a figure was as low as the goal, or None."""
    for seconds, figures in points:
        if figures[figure] <= goal:
            return seconds
    return None


def one_round(name, same_time, seed):
    """Both recipes of a row, in turns who is first; points by side."""
    if same_time:
        course = apart(name, "course", seed)
        return {
            "course": course,
            "peer": apart(name, "peer", seed, course[-1][0]),
        }
    sides = ["peer", "course"][:: 1 if seed % 2 else -1]
    return {side: apart(name, side, seed) for side in sides}


def load():
    """What was measured so far, here and by the recipes as they are."""
    from benchmarks.recipes import ROWS

    new = {
        "date": machine.today(),
        **machine.described(*VERSIONS),
        "rows": {
            name: row.shown() | {"code": code_key(row), "rounds": []}
            for name, row in ROWS.items()
        },
    }
    if DATA.exists():
        data = json.loads(DATA.read_text("utf-8"))
        if all(data[key] == new[key] for key in ("machine", "versions")):
            for name, row in new["rows"].items():
                old = data["rows"].get(name, row)
                if old["code"] == row["code"]:
                    row["rounds"] = old["rounds"]
    return new


def code_key(row):
    """The key of the code behind a row: its recipes' and its chapter's."""
    return freshness.key(RECIPES, names=row.functions())


def main():
    """Measure what is missing."""
    from benchmarks.recipes import ROWS

    for seed in range(ROUNDS):
        for name, row in ROWS.items():
            data = load()
            rounds = data["rows"][name]["rounds"]
            if len(rounds) > seed:
                continue
            pair = one_round(name, row.same_time, seed)
            rounds.append(pair)
            new = DATA.with_suffix(".new")
            new.write_text(json.dumps(data) + "\n", "utf-8")
            new.replace(DATA)
            (peer, last), (course, first) = (
                pair[side][-1] for side in ("peer", "course")
            )
            figure = next(iter(row.figures))
            goal = last[figure]
            when = reached(pair["course"], figure, goal)
            print(
                f"{name}, round {seed + 1}: peer {goal:.5g} in {peer:.0f} s, "
                f"course {first[figure]:.5g} in {course:.0f} s, there "
                + ("never" if when is None else f"after {when:.1f} s"),
                flush=True,
            )


if __name__ == "__main__":
    os.environ.setdefault("AECOURSE_PROGRESS", "line")
    main()
