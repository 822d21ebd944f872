"""How long an epoch takes: a few configurations trained for a moment, and a rule for all the others.

An epoch's time is modelled as a·(multiply-adds) + b·(steps), per lane, and b' for each step of the whole
block, with a, b, b' ≥ 0 fitted by least squares of relative errors.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sturgeon.caviar.backends.table_backend import TableBackend, TableBlock
from sturgeon.caviar.events import EpochDone
from sturgeon.caviar.lanes.backend import TrainingJob
from sturgeon.caviar.lanes.lanes import Lanes
from sturgeon.caviar.trainer import LaneTrainer
from sturgeon.data import Dataset
from sturgeon.space import Config

# Time grows with the rows, so more than these are not needed to measure it; with small mini-batches an epoch
# of them takes a second.
MOST_ROWS = 50_000
_FEWEST_EPOCHS = 3


@dataclass(frozen=True, slots=True)
class Timing:
    """How long one configuration took.

    Attributes:
        config: The configuration.
        first: Seconds of its first epoch, compiling included.
        epoch: Seconds of an epoch after that; of the first where there was none.
    """

    config: Config
    first: float
    epoch: float


def cut_rows(dataset: Dataset) -> Dataset:
    """The dataset, or as many of its rows as are enough to measure times on; views."""
    share = min(1.0, MOST_ROWS / len(dataset.y_train))
    if share == 1.0:
        return dataset
    training, validation = (max(2, round(share * rows)) for rows in _rows(dataset))
    return replace(
        dataset,
        x_train=dataset.x_train[:training],
        y_train=dataset.y_train[:training],
        x_validation=dataset.x_validation[:validation],
        y_validation=dataset.y_validation[:validation],
    )


def _rows(dataset: Dataset) -> tuple[int, int]:
    return len(dataset.y_train), len(dataset.y_validation)


def time_configs(
    trainer: LaneTrainer, configs: Sequence[Config], *, seconds: float, tell: Callable[[str], None]
) -> list[Timing]:
    """Train some configurations, one on each device at a time, and time their epochs.

    Args:
        trainer: A trainer whose jobs end far later than they are timed.
        configs: What to train.
        seconds: How long all may take together, compiling left out.
        tell: Told in words what goes on.

    Returns:
        One for each configuration that got through an epoch, in no particular order.
    """
    waiting = deque(enumerate(configs))
    at_once = len(trainer.backend.devices)
    each = seconds * at_once / len(configs)
    ends: dict[int, list[float]] = {}
    with trainer.open() as lanes:
        for _ in range(min(at_once, len(waiting))):
            _start(lanes, waiting, ends)
        while lanes.in_flight:
            event = lanes.next_event()
            assert event is not None
            if not isinstance(event, EpochDone):
                if waiting:
                    _start(lanes, waiting, ends)
                    tell(f"measuring: {len(configs) - len(waiting)} of {len(configs)} configurations")
                continue
            told = ends[event.number]
            told.append(time.monotonic())
            trained = len(told) - 1
            steady = told[-1] - told[1]
            if (steady > each and trained > _FEWEST_EPOCHS) or steady > 3 * each:
                lanes.order(event.number, "stop")
    return [_timing(configs[number], told) for number, told in ends.items() if len(told) > 1]


def _start(lanes: Lanes, waiting: deque[tuple[int, Config]], ends: dict[int, list[float]]) -> None:
    number, config = waiting.popleft()
    ends[number] = [time.monotonic()]
    lanes.start(TrainingJob(number, number, config))


def _timing(config: Config, ends: list[float]) -> Timing:
    first = ends[1] - ends[0]
    if len(ends) == 2:
        return Timing(config, first, first)
    # Short epochs are told of in bursts: what one took is seen only on average.
    return Timing(config, first, (ends[-1] - ends[1]) / (len(ends) - 2))


class EpochTime:
    """Predicts how long an epoch of a block takes, from a few that were timed.

    Args:
        backend: The kind of training that was timed.
        timings: What was measured, at least one.
        measured_rows: Training rows of what was timed.
        rows: Training rows to predict for.
    """

    def __init__(
        self, backend: TableBackend, timings: Sequence[Timing], *, measured_rows: int, rows: int
    ) -> None:
        from scipy.optimize import nnls  # only here: loading it takes most of a second

        self._backend = backend
        self._measured_rows = measured_rows
        self._scale = rows / measured_rows
        measured = np.array([timing.epoch for timing in timings])
        facts = np.array([self._facts(backend.block_of(timing.config)) for timing in timings])
        self._weights, _ = nnls(facts / measured[:, None], np.ones(len(measured)))

    def of(self, block: TableBlock) -> float:
        """Seconds of one epoch of all the block's lanes together."""
        return self._scale * float(self._facts(block) @ self._weights)

    def _facts(self, block: TableBlock) -> np.ndarray:
        lanes = self._backend.lanes(block, self._backend.devices[0])
        steps = self._measured_rows / block.shape.batch
        return np.array([lanes * self._backend.cost(block), lanes * steps, steps])
