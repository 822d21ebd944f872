"""What a report costs beside the training that it reports, for the plain loop and for ``keras.Report``.

    python benchmarks/frameworks/framework_overhead.py [--blocks 20]

An epoch is 100 steps of 1 ms. Blocks of five epochs with and without reports alternate in one worker process
of ``st.tune``, which writes to a study in a file as always. What counts is how long a training is held up:
the median time of a report by the clock, as a share of an epoch without one. The medians of whole epochs are
compared too, which says little on a machine that others use. The processor time of a report is printed beside
it: in the training's thread, and in the process that writes the study, which works meanwhile. A step
of the plain loop computes for 1 ms; one of Keras is a real one on TensorFlow, of a network that is made as
wide as takes about that long.

It takes about a minute, needs Linux, and exits with 1 if a report holds a training up by 1 % of an epoch or
more.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import sturgeon as st

STEPS = 100
STEP_SECONDS = 1e-3
EPOCHS_A_BLOCK = 5
BAR = 0.01


class Stopwatch:
    """Notes the times of epochs and of reports.

    Attributes:
        times: Seconds by what they are of: an epoch ``with`` or ``without`` a report, and a report's
            ``delay``, by the clock; the processor time of an ``epoch``, and of a ``report`` in its own
            thread.
        study: For blocks ``with`` and ``without`` reports: seconds by the clock, and the processor time of
            the process that has the study.
    """

    def __init__(self) -> None:
        self.times: dict[str, list[float]] = {
            name: [] for name in ("without", "with", "epoch", "report", "delay")
        }
        self.study = {"without": [0.0, 0.0], "with": [0.0, 0.0]}
        self._parent = Path(f"/proc/{os.getppid()}/task")

    @contextlib.contextmanager
    def report(self) -> Iterator[None]:
        """Note what a report costs the thread that makes it."""
        started, began = time.perf_counter(), time.thread_time()
        yield
        self.times["report"].append(time.thread_time() - began)
        self.times["delay"].append(time.perf_counter() - started)

    @contextlib.contextmanager
    def block(self, kind: str) -> Iterator[None]:
        """Note what a block of epochs costs the study's process."""
        started, began = time.perf_counter(), self._processor_time()
        yield
        self.study[kind][0] += time.perf_counter() - started
        self.study[kind][1] += self._processor_time() - began

    def _processor_time(self) -> float:
        """Read what the threads of the study's process have used; nothing else tells it in nanoseconds."""
        return sum(int(file.read_text().split()[0]) for file in self._parent.glob("*/schedstat")) / 1e9


def plain_loop(trial: st.LiveTrial, watch: Stopwatch, blocks: int) -> None:
    """Time epochs of computing, with and without ``trial.report``."""

    def train() -> None:
        for _ in range(STEPS):
            until = time.thread_time() + STEP_SECONDS
            while time.thread_time() < until:
                pass

    for _ in range(blocks):
        with watch.block("without"):
            for _ in range(EPOCHS_A_BLOCK):
                started, began = time.perf_counter(), time.process_time()
                train()
                watch.times["without"].append(time.perf_counter() - started)
                watch.times["epoch"].append(time.process_time() - began)
        with watch.block("with"):
            for _ in trial.epochs(EPOCHS_A_BLOCK):
                started = time.perf_counter()
                train()
                with watch.report():
                    trial.report(val_loss=1.0, val_accuracy=0.5)
                watch.times["with"].append(time.perf_counter() - started)


def keras_fit(trial: st.LiveTrial, watch: Stopwatch, blocks: int) -> None:
    """Time epochs of ``fit``, with and without ``keras.Report``."""
    import keras
    import numpy as np

    from sturgeon.frameworks.keras import Report

    class TimedReport(Report):
        """Notes how long it takes."""

        def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
            with watch.report():
                super().on_epoch_end(epoch, logs)

    class Clock(keras.callbacks.Callback):
        """Notes when epochs end."""

        def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
            self.ends = [(time.perf_counter(), time.process_time())]

        def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
            self.ends.append((time.perf_counter(), time.process_time()))

    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(32 * STEPS, 64)).astype("float32"), rng.integers(0, 10, 32 * STEPS)

    def build(units: int) -> Any:
        layers = [keras.Input((64,)), keras.layers.Dense(units, "relu"), keras.layers.Dense(10)]
        model = keras.Sequential(layers)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("adam", loss, metrics=["accuracy"])
        return model

    def fit(model: Any, *callbacks: Any) -> tuple[list[float], list[float]]:
        """Train, and give each epoch's seconds by the clock and of the processor."""
        clock = Clock()  # the last, so that a report belongs to its epoch
        epochs = EPOCHS_A_BLOCK
        model.fit(X, y, epochs=epochs, batch_size=32, verbose=0, callbacks=[*callbacks, clock])
        pairs = list(itertools.pairwise(clock.ends))
        return [b[0] - a[0] for a, b in pairs], [b[1] - a[1] for a, b in pairs]

    units = 64
    model = build(units)
    while statistics.median(fit(model)[1]) < STEPS * STEP_SECONDS and units < 8192:
        units *= 2
        model = build(units)
    for _ in range(blocks):
        with watch.block("without"):
            seconds, processor = fit(model)
        watch.times["without"] += seconds
        watch.times["epoch"] += processor
        with watch.block("with"):
            watch.times["with"] += fit(model, TimedReport(trial))[0]


def measure(name: str, function: Callable[[st.LiveTrial, Stopwatch, int], None], blocks: int) -> float:
    """Run a case, print its line, and give the share of an epoch by which a report holds it up."""
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "times.json"

        def train(trial: st.LiveTrial) -> float:
            watch = Stopwatch()
            function(trial, watch, blocks)
            written.write_text(json.dumps([watch.times, watch.study]))
            return 1.0

        space = st.Space(unused=st.Real(0, 1))
        place = Path(folder) / "overhead.study"
        st.tune(train, space, minimize="val_loss", trials=1, workers=1, study=place, progress=False)
        times, study = json.loads(written.read_text())
    # The study's process looks around now and then, whether there are reports or not.
    looks = study["without"][1] / study["without"][0]
    written_down = max(0.0, study["with"][1] - looks * study["with"][0]) / len(times["report"])
    without, epoch, report, delay = (
        statistics.median(times[key]) for key in ("without", "epoch", "report", "delay")
    )
    ratio = statistics.median(times["with"]) / without
    share = delay / without
    busy = (report + written_down) / epoch + looks
    print(
        f"{name:14} {without * 1e3:9.1f} ms {delay * 1e3:8.2f} ms = {share * 100:.2f} %"
        f" {(ratio - 1) * 100:+13.2f} %   {report * 1e3:.2f} + {written_down * 1e3:.2f} ms"
        f" + {looks * 100:.2f} % = {busy * 100:.2f} %",
        flush=True,
    )
    return share


CASES = {"plain loop": plain_loop, "keras.Report": keras_fit}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=20, help="how many blocks of epochs of each kind")
    parser.add_argument("--case", choices=CASES, help="only this one")
    arguments = parser.parse_args()
    cases = [arguments.case] if arguments.case else list(CASES)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    print(
        f"{'':14} {'an epoch':>12} {'held up by':>20} {'epochs':>15}"
        "   processor: training + study + its waiting"
    )
    shares = [measure(case, CASES[case], arguments.blocks) for case in cases]
    return int(max(shares) >= BAR)


if __name__ == "__main__":
    sys.exit(main())
