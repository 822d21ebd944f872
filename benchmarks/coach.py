"""What the coach sees: each symptom in trainings that have it, and what it says of healthy ones.

The built-in network on digits, on made tables and on labels that are noise, a seed a training::

    python benchmarks/coach.py                # 10 seeds
    python benchmarks/coach.py --seeds 3

Healthy is a training with the default configuration, dropout or none, and a learning rate that serves it.
That its loss is flat near the end, or batch norm's averages have not settled at first, is so, and no
false alarm; that validation parts from training may be so.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from sturgeon.data import Dataset, prepare
from sturgeon.panda.coach.coach import SYMPTOMS, Curves, Epoch, look
from sturgeon.panda.table.network import NetworkTraining
from sturgeon.panda.table.table_space import tended_space

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
HEALTHY = [
    (table, {"learning_rate": rate, "dropout": dropout})
    for table in ("digits", "made")
    for rate in (0.003, 0.01)
    for dropout in (0.0, 0.2)
]


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


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=10)
    given = parser.parse_args()
    tables = {"digits": digits(), "made": made(3000), "noise": labels_of_noise()}
    assert len(ILL) == len(SYMPTOMS) - 1  # "ending" is a matter of counting
    for symptom, (table, epochs, values, change) in ILL.items():
        named = [heard(tables[table], seed, epochs, values, change) for seed in range(given.seeds)]
        hits = [one[symptom] for one in named if symptom in one]
        when = f"first in epoch {np.median(hits):g}" if hits else ""
        print(
            f"{symptom:<20} named in {len(hits)} of {len(named)} trainings that have it   {when}", flush=True
        )
    alarms: Counter[str] = Counter()
    trainings = epochs = 0
    for table, values in HEALTHY:
        for seed in range(max(1, given.seeds // 3)):
            trainings, epochs = trainings + 1, epochs + 20
            alarms.update(heard(tables[table], seed, 20, values).keys() - NO_ALARM)
    told = ", ".join(f"{name} {count}" for name, count in alarms.most_common()) or "none"
    print(f"false alarms in {trainings} healthy trainings, {epochs} epochs: {told}")


if __name__ == "__main__":
    main()
