"""The new rows in disjoint blocks: a pair's networks train outside a block, and are judged on it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sturgeon.caviar.backends.device_choice import table_trainer
from sturgeon.caviar.events import EpochDone, TrainingDone
from sturgeon.caviar.lanes.backend import LaneProgram, TrainingBackend, TrainingJob
from sturgeon.caviar.lanes.devices import Device
from sturgeon.caviar.opening import StudySettings
from sturgeon.caviar.trainer import LaneTrainer
from sturgeon.data import Dataset
from sturgeon.data.groups import assign_groups
from sturgeon.data.splits import assign_folds, bin_by_size
from sturgeon.errors import DataError, option
from sturgeon.recheck.candidates import Candidate
from sturgeon.space import Config

FEWEST_BLOCKS = 12
"""Fewer pairs than that could hardly ever show anything."""
FEWEST_ROWS = 8
"""A block has at least so many rows."""
_BLOCK = "_block"


def count_blocks(rows: int, wanted: int) -> int:
    """How many blocks rows can be cut into: as many as wanted, or as have rows enough.

    Example:
        >>> count_blocks(1000, 30), count_blocks(160, 30), count_blocks(20, 30)
        (30, 20, 2)
    """
    return min(wanted, rows // FEWEST_ROWS)


class Blocks:
    """Rows in disjoint blocks.

    Args:
        dataset: The rows, all of them in its training part.
        count: How many blocks.
        seed: Which row goes to which.
        first: Where rows are in order of time: those from this one on are cut into blocks in that order, and
            a block's networks train on rows before it only. None where they are in no order.
        window: In order of time, on how many rows before a block its networks train; None for all.
        share: On which share of these rows they train.
        groups: Each row's group, from 0, where rows belong together: none is in a block and in the rows that
            the block's networks train on. None for rows that do not.

    Raises:
        DataError: In order of time, groups leave a block with hardly a row to train on.

    Attributes:
        count: How many blocks.
        share: On which share of the rows outside a block its networks train.
    """

    def __init__(
        self,
        dataset: Dataset,
        count: int,
        seed: int,
        *,
        first: int | None = None,
        window: int | None = None,
        share: float = 1.0,
        groups: np.ndarray | None = None,
    ) -> None:
        self._dataset = dataset
        self._groups = groups
        self.count = count
        self._window = window
        self._seed = seed
        rows = len(dataset.y_train)
        if first is not None:
            self._ends = np.linspace(first, rows, count + 1).round().astype(int)
            self._order = np.random.default_rng(seed).permutation(count)
        else:
            y = dataset.y_train
            strata = y.astype(np.int64) if y.dtype.kind == "i" else bin_by_size(y)
            if groups is None:
                self._block_of = assign_folds(strata, folds=count, seed=seed)
            else:
                self._block_of = assign_groups(groups, strata, [1 / count] * count, seed=seed)
        self._in_time = first is not None
        self.share = share
        if self._in_time and groups is not None:
            self._refuse_few_to_learn_from()

    def part(self, number: int) -> Dataset:
        """The data of a pair: the block is the validation part.

        Args:
            number: Which block, from 0.
        """
        part = self._part(number)
        if self.share >= 1:
            return part
        # The rows that are left out become the test part, which nobody looks at.
        rows = len(part.y_train)
        taken = np.random.default_rng((self._seed, number)).permutation(rows) >= round(self.share * rows)
        return replace(
            replace(part, fold_of=taken.astype(int)).fold(1),
            x_validation=part.x_validation,
            y_validation=part.y_validation,
        )

    def _part(self, number: int) -> Dataset:
        data = self._dataset
        if not self._in_time:
            return replace(data, fold_of=self._block_of).fold(number)
        block = int(self._order[number])  # so that the first pairs are not all of the same time
        learnt, judged = self._rows_in_time(block)
        rows = np.concatenate([learnt, judged])
        held = np.repeat([0, 1], [len(learnt), len(judged)])
        earlier = replace(
            data, x_train=data.x_train[rows], y_train=data.y_train[rows], fold_of=held, pooled=()
        )
        return earlier.fold(1)

    def _rows_in_time(self, block: int) -> tuple[np.ndarray, np.ndarray]:
        """The rows that a block's networks train on, which are earlier, and those of the block."""
        start, end = self._ends[block], self._ends[block + 1]
        begin = 0 if self._window is None else max(0, start - self._window)
        learnt, judged = np.arange(begin, start), np.arange(start, end)
        if self._groups is not None:
            learnt = learnt[~np.isin(self._groups[learnt], self._groups[judged])]
        return learnt, judged

    def _refuse_few_to_learn_from(self) -> None:
        fewest = min(len(self._rows_in_time(block)[0]) for block in range(self.count))
        if fewest < 2 * FEWEST_ROWS:
            raise DataError(
                "in order of time, networks learn from earlier rows of other groups than they are judged on; "
                f"the groups leave {fewest} rows to learn from; leave `{option('time_column')}` out, or name "
                f"a longer `{option('window')}`"
            )


class BlockBackend(TrainingBackend):
    """Trainings on several blocks side by side: a job's configuration says on which.

    Args:
        parts: By block the backend of its rows; all of one kind.
    """

    def __init__(self, parts: dict[int, TrainingBackend]) -> None:
        self._parts = parts
        self._first = next(iter(parts.values()))

    @property
    def devices(self) -> tuple[Device, ...]:
        """Those of every block."""
        return self._first.devices

    def block_of(self, config: Config) -> Hashable:
        """The block of rows, and the program of the network."""
        number, own = _apart(config)
        return number, self._parts[number].block_of(own)

    def cost(self, block: Any) -> float:
        """See :class:`TrainingBackend`."""
        return self._parts[block[0]].cost(block[1])

    def useful_cost(self, config: Config) -> float:
        """See :class:`TrainingBackend`."""
        number, own = _apart(config)
        return self._parts[number].useful_cost(own)

    def lanes(self, block: Any, device: Device) -> int:
        """See :class:`TrainingBackend`."""
        return self._parts[block[0]].lanes(block[1], device)

    def lanes_for(self, jobs: int, block: Any, device: Device) -> int:
        """See :class:`TrainingBackend`."""
        return self._parts[block[0]].lanes_for(jobs, block[1], device)

    def typical_lanes(self, device: Device) -> int:
        """See :class:`TrainingBackend`."""
        return self._first.typical_lanes(device)

    def program(self, block: Any, device: Device, lanes: int) -> LaneProgram:
        """The program of the block's rows."""
        return _OwnConfig(self._parts[block[0]].program(block[1], device, lanes))


class _OwnConfig(LaneProgram):
    """A program that is handed jobs without the block in their configuration."""

    def __init__(self, program: LaneProgram) -> None:
        self._program = program
        self.asynchronous = program.asynchronous

    def start(self, job: TrainingJob) -> Any:
        return self._program.start(_own(job))

    def restore(self, job: TrainingJob, leaves: Sequence[np.ndarray]) -> Any:
        return self._program.restore(_own(job), leaves)

    def leaves(self, job: TrainingJob, state: Any) -> tuple[np.ndarray, ...]:
        return self._program.leaves(_own(job), state)

    def network(self, job: TrainingJob, state: Any) -> Any:
        return self._program.network(_own(job), state)

    def put(self, state: Any, newcomers: dict[int, Any], lanes: int) -> Any:
        return self._program.put(state, newcomers, lanes)

    def select(self, state: Any, lanes: Sequence[int]) -> Any:
        return self._program.select(state, lanes)

    def lane(self, state: Any, index: int) -> Any:
        return self._program.lane(state, index)

    def inputs(self, work: Sequence[tuple[TrainingJob, int]]) -> Any:
        return self._program.inputs([(_own(job), epoch) for job, epoch in work])

    def run(self, state: Any, inputs: Any) -> tuple[Any, Any]:
        return self._program.run(state, inputs)

    def reports(self, results: Any) -> Sequence[dict[str, float]]:
        return self._program.reports(results)


def _apart(config: Config) -> tuple[int, Config]:
    own = dict(config)
    return int(own.pop(_BLOCK)), own  # pyright: ignore[reportArgumentType]


def _own(job: TrainingJob) -> TrainingJob:
    return replace(job, config=_apart(job.config)[1])


class BlockTrainer:
    """Trains candidates on blocks, as many at once as there are lanes.

    Args:
        blocks: The rows.
        settings: What held for every trial of the study, with the metric to compare by.
        seed: Where the seeds of the pairs come from.
        halt: When set, trainings end after their current epoch.
        on_epoch: Called with every epoch of every network.

    Attributes:
        epochs: Epochs trained so far, each one network's over the rows outside a block.
    """

    def __init__(
        self,
        blocks: Blocks,
        settings: StudySettings,
        seed: int,
        halt: threading.Event,
        on_epoch: Callable[[int], None] = lambda epochs: None,
    ) -> None:
        self._blocks = blocks
        self._settings = settings
        self._seed = seed
        self._halt = halt
        self._on_epoch = on_epoch
        self.epochs = 0.0

    def __call__(self, candidates: Sequence[Candidate], pairs: Sequence[int]) -> dict[tuple[int, int], float]:
        """Train each candidate in each pair; see :data:`sturgeon.recheck.race.Evaluate`."""
        settings, objective = self._settings, self._settings.objective
        parts = {pair: self._blocks.part(pair) for pair in pairs}
        first = table_trainer(
            parts[pairs[0]], settings.space, objective, settings.epochs, precision=settings.precision
        ).backend
        backends = {pair: first if pair == pairs[0] else first.with_dataset(parts[pair]) for pair in pairs}  # pyright: ignore[reportAttributeAccessIssue]
        trainer = LaneTrainer(BlockBackend(backends), objective, settings.epochs)
        who = [(one, pair) for pair in pairs for one in candidates]
        jobs = [
            TrainingJob(number, pair_seed(self._seed, pair), {**one.config, _BLOCK: pair}, one.epochs)
            for number, (one, pair) in enumerate(who)
        ]
        values: dict[tuple[int, int], float] = {}
        last: dict[int, float] = {}
        for event in trainer.train(jobs, self._halt):
            one, pair = who[event.number]
            if isinstance(event, EpochDone):
                self.epochs += self._blocks.share
                self._on_epoch(round(self.epochs))
                last[event.number] = objective.sign * event.metrics[objective.metric]
            elif isinstance(event, TrainingDone):
                values[one.number, pair] = last[event.number]
            elif not self._halt.is_set():
                values[one.number, pair] = np.inf
        return values


def pair_seed(seed: int, pair: int) -> int:
    """The seed of both trainings of a pair.

    Example:
        >>> pair_seed(0, 1) == pair_seed(0, 2)
        False
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(4, pair))
    return int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(1))
