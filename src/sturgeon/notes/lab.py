"""Where claims are measured: tables, seeds, and trainings in lanes."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sturgeon.caviar.backends.device_choice import table_trainer
from sturgeon.caviar.events import EpochDone, Paused, TrainingDone
from sturgeon.caviar.lanes.backend import LaneCheckpoint, TrainingJob
from sturgeon.data import Dataset
from sturgeon.errors import InputError
from sturgeon.network.trained import TrainedNetwork
from sturgeon.notes.tables import NotesTable
from sturgeon.space import Config, notes_space
from sturgeon.study import Objective

METRIC = "val_loss"
WORST = 10.0
"""What a training counts that diverged, or came to more: a guess has at most 2.3 on these tables."""

LEAST = 0.01
"""What a training counts that came to less: on a few dozen rows, what lies below is luck."""

COMPARED = 50
"""Validation rows below which the best of many trials is the luckiest."""


class TooSmall(InputError):
    """No table has what a claim needs.

    Args:
        fewest: Training rows.
        needs: What else; empty for nothing.
    """

    def __init__(self, fewest: int, needs: str = "") -> None:
        more = f" and {needs}" if needs else ""
        super().__init__(
            f"This claim needs {fewest} training rows{more}; the table has not. Use a larger table."
        )
        self.fewest = fewest


@dataclass(frozen=True, slots=True)
class Run:
    """A training that ended.

    Attributes:
        losses: Of the validation rows, after each epoch; up to where it diverged.
        network: What came of it; None where it diverged.
        checkpoint: Where it may go on; None unless asked for.
    """

    losses: tuple[float, ...]
    network: TrainedNetwork | None = None
    checkpoint: LaneCheckpoint | None = None

    @property
    def loss(self) -> float:
        """The last, at least :data:`LEAST` and at most :data:`WORST`."""
        return bounded(self.losses[-1]) if self.network is not None and self.losses else WORST


@dataclass(frozen=True, slots=True)
class Lab:
    """What a claim is measured with.

    Attributes:
        tables: What on.
        seed: Where everything random comes from.
        quick: Fewer repeats.
        numbered: The number of the claim, so that each has its own random numbers.
    """

    tables: tuple[NotesTable, ...]
    seed: int = 0
    quick: bool = False
    numbered: int = 0

    def of_claim(self, number: int) -> Lab:
        """The same for another claim."""
        return replace(self, numbered=number)

    def pick(self, quick: int, full: int) -> int:
        """How many: of the quick run or of the whole one."""
        return quick if self.quick else full

    def rng(self, *keys: int) -> np.random.Generator:
        """Random numbers of this claim and these keys alone."""
        return np.random.default_rng(np.random.SeedSequence((self.seed, self.numbered, *keys)))

    def seeds(self, count: int, *keys: int) -> list[int]:
        """Seeds of trainings or splits."""
        return [int(one) for one in self.rng(77, *keys).integers(0, 2**31 - 1, count)]

    def fitting(self, fewest: int, *, most: int | None = None, compared: int = 0) -> list[NotesTable]:
        """The tables that have so many training rows.

        Args:
            fewest: Training rows.
            most: Give the first few only.
            compared: Leave out those with fewer validation rows, on which the best of many trials is luck,
                unless there are no others.

        Raises:
            TooSmall: None has.
        """
        kept = [table for table in self.tables if table.rows[0] >= fewest]
        if not kept:
            raise TooSmall(fewest)
        return ([table for table in kept if table.rows[1] >= compared] or kept)[:most]


def bounded(loss: float) -> float:
    """A loss, at least :data:`LEAST` and at most :data:`WORST`."""
    return min(max(loss, LEAST), WORST) if math.isfinite(loss) else WORST


def train_all(
    data: Dataset,
    configs: Sequence[Config],
    seeds: Sequence[int],
    *,
    epochs: int,
    begin: Sequence[LaneCheckpoint | None] | None = None,
    pause: bool = False,
    horizon: int | None = None,
) -> list[Run]:
    """Train configurations in lanes, as many at once as there are cores.

    Args:
        data: The rows.
        configs: What is trained.
        seeds: The seed of each.
        epochs: The epoch after which each ends.
        begin: Where each goes on from; None for the beginning.
        pause: Whether each is to leave a checkpoint.
        horizon: The epochs that schedules count on; None for ``epochs``.
    """
    begins = begin or [None] * len(configs)
    jobs = [
        TrainingJob(number, seed, config, epochs, checkpoint, epochs if pause else None)
        for number, (config, seed, checkpoint) in enumerate(zip(configs, seeds, begins, strict=True))
    ]
    if pause:
        jobs = [replace(job, last_epoch=epochs + 1) for job in jobs]
    trainer = table_trainer(data, notes_space(), Objective(METRIC, "minimize"), horizon or epochs)
    losses: list[list[float]] = [[] for _ in jobs]
    ends: list[Run | None] = [None for _ in jobs]
    for event in trainer.train(jobs, threading.Event()):
        number = event.number
        if isinstance(event, EpochDone):
            losses[number].append(float(event.metrics[METRIC]))
        elif isinstance(event, TrainingDone):
            ends[number] = Run(tuple(losses[number]), event.network)
        elif isinstance(event, Paused):
            ends[number] = Run(tuple(losses[number]), event.network, event.checkpoint)
    return [end or Run(tuple(losses[number])) for number, end in enumerate(ends)]


def answers(network: TrainedNetwork, x: np.ndarray, *, own: bool) -> np.ndarray:
    """What a network answers, in NumPy.

    Args:
        network: A trained one.
        x: Normalised inputs, ``[rows, features]``.
        own: Whether hidden units are normalised by these rows' own mean and variance, as in training, in
            place of the running averages (N11).
    """
    w, s = network.weights, network.statistics
    layers = [np.asarray(w.first), *np.asarray(w.hidden)]
    act: Callable[[np.ndarray], np.ndarray] = (
        np.tanh if network.architecture.activation == "tanh" else lambda z: np.maximum(z, 0)
    )
    a = x[:, : network.architecture.features].astype(float)
    for level, weights in enumerate(layers):
        z = a @ weights
        mean, variance = (z.mean(0), z.var(0)) if own else (s.mean[level], s.variance[level])
        a = act(w.gamma[level] * (z - mean) / np.sqrt(variance + network.norm_epsilon) + w.beta[level])
    return a @ np.asarray(w.last) + np.asarray(w.bias)


def loss_of(outputs: np.ndarray, y: np.ndarray) -> float:
    """Log loss of classes, or the mean squared error, bounded."""
    if y.dtype != np.int32:
        return bounded(float(np.mean((outputs[:, 0] - y) ** 2)))
    shifted = outputs - outputs.max(axis=1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return bounded(float(-logs[np.arange(len(y)), y].mean()))
