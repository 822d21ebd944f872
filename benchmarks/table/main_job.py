"""The main job, measured: how long, how much memory, how good, and what scikit-learn reaches meanwhile.

    python benchmarks/table/main_job.py speed
    python benchmarks/table/main_job.py quality [--adult adult_train.csv.gz adult_test.csv.gz] [--only TABLE]

`speed` runs 64 random trials of the standard space, 30 epochs, on white wine, as a user would: whole
processes, first with an empty compilation cache, then twice with a warm one.

`quality` tunes 64 trials on digits, white wine and (where its two files are named; they are the UCI
repository's) Adult, and prints the test metrics. Beside them: scikit-learn's `RandomizedSearchCV` over
`MLPClassifier` or `MLPRegressor` with `n_jobs=2` and one BLAS thread a process, on the same training,
validation and test rows with the same preprocessing, given the same wall time. It draws from the ranges of
the standard space as far as scikit-learn has them, and trains at most 200 epochs with its early stopping.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

WINE = Path(__file__).parents[2] / "examples" / "data" / "wine_quality_white.csv"
KEY = {"classification": "accuracy", "regression": "rmse"}


def tune(table: Path, target: str, out: Path, *options: str, cache: Path | None = None) -> dict[str, Any]:
    """Run the command line; return its JSON with the wall time and the peak memory of the process."""
    environment = os.environ | ({"XDG_CACHE_HOME": str(cache)} if cache else {})
    command = [sys.executable, "-m", "sturgeon", "tune", str(table), "--target", target, "--out", str(out)]
    started = time.perf_counter()
    with subprocess.Popen(
        [*command, *options, "--json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    ) as process:
        assert process.stdout is not None
        printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, process.returncode
    wall = time.perf_counter() - started
    return {**json.loads(printed), "wall": wall, "gigabytes": usage.ru_maxrss * 1024 / 1e9}


def measure_speed() -> None:
    """The wine job with an empty and with a warm compilation cache."""
    with tempfile.TemporaryDirectory() as folder:
        for run, cache in enumerate(("empty", "warm", "warm")):
            result = tune(WINE, "quality", Path(folder) / str(run), cache=Path(folder) / "cache")
            print(
                f"{cache} cache: {result['wall']:.1f} s, peak {result['gigabytes']:.2f} GB, "
                f"{result['epochs']} epochs, test RMSE {result['test']['rmse']:.4f}",
                flush=True,
            )


def tables(folder: Path, adult: list[Path] | None) -> list[tuple[str, Path, str, list[str]]]:
    """Name, file, target and options of each table."""
    from sklearn.datasets import load_digits

    digits = folder / "digits.csv"
    inputs, labels = load_digits(return_X_y=True)
    pd.DataFrame(inputs).assign(target=labels).to_csv(digits, index=False)
    found = [("digits", digits, "target", []), ("white wine", WINE, "quality", [])]
    if adult:
        test = pd.read_csv(adult[1], skipinitialspace=True)
        test["income"] = test["income"].str.rstrip(".")
        test.to_csv(folder / "adult_test.csv", index=False)
        found.append(("Adult", adult[0], "income", ["--test", str(folder / "adult_test.csv")]))
    return found


def scikit_learn(
    table: Path, target: str, options: list[str], seed: int, seconds: float
) -> tuple[float, int]:
    """What `RandomizedSearchCV` reaches on the same rows in so many seconds, and how many fits that was."""
    from scipy.stats import loguniform
    from sklearn.metrics import accuracy_score
    from sklearn.model_selection import PredefinedSplit, RandomizedSearchCV
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    from sturgeon.data import NumericTarget, prepare

    test = options[1] if options else None
    dataset = prepare(table, target, test=test, seed=seed)
    x = np.concatenate([dataset.x_train, dataset.x_validation])
    y = np.concatenate([dataset.y_train, dataset.y_validation])
    split = PredefinedSplit(np.r_[np.full(len(dataset.y_train), -1), np.zeros(len(dataset.y_validation))])
    space = {
        "hidden_layer_sizes": [(units,) * layers for units in range(50, 101) for layers in (2, 3, 4)],
        "learning_rate_init": loguniform(1e-4, 1e-1),
        "batch_size": [16, 32, 64, 128, 256, 512],
        "alpha": loguniform(1e-6, 1e-1),
        "solver": ["adam", "sgd"],
        "momentum": [0.9, 0.95, 0.99],
    }
    network = MLPClassifier if dataset.task == "classification" else MLPRegressor
    scoring = "neg_log_loss" if dataset.task == "classification" else "neg_root_mean_squared_error"
    best_score, best_settings, fits, started = -np.inf, {}, 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        search = RandomizedSearchCV(
            network(early_stopping=True, max_iter=200, random_state=seed),
            space,
            n_iter=8,
            cv=split,
            scoring=scoring,
            n_jobs=2,
            refit=False,
            random_state=1000 * seed + fits,
        ).fit(x, y)
        fits += 8
        if search.best_score_ > best_score:
            best_score, best_settings = search.best_score_, search.best_params_
    final = network(early_stopping=True, max_iter=200, random_state=seed, **best_settings).fit(x, y)
    predicted = np.asarray(final.predict(dataset.x_test))
    if isinstance(dataset.preprocessing.target, NumericTarget):
        error = dataset.preprocessing.restore_target(predicted) - dataset.preprocessing.restore_target(
            dataset.y_test
        )
        return float(np.sqrt(np.mean(error**2))), fits
    return float(accuracy_score(dataset.y_test, predicted)), fits


def measure_quality(adult: list[Path] | None, only: str | None, seeds: list[int]) -> None:
    """Test metrics over seeds, beside scikit-learn's."""
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for table, path, target, options in tables(folder, adult):
            if only is not None and table != only:
                continue
            for seed in seeds:
                result = tune(path, target, folder / f"{table}-{seed}", "--seed", str(seed), *options)
                peer, fits = scikit_learn(path, target, options, seed, result["wall"])
                key = KEY[result["task"]]
                print(
                    f"{table:10s} seed {seed}: {key} {result['test'][key]:.4f} in {result['wall']:.0f} s "
                    f"(default {result['default_test'][key]:.4f}, naive {result['naive_test'][key]:.4f}); "
                    f"RandomizedSearchCV {peer:.4f} after {fits} fits",
                    flush=True,
                )


def main() -> None:
    """Parse and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["speed", "quality"])
    parser.add_argument("--adult", nargs=2, type=Path, help="Adult's training and test tables")
    parser.add_argument("--only", help="one table: digits, white wine or Adult")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    arguments = parser.parse_args()
    if arguments.what == "speed":
        measure_speed()
    else:
        measure_quality(arguments.adult, arguments.only, arguments.seeds)


if __name__ == "__main__":
    main()
