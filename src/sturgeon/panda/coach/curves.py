"""The curves that the coach looks at, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sturgeon.panda.coach.vitals import Vitals


@dataclass(frozen=True, slots=True)
class Epoch:
    """One epoch of a training.

    Attributes:
        number: Which, from 1.
        metrics: What was reported.
        values: The hyperparameters at its end.
        vitals: What the network told beside, where it is known.
    """

    number: int
    metrics: Mapping[str, float]
    values: Mapping[str, Any]
    vitals: Vitals | None = None


@dataclass(frozen=True, slots=True)
class Curves:
    """The curves that the coach looks at; lower is better in both.

    Attributes:
        epochs: Those on the way from the root that reported a training loss.
        recent: Those since the last change of hyperparameters.
        metric: The objective's name.
        training_metric: What the training loss is called; the objective's name where none is reported.
        sign: 1 where the objective is minimised, -1 where it is maximised.
        planned: How many epochs the training is to have; None where nobody knows.
    """

    epochs: Sequence[Epoch]
    recent: Sequence[Epoch]
    metric: str
    training_metric: str
    sign: int
    planned: int | None = None

    @classmethod
    def of(
        cls, epochs: Sequence[Epoch], metric: str, *, maximize: bool, planned: int | None = None
    ) -> Curves:
        """Find the epochs since the last change; one that reported no training loss is passed over.

        Args:
            epochs: All epochs on the way from the root.
            metric: The objective's name; it stands for the training loss where none is reported.
            maximize: Whether it is to be maximised.
            planned: How many epochs the training is to have.
        """
        names = ("train_loss", "loss", metric)
        training = next((name for name in names if any(name in one.metrics for one in epochs)), metric)
        told = [one for one in epochs if training in one.metrics]
        first = len(told)
        while first and told[first - 1].values == told[-1].values:
            first -= 1
        return cls(told, told[first:], metric, training, -1 if maximize else 1, planned)

    def training(self, of: Sequence[Epoch]) -> list[float]:
        """The training loss; the objective where no training loss is reported."""
        name = self.training_metric
        return self.objective(of) if name == self.metric else [one.metrics[name] for one in of]

    def objective(self, of: Sequence[Epoch]) -> list[float]:
        """The objective, lower being better."""
        return [self.sign * epoch.metrics[self.metric] for epoch in of if self.metric in epoch.metrics]
