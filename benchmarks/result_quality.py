"""How good what ``sturgeon tune`` hands over is: an ensemble by folds, beside one network and LightGBM.

For each development table and each split, on the same test rows: log loss for classes, RMSE for numbers. One
line a table and split, then, for each competitor, the geometric mean of its error over that of the default
network, which is what counts: below 1 is better. ``development_tables.py`` makes the tables, once.

* guess: class frequencies, or the mean
* default: the default network, one, trained on all rows but the test rows
* single: tuned with one split, one network (``--folds 1``)
* folds: tuned with defaults, an ensemble
* default folds: the default configuration's fold networks
* lightgbm: at its defaults
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd

import sturgeon as st
from development_tables import DEVELOPMENT_TABLES, DevelopmentTable
from sturgeon.data import prepare
from sturgeon.data.metrics import measure_test

_SMALL = ("hitters", "ozone", "diabetes", "musk", "boston", "pima", "vehicle", "vowel", "juice", "wage")
_COMPETITORS = ("guess", "default", "single", "folds", "default folds", "lightgbm")


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tables", default=",".join(_SMALL), help="names by commas, or all")
    parser.add_argument("--splits", type=int, default=2)
    parser.add_argument("--trials", type=int, default=16)
    parser.add_argument("--folder", type=Path, help="where the tables are, if not in benchmarks/.tables")
    asked = parser.parse_args()
    chosen = [t for t in DEVELOPMENT_TABLES if asked.tables == "all" or t.name in asked.tables.split(",")]
    ratios: list[list[float]] = []
    print(
        f"{'table':14} split " + "".join(f"{name:>14}" for name in _COMPETITORS) + "   seconds: single, folds"
    )
    for table in chosen:
        frame = pd.read_csv(table.path if asked.folder is None else asked.folder / table.path.name)
        for split in range(asked.splits):
            errors, seconds = measure_split(table, frame, split, asked.trials)
            ratios.append([errors[name] / errors["default"] for name in _COMPETITORS])
            row = "".join(f"{errors[name]:14.4g}" for name in _COMPETITORS)
            print(f"{table.name:14} {split:5} {row}   {seconds[0]:.1f}, {seconds[1]:.1f}", flush=True)
    means = np.exp(np.log(np.array(ratios)).mean(axis=0))
    print(f"{'over default':20} " + "".join(f"{mean:14.3f}" for mean in means))


def measure_split(
    table: DevelopmentTable, frame: pd.DataFrame, split: int, trials: int
) -> tuple[dict[str, float], tuple[float, float]]:
    """The error of each competitor on the test rows of one split, and the seconds of both tunings."""
    name = "loss" if table.task == "classification" else "rmse"
    results, seconds = [], []
    for folds in (1, None):
        with tempfile.TemporaryDirectory() as folder:
            began = time.monotonic()
            options = st.TuneOptions(seed=split)
            job = st.TableJob(
                frame,
                table.target,
                Path(folder) / "out",
                options,
                trials,
                data_options={"task": table.task, "folds": folds},
            )
            results.append(st.tune_table(job))
            seconds.append(time.monotonic() - began)
    single, by_folds = results
    task = "classification" if table.task == "classification" else "regression"
    dataset = prepare(frame, table.target, seed=split, folds=2, task=task)
    found = {
        "guess": single.naive_test,
        "default": single.default_test or single.test,
        "single": single.test,
        "folds": by_folds.test,
        "default folds": by_folds.default_test or by_folds.test,
        "lightgbm": lightgbm_test(dataset),
    }
    errors = {competitor: (metrics or {}).get(name) or math.nan for competitor, metrics in found.items()}
    return errors, (seconds[0], seconds[1])


def lightgbm_test(dataset: st.Dataset) -> dict[str, float | None]:
    """LightGBM at its defaults, on the network's own inputs."""
    if dataset.task == "classification":
        classifier = lightgbm.LGBMClassifier(verbose=-1, n_jobs=1).fit(dataset.x_train, dataset.y_train)
        answers = classifier.predict_proba(dataset.x_test)
    else:
        regressor = lightgbm.LGBMRegressor(verbose=-1, n_jobs=1).fit(dataset.x_train, dataset.y_train)
        answers = regressor.predict(dataset.x_test)
    return measure_test(dataset, np.asarray(answers))


if __name__ == "__main__":
    main()
