"""The trials that run in one study handle: their curves so far, kept in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sturgeon.study.record_cache import Points
from sturgeon.study.storage.rows import Curves
from sturgeon.study.trial import Trial


@dataclass(slots=True)
class Running:
    """One trial that this handle handed out and that has not ended.

    Attributes:
        trial: The handle.
        points: Step to value, by metric.
        last: The value reported last, by metric.
        latest: The latest step reported, by metric.
        change: The count of the change that handed it out: while the trial's row still bears it,
            nobody else has written of it.
    """

    trial: Trial
    change: int
    points: dict[str, Points] = field(default_factory=dict)
    last: dict[str, float] = field(default_factory=dict)

    latest: dict[str, int] = field(default_factory=dict)

    def add(self, step: int, metrics: Mapping[str, float]) -> bool:
        """Take in a report; tell whether each of its points is later than those before."""
        later = all(step > self.latest.get(metric, -1) for metric in metrics)
        for metric, value in metrics.items():
            self.points.setdefault(metric, {})[step] = value
            self.latest[metric] = max(step, self.latest.get(metric, -1))
        self.last.update(metrics)
        return later

    def take(self, curves: Curves) -> None:
        """Take in what earlier attempts reported."""
        for metric, curve in curves.items():
            self.points.setdefault(metric, {}).update(curve)
            self.latest[metric], self.last[metric] = curve[-1]
