"""The tuned network beside others on the same test rows, and how sure each difference is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sturgeon.caviar.table.choosing.trees import RawRows, train_trees
from sturgeon.caviar.table.choosing.tried import Made, Tried
from sturgeon.data import Dataset, NumericTarget
from sturgeon.data.metrics import measure_test
from sturgeon.data.reading.file_options import FileOptions
from sturgeon.network.ensemble import row_losses

RESAMPLES = 2_000
_AT_ONCE = 2_000_000
"""How many drawn rows are counted at once."""


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much more another errs than the tuned network: above 0 the tuned one is better.

    Attributes:
        metric: ``loss``, the log loss of classes, or ``rmse``.
        value: On the test rows.
        low: Where the 95 % interval begins, over test rows drawn with replacement, the same for both.
        high: Where it ends.
    """

    metric: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Compared:
    """One of those that the tuned network is compared with.

    Attributes:
        name: ``default``, the default hyperparameters; ``guess``, class frequencies or the mean;
            ``LightGBM``; ``HistGradientBoosting``.
        test: Its metrics on the test rows; None where there is none of it.
        difference: By how much more it errs; None likewise.
        seconds: How long it was trained, where that was done for the comparison.
        why: Why there is none of it; else None.
    """

    name: str
    test: dict[str, float | None] | None
    difference: Difference | None
    seconds: float | None = None
    why: str | None = None


def compare(
    tried: Tried, made: Made, table: Any, test: Any, options: FileOptions | None = None
) -> list[Compared]:
    """Compare the network that is handed over with the default one, a guess, and boosted trees.

    Args:
        tried: The study and the data.
        made: The network.
        table: What the data were prepared from.
        test: The test table of its own, if there was one.
        options: How both files are read.
    """
    dataset, model = tried.dataset, made.model
    assert model is not None
    seed = tried.study.seed
    tuned = model.test_answers(dataset)
    classes = dataset.outputs if dataset.task == "classification" else 0
    others: list[tuple[str, np.ndarray | None, float | None, str | None]] = []
    if made.default is not None:
        others.append(("default", made.default.test_answers(dataset), None, None))
    others.append(("guess", _guess(dataset), None, None))
    for trees in train_trees(RawRows.of(dataset, table, test, options), classes=classes, seed=seed):
        answers = trees.answers
        if answers is not None and isinstance(target := dataset.preprocessing.target, NumericTarget):
            answers = target.scale.apply(answers)
        others.append((trees.name, answers, round(trees.seconds, 3), trees.why or None))
    losses = row_losses(tuned, dataset.y_test)
    compared = []
    for name, answers, seconds, why in others:
        if answers is None:
            compared.append(Compared(name, None, None, None, why))
            continue
        difference = measure_difference(dataset, losses, row_losses(answers, dataset.y_test), seed=seed)
        compared.append(Compared(name, measure_test(dataset, answers), difference, seconds))
    return compared


def measure_difference(dataset: Dataset, tuned: np.ndarray, other: np.ndarray, *, seed: int) -> Difference:
    """By how much more another errs, with a paired bootstrap interval over the test rows.

    Args:
        dataset: The data, for the target's unit.
        tuned: Log losses, or squared errors in standard units, ``[rows]``.
        other: The other's.
        seed: Of the rows that are drawn.
    """
    target = dataset.preprocessing.target
    unit = target.scale.std if isinstance(target, NumericTarget) else None

    def error(mean: np.ndarray) -> np.ndarray:
        return mean if unit is None else unit * np.sqrt(mean)

    both = np.stack([tuned, other], axis=1)
    differences = np.diff(error(bootstrap_means(both, seed=seed)), axis=1)[:, 0]
    low, high = np.percentile(differences, [2.5, 97.5])
    value = float(np.diff(error(both.mean(axis=0)))[0])
    return Difference("rmse" if unit is not None else "loss", value, float(low), float(high))


def bootstrap_means(values: np.ndarray, *, seed: int) -> np.ndarray:
    """The means of rows drawn with replacement, 2,000 times.

    Args:
        values: ``[rows, columns]``; a row is drawn as a whole.
        seed: Of the rows that are drawn.

    Returns:
        ``[2000, columns]``.
    """
    rng, rows = np.random.default_rng((seed, 11)), len(values)
    chunk = max(1, _AT_ONCE // rows)
    means = []
    for start in range(0, RESAMPLES, chunk):
        drawn = rng.integers(rows, size=(min(chunk, RESAMPLES - start), rows))
        means.append(values[drawn].mean(axis=1))
    return np.concatenate(means)


def _guess(dataset: Dataset) -> np.ndarray:
    rows = len(dataset.y_test)
    if dataset.task != "classification":
        return np.zeros((rows, 1))
    counts = np.bincount(dataset.y_train, minlength=dataset.outputs)
    return np.tile(counts / counts.sum(), (rows, 1))
