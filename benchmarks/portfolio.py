"""Make the portfolio: the configurations that the search of the standard space begins with.

Many configurations (the default, changes of it in one hyperparameter, and random ones) are trained on every
development table of up to ``--rows`` rows, a network on each of three folds. What counts is the mean loss of
the folds, over that of the table's best configuration. The portfolio is chosen greedily: each time that
configuration joins with which the best of the portfolio is best in the geometric mean over the tables; the
default is the first.

    python benchmarks/development_tables.py     # once: fetches the tables
    python benchmarks/portfolio.py              # some 40 minutes on two cores; keeps what is done
    python benchmarks/portfolio.py --print      # only print what is known

It prints what the portfolio is worth on tables that had no say: for each table, the best of the portfolio
that the other tables chose. A configuration that takes more than 2.5 times the default's time is left out.
The result goes to ``src/sturgeon/network/portfolio.json``.
"""

from __future__ import annotations

import argparse
import json
import math
import threading

import numpy as np
import pandas as pd

from development_tables import DEVELOPMENT_TABLES, FOLDER, DevelopmentTable
from sturgeon.caviar.backends.device_choice import table_trainer
from sturgeon.caviar.backends.table_backend import epoch_cost
from sturgeon.caviar.events import EpochDone
from sturgeon.caviar.lanes.backend import TrainingJob
from sturgeon.caviar.opening import TuneOptions
from sturgeon.caviar.table.opening import table_settings
from sturgeon.data import prepare
from sturgeon.network.portfolio import PORTFOLIO_FILE
from sturgeon.network.settings import TrainingSettings
from sturgeon.space import Config, notes_space, standard_space

SIZE = 8
_RANDOM = 48
_DEAREST = 2.5
_KEPT = FOLDER / "portfolio.json"
_CHANGES: dict[str, tuple[object, ...]] = {
    "learning_rate": (0.005, 0.06),
    "batch_size": (16, 32, 128),
    "hidden_units": (75, 192, 256),
    "layers": (2, 4),
    "dropout": (0.05, 0.1, 0.35),
    "weight_decay": (0.01, 0.5),
    "embedding": ("piecewise_linear",),
}


def configurations() -> list[Config]:
    """Those that are compared, the same in every run; the default is among them, the notes' is the last."""
    space = standard_space()
    base: Config = {**space.default(), "weight_decay": 0.1}
    changed = [{**base, name: value} for name, values in _CHANGES.items() for value in values]
    changed += [
        {**base, "embedding": "piecewise_linear", "dropout": dropout, "layers": layers}
        for dropout, layers in ((0.1, 3), (0.35, 2))
    ]
    return [base, *changed, *space.sample(_RANDOM, np.random.default_rng(0)), notes_space().default()]


def losses_on(
    table: DevelopmentTable, configs: list[Config], known: list[float], *, rows: int
) -> list[float]:
    """The mean loss of three folds of each configuration, of which some are known; NaN where it diverged."""
    frame = pd.read_csv(table.path)
    frame = frame.sample(min(rows, len(frame)), random_state=0).reset_index(drop=True)
    drop = [name for name in table.drop if name in frame.columns]
    dataset = prepare(frame, table.target, task=table.task, drop=drop, folds=3, pieces=True)  # pyright: ignore[reportArgumentType]
    settings = table_settings(TuneOptions(minimize="val_loss"), dataset.task)
    trainer = table_trainer(dataset, settings.space, settings.objective, settings.epochs)
    jobs = [TrainingJob(number, number, configs[number]) for number in range(len(known), len(configs))]
    found = [*known, *[math.nan] * len(jobs)]
    for event in trainer.train(jobs, threading.Event()):
        if isinstance(event, EpochDone) and event.step == settings.epochs:
            found[event.number] = event.metrics["val_loss"]
    return found


def cost_of(config: Config) -> float:
    """A rough cost of an epoch, on a table of 20 columns, half of which have ranges."""
    settings = TrainingSettings.of(config)
    features = 20 + (settings.embedding != "none") * 160
    return epoch_cost(settings.architecture(features, 2), settings.batch_size, 2_000)


def choose(regret: np.ndarray, *, size: int = SIZE) -> list[int]:
    """The greedy portfolio of configurations ``[tables, configurations]``, the default first."""
    configs = configurations()[:-1]
    default = standard_space().default()
    dear = np.array([cost_of(config) > _DEAREST * cost_of(default) for config in configs])
    chosen = [configs.index(default)]
    while len(chosen) < size:
        best = regret[:, chosen].min(axis=1)
        means = np.minimum(best[:, None], regret).mean(axis=0)
        means[chosen] = means[dear] = np.inf
        chosen.append(int(np.argmin(means)))
    return chosen


def main() -> None:
    """Train, choose, measure, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=2_200, help="of each table, at random")
    parser.add_argument("--tables", help="only these, with commas between")
    parser.add_argument("--print", action="store_true", help="train nothing, write nothing")
    asked = parser.parse_args()
    configs = configurations()
    known: dict[str, list[float]] = json.loads(_KEPT.read_text()) if _KEPT.exists() else {}
    for table in DEVELOPMENT_TABLES:
        wanted = asked.tables is None or table.name in asked.tables.split(",")
        before = known.get(table.name, [])
        if wanted and len(before) < len(configs) and not asked.print:
            known[table.name] = losses_on(table, configs, before, rows=asked.rows)
            _KEPT.write_text(json.dumps(known))
            print(f"{table.name}: {np.nanmin(known[table.name]):.4g}", flush=True)
    report(
        configs,
        {name: losses for name, losses in known.items() if len(losses) == len(configs)},
        write=not asked.print,
    )


def report(configs: list[Config], known: dict[str, list[float]], *, write: bool) -> None:
    """Print the portfolio and what it is worth; write it."""
    numbers = [table.task == "regression" for table in DEVELOPMENT_TABLES if table.name in known]
    names = [table.name for table in DEVELOPMENT_TABLES if table.name in known]
    losses = np.array([known[name] for name in names])
    logs = np.log(np.where(np.isfinite(losses), losses, np.nanmax(losses, axis=1, keepdims=True)))
    logs[numbers] /= 2  # the root of a squared error
    notes = logs[:, -1]
    regret = np.minimum(logs - logs.min(axis=1, keepdims=True), 1.0)[:, :-1]
    chosen = choose(regret)
    print(f"{len(names)} tables; loss or RMSE over that of a table's best, geometric mean:")
    for size in (1, 2, 4, 8):
        own = np.exp(regret[:, chosen[:size]].min(axis=1).mean())
        apart = []
        for place in range(len(names)):
            others = np.delete(regret, place, axis=0)
            apart.append(regret[place, choose(others, size=size)].min())
        print(f"  the first {size}: {own:.3f}; chosen without the table: {np.exp(np.mean(apart)):.3f}")
    drawn = np.exp(np.mean([np.minimum.accumulate(row[-_RANDOM:])[SIZE - 1] for row in regret]))
    print(f"  {SIZE} random ones: {drawn:.3f}")
    print("the portfolio, each alone:")
    for number in chosen:
        print(f"  {np.exp(regret[:, number].mean()):.3f}  {configs[number]}")
    print("loss or RMSE over that of the notes' default: all tables, classes, numbers")
    is_number = np.array(numbers)
    for number in range(len(configs) - _RANDOM - 1):
        over = logs[:, number] - notes
        means = [np.exp(part.mean()) for part in (over, over[~is_number], over[is_number])]
        changed = {name: value for name, value in configs[number].items() if value != configs[0].get(name)}
        print("  " + "  ".join(f"{mean:.3f}" for mean in means), changed or "(the base)")
    if write:
        PORTFOLIO_FILE.write_text(
            json.dumps([configs[number] for number in chosen], indent=1) + "\n", encoding="utf-8"
        )


if __name__ == "__main__":
    main()
