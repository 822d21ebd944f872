"""What lanes tell: an epoch done, a training ended, and how."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sturgeon.caviar.lanes.backend import LaneCheckpoint


@dataclass(frozen=True, slots=True)
class EpochDone:
    """A job has trained one more epoch; ``step`` counts from 1, and ``seconds`` is how long its lane took."""

    number: int
    step: int
    metrics: dict[str, float]
    seconds: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class TrainingDone:
    """A job has trained all its epochs."""

    number: int
    network: Any


@dataclass(frozen=True, slots=True)
class Diverged:
    """A job's metric is NaN or infinite; it is not trained further."""

    number: int
    step: int
    metric: str
    value: float


@dataclass(frozen=True, slots=True)
class Halted:
    """A job was told to stop, or the trainer was halted. ``network`` is that of its last epoch."""

    number: int
    network: Any


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A job was told to stop while it waited for a lane."""

    number: int


@dataclass(frozen=True, slots=True)
class Paused:
    """A job was told to pause, or is to be judged. It goes on from ``checkpoint``."""

    number: int
    checkpoint: LaneCheckpoint
    network: Any


@dataclass(frozen=True, slots=True)
class TooLarge:
    """A job does not fit into the memory there is, not even alone."""

    number: int
    why: str


@dataclass(frozen=True, slots=True)
class Broken:
    """A job's configuration raised an error before its first epoch; the others go on."""

    number: int
    error: Exception


Event = EpochDone | TrainingDone | Diverged | Halted | Withdrawn | Paused | TooLarge | Broken
