"""Lanes of one shape on one device: start a trial in a lane, advance all by an epoch, read one out."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np

from sturgeon.caviar.devices import Device
from sturgeon.caviar.program import (
    EpochInputs,
    LaneState,
    ProgramShape,
    TablePart,
    batches_of,
    epoch_program,
    start_lane,
)
from sturgeon.network import streams
from sturgeon.network.objectives import in_own_unit
from sturgeon.network.settings import TrainingSettings
from sturgeon.network.trained import TrainedNetwork
from sturgeon.network.weights import trim_statistics, trim_weights


@dataclass(frozen=True, slots=True)
class Member:
    """A training to be done in a lane.

    Attributes:
        number: Its trial's number.
        seed: Its trial's seed.
        settings: Its trial's configuration.
        last_epoch: When it ends, where that is before its schedule's last epoch; else None.
    """

    number: int
    seed: int
    settings: TrainingSettings
    last_epoch: int | None = None


@dataclass(frozen=True, slots=True)
class DeviceTable:
    """The training and validation parts on one device.

    Attributes:
        device: The device.
        training: What is learnt from.
        validation: What trainings are judged by.
        unit: The standard deviation of a numeric target, in its own unit; None for classes.
        variance: The variance of the standardised validation targets; 0 for classes.
    """

    device: Device
    training: TablePart
    validation: TablePart
    unit: float | None
    variance: float


@dataclass(slots=True)
class _Occupant:
    member: Member
    epoch: int = 0


class Population:
    """A fixed number of lanes that share one compiled program.

    A lane's results depend on its own member only. Members may start and leave between any two epochs.

    Args:
        shape: The shape of every lane's program.
        table: The data, on the device to train on.
        epochs: How many epochs a member trains for.
    """

    def __init__(self, shape: ProgramShape, table: DeviceTable, epochs: int) -> None:
        self._shape = shape
        self._table = table
        self._epochs = epochs
        self._program = epoch_program(shape)
        self._lanes: list[_Occupant | None] = [None] * shape.lanes
        self._state: LaneState | None = None

    @property
    def free_lanes(self) -> list[int]:
        """The lanes that no member trains in."""
        return [lane for lane, occupant in enumerate(self._lanes) if occupant is None]

    @property
    def members(self) -> list[tuple[int, Member]]:
        """The lanes in use and who trains there."""
        return [(lane, o.member) for lane, o in enumerate(self._lanes) if o is not None]

    def start(self, members: dict[int, Member]) -> None:
        """Put members into lanes, each at its first epoch."""
        if not members:
            return
        fresh = {lane: start_lane(m.settings, m.seed, self._shape) for lane, m in members.items()}
        some = next(iter(fresh.values()))
        if self._state is None:
            stacked = jax.tree.map(lambda leaf: np.stack([np.zeros_like(leaf)] * self._shape.lanes), some)
        else:
            stacked = jax.tree.map(np.array, self._state)
        for lane, state in fresh.items():
            jax.tree.map(lambda whole, one, lane=lane: whole.__setitem__(lane, one), stacked, state)
            self._lanes[lane] = _Occupant(members[lane])
        self._state = jax.device_put(stacked, self._table.device)

    def advance(self) -> dict[int, tuple[int, dict[str, float]]]:
        """Train every occupied lane for one epoch.

        Returns:
            By lane: how many epochs it has trained now, and its metrics.
        """
        inputs, row_weights = self._epoch_inputs()
        self._state, metrics = self._program(
            self._state,
            inputs,
            row_weights,
            self._table.training,
            self._table.validation,
        )
        on_host = {name: np.asarray(values) for name, values in metrics.items()}
        reports = {}
        for lane, occupant in enumerate(self._lanes):
            if occupant is not None:
                occupant.epoch += 1
                reports[lane] = (occupant.epoch, self._named({n: float(v[lane]) for n, v in on_host.items()}))
        return reports

    def _named(self, metrics: dict[str, float]) -> dict[str, float]:
        """A lane's metrics by the names they are reported by, in the target's own unit."""
        train_loss = metrics.pop("train_loss")
        if self._table.unit is not None:
            metrics = in_own_unit(metrics, self._table.unit, self._table.variance)
        return {"train_loss": train_loss, **{f"val_{name}": value for name, value in metrics.items()}}

    def read(self, lane: int) -> TrainedNetwork:
        """The network of a lane as it is now, at its true width."""
        occupant = self._lanes[lane]
        assert occupant is not None
        assert self._state is not None
        settings = occupant.member.settings
        weights, statistics = jax.tree.map(
            lambda leaf: np.array(leaf[lane]), (self._state.weights, self._state.statistics)
        )
        padded = self._shape.architecture
        return TrainedNetwork(
            settings.architecture(padded.features, padded.outputs),
            trim_weights(weights, settings.hidden_units),
            trim_statistics(statistics, settings.hidden_units),
            settings.norm_epsilon,
        )

    def leave(self, lane: int) -> None:
        """Free a lane."""
        self._lanes[lane] = None

    def forget(self) -> None:
        """Give back the memory of all lanes."""
        self._state = None

    def _epoch_inputs(self) -> tuple[EpochInputs, np.ndarray]:
        """What each lane needs for its next epoch; an idle lane repeats an occupied one's."""
        per_lane: list[EpochInputs | None] = []
        row_weights: np.ndarray | None = None
        rows = len(self._table.training.targets)
        for occupant in self._lanes:
            if occupant is None:
                per_lane.append(None)
                continue
            member, epoch = occupant.member, occupant.epoch
            order = streams.row_order(member.seed, epoch, rows)
            numbers, row_weights = batches_of(order, self._shape.batch)
            per_lane.append(
                EpochInputs(
                    member.settings.lane_settings(),
                    np.float32(member.settings.learning_rate_at(epoch, self._epochs)),
                    streams.dropout_key(member.seed),
                    numbers,
                )
            )
        some = next(inputs for inputs in per_lane if inputs is not None)
        filled = [some if inputs is None else inputs for inputs in per_lane]
        assert row_weights is not None
        return jax.tree.map(lambda *leaves: np.stack(leaves), *filled), row_weights
