"""A trial that trains one network a fold, all of them in step, in one lane.

Its metrics are the means over the folds, so all that reads a curve, pauses a trial or keeps its state works
as for a single network.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sturgeon.caviar.lanes.backend import LaneProgram, TrainingBackend, TrainingJob
from sturgeon.caviar.lanes.devices import Device
from sturgeon.network.trained import TrainedNetwork
from sturgeon.search.folds import fold_metric
from sturgeon.space import Config


class FoldedBackend(TrainingBackend):
    """Trainings of one network a fold.

    Args:
        folds: A backend for each fold, at least 2, all of one kind.
        metric: The metric of which the standard error over the folds, and the value on each, are reported.
    """

    def __init__(self, folds: Sequence[TrainingBackend], metric: str) -> None:
        self._folds = tuple(folds)
        self._metric = metric

    @property
    def devices(self) -> tuple[Device, ...]:
        """Those of every fold."""
        return self._folds[0].devices

    def block_of(self, config: Config) -> Hashable:
        """The folds' blocks: they differ where a mini-batch is as large as a fold's training rows."""
        return tuple(fold.block_of(config) for fold in self._folds)

    def cost(self, block: Any) -> float:
        """The sum over the folds."""
        return sum(fold.cost(own) for fold, own in zip(self._folds, block, strict=True))

    def useful_cost(self, config: Config) -> float:
        """The sum over the folds."""
        return sum(fold.useful_cost(config) for fold in self._folds)

    def lanes(self, block: Any, device: Device) -> int:
        """As many as there is room for with all folds."""
        return max(1, self._folds[0].lanes(block[0], device) // self._share(device))

    def lanes_for(self, jobs: int, block: Any, device: Device) -> int:
        """As for a single network, within what there is room for."""
        return min(self._folds[0].lanes_for(jobs, block[0], device), self.lanes(block, device))

    def typical_lanes(self, device: Device) -> int:
        """As for a single network."""
        return self._folds[0].typical_lanes(device)

    def program(self, block: Any, device: Device, lanes: int) -> LaneProgram:
        """The folds' programs, one after the other."""
        programs = [fold.program(own, device, lanes) for fold, own in zip(self._folds, block, strict=True)]
        return _FoldedProgram(programs, self._metric)

    def _share(self, device: Device) -> int:
        """Into how many parts the memory is cut: that of a processor is not what bounds the lanes there."""
        return 1 if device.platform == "cpu" else len(self._folds)


class _FoldedProgram(LaneProgram):
    """The state of a lane, or of all, is a tuple of the folds' own."""

    def __init__(self, folds: Sequence[LaneProgram], metric: str) -> None:
        self._folds = tuple(folds)
        self._metric = metric
        self.asynchronous = self._folds[0].asynchronous

    def start(self, job: TrainingJob) -> Any:
        return tuple(fold.start(own) for fold, own in zip(self._folds, self._jobs(job), strict=True))

    def restore(self, job: TrainingJob, leaves: Sequence[np.ndarray]) -> Any:
        size = len(leaves) // len(self._folds)
        return tuple(
            fold.restore(_in_fold(job, number), leaves[number * size : (number + 1) * size])
            for number, fold in enumerate(self._folds)
        )

    def leaves(self, job: TrainingJob, state: Any) -> tuple[np.ndarray, ...]:
        each = (fold.leaves(*own) for fold, *own in zip(self._folds, self._jobs(job), state, strict=True))
        return tuple(itertools.chain.from_iterable(each))

    def network(self, job: TrainingJob, state: Any) -> tuple[TrainedNetwork, ...]:
        jobs = self._jobs(job)
        return tuple(fold.network(*own) for fold, *own in zip(self._folds, jobs, state, strict=True))

    def put(self, state: Any, newcomers: dict[int, Any], lanes: int) -> Any:
        before = state or (None,) * len(self._folds)
        return tuple(
            fold.put(own, {lane: new[number] for lane, new in newcomers.items()}, lanes)
            for number, (fold, own) in enumerate(zip(self._folds, before, strict=True))
        )

    def select(self, state: Any, lanes: Sequence[int]) -> Any:
        return tuple(fold.select(own, lanes) for fold, own in zip(self._folds, state, strict=True))

    def lane(self, state: Any, index: int) -> Any:
        return tuple(fold.lane(own, index) for fold, own in zip(self._folds, state, strict=True))

    def inputs(self, work: Sequence[tuple[TrainingJob, int]]) -> Any:
        return [
            fold.inputs([(_in_fold(job, number), epoch) for job, epoch in work])
            for number, fold in enumerate(self._folds)
        ]

    def run(self, state: Any, inputs: Any) -> tuple[Any, Any]:
        ran = [fold.run(*own) for fold, *own in zip(self._folds, state, inputs, strict=True)]
        return tuple(after for after, _ in ran), [results for _, results in ran]

    def reports(self, results: Any) -> Sequence[dict[str, float]]:
        by_fold = [fold.reports(own) for fold, own in zip(self._folds, results, strict=True)]
        return [mean_over_folds(of_lane, self._metric) for of_lane in zip(*by_fold, strict=True)]

    def _jobs(self, job: TrainingJob) -> list[TrainingJob]:
        return [_in_fold(job, number) for number in range(len(self._folds))]


def fold_seed(trial_seed: int, fold: int) -> int:
    """The seed of a trial's training on a fold, which depends on the two numbers only.

    Example:
        >>> fold_seed(5, 0) == fold_seed(5, 1)
        False
    """
    sequence = np.random.SeedSequence(trial_seed, spawn_key=(3, fold))
    return int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(1))


def mean_over_folds(reports: Sequence[dict[str, float]], metric: str) -> dict[str, float]:
    """The mean of each metric; of one also its standard error, as ``metric_se``, and its value on each fold.

    Args:
        reports: The metrics of each fold, at least 2.
        metric: Which one.

    Example:
        >>> mean_over_folds([{"loss": 1.0}, {"loss": 3.0}], "loss")
        {'loss': 2.0, 'loss_se': 1.0, 'loss_fold_0': 1.0, 'loss_fold_1': 3.0}
    """
    with np.errstate(all="ignore"):  # a training that diverged
        means = {name: float(np.mean([report[name] for report in reports])) for name in reports[0]}
        deviation = np.std([report[metric] for report in reports], ddof=1)
    by_fold = {fold_metric(metric, number): report[metric] for number, report in enumerate(reports)}
    return {**means, f"{metric}_se": float(deviation) / math.sqrt(len(reports)), **by_fold}


def _in_fold(job: TrainingJob, fold: int) -> TrainingJob:
    return replace(job, seed=fold_seed(job.seed, fold), checkpoint=None)
