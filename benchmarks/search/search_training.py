"""Searches compared by real training: our network on digits and Adult, the standard space, equal epochs.

    python benchmarks/search/search_training.py [--seeds 10] [--epochs 600] [--adult TRAIN] [--methods ...]

Each method spends the same number of epochs, over all its trials, on the same split, in the same lanes; a
whole training is 30 epochs. `default` is what `sturgeon tune` does: CoarseToFine and successive halving.
`optuna-tpe` and `optuna-gp` are Optuna's samplers at their defaults, and train every trial to the end, as
`random` does. What counts is the validation loss of the network that is handed over: the best of all that
ended, also early. Its loss on the test rows is printed beside it, and chooses nothing. The last columns
compare with `default` over the seeds: how often it is better, and the p-value of Wilcoxon's signed-rank
test (two-sided). Lanes use every core; a search's linear algebra has one thread.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import softmax
from scipy.stats import wilcoxon
from sklearn.datasets import load_digits

from sturgeon.caviar.backends.device_choice import table_trainer
from sturgeon.caviar.checkpoints import Checkpoints
from sturgeon.caviar.limits import Limits
from sturgeon.caviar.loop.loop import CaviarLoop
from sturgeon.caviar.progress import Progress
from sturgeon.data import Dataset, measure, prepare
from sturgeon.search import CoarseToFine, OptunaSearch, Random, Search
from sturgeon.space import standard_space
from sturgeon.stopping import DEFAULT, Never, Stopping
from sturgeon.study import Objective, Study

TRAINING = 30
METHODS: dict[str, tuple[Search, Stopping]] = {
    "default": (CoarseToFine(), DEFAULT),
    "coarse-to-fine": (CoarseToFine(), Never()),
    "random": (Random(), Never()),
    "random+halving": (Random(), DEFAULT),
    "optuna-tpe": (OptunaSearch("tpe"), Never()),
    "optuna-gp": (OptunaSearch("gp"), Never()),
}


def spend(dataset: Dataset, method: str, seed: int, epochs: int) -> tuple[float, float, int, float]:
    """Spend so many epochs; returns the best validation loss, its test loss, the trials, the seconds."""
    search, stopping = METHODS[method]
    space, stop = standard_space(), threading.Event()
    handed: list[Any] = []
    best = float("nan")

    def watch(progress: Progress) -> None:
        nonlocal best
        if progress.best is not None:
            best = progress.best[1]
        if progress.epochs >= epochs:
            stop.set()

    started = time.perf_counter()
    with (
        tempfile.TemporaryDirectory() as folder,
        Study.create(":memory:", space, minimize="val_loss", search=search, seed=seed) as study,
    ):
        loop = CaviarLoop(
            study,
            table_trainer(dataset, space, Objective("val_loss", "minimize"), TRAINING),
            checkpoints=Checkpoints(Path(folder)),
            on_network=lambda trial, network: handed.append(network),
            on_progress=watch,
            stopping=stopping,
        )
        loop.run(Limits(trials=10**6), stop)
        count = len(study.trials)
    seconds = time.perf_counter() - started
    probabilities = softmax(handed[-1].outputs(dataset.x_test), axis=1)
    test = measure(dataset.preprocessing, dataset.y_test, probabilities)["loss"]
    assert test is not None
    return best, test, count, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=20 * TRAINING)
    parser.add_argument("--adult", help="the UCI training table; without it, digits alone")
    parser.add_argument("--methods", nargs="+", default=["default", "random", "optuna-tpe"], choices=METHODS)
    options = parser.parse_args()
    x, y = load_digits(return_X_y=True)
    tables = {"digits": lambda seed: prepare((x, y), "digit", seed=seed)}
    if options.adult:
        tables["adult"] = lambda seed: prepare(options.adult, "income", seed=seed)
    seeds = range(options.seeds)
    for name, table in tables.items():
        results = {
            method: np.array([spend(table(seed), method, seed, options.epochs) for seed in seeds])
            for method in options.methods
        }
        print(f"\n{name}: {options.epochs} epochs, {options.seeds} seeds")
        print(f"{'method':16} {'val_loss':>9} {'median':>9} {'test':>9} {'trials':>7} {'s':>6}", end="")
        print("  default better   p")
        for method, found in results.items():
            loss, test, trials, seconds = found.mean(axis=0)
            middle = np.median(found[:, 0])
            line = f"{method:16} {loss:9.4f} {middle:9.4f} {test:9.4f} {trials:7.0f} {seconds:6.1f}"
            if method != "default" and "default" in results:
                ours = results["default"][:, 0]
                better = int(np.sum(ours < found[:, 0]))
                _, p = wilcoxon(ours, found[:, 0]) if options.seeds > 1 else (0, float("nan"))
                line += f"  {better:>3} of {options.seeds:<3} {p:12.4f}"
            print(line, flush=True)


if __name__ == "__main__":
    main()
