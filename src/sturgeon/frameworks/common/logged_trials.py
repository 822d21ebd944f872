"""What of a study the loggers write out: the trials that have begun, and how each ended."""

from __future__ import annotations

from sturgeon.study import TrialRecord


def has_begun(trial: TrialRecord) -> bool:
    """Whether there is something of a trial to write out."""
    return trial.state != "waiting" or bool(trial.curves)


def reason_of(trial: TrialRecord) -> str | None:
    """Why a trial failed or was stopped, in words; None for one that was not."""
    if trial.error is None:
        return trial.reason
    return f"{trial.error.type}: {trial.error.message}".lstrip(": ")


def values_by_step(trial: TrialRecord) -> dict[int, dict[str, float]]:
    """Give a trial's reports: for each step, the metrics by name."""
    found: dict[int, dict[str, float]] = {}
    for metric, curve in trial.curves.items():
        for step, value in curve:
            found.setdefault(step, {})[metric] = value
    return found
