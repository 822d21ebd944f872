"""Metrics whose names do not fit: what is minimised though more of it is better, and what nobody reports."""

from __future__ import annotations

import difflib
import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sturgeon.caviar.workers.training import TRAIN
from sturgeon.space.constraint import Expression
from sturgeon.study import Objective
from sturgeon.study.objectives import SUBJECT_TO

_log = logging.getLogger("sturgeon")

_MORE = {"accuracy", "acc", "auc", "auroc", "f1", "recall", "r2", "iou", "bleu", "reward"}
_LESS = {"loss", "error", "err", "rmse", "mse", "mae", "mape", "nll", "logloss", "perplexity"}
_TURNED = {"neg", "negative", "minus", "drop", "gap"}


def doubtful_directions(objectives: Iterable[Objective]) -> list[str]:
    """Say which metrics, by their names, are better the other way.

    Args:
        objectives: What is minimised or maximised.

    Returns:
        A line for each that is in doubt.

    Example:
        >>> doubtful_directions([Objective("val_auc", "minimize"), Objective("val_loss", "minimize")])
        ["'val_auc' is minimised, though more of it is better by its name; if so: maximize='val_auc'."]
    """
    lines = []
    for one in objectives:
        words = set(re.findall(r"[a-z]+[0-9]?", one.metric.lower()))
        more, less = bool(words & _MORE), bool(words & _LESS)
        if words & _TURNED or more == less or more == (one.direction == "maximize"):
            continue
        done, amount, other = ("minimised", "more", "maximize") if more else ("maximised", "less", "minimize")
        lines.append(
            f"{one.metric!r} is {done}, though {amount} of it is better by its name; "
            f"if so: {other}={one.metric!r}."
        )
    return lines


class FirstReport:
    """Warns at a run's first report where it holds no metric that the run is about."""

    def __init__(self, objectives: Sequence[Objective], told_as: str) -> None:
        """Take what is minimised or maximised, and what messages call that which reports."""
        self._told_as = told_as
        self._wanted = [one.metric for one in objectives]
        self._seen = False

    def see(self, number: int, reported: Iterable[str]) -> None:
        """Look at a report; only the first counts.

        Args:
            number: The trial's number.
            reported: The names of its metrics.
        """
        if self._seen:
            return
        self._seen = True
        names = list(reported)
        if names and not any(name in self._wanted for name in names):
            wanted = self._wanted[0]
            close = difflib.get_close_matches(wanted, names, n=1)
            meant = f" Did you mean {close[0]!r}?" if close else ""
            _log.warning(
                "trial %d reports %s, not %r: %s must report that too%s.%s",
                number,
                ", ".join(repr(name) for name in names),
                wanted,
                self._told_as,
                ", or return it at the end" if self._told_as == TRAIN else "",
                meant,
            )


class FirstResult:
    """Warns at a run's first result where it has no metric of those that results are subject to."""

    def __init__(self, about: Mapping[str, Any]) -> None:
        """Take what the study is about."""
        text = about.get(SUBJECT_TO)
        self._wanted = sorted(Expression(text).names) if isinstance(text, str) else []

    def see(self, number: int, metrics: Iterable[str]) -> None:
        """Look at a trial's final metrics; only the first trial counts."""
        names, wanted, self._wanted = list(metrics), self._wanted, []
        for name in wanted:
            if name not in names:
                close = difflib.get_close_matches(name, names, n=1)
                meant = f" Did you mean {close[0]!r}?" if close else ""
                _log.warning(
                    "trial %d has %s and no %r, which `subject_to` names: a trial without it counts as "
                    "satisfying that.%s",
                    number,
                    ", ".join(repr(one) for one in names),
                    name,
                    meant,
                )
