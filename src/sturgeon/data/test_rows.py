"""What a network said of the test rows, small enough to keep and to draw."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sturgeon.data.targets import ClassTarget

MOST_CLASSES = 20
"""More classes than these are counted together as the last one."""
MOST_ROWS = 2000
"""Of more rows than these, an even choice of predicted numbers is kept."""
BINS = 10
FILE = "test.json"


@dataclass(frozen=True, slots=True)
class TestRows:
    """What was predicted of the test rows beside what was true.

    Attributes:
        task: ``"classification"`` or ``"regression"``.
        target: The column that was predicted.
        count: How many test rows there are.
        labels: For classes, their labels as text, at most 20: those of most rows, and ``…`` for all others.
        confusion: For classes, counts ``[true][predicted]`` of the same labels.
        calibration: For classes, for each of ten ranges of the probability that the guessed class got: the
            ``mean`` probability, the share that was ``right``, and the ``count``; ranges without a row are
            left out.
        predicted: For numbers, predictions of an even choice of at most 2,000 rows, in the target's own unit.
        true: For numbers, the targets of the same rows.
    """

    __test__ = False  # not a class of tests, whatever pytest thinks of its name

    task: str
    target: str
    count: int
    labels: tuple[str, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    calibration: tuple[dict[str, float], ...] = ()
    predicted: tuple[float, ...] = ()
    true: tuple[float, ...] = ()

    @classmethod
    def of_classes(cls, target: ClassTarget, codes: np.ndarray, probabilities: np.ndarray) -> TestRows:
        """Count classes.

        Args:
            target: The column.
            codes: True classes ``[rows]``.
            probabilities: ``[rows, classes]``.
        """
        classes, guessed = probabilities.shape[1], probabilities.argmax(axis=1)
        place = np.arange(classes)
        labels = [str(label) for label in target.labels]
        if classes > MOST_CLASSES:
            rows = np.bincount(codes, minlength=classes)
            frequent = np.sort(np.argsort(-rows, kind="stable")[: MOST_CLASSES - 1])
            place = np.full(classes, MOST_CLASSES - 1)
            place[frequent] = np.arange(len(frequent))
            labels = [labels[code] for code in frequent] + ["…"]
        confusion = np.zeros((len(labels), len(labels)), int)
        np.add.at(confusion, (place[codes], place[guessed]), 1)
        sure = probabilities.max(axis=1)
        bins = np.minimum((sure * BINS).astype(int), BINS - 1)
        calibration = tuple(
            {
                "mean": round(float(sure[inside].mean()), 5),
                "right": round(float((guessed == codes)[inside].mean()), 5),
                "count": int(inside.sum()),
            }
            for inside in (bins == number for number in range(BINS))
            if inside.any()
        )
        counts = tuple(tuple(row) for row in confusion.tolist())
        return cls("classification", target.name, len(codes), tuple(labels), counts, calibration)

    @classmethod
    def of_numbers(cls, target: str, true: np.ndarray, predicted: np.ndarray) -> TestRows:
        """Keep numbers.

        Args:
            target: The column's name.
            true: ``[rows]``, in the target's own unit.
            predicted: The same.
        """
        kept = np.unique(np.linspace(0, len(true) - 1, min(len(true), MOST_ROWS)).round().astype(int))
        pairs = [[float(f"{value:.6g}") for value in values[kept]] for values in (predicted, true)]
        return cls("regression", target, len(true), predicted=tuple(pairs[0]), true=tuple(pairs[1]))

    def write(self, folder: Path) -> None:
        """Write it to ``test.json`` in a folder, all of it or nothing."""
        fresh = folder / f".{FILE}.new"
        fresh.write_text(json.dumps(asdict(self), allow_nan=False) + "\n", encoding="utf-8")
        fresh.replace(folder / FILE)

    @classmethod
    def read(cls, folder: Path) -> TestRows | None:
        """Read it from a folder; None where there is none, or nothing that makes sense."""
        try:
            found: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
            rows = cls(
                str(found["task"]),
                str(found["target"]),
                int(found["count"]),
                tuple(str(label) for label in found["labels"][:MOST_CLASSES]),
                tuple(tuple(int(count) for count in row) for row in found["confusion"][:MOST_CLASSES]),
                tuple(
                    {name: float(each[name]) for name in ("mean", "right", "count")}
                    for each in found["calibration"][:BINS]
                ),
                tuple(float(value) for value in found["predicted"][:MOST_ROWS]),
                tuple(float(value) for value in found["true"][:MOST_ROWS]),
            )
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        square = all(len(row) == len(rows.labels) for row in rows.confusion)
        whole = len(rows.confusion) == len(rows.labels) and len(rows.predicted) == len(rows.true)
        return rows if square and whole else None
