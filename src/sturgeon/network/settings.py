"""From a configuration to what the network and its training need to know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np

from sturgeon.errors import InputError, SpaceError
from sturgeon.network.schedules import SCHEDULES, learning_rate_at
from sturgeon.network.weights import ACTIVATIONS, Architecture, Array
from sturgeon.space import Choice, Config, Constant, Hyperparameter, Integer, Real, Space

Precision = Literal["float32", "bfloat16"]
OPTIMIZERS = ("gradient_descent", "momentum", "adam")
EMBEDDINGS = ("none", "piecewise_linear")
MADE_OF = ("hidden_units", "layers", "activation", "embedding", "optimizer")
"""What the network and its optimiser's state are made of: it cannot change in the middle of a training."""


class OptimizerSettings(NamedTuple):
    """The settings of one training's optimiser; scalars, or one value per lane.

    Attributes:
        adam: True for Adam, False for momentum and gradient descent.
        first_decay: β₁ of Adam, β of momentum, 0 for gradient descent; in [0, 1).
        second_decay: β₂ of Adam, in [0, 1).
        epsilon: ε of Adam, positive.
        weight_decay: λ, at least 0.
    """

    adam: Array
    first_decay: Array
    second_decay: Array
    epsilon: Array
    weight_decay: Array


def check_precision(precision: str) -> None:
    """Raise unless it is one that the network knows.

    Raises:
        InputError: It is not.
    """
    if precision not in get_args(Precision):
        raise InputError(f"`precision` must be 'float32' or 'bfloat16'; got {precision!r}. Name one of them.")


class LaneSettings(NamedTuple):
    """What a lane's compiled program takes as traced values; scalars, or one value per lane."""

    optimizer: OptimizerSettings
    dropout: Array
    norm_momentum: Array
    norm_epsilon: Array

    @classmethod
    def of_vector(cls, values: Array) -> LaneSettings:
        """Undo :meth:`TrainingSettings.lane_vector`, inside a compiled program."""
        adam, first, second, epsilon, weight_decay, dropout, norm_momentum, norm_epsilon = values
        optimizer = OptimizerSettings(adam > 0, first, second, epsilon, weight_decay)
        return cls(optimizer, dropout, norm_momentum, norm_epsilon)


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """One configuration of the batch-norm network, complete: every hyperparameter has a value.

    What an inactive hyperparameter is set to has no effect on the training.
    """

    learning_rate: float = 0.01
    optimizer: str = "adam"
    momentum: float = 0.9
    batch_size: int = 64
    hidden_units: int = 75
    layers: int = 3
    schedule: str = "inverse_time"
    decay: float = 0.01
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    dropout: float = 0.0
    weight_decay: float = 0.0
    activation: str = "relu"
    norm_momentum: float = 0.9
    norm_epsilon: float = 1e-5
    embedding: str = "none"

    @classmethod
    def of(cls, config: Config) -> TrainingSettings:
        """Read a configuration; what it does not name keeps its default."""
        return cls(**config)  # pyright: ignore[reportArgumentType]  (check_network_space saw the types)

    def architecture(self, features: int, outputs: int) -> Architecture:
        """The sizes of the network for a table of so many features and outputs."""
        return Architecture(features, outputs, self.hidden_units, self.layers, self.activation)  # pyright: ignore[reportArgumentType]

    def lane_settings(self) -> LaneSettings:
        """The traced values, as float32 scalars."""
        first = {"adam": self.beta1, "momentum": self.momentum, "gradient_descent": 0.0}[self.optimizer]
        optimizer = OptimizerSettings(
            np.bool_(self.optimizer == "adam"),
            np.float32(first),
            np.float32(self.beta2),
            np.float32(self.epsilon),
            np.float32(self.weight_decay),
        )
        return LaneSettings(
            optimizer, np.float32(self.dropout), np.float32(self.norm_momentum), np.float32(self.norm_epsilon)
        )

    def lane_vector(self) -> np.ndarray:
        """The traced values as one float32 vector: one array to hand to a device instead of eight."""
        optimizer, *rest = self.lane_settings()
        return np.array([*optimizer, *rest], np.float32)

    def learning_rate_at(self, epoch: int, epochs: int) -> float:
        """The learning rate of one epoch of ``epochs``."""
        return learning_rate_at(
            epoch, epochs, initial=self.learning_rate, schedule=self.schedule, decay=self.decay
        )


# What each hyperparameter of the network may be: a closed range of numbers, or the words it knows.
ALLOWED: dict[str, tuple[type, float, float] | tuple[str, ...]] = {
    "learning_rate": (float, 1e-12, 1e3),
    "momentum": (float, 0.0, 1 - 1e-6),
    "batch_size": (int, 2, 2**20),
    "hidden_units": (int, 1, 2**16),
    "layers": (int, 1, 64),
    "decay": (float, 0.0, 1e6),
    "beta1": (float, 0.0, 1 - 1e-6),
    "beta2": (float, 0.0, 1 - 1e-6),
    "epsilon": (float, 1e-16, 1.0),
    "dropout": (float, 0.0, 0.95),
    "weight_decay": (float, 0.0, 1e3),
    "norm_momentum": (float, 0.0, 1 - 1e-6),
    "norm_epsilon": (float, 1e-12, 1.0),
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "activation": ACTIVATIONS,
    "embedding": EMBEDDINGS,
}


def check_network_space(space: Space) -> None:
    """See that every configuration of a space can be trained.

    Raises:
        SpaceError: A name that the network does not know, or a value it cannot take.
    """
    for name in space.names:
        allowed = ALLOWED.get(name)
        if allowed is None:
            raise SpaceError(
                f"A hyperparameter of the network must be one of {', '.join(sorted(ALLOWED))}; got {name!r}."
            )
        for value in _extremes(space[name]):
            if not _takes(allowed, value):
                raise SpaceError(f"{name!r} must be {_in_words(allowed)}; got {value!r}.")


def _extremes(hyperparameter: Hyperparameter) -> tuple[object, ...]:
    if isinstance(hyperparameter, Constant):
        return (hyperparameter.value,)
    if isinstance(hyperparameter, Choice):
        return tuple(hyperparameter.options)
    assert isinstance(hyperparameter, Real | Integer)
    return (hyperparameter.low, hyperparameter.high)


def _takes(allowed: tuple[type, float, float] | tuple[str, ...], value: object) -> bool:
    if isinstance(allowed[0], str):
        return value in allowed
    kind, low, high = allowed
    numbers = (int,) if kind is int else (int, float)
    return (
        isinstance(value, numbers)
        and not isinstance(value, bool)
        and float(low) <= float(value) <= float(high)
    )


def _in_words(allowed: tuple[type, float, float] | tuple[str, ...]) -> str:
    if isinstance(allowed[0], str):
        return "one of " + ", ".join(str(word) for word in allowed)
    kind, low, high = allowed
    return f"{'an integer' if kind is int else 'a number'} in [{low:g}, {high:g}]"
