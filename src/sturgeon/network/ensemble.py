"""Several trained networks that answer together: the weighted mean of what each of them says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sturgeon.network.trained import TrainedNetwork
from sturgeon.network.weights import Architecture

# The least probability that float32 can hold; its logarithm is finite.
_LEAST = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True, slots=True)
class Member:
    """A network of an ensemble.

    Attributes:
        network: The network.
        weight: Its share of the answer, above 0; those of an ensemble sum to 1.
        trial: The trial that trained it.
        fold: The fold, from 0, that it did not see.
        config: The trial's configuration.
    """

    network: TrainedNetwork
    weight: float
    trial: int
    fold: int
    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NetworkEnsemble:
    """Networks with the same outputs, at least one; of the inputs, one may read the first ones only.

    Attributes:
        members: The networks, with their weights.
    """

    members: tuple[Member, ...]

    @property
    def architecture(self) -> Architecture:
        """That of the first member; the outputs are the same for all."""
        return self.members[0].network.architecture

    def outputs(self, inputs: np.ndarray) -> np.ndarray:
        """The weighted mean, in the form of one network's outputs.

        Args:
            inputs: ``[rows, features]``, normalised as the training inputs were.

        Returns:
            float64: the logarithms of the mean probabilities ``[rows, classes]``, whose softmax these are; or
            the mean of the standardised targets ``[rows, 1]``.
        """
        mean = np.zeros((len(inputs), self.architecture.outputs))
        for member in self.members:
            mean += member.weight * answers_of(member.network.outputs(inputs))
        return outputs_of(mean)


def answers_of(outputs: np.ndarray) -> np.ndarray:
    """What is averaged: probabilities ``[rows, classes]`` of logits; a standardised target as it is.

    Example:
        >>> answers_of(np.array([[0.0, 0.0]])).tolist(), answers_of(np.array([[0.5]])).tolist()
        ([[0.5, 0.5]], [[0.5]])
    """
    if outputs.shape[1] == 1:
        return outputs.astype(np.float64)
    raised = np.exp(outputs.astype(np.float64) - outputs.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def outputs_of(answers: np.ndarray) -> np.ndarray:
    """Undo :func:`answers_of`: the logits whose softmax the probabilities are."""
    return answers if answers.shape[1] == 1 else np.log(np.maximum(answers, _LEAST))


def row_losses(answers: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The log loss or the squared error of every row.

    Args:
        answers: ``[rows, outputs]``, of :func:`answers_of`.
        targets: ``[rows]``: integer classes, or the standardised target.

    Example:
        >>> row_losses(np.array([[0.5], [1.0]]), np.array([0.0, 1.0])).tolist()
        [0.25, 0.0]
    """
    if targets.dtype.kind == "i":
        return log_losses(answers[np.arange(len(targets)), targets])
    return np.square(answers[:, 0] - targets)


def log_losses(probabilities: np.ndarray) -> np.ndarray:
    """The log loss by the probability of the true class; finite where that is 0.

    Example:
        >>> log_losses(np.array([1.0, 0.5])).round(3).tolist()
        [-0.0, 0.693]
    """
    return -np.log(np.maximum(probabilities, _LEAST))
