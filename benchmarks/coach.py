"""What the coach sees: each symptom in trainings that have it, and what it says of healthy ones.

The built-in network on digits, on made tables, on labels that are noise, and on development tables, a seed a
training::

    python benchmarks/coach.py                # 10 seeds of each symptom
    python benchmarks/coach.py --seeds 3
    python benchmarks/coach.py healthy --tables benchmarks/.tables     # the tables that are held back, too

Healthy is a training with the default configuration, dropout or none, and a learning rate that serves it.
That its loss is flat near the end, or batch norm's averages have not settled at first, is so, and no
false alarm. Each other note is put to the test: from where it was given the training goes on for eight epochs
as it is, and once more with what the coach proposes. A note is false where that is no better for the mean
validation loss of the last three of them. A note that proposes nothing is counted as false.

The rules were chosen on digits, made tables and the tables named in ``SEEN``; those in ``HELD_BACK`` were not
looked at.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from development_tables import DEVELOPMENT_TABLES
from sturgeon.data import Dataset, prepare
from sturgeon.panda.coach.advice import Advice
from sturgeon.panda.coach.coach import SYMPTOMS, look
from sturgeon.panda.coach.curves import Curves, Epoch
from sturgeon.panda.table.network import NetworkTraining
from sturgeon.panda.table.table_space import tended_space

SEEN = ("boston", "pima", "vehicle", "vowel", "wine")
HELD_BACK = ("diabetes", "musk", "breast_cancer", "college", "juice", "wage", "satellite")
MOST_ROWS = 1500  # of a development table
EPOCHS, AFTER, LAST = 20, 8, 3  # of a healthy training; after a note; and those that are compared
NO_ALARM = {"flat", "unsettled averages", "ending"}


def digits() -> Dataset:
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    return prepare((x, y.astype(str)), seed=0, folds=1)


def made(rows: int) -> Dataset:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 10))
    noise = 0.5 * rng.normal(size=rows)
    return prepare((x, np.where(x[:, 0] + x[:, 1] ** 2 + noise > 1, "a", "b")), seed=0, folds=1)


def labels_of_noise() -> Dataset:
    rng = np.random.default_rng(0)
    return prepare((rng.normal(size=(200, 8)), rng.choice(["a", "b"], 200)), seed=0, folds=1)


# By symptom: the table, the epochs, the configuration, and what is changed after some epoch.
ILL: Mapping[str, tuple[str, int, Mapping[str, Any], tuple[int, Mapping[str, Any]] | None]] = {
    "not finite": (
        "digits", 8, {"learning_rate": 1000.0, "optimizer": "gradient_descent", "weight_decay": 1.0}, None
    ),
    "rising": ("digits", 10, {"learning_rate": 0.01}, (5, {"learning_rate": 1.0})),
    "oscillating": ("digits", 14, {"learning_rate": 0.3, "layers": 1, "dropout": 0.0}, None),
    "crawling": ("digits", 4, {"learning_rate": 1e-5}, None),
    "parting": ("noise", 14, {"dropout": 0.0, "weight_decay": 0.0, "batch_size": 16}, None),
    "flat": ("made", 30, {"learning_rate": 0.02}, None),
    "dead units": ("digits", 4, {"learning_rate": 3.0}, None),
    "unsettled averages": ("digits", 1, {"norm_momentum": 0.999}, None),
    "gradients": ("digits", 1, {"layers": 64, "hidden_units": 16, "learning_rate": 1e-4}, None),
}  # fmt: skip


def heard(
    dataset: Dataset,
    seed: int,
    epochs: int,
    values: Mapping[str, Any],
    change: tuple[int, Mapping[str, Any]] | None = None,
) -> dict[str, int]:
    """The symptoms that the coach names in a training, with the epoch."""
    config = {**tended_space().default(), **values}
    training = NetworkTraining(dataset, config, seed=seed, epochs=epochs, metric="val_loss")
    history: list[Epoch] = []
    found: dict[str, int] = {}
    while len(history) < epochs:
        metrics = training.step()
        if metrics is None:
            continue
        history.append(Epoch(len(history) + 1, metrics, training.values, training.vitals()))
        for advice in look(Curves.of(history, "val_loss", maximize=False)):
            found.setdefault(advice.symptom, len(history))
        if change is not None and len(history) == change[0]:
            training.apply(change[1])
    return found


def development_table(folder: Path, name: str) -> Dataset:
    (about,) = (one for one in DEVELOPMENT_TABLES if one.name == name)
    rows = pd.read_csv(folder / f"{name}.csv").drop(columns=list(about.drop), errors="ignore")
    rows = rows.sample(min(len(rows), MOST_ROWS), random_state=0)
    return prepare(rows, about.target, task=about.task, seed=0, folds=1)  # pyright: ignore[reportArgumentType]


def judged(dataset: Dataset, seed: int, values: Mapping[str, Any]) -> dict[str, float]:
    """The notes of a healthy training: the loss where each was followed, by that where it was not."""
    config = {**tended_space().default(), **values}

    def network() -> NetworkTraining:
        return NetworkTraining(dataset, config, seed=seed, epochs=EPOCHS, metric="val_loss")

    def one_epoch(training: NetworkTraining) -> dict[str, float]:
        while (metrics := training.step()) is None:
            pass
        return metrics

    def later(losses: list[float]) -> float:
        return float(np.mean(losses[-LAST:]))

    training, history, notes = network(), [], {}
    with tempfile.TemporaryDirectory() as folder:
        states = [Path(folder) / f"{epoch}.npz" for epoch in range(EPOCHS + 1)]
        training.save(states[0])
        while len(history) < EPOCHS + AFTER:
            metrics = one_epoch(training)
            history.append(Epoch(len(history) + 1, metrics, training.values, training.vitals()))
            if len(history) > EPOCHS:
                continue
            training.save(states[len(history)])
            for advice in look(Curves.of(history, "val_loss", maximize=False)):
                if advice.symptom not in NO_ALARM:
                    notes.setdefault(advice.symptom, (len(history), advice))

        def followed(epoch: int, advice: Advice) -> float:
            if not advice.action:
                return float("inf")
            changed = dict(advice.values) | {name: by * config[name] for name, by in advice.factors.items()}
            other = network()
            start = advice.back_to if advice.action == "rewind" else epoch
            other.load(states[start], {**config, **changed})
            return later([one_epoch(other)["val_loss"] for _ in range(AFTER)])

        alone = [one.metrics["val_loss"] for one in history]
        return {
            name: followed(epoch, advice) / later(alone[: epoch + AFTER])
            for name, (epoch, advice) in notes.items()
        }


def tell_healthy(kind: str, tables: Mapping[str, Dataset], seeds: int) -> None:
    """Print how many healthy trainings hear something, and how much of it was false."""
    trainings, notes, false = 0, Counter[str](), Counter[str]()
    heard_something = heard_false = 0
    for dataset in tables.values():
        for rate in (0.003, 0.01):
            for dropout in (0.0, 0.2):
                for seed in range(seeds):
                    ratios = judged(dataset, seed, {"learning_rate": rate, "dropout": dropout})
                    wrong = {name for name, ratio in ratios.items() if not ratio < 1}
                    trainings += 1
                    heard_something += bool(ratios)
                    heard_false += bool(wrong)
                    notes.update(ratios.keys())
                    false.update(wrong)
    told = ", ".join(f"{name} {count} ({false[name]} false)" for name, count in notes.most_common()) or "none"
    print(
        f"{kind}: {trainings} healthy trainings of {EPOCHS} epochs; {heard_something} hear a note, "
        f"{heard_false} a false one ({heard_false / trainings:.0%}): {told}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", nargs="?", choices=["ill", "healthy"], help="this part alone")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--tables", type=Path, help="the folder of the development tables")
    given = parser.parse_args()
    tables = {"digits": digits(), "made": made(3000), "noise": labels_of_noise()}
    assert len(ILL) == len(SYMPTOMS) - 1  # "ending" is a matter of counting
    for symptom, (table, epochs, values, change) in ILL.items() if given.part != "healthy" else ():
        named = [heard(tables[table], seed, epochs, values, change) for seed in range(given.seeds)]
        hits = [one[symptom] for one in named if symptom in one]
        when = f"first in epoch {np.median(hits):g}" if hits else ""
        print(
            f"{symptom:<20} named in {len(hits)} of {len(named)} trainings that have it   {when}", flush=True
        )
    if given.part == "ill":
        return
    few = max(1, given.seeds // 3)
    tell_healthy("digits and a made table", {name: tables[name] for name in ("digits", "made")}, few)
    if given.tables is not None:
        for kind, names in (("tables that were looked at", SEEN), ("tables that are held back", HELD_BACK)):
            tell_healthy(kind, {name: development_table(given.tables, name) for name in names}, few)


if __name__ == "__main__":
    main()
