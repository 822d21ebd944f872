"""What keeping a study costs, against Optuna with SQLite in the same run, on the same disk.

    python benchmarks/study/record.py [--quick]

The two take turns, and what is printed are medians. Optuna does the same: ask, twenty intermediate values,
tell. It takes a minute or two.
"""

from __future__ import annotations

import argparse
import gc
import logging
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sturgeon.search import Random
from sturgeon.space import Choice, Integer, Real, Space
from sturgeon.study import Study

STEPS = 20
SPACE = Space(
    learning_rate=Real(1e-4, 1.0, scale="log"),
    momentum=Real(0.9, 0.999, scale="reverse_log"),
    hidden_units=Integer(16, 512),
    layers=Integer(2, 4),
    optimizer=Choice(("adam", "momentum")),
)


def sturgeon_batches(folder: Path, trials: int) -> float:
    """Seconds a trial, sixteen at a time: one transaction for the reports of each step."""
    with _new(folder) as study:
        start = time.perf_counter()
        for _ in range(trials // 16):
            asked = study.ask(16)
            for step in range(STEPS):
                with study.batch():
                    for trial in asked:
                        study.report(trial, step=step, val_loss=1.0 / (1 + step))
            with study.batch():
                for trial in asked:
                    study.tell(trial, val_loss=0.5)
        return (time.perf_counter() - start) / trials


def sturgeon_single(folder: Path, trials: int) -> float:
    """Seconds a trial, one at a time: a transaction for each report."""
    with _new(folder) as study:
        start = time.perf_counter()
        for _ in range(trials):
            (trial,) = study.ask()
            for step in range(STEPS):
                study.report(trial, step=step, val_loss=1.0 / (1 + step))
            study.tell(trial, val_loss=0.5)
        return (time.perf_counter() - start) / trials


def optuna_single(folder: Path, trials: int) -> float:
    """Seconds a trial with Optuna's SQLite storage and its random sampler."""
    import optuna

    optuna.logging.set_verbosity(logging.ERROR)
    study = optuna.create_study(
        storage=f"sqlite:///{folder / f'optuna{time.monotonic_ns()}.db'}",
        sampler=optuna.samplers.RandomSampler(0),
        pruner=optuna.pruners.NopPruner(),
    )
    start = time.perf_counter()
    for _ in range(trials):
        trial = study.ask()
        trial.suggest_float("learning_rate", 1e-4, 1.0, log=True)
        trial.suggest_float("momentum", 0.9, 0.999)
        trial.suggest_int("hidden_units", 16, 512)
        trial.suggest_int("layers", 2, 4)
        trial.suggest_categorical("optimizer", ["adam", "momentum"])
        for step in range(STEPS):
            trial.report(1.0 / (1 + step), step)
        study.tell(trial, 0.5)
    return (time.perf_counter() - start) / trials


def compare(folder: Path, rounds: int, trials: int) -> None:
    """Take turns and print the medians."""
    runs: dict[str, tuple[Callable[[Path, int], float], int]] = {
        "Sturgeon, batches of 16": (sturgeon_batches, 16 * max(1, trials // 4)),
        "Sturgeon, one by one": (sturgeon_single, trials),
        "Optuna, one by one": (optuna_single, max(8, trials // 4)),
    }
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, (run, count) in runs.items():
            gc.collect()
            seconds[name].append(run(folder, count))
    medians = {name: statistics.median(found) for name, found in seconds.items()}
    theirs = medians["Optuna, one by one"]
    print(f"ask + {STEPS} reports + tell, durable, one process ({rounds} rounds, medians)")
    for name, median in medians.items():
        spread = f"{1e3 * min(seconds[name]):.2f}–{1e3 * max(seconds[name]):.2f}"
        print(f"  {name:26} {1e3 * median:8.2f} ms a trial ({spread})  Optuna ÷ this: {theirs / median:6.1f}")


def fill(path: Path, trials: int) -> None:
    """Make a finished study of many trials, each with twenty reports."""
    with Study.create(path, SPACE, minimize="val_loss", search=Random()) as study:
        for first in range(0, trials, 500):
            asked = study.ask(min(500, trials - first))
            with study.batch():
                for trial in asked:
                    for step in range(STEPS):
                        study.report(trial, step=step, val_loss=1.0 / (1 + step + trial.number))
                    study.tell(trial, val_loss=1.0 / (STEPS + trial.number))


def read(path: Path) -> None:
    """Open a study and read it; runs in a process of its own, whose memory is then its alone."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start = time.perf_counter()
    study = Study.open(path)
    best = study.best
    opened = time.perf_counter() - start
    import pandas  # noqa: F401  (its import is not what is measured)

    start = time.perf_counter()
    rows = len(study.frame())
    framed = time.perf_counter() - start
    start = time.perf_counter()
    study.ask()
    asked = time.perf_counter() - start
    lean = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start = time.perf_counter()
    trials = study.trials
    listed = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    study.close()
    print(f"a study of {rows} trials × {STEPS} reports (best: {best.number}), in a fresh process")
    print(f"  open and best         {opened:8.3f} s")
    print(f"  frame()               {framed:8.3f} s")
    print(f"  first ask             {asked:8.3f} s")
    print(f"  trials, with curves   {listed:8.3f} s ({len(trials)})")
    print(
        f"  memory: {before:.0f} MB before, {lean:.0f} MB after frame and ask, {peak:.0f} MB with all trials"
    )


def grow(folder: Path, sizes: list[int], repeats: int) -> None:
    """Time ask in studies of growing size."""
    print(f"one ask in a study of n finished trials (median of {repeats}, with a tell between)")
    first = None
    with _new(folder) as study:
        done = 0
        for size in sizes:
            while done < size:
                asked = study.ask(min(1000, size - done))
                with study.batch():
                    for trial in asked:
                        study.tell(trial, val_loss=0.5)
                done += len(asked)
            times = []
            for _ in range(repeats):
                start = time.perf_counter()
                (trial,) = study.ask()
                times.append(time.perf_counter() - start)
                study.tell(trial, val_loss=0.5)
                done += 1
            median = statistics.median(times)
            first = first or median
            print(f"  n = {size:7}   {1e3 * median:7.3f} ms   {median / first:5.2f}×")


def _new(folder: Path) -> Study:
    path = folder / f"sturgeon{time.monotonic_ns()}.study"
    return Study.create(path, SPACE, minimize="val_loss", search=Random())


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small counts")
    parser.add_argument(
        "--folder", type=Path, default=None, help="on which disk; default: the temporary folder"
    )
    parser.add_argument("--read", type=Path, default=None, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.read is not None:
        read(given.read)
        return
    with tempfile.TemporaryDirectory(prefix="sturgeon-record-", dir=given.folder) as name:
        folder = Path(name)
        compare(folder, rounds=3 if given.quick else 7, trials=32 if given.quick else 64)
        path = folder / "large.study"
        fill(path, 1000 if given.quick else 10_000)
        subprocess.run([sys.executable, __file__, "--read", str(path)], check=True)
        grow(folder, [1000, 10_000] if given.quick else [1000, 10_000, 100_000], repeats=101)


if __name__ == "__main__":
    main()
