"""One trial, whole, as ``sturgeon show --trial`` prints it."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

from rich.console import Console

from sturgeon.caviar.progress import format_metric, format_seconds
from sturgeon.cli.common.printable import printable
from sturgeon.cli.views.sparkline import sparkline
from sturgeon.study import Attempt, Study, TrialRecord

CURVE_WIDTH = 40


def print_trial(study: Study, trial: TrialRecord) -> None:
    """Print everything that a study keeps of a trial; what a terminal would obey is written as letters.

    Args:
        study: The study.
        trial: One of its trials.
    """
    console = Console(highlight=False, markup=False)

    def say(line: str) -> None:
        console.print(printable(line), soft_wrap=True)

    value = "" if trial.value is None else f", {study.metric} {format_metric(trial.value)}"
    say(f"trial {trial.number} of {study.place}: {trial.state}{value}")
    if trial.reason:
        say(f"stopped: {trial.reason}")
    say(f"seed {trial.seed}, {trial.last_step} steps" + _time(trial))
    say("")
    width = max((len(name) for name in (*trial.config, *trial.metrics)), default=0)
    for name, setting in trial.config.items():
        say(
            f"  {name:<{width}}  {setting!r}" if isinstance(setting, str) else f"  {name:<{width}}  {setting}"
        )
    if trial.curves or trial.metrics:
        say("")
    for name in dict.fromkeys((*trial.metrics, *trial.curves)):
        say(f"  {name:<{width}}  {_metric(trial, name)}")
    for title, texts in (("note", trial.notes), ("tag", trial.tags)):
        for text in texts:
            say(f"{title}: {text}")
    if trial.checkpoint:
        say(f"checkpoint: {trial.checkpoint}")
    for attempt in study.attempts(trial.number):
        say(_attempt(attempt))
    if trial.error is not None:
        say(f"error: {': '.join(part for part in (trial.error.type, trial.error.message) if part)}")
        for line in (trial.error.traceback or "").splitlines():
            say(f"  {line}")


def trial_as_json(study: Study, trial: TrialRecord) -> dict[str, Any]:
    """The same as plain JSON; a value of a curve that is not finite is None."""
    return {
        "seed": trial.seed,
        "metrics": {name: _finite(value) for name, value in trial.metrics.items()},
        "curves": {
            name: [[step, _finite(value)] for step, value in curve] for name, curve in trial.curves.items()
        },
        "tags": list(trial.tags),
        "checkpoint": trial.checkpoint,
        "started": _stamp(trial.started),
        "ended": _stamp(trial.ended),
        "traceback": trial.error.traceback if trial.error is not None else None,
        "attempts": [
            {
                "attempt": one.number,
                "worker": one.worker,
                "started": _stamp(one.started),
                "ended": _stamp(one.ended),
                "outcome": one.outcome,
                "reason": one.reason,
            }
            for one in study.attempts(trial.number)
        ],
    }


def _metric(trial: TrialRecord, name: str) -> str:
    values = [value for _, value in trial.curves.get(name, ())]
    line = sparkline(values, CURVE_WIDTH)
    final = trial.metrics.get(name, values[-1] if values else None)
    return f"{_number(final):<12}{line}".rstrip()


def _number(value: float | None) -> str:
    return format_metric(value) if value is None or math.isfinite(value) else str(value)


def _time(trial: TrialRecord) -> str:
    parts = []
    if trial.started is not None:
        parts.append(f"begun {_moment(trial.started)}")
    if trial.seconds is not None:
        parts.append(f"{format_seconds(trial.seconds)} of training")
    return "".join(f", {part}" for part in parts)


def _attempt(one: Attempt) -> str:
    reason = f" ({one.reason})" if one.reason else ""
    return f"attempt {one.number}: {one.outcome}{reason}, {_moment(one.started)}, {one.worker}"


def _moment(time: datetime) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC")


def _stamp(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
