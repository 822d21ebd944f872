"""A trial trained once more, from its seed: the schedule that led to it, stretch by stretch."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from sturgeon.caviar.events import Paused, TrainingDone
from sturgeon.caviar.lanes.backend import LaneCheckpoint, TrainingJob
from sturgeon.caviar.trainer import HALT_SEEN_WITHIN, Trainer
from sturgeon.study import Study, TrialRecord


def retrain(
    study: Study, trainer: Trainer, trials: Sequence[TrialRecord], stop: threading.Event
) -> dict[int, Any]:
    """Train trials again side by side, each to the epoch it had.

    A copy of population-based training goes through its parents' configurations, and their seeds, first.

    Args:
        study: What they are of.
        trainer: What trains.
        trials: Which trials.
        stop: When set, training ends and those that are not done are left out.

    Returns:
        What came of them by trial number; one that diverged is left out.
    """
    ahead = {trial.number: _jobs_of(study, trial) for trial in trials}
    networks: dict[int, Any] = {}
    with trainer.open() as lanes:
        for jobs in ahead.values():
            lanes.start(jobs.pop(0))
        while lanes.in_flight:
            if stop.is_set():
                lanes.halt()
            event = lanes.next_event(HALT_SEEN_WITHIN)
            if isinstance(event, Paused):
                lanes.start(_from(event.checkpoint, ahead[event.number].pop(0)))
            elif isinstance(event, TrainingDone):
                networks[event.number] = event.network
    return networks


def _jobs_of(study: Study, trial: TrialRecord) -> list[TrainingJob]:
    stretches = study.lineage(trial.number)
    jobs = [
        TrainingJob(trial.number, study.trial(one.trial).seed, dict(one.config), pause_after=one.last)
        for one in stretches[:-1]
    ]
    return [*jobs, TrainingJob(trial.number, trial.seed, trial.config, trial.last_step)]


def _from(checkpoint: LaneCheckpoint, job: TrainingJob) -> TrainingJob:
    return TrainingJob(
        job.number,
        job.seed,
        job.config,
        job.last_epoch,
        checkpoint=checkpoint,
        pause_after=job.pause_after,
    )
