"""What a report costs beside the training that it reports, for the plain loop and for ``keras.Report``.

An epoch is 100 steps of about 1 ms. Epochs with and without reports alternate in one worker process of
``st.tune``, which writes to a study in a file as always: blocks of five epochs each, and the medians of all
epochs are compared. A step of the plain loop waits 1 ms by the clock; one of Keras is a real one on
TensorFlow, of a network that is made as wide as takes about that long. The last column is the median time
spent within the report itself, which others' work on the machine disturbs less than the difference does.

Run it with ``python benchmarks/framework_overhead.py [--blocks 20]``; it takes about a minute, and exits
with 1 if a report costs 1 % or more.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sturgeon as st

STEPS = 100
STEP_SECONDS = 1e-3
EPOCHS_A_BLOCK = 5
BAR = 0.01
Times = dict[str, list[float]]


def plain_loop(trial: st.LiveTrial, blocks: int) -> Times:
    """Time epochs of busy waiting, with and without ``trial.report``."""
    times: Times = {"without": [], "with": [], "within": []}

    def epoch(report: bool) -> None:
        started = time.perf_counter()
        for _ in range(STEPS):
            until = time.perf_counter() + STEP_SECONDS
            while time.perf_counter() < until:
                pass
        trained = time.perf_counter()
        if report:
            trial.report(val_loss=1.0, val_accuracy=0.5)
        ended = time.perf_counter()
        times["with" if report else "without"].append(ended - started)
        if report:
            times["within"].append(ended - trained)

    for _ in range(blocks):
        for _ in range(EPOCHS_A_BLOCK):
            epoch(report=False)
        for _ in trial.epochs(EPOCHS_A_BLOCK):
            epoch(report=True)
    return times


def keras_fit(trial: st.LiveTrial, blocks: int) -> Times:
    """Time epochs of ``fit``, with and without ``keras.Report``."""
    import keras
    import numpy as np

    from sturgeon.frameworks.keras import Report

    times: Times = {"without": [], "with": [], "within": []}

    class TimedReport(Report):
        """Notes how long it takes."""

        def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
            started = time.perf_counter()
            super().on_epoch_end(epoch, logs)
            times["within"].append(time.perf_counter() - started)

    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(32 * STEPS, 64)).astype("float32"), rng.integers(0, 10, 32 * STEPS)

    def fit(units: int, epochs: int, *callbacks: Any) -> list[float]:
        """Train, and give the seconds from the end of one epoch to the end of the next."""
        if units not in models:
            models[units] = build(units)
        ends: list[float] = []
        clock = keras.callbacks.LambdaCallback(
            on_train_begin=lambda logs: ends.append(time.perf_counter()),
            on_epoch_end=lambda epoch, logs: ends.append(time.perf_counter()),
        )
        # The clock is last, so that a report belongs to its epoch.
        models[units].fit(X, y, epochs=epochs, batch_size=32, verbose=0, callbacks=[*callbacks, clock])
        return [later - earlier for earlier, later in itertools.pairwise(ends)]

    def build(units: int) -> Any:
        layers = [keras.Input((64,)), keras.layers.Dense(units, "relu"), keras.layers.Dense(10)]
        model = keras.Sequential(layers)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("adam", loss, metrics=["accuracy"])
        return model

    models: dict[int, Any] = {}
    units = 64
    while fit(units, 3)[-1] < STEPS * STEP_SECONDS and units < 8192:
        units *= 2
    for _ in range(blocks):
        times["without"] += fit(units, EPOCHS_A_BLOCK)
        times["with"] += fit(units, EPOCHS_A_BLOCK, TimedReport(trial))
    return times


def measure(name: str, function: Callable[[st.LiveTrial, int], Times], blocks: int) -> float:
    """Run a case, print its line, and give the share of the time that the reports took."""
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "times.json"

        def train(trial: st.LiveTrial) -> float:
            written.write_text(json.dumps(function(trial, blocks)))
            return 1.0

        space = st.Space(unused=st.Real(0, 1))
        place = Path(folder) / "overhead.study"
        st.tune(train, space, minimize="val_loss", trials=1, workers=1, study=place, progress=False)
        times: Times = json.loads(written.read_text())
    without, within = (statistics.median(times[key]) for key in ("without", "within"))
    ratio = statistics.median(times["with"]) / without
    share = within / without
    print(
        f"{name:18} {without / STEPS * 1e3:8.2f} {without * 1e3:12.1f} {(ratio - 1) * 100:+12.2f} % "
        f"{within * 1e3:12.2f} ms = {share * 100:.2f} %"
    )
    return share


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=20, help="how many blocks of epochs of each kind")
    blocks = parser.parse_args().blocks
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    print(f"{'training':18} {'step, ms':>8} {'epoch, ms':>12} {'with report':>14} {'within the report':>22}")
    shares = [measure("plain loop", plain_loop, blocks), measure("keras.Report", keras_fit, blocks)]
    return int(max(shares) >= BAR)


if __name__ == "__main__":
    sys.exit(main())
