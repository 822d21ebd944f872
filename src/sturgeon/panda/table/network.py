"""The built-in batch-norm network as a training that is tended: step by step, saved exactly, in lanes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from sturgeon.caviar.backends.native import NativeBackend, NativeState
from sturgeon.caviar.lanes.backend import TrainingJob
from sturgeon.data import Dataset
from sturgeon.errors import InputError, RunError
from sturgeon.network.native.library import load_library
from sturgeon.network.settings import TrainingSettings
from sturgeon.network.trained import TrainedNetwork
from sturgeon.network.weights import TrainingState, initial_state
from sturgeon.panda.coach.vitals import Vitals, vitals_of
from sturgeon.panda.kept.tree import Position
from sturgeon.panda.table.warm_start import copy_overlap
from sturgeon.panda.training import Lane, Training

FIXED = frozenset({"hidden_units", "layers", "activation", "optimizer"})
_LOOKED_AT = 256  # rows that vitals are measured on


@dataclass
class _Epoch:
    """An epoch under way.

    Attributes:
        order: The training rows in the order in which they are seen; None before it has begun.
        seen: How many of them were trained on.
        loss: Their loss, summed.
    """

    order: np.ndarray | None = None
    seen: int = 0
    loss: float = 0.0


class NetworkTraining(Training):
    """The batch-norm network on a table, a mini-batch at a time, by the compiled library.

    Between any two steps it can be changed, saved and loaded. Saved and loaded, it goes on to the bit as if
    nothing had happened: the order of the rows and the dropout masks depend on seed, epoch and step only.

    Args:
        dataset: The data, without folds.
        config: All hyperparameters that it begins with.
        seed: Of weights, orders and dropout.
        epochs: What the schedules of the learning rate count on.
        metric: The metric that decides.

    Attributes:
        seed: As given.
        epochs: As given.

    Raises:
        RunError: The compiled library is missing.
    """

    anywhere = tries = True
    fixed = FIXED

    def __init__(
        self, dataset: Dataset, config: Mapping[str, Any], *, seed: int, epochs: int, metric: str
    ) -> None:
        library = load_library()
        if library is None:
            raise RunError(
                "The built-in network is tended step by step by the compiled library, which is missing here. "
                "Install a C compiler and Sturgeon again, or tend a training of your own with st.panda."
            )
        self.seed, self.epochs = seed, epochs
        self._dataset, self._metric = dataset, metric
        self._backend = NativeBackend(library, dataset, epochs, metric)
        self._config = dict(config)
        self._prepare()
        self._state: NativeState = self._program.start(self._job)
        self._whole = 0  # epochs
        self._epoch = _Epoch()

    def _prepare(self) -> None:
        """Have a job and a program for the configuration."""
        self._job = TrainingJob(0, self.seed, self._config)
        block = self._backend.block_of(self._config)
        self._program = self._backend.program(block, self._backend.devices[0], 1)
        self._batch = block.shape.batch

    # -- training --------------------------------------------------------------------------------

    @property
    def at(self) -> Position:
        """Where it stands."""
        return Position(self._whole, int(self._state.count[0]))

    def step(self) -> dict[str, float] | None:
        """Train on the next mini-batch; gives the epoch's metrics after its last one."""
        epoch = self._epoch
        if epoch.order is None:
            epoch.order = self._program.row_order(self._job, self._whole)
        rows = epoch.order[epoch.seen : epoch.seen + self._batch]
        if len(rows) > 1:  # a single row has no variance to normalise by
            epoch.loss += self._program.train(self._state, self._job, self._whole, rows)
            epoch.seen += len(rows)
        if epoch.seen < len(epoch.order) - 1 or (epoch.seen == len(epoch.order) - 1 and len(rows) > 1):
            return None
        metrics = self._program.judge(self._state, self._job, epoch.loss / max(epoch.seen, 1))
        self._whole, self._epoch = self._whole + 1, _Epoch()
        return metrics

    @property
    def between_epochs(self) -> bool:
        """Whether no epoch is under way."""
        return self._epoch.seen == 0

    def network(self) -> TrainedNetwork:
        """The network as it is now."""
        trained = self._program.network(self._job, self._state)
        return TrainedNetwork(
            trained.architecture,
            type(trained.weights)(*(array.copy() for array in trained.weights)),
            type(trained.statistics)(*(array.copy() for array in trained.statistics)),
            trained.norm_epsilon,
        )

    # -- what Panda needs ------------------------------------------------------------------------

    @property
    def values(self) -> dict[str, Any]:
        """See :class:`Training`."""
        return dict(self._config)

    def apply(self, values: Mapping[str, Any]) -> None:
        """See :class:`Training`; a mini-batch size holds from the next mini-batch on.

        Other sizes of the network are taken too, with the weights that overlap: a schedule that is replayed
        has them.
        """
        _check_effect({**self._config, **values}, values)
        leaves = self._program.leaves(self._job, self._state) if FIXED & values.keys() else None
        before = self._config
        self._config = {**before, **values}
        try:
            self._prepare()
            if leaves is not None:
                self._state, _ = self._restored(leaves, before)
        except BaseException:  # whatever ends it, Ctrl-C too, leaves the network as it was
            self._config = before
            self._prepare()
            raise

    def _restored(self, leaves: Sequence[np.ndarray], saved: Mapping[str, Any]) -> tuple[NativeState, str]:
        """A state of the configuration's sizes from saved arrays, and what a person should know of it.

        Args:
            leaves: The arrays.
            saved: The configuration that they were saved with.
        """
        if all(saved.get(name) == self._config[name] for name in FIXED):
            return self._program.restore(self._job, leaves), ""
        settings = TrainingSettings.of(self._config)
        architecture = settings.architecture(self._dataset.features, self._dataset.outputs)
        state, remark = copy_overlap(TrainingState.of_leaves(leaves), initial_state(architecture, self.seed))
        return self._program.restore(self._job, state.leaves()), remark

    @property
    def can_save(self) -> bool:
        """See :class:`Training`."""
        return True

    def save(self, path: Path) -> None:
        """See :class:`Training`; nothing is pickled."""
        leaves = self._program.leaves(self._job, self._state)
        about = {
            "network": 1,
            "config": self._config,
            "seed": self.seed,
            "epoch": self._whole,
            "seen": self._epoch.seen,
            "loss": float(self._epoch.loss).hex(),
            "fingerprint": self._dataset.fingerprint,
        }
        arrays = {str(number): leaf for number, leaf in enumerate(leaves)}
        with path.open("wb") as file:
            np.savez(file, about=np.array(json.dumps(about)), **arrays)  # pyright: ignore[reportArgumentType]

    def load(self, path: Path, values: Mapping[str, Any]) -> str:
        """See :class:`Training`; where the sizes differ, what overlaps of the weights is copied."""
        about, leaves = _read(path)
        if about["fingerprint"] != self._dataset.fingerprint:
            raise InputError(
                f"A checkpoint must be of the same table; {str(path)!r} is of another. Go back to another."
            )
        before = self._config
        self._config = dict(values)
        try:
            self._prepare()
            fresh, remark = self._restored(leaves, about["config"])
        except BaseException:  # whatever ends it, Ctrl-C too, leaves the network as it was
            self._config = before
            self._prepare()
            raise
        self._state, self._whole = fresh, int(about["epoch"])
        self._epoch = _Epoch()
        if about["seen"]:
            order = self._program.row_order(self._job, self._whole)
            self._epoch = _Epoch(order, int(about["seen"]), float.fromhex(about["loss"]))
        return remark

    def vitals(self) -> Vitals:
        """See :class:`Training`."""
        state = TrainingState.of_leaves(self._program.leaves(self._job, self._state))
        return vitals_of(state, self._dataset.x_train[:_LOOKED_AT], TrainingSettings.of(self._config))

    def try_values(
        self,
        path: Path,
        candidates: Sequence[Mapping[str, Any]],
        *,
        epochs: int,
        folder: Path,
        on_epoch: Callable[[int, int, Mapping[str, float]], None],
    ) -> list[Lane]:
        """See :class:`Training`: a lane a core, as everywhere on processors."""

        def train(number: int) -> Lane:
            lane = NetworkTraining(
                self._dataset, candidates[number], seed=self.seed, epochs=self.epochs, metric=self._metric
            )
            lane.load(path, candidates[number])
            curve = []
            while len(curve) < epochs:
                metrics = lane.step()
                if metrics is not None:
                    curve.append(metrics)
                    on_epoch(number, lane.at.epoch, metrics)
            end = folder / f".checkpoint-lane-{number}.part"
            lane.save(end)
            return Lane(lane.values, curve, end, lane.at)

        with ThreadPoolExecutor(len(self._backend.devices)) as pool:
            return list(pool.map(train, range(len(candidates))))


def _check_effect(config: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Raise where a value would change nothing.

    Raises:
        InputError: Another optimiser or schedule uses it.
    """
    users = {"momentum": ("optimizer", "momentum"), "decay": ("schedule", "inverse_time")}
    users |= dict.fromkeys(("beta1", "beta2", "epsilon"), ("optimizer", "adam"))
    for name in values:
        owner, wanted = users.get(name, ("", ""))
        if owner and config[owner] != wanted:
            instead = " Adam's is called beta1." if name == "momentum" and config[owner] == "adam" else ""
            raise InputError(f"`{name}` has no effect with {owner}={config[owner]}.{instead}")


def _read(path: Path) -> tuple[dict[str, Any], list[np.ndarray]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            about = json.loads(str(file["about"]))
            leaves = [file[str(number)] for number in range(len(file.files) - 1)]
        if about["network"] != 1:
            raise ValueError("a newer Sturgeon wrote it")
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
        raise InputError(
            f"A checkpoint must be one of the built-in network; {str(path)!r} is of another model, or "
            "damaged "
            f"({' '.join(str(error).split())[:100]}). Go back to another."
        ) from error
    return about, leaves
