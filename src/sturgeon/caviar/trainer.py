"""Trains members in fused lanes on every device at once, and tells what happens as it happens."""

from __future__ import annotations

import math
import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

import jax
import numpy as np

from sturgeon.caviar.devices import Device, lane_devices, lanes_per_device
from sturgeon.caviar.population import DeviceTable, Member, Population
from sturgeon.caviar.program import ProgramShape, TablePart
from sturgeon.caviar.shapes import epoch_cost, shape_of, widest_units
from sturgeon.data import Dataset, NumericTarget
from sturgeon.network.trained import TrainedNetwork
from sturgeon.network.weights import Architecture
from sturgeon.space import Space


@dataclass(frozen=True, slots=True)
class EpochDone:
    """A member has trained one more epoch; ``step`` counts from 1."""

    number: int
    step: int
    metrics: dict[str, float]


@dataclass(frozen=True, slots=True)
class TrainingDone:
    """A member has trained all its epochs."""

    number: int
    network: TrainedNetwork


@dataclass(frozen=True, slots=True)
class Diverged:
    """A member's validation metric is NaN or infinite; it is not trained further."""

    number: int
    step: int
    metric: str
    value: float


@dataclass(frozen=True, slots=True)
class Halted:
    """A member was still training when the trainer was halted. ``network`` is that of its last epoch."""

    number: int
    network: TrainedNetwork


@dataclass(frozen=True, slots=True)
class TooLarge:
    """A member does not fit into the memory there is."""

    number: int
    why: str


Event = EpochDone | TrainingDone | Diverged | Halted | TooLarge


@dataclass(frozen=True, slots=True)
class Goal:
    """What members are judged by: a metric of the validation part, and which way is better.

    Attributes:
        metric: A name such as ``val_loss``.
        direction: ``"minimize"`` or ``"maximize"``.
    """

    metric: str
    direction: str

    @property
    def sign(self) -> int:
        """1 to minimise, -1 to maximise."""
        return 1 if self.direction == "minimize" else -1


class LaneTrainer:
    """Trains the batch-norm network on one data set, many configurations at once.

    Args:
        dataset: The data; its training and validation parts are put on every device.
        space: The space that configurations come from.
        goal: The metric that must stay finite.
        epochs: How many epochs a member trains for, at least 1.
    """

    def __init__(self, dataset: Dataset, space: Space, goal: Goal, epochs: int) -> None:
        self.epochs = epochs
        self.goal = goal
        self._devices = lane_devices()
        self._widest = widest_units(space)
        self._rows = len(dataset.y_train)
        self._common = ProgramShape(
            architecture=Architecture(dataset.features, dataset.outputs, 1, 1),
            batch=1,
            dropout=False,
            lanes=lanes_per_device(self._devices[0]),
        )
        self._dataset = dataset

    def train(self, members: Sequence[Member], halt: threading.Event) -> Generator[Event]:
        """Train members to their last epoch, as many at once as there are lanes.

        Args:
            members: Who trains; the order does not change any result.
            halt: When set, every running member stops after its current epoch and leaves with
                :class:`Halted`; members that have not started never appear.

        Yields:
            What happens, in the order in which it happens.
        """
        waiting = _Waiting(members, self._shape_of, self._rows)
        events: queue.SimpleQueue[Event | BaseException | None] = queue.SimpleQueue()
        abandoned = threading.Event()
        threads = [
            threading.Thread(
                target=self._drive, args=(device, waiting, events, (halt, abandoned)), daemon=True
            )
            for device in self._devices[: -(-len(members) // self._common.lanes)]
        ]
        for thread in threads:
            thread.start()
        try:
            running = len(threads)
            while running:
                event = events.get()
                if event is None:
                    running -= 1
                elif isinstance(event, BaseException):
                    raise event
                else:
                    yield event
        finally:
            abandoned.set()  # where nobody listens any more, each thread ends after its current epoch

    def _shape_of(self, member: Member) -> ProgramShape:
        return shape_of(member.settings, self._common, self._widest, self._rows)

    def _drive(
        self,
        device: Device,
        waiting: _Waiting,
        events: queue.SimpleQueue[Event | BaseException | None],
        halts: tuple[threading.Event, ...],
    ) -> None:
        """One device's thread: take a shape, train all its members, take the next shape."""
        try:
            table = _table_on(device, self._dataset)
            while not _any_set(halts) and (shape := waiting.next_shape(device)) is not None:
                population = Population(shape, table, self.epochs)
                self._train_shape(population, waiting, shape, events, halts)
        except BaseException as error:
            events.put(error)
        finally:
            events.put(None)

    def _train_shape(
        self,
        population: Population,
        waiting: _Waiting,
        shape: ProgramShape,
        events: queue.SimpleQueue[Event | BaseException | None],
        halts: tuple[threading.Event, ...],
    ) -> None:
        while True:
            free = [] if _any_set(halts) else population.free_lanes
            newcomers = dict(zip(free, waiting.take(shape, len(free)), strict=False))
            if not newcomers and not population.members:
                return
            try:
                population.start(newcomers)
                reports = population.advance()
            except (MemoryError, jax.errors.JaxRuntimeError) as error:
                _refuse_large(population, newcomers, error, events)
                continue
            for lane, member in population.members:
                step, metrics = reports[lane]
                events.put(EpochDone(member.number, step, metrics))
                ended = self._ended(population, lane, member, step, metrics, _any_set(halts))
                if ended is not None:
                    population.leave(lane)
                    events.put(ended)

    def _ended(
        self,
        population: Population,
        lane: int,
        member: Member,
        step: int,
        metrics: dict[str, float],
        halted: bool,
    ) -> Event | None:
        value = metrics[self.goal.metric]
        if not math.isfinite(value):
            return Diverged(member.number, step, self.goal.metric, value)
        if step == (member.last_epoch or self.epochs):
            return TrainingDone(member.number, population.read(lane))
        if halted:
            return Halted(member.number, population.read(lane))
        return None


class _Waiting:
    """The members that no device has taken yet, by shape; shared by the device threads."""

    def __init__(
        self, members: Sequence[Member], shape_of_member: Callable[[Member], ProgramShape], rows: int
    ) -> None:
        self._lock = threading.Lock()
        self._queues: dict[ProgramShape, deque[Member]] = {}
        for member in members:
            self._queues.setdefault(shape_of_member(member), deque()).append(member)
        self._rows = rows
        self._taken: dict[ProgramShape, set[Device]] = {shape: set() for shape in self._queues}

    def next_shape(self, device: Device) -> ProgramShape | None:
        """The shape a free device should turn to: one nobody trains, the most work first; else help out."""
        with self._lock:
            open_shapes = [shape for shape, members in self._queues.items() if members]
            if not open_shapes:
                return None
            shape = max(open_shapes, key=lambda s: (not self._taken[s], self._work(s)))
            self._taken[shape].add(device)
            return shape

    def take(self, shape: ProgramShape, count: int) -> list[Member]:
        """Up to ``count`` members of a shape."""
        with self._lock:
            members = self._queues[shape]
            return [members.popleft() for _ in range(min(count, len(members)))]

    def _work(self, shape: ProgramShape) -> float:
        return epoch_cost(shape, self._rows) * len(self._queues[shape])


def _refuse_large(
    population: Population,
    newcomers: dict[int, Member],
    error: BaseException,
    events: queue.SimpleQueue[Event | BaseException | None],
) -> None:
    """Free all lanes of a population whose networks do not fit into memory; raise any other error."""
    if not isinstance(error, MemoryError) and "RESOURCE_EXHAUSTED" not in str(error):
        raise error
    for lane, member in {**dict(population.members), **newcomers}.items():
        population.leave(lane)
        events.put(TooLarge(member.number, str(error).splitlines()[0]))
    population.forget()


def _any_set(events: tuple[threading.Event, ...]) -> bool:
    return any(event.is_set() for event in events)


def _table_on(device: Device, dataset: Dataset) -> DeviceTable:
    target = dataset.preprocessing.target
    numeric = isinstance(target, NumericTarget)
    return DeviceTable(
        device,
        TablePart(*jax.device_put((dataset.x_train, dataset.y_train), device)),
        TablePart(*jax.device_put((dataset.x_validation, dataset.y_validation), device)),
        target.scale.std if isinstance(target, NumericTarget) else None,
        float(np.var(dataset.y_validation, dtype=np.float64)) if numeric else 0.0,
    )
