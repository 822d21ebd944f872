"""A network on disk with all it needs to predict from a table: configuration, preprocessing, weights."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
import pandas as pd

from sturgeon.data import ClassTarget, Dataset, NumericTarget, Preprocessing
from sturgeon.data.metrics import measure_test
from sturgeon.data.reading.names import listed
from sturgeon.data.reading.sources import as_frame
from sturgeon.data.scores import softmax
from sturgeon.data.targets import Label
from sturgeon.data.test_rows import TestRows
from sturgeon.errors import DataError, InputError, RunError, option
from sturgeon.network.ensemble import Member, NetworkEnsemble
from sturgeon.network.temperature import Calibration
from sturgeon.network.trained import TrainedNetwork
from sturgeon.space import Config

_CONFIG, _PREPROCESSING, _WEIGHTS = "config.json", "preprocessing.json", "weights.npz"
_ENSEMBLE_VERSION = 2
JUDGED = "training rows"
"""What a network has learnt from that was judged by the validation rows, and not trained again."""


class ArrowTable(Protocol):
    """What hands over columns as Arrow does: a table of Arrow, a data frame of Polars."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """A stream of the table's rows."""
        ...


Rows: TypeAlias = "pd.DataFrame | np.ndarray | ArrowTable | str | os.PathLike[str]"
"""What a saved network predicts."""


@dataclass(frozen=True, slots=True)
class SavedModel:
    """A trained network that takes a table as it is and answers in the target's own terms.

    Attributes:
        trial: The number of the trial it came from.
        config: The trial's configuration.
        preprocessing: How a table's columns become inputs.
        network: The weights and running averages; or several networks that answer together, and then trial
            and configuration are those of the first.
        trained_on: Which rows it learnt from.
        calibration: How sure its probabilities are made; None for a number, and for a network of before there
            was this: then they are as they are.
    """

    trial: int
    config: Config
    preprocessing: Preprocessing
    network: TrainedNetwork | NetworkEnsemble
    trained_on: str = JUDGED
    calibration: Calibration | None = None

    @property
    def temperature(self) -> float:
        """What logits are divided by before the softmax; 1 where nothing was calibrated."""
        return 1.0 if self.calibration is None else self.calibration.temperature

    def outputs(self, inputs: np.ndarray) -> np.ndarray:
        """Logits ``[rows, classes]``, or the standardised target ``[rows, 1]``.

        Args:
            inputs: ``[rows, features]``, as the preprocessing makes them.
        """
        outputs = self.network.outputs(inputs)
        return outputs if self.temperature == 1 else outputs / np.float64(self.temperature)

    @property
    def classes(self) -> tuple[Label, ...]:
        """The labels, in the order of the probabilities; empty for a number."""
        target = self.preprocessing.target
        return target.labels if isinstance(target, ClassTarget) else ()

    def predict(self, table: Rows, source: str = "the table") -> pd.DataFrame:
        """Predict every row.

        Args:
            table: Rows with at least the columns the network was trained on: a data frame of pandas, Polars
                or Arrow, the path of a file, or an array, whose columns are those of the array that it was
                trained on, or the network's own in their order.
            source: What to call the table in messages; a file is called by its path.

        Returns:
            One row per row of the table and a column named as the target; for classes also a column
            ``probability of <class>`` each.

        Raises:
            DataError: A column is missing or has cells that cannot be used.
        """
        return answer(self.preprocessing, self.answers(table, source))

    def predict_proba(self, table: Rows, source: str = "the table") -> np.ndarray:
        """The probability of each class, ``[rows, classes]``, in the order of :attr:`classes`.

        Args:
            table: Rows as for :meth:`predict`.
            source: What to call the table in messages.

        Raises:
            DataError: As :meth:`predict` does; or the network predicts a number.
        """
        if not self.classes:
            raise DataError("probabilities are of classes; this network predicts a number; use `predict`")
        return self.answers(table, source)

    def explain_range(self, table: Rows, source: str = "the table") -> list[tuple[str, ...]]:
        """Name, row by row, the inputs that are outside what training saw; empty for a row like those.

        Args:
            table: Rows as for :meth:`predict`.
            source: What to call the table in messages.

        Raises:
            DataError: As :meth:`predict` does; or the ranges are not known, as the network is an older one.
        """
        return self.preprocessing.name_outside(*self._read(table, source))

    def answers(self, table: Rows, source: str = "the table") -> np.ndarray:
        """Predict every row, as numbers.

        Args:
            table: Rows as for :meth:`predict`.
            source: What to call the table in messages.

        Returns:
            float64: probabilities ``[rows, classes]``, or the target in its own unit ``[rows, 1]``.

        Raises:
            DataError: As :meth:`predict` does.
        """
        outputs = self.outputs(self.preprocessing.transform(*self._read(table, source)))
        target = self.preprocessing.target
        if isinstance(target, NumericTarget):
            return target.limit(target.restore(outputs))
        return softmax(outputs)

    def _read(self, table: Rows, source: str) -> tuple[pd.DataFrame, str]:
        """Rows as a data frame, and what to call them."""
        if isinstance(table, str | os.PathLike):
            return self.preprocessing.read(Path(table)), repr(str(table))
        if hasattr(table, "columns") or hasattr(table, "__arrow_c_stream__"):
            return as_frame(table, self.preprocessing.cell_rules()), source
        array = np.asarray(table)
        needed = [column.name for column in self.preprocessing.columns]
        names = [f"x{number}" for number in range(array.shape[1] if array.ndim == 2 else 0)]
        if not set(needed) <= set(names):
            if len(names) != len(needed):
                raise DataError(
                    f"an array must have the network's {len(needed)} columns in their order; got shape "
                    f"{array.shape}; give {listed(needed)}, or a data frame"
                )
            names = needed
        return pd.DataFrame(array, columns=pd.Index(names)).infer_objects(), source

    def test(self, dataset: Dataset) -> dict[str, float | None]:
        """The metrics of the held-out test part; None for one that its rows leave undefined."""
        return measure_test(dataset, self.test_answers(dataset))

    def test_answers(self, dataset: Dataset) -> np.ndarray:
        """What it says of the held-out test part: probabilities, or the standardised target ``[rows, 1]``."""
        outputs, target = self.outputs(dataset.x_test), self.preprocessing.target
        return target.limit_outputs(outputs) if isinstance(target, NumericTarget) else softmax(outputs)

    def test_rows(self, dataset: Dataset) -> TestRows:
        """What it says of the held-out test part, small enough to keep."""
        answers, target = self.test_answers(dataset), self.preprocessing.target
        if isinstance(target, NumericTarget):
            true, predicted = target.restore(dataset.y_test), target.restore(answers[:, 0])
            return TestRows.of_numbers(target.name, true, predicted)
        return TestRows.of_classes(target, dataset.y_test, answers)

    def save(self, folder: Path) -> None:
        """Write it to a folder, replacing what was there; a crash leaves the old one or the new one.

        Raises:
            RunError: The disk is full, or the folder cannot be written any more.
        """
        fresh, old = (folder.with_name(f".{folder.name}.{age}") for age in ("new", "old"))
        described = {"trial": self.trial, "config": self.config, "trained_on": self.trained_on}
        try:
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(parents=True)
            described |= _save_networks(self.network, fresh)
            if self.calibration is not None:
                described["calibration"] = self.calibration.to_json()
            (fresh / _CONFIG).write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")
            (fresh / _PREPROCESSING).write_text(self.preprocessing.to_json(), encoding="utf-8")
            shutil.rmtree(old, ignore_errors=True)
            if folder.exists():
                folder.replace(old)
            fresh.replace(folder)
            shutil.rmtree(old, ignore_errors=True)
        except OSError as error:
            raise RunError(
                f"The best network must be kept on disk; {str(folder)!r} cannot be written "
                f"({error.strerror}). Make room, then go on with `{option('resume', True)}`."
            ) from error

    @classmethod
    def load(cls, folder: Path) -> SavedModel:
        """Read what :meth:`save` wrote. Runs no code from it.

        Args:
            folder: The folder itself, or the one that ``sturgeon tune`` wrote to, which holds it as ``best``.

        Raises:
            InputError: There is no saved network there.
        """
        if folder.name in ("", ".."):  # a directory that is not named, such as "."
            folder = folder.resolve()
        candidates = (folder / "best", folder, folder / ".best.old", folder.with_name(f".{folder.name}.old"))
        place = next((place for place in candidates if (place / _CONFIG).is_file()), None)
        if place is None:
            raise InputError(
                f"A network to predict with must be a folder that `sturgeon tune` wrote; got "
                f"{str(folder)!r}, which has no {_CONFIG}. Name the directory given to `{option('out')}`."
            )
        try:
            described = json.loads((place / _CONFIG).read_text(encoding="utf-8"))
            trial, config = int(described["trial"]), dict(described["config"])
            trained_on = str(described["trained_on"])
            preprocessing = Preprocessing.from_json((place / _PREPROCESSING).read_text(encoding="utf-8"))
            network = _load_networks(described, place)
            calibrated = described.get("calibration")
            calibration = None if calibrated is None else Calibration.from_json(calibrated)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"The network saved in {str(place)!r} cannot be read: {error}. Tune again."
            ) from error
        return cls(trial, config, preprocessing, network, trained_on, calibration)


def load(folder: str | os.PathLike[str]) -> SavedModel:
    """Read the network that a tuning saved. Runs no code from it.

    Args:
        folder: What was given to ``sturgeon tune --out``, or its ``best``.

    Returns:
        The network: :meth:`SavedModel.predict`, :meth:`SavedModel.predict_proba`,
        :meth:`SavedModel.explain_range`.

    Raises:
        InputError: There is no saved network there.
    """
    return SavedModel.load(Path(folder).expanduser())


def _save_networks(network: TrainedNetwork | NetworkEnsemble, folder: Path) -> dict[str, Any]:
    """Write the weights; gives what the description says of them, nothing for one network alone."""
    if isinstance(network, TrainedNetwork):
        network.save(folder / _WEIGHTS)
        return {}
    members = []
    for number, member in enumerate(network.members):
        file = f"member-{number}.npz"
        member.network.save(folder / file)
        origin = {"trial": member.trial, "fold": member.fold, "config": dict(member.config)}
        members.append({"weights": file, "weight": member.weight, **origin})
    return {"version": _ENSEMBLE_VERSION, "members": members}


def _load_networks(described: dict[str, Any], folder: Path) -> TrainedNetwork | NetworkEnsemble:
    if "members" not in described:
        return TrainedNetwork.load(folder / _WEIGHTS)
    if described["version"] != _ENSEMBLE_VERSION:
        raise ValueError(f"it is of version {described['version']}, which a newer Sturgeon wrote")
    members = tuple(
        Member(
            TrainedNetwork.load(folder / Path(each["weights"]).name),
            float(each["weight"]),
            int(each["trial"]),
            int(each["fold"]),
            dict(each["config"]),
        )
        for each in described["members"]
    )
    if not members:
        raise ValueError("it is an ensemble without a network")
    return NetworkEnsemble(members)


def answer(preprocessing: Preprocessing, numbers: np.ndarray) -> pd.DataFrame:
    """Put predictions into the target's own terms.

    Args:
        preprocessing: Says what the target is.
        numbers: Probabilities ``[rows, classes]``, or the target in its own unit ``[rows, 1]``.

    Returns:
        As :meth:`SavedModel.predict`.
    """
    target = preprocessing.target
    if isinstance(target, NumericTarget):
        return pd.DataFrame({target.name: numbers[:, 0]})
    columns = {f"probability of {label}": numbers[:, i] for i, label in enumerate(target.labels)}
    return pd.DataFrame({target.name: preprocessing.decode(numbers.argmax(axis=1)), **columns})
