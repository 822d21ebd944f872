"""A table made ready to train on: three parts, inputs normalised by the training part alone."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from sturgeon.data.features.aligned import copy_aligned, join_adjacent
from sturgeon.data.features.pooled import OutOfFold, averaged
from sturgeon.data.features.preprocessing import Preprocessing
from sturgeon.data.targets import NumericTarget
from sturgeon.data.task import Task


@dataclass(frozen=True, eq=False)
class Dataset:
    """Arrays to train, to choose and to judge by, and how they came from the table.

    The arrays are read-only. Inputs are float32 of shape (rows, features). Targets have shape (rows,):
    int32 class codes, or float32 in standard units.

    Attributes:
        task: "classification" or "regression".
        task_reason: Why, as a clause that follows "because".
        target: The target column's name.
        x_train: Inputs of the training part.
        y_train: Its targets.
        x_validation: Inputs of the validation part: hyperparameters are chosen by it.
        y_validation: Its targets.
        x_test: Inputs of the test part: looked at once, at the end.
        y_test: Its targets.
        preprocessing: How a table becomes inputs, and outputs become labels or numbers.
        test_rows: Which rows of the table are the test part, from 0, in its order; all rows of a test table
            of its own.
        notes: What whoever reads the results should know of how the table was taken, a line each.
        fold_of: The fold that each row of the training part belongs to, from 0, where it is cut into folds:
            then the validation part is empty. Else None.
        folds_reason: Why there are so many folds, where there are fewer than were asked for; else "".
        pooled: The columns of many categories, in whose inputs no training row sees its own target.
        recognises: Whether dates, numbers in dress and many categories were looked for.
    """

    task: Task
    task_reason: str
    target: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_validation: np.ndarray
    y_validation: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    preprocessing: Preprocessing
    test_rows: np.ndarray
    notes: tuple[str, ...] = ()
    fold_of: np.ndarray | None = None
    folds_reason: str = ""
    pooled: tuple[OutOfFold, ...] = ()
    recognises: bool = True

    @property
    def folds(self) -> int:
        """How many folds the training part is cut into; 1 where a validation part of its own is chosen by."""
        return 1 if self.fold_of is None else int(self.fold_of.max()) + 1

    def fold(self, number: int) -> Dataset:
        """The data with one fold as its validation part and the other folds as its training part.

        Where a column's categories are told by averages of the target, no row of that fold counts in them.

        Args:
            number: Which fold, from 0.
        """
        assert self.fold_of is not None
        held_out = self.fold_of == number
        x_train, x_validation = copy_aligned(self.x_train[~held_out]), copy_aligned(self.x_train[held_out])
        for column in self.pooled:
            targets = averaged(self.y_train, self.outputs)
            column.hold_out(x_train, x_validation, targets, self.fold_of, number)
        return replace(
            self,
            x_train=x_train,
            y_train=copy_aligned(self.y_train[~held_out]),
            x_validation=x_validation,
            y_validation=copy_aligned(self.y_train[held_out]),
            fold_of=None,
            pooled=(),
        )

    @property
    def features(self) -> int:
        """How many inputs a row has."""
        return self.x_train.shape[1]

    @property
    def pieces(self) -> int:
        """How many of the features, the last ones, are pieces of numbers."""
        return 0 if self.preprocessing.pieces is None else len(self.preprocessing.pieces)

    def without_pieces(self) -> Dataset:
        """The same data without the pieces of numbers; itself where there are none."""
        if not self.pieces:
            return self
        kept = self.features - self.pieces
        parts = {
            name: copy_aligned(getattr(self, name)[:, :kept])
            for name in ("x_train", "x_validation", "x_test")
        }
        return replace(self, **parts, preprocessing=replace(self.preprocessing, pieces=None))

    @property
    def outputs(self) -> int:
        """How many outputs the network has: one a class, or one number."""
        return self.preprocessing.outputs

    @property
    def positive(self) -> int:
        """Of two classes, the one whose F1 and average precision count: the same in every part and fold."""
        target = self.preprocessing.target
        return 1 if isinstance(target, NumericTarget) or target.positive is None else target.positive

    @property
    def y_held_out(self) -> np.ndarray:
        """The targets of the rows by which trials are judged: with folds each row of the training part."""
        return self.y_validation if self.fold_of is None else self.y_train

    @property
    def rows(self) -> dict[str, int]:
        """How many rows each part has, by "train", "validation" and "test"."""
        return {"train": len(self.y_train), "validation": len(self.y_validation), "test": len(self.y_test)}

    @cached_property
    def fingerprint(self) -> str:
        """Sixteen hex digits that are equal when, and only when, task, target, features and arrays are.

        A resumed study checks it, so that its trials all saw the same data.
        """
        digest = hashlib.sha256(repr((self.task, self.target, self.preprocessing.feature_names)).encode())
        for array in self._arrays():
            digest.update(repr(array.shape).encode())
            little_endian = array.astype(array.dtype.newbyteorder("<"), copy=False)
            digest.update(np.ascontiguousarray(little_endian).data)  # in place: a large table is not copied
        if self.fold_of is not None:
            digest.update(self.fold_of.astype("<i8").tobytes())
        return digest.hexdigest()[:16]

    def with_validation_in_training(self) -> Dataset:
        """The same data, the training part being the training and the validation rows together.

        Nothing is copied where this dataset came from `prepare`, which lays the parts side by side.
        """
        return replace(
            self,
            x_train=join_adjacent(self.x_train, self.x_validation),
            y_train=join_adjacent(self.y_train, self.y_validation),
            pooled=(),
        )

    def __post_init__(self) -> None:
        for array in self._arrays():
            array.flags.writeable = False

    def _arrays(self) -> tuple[np.ndarray, ...]:
        return (self.x_train, self.y_train, self.x_validation, self.y_validation, self.x_test, self.y_test)
