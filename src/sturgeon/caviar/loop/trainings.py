"""The trainings that run in lanes, and how each ends: its network and checkpoint kept, the study told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sturgeon.caviar.checkpoints import Checkpoints
from sturgeon.caviar.controller import TrialController
from sturgeon.caviar.events import Broken, Diverged, Event, Halted, Paused, TooLarge, TrainingDone, Withdrawn
from sturgeon.errors import StudyError
from sturgeon.study import Study, Trial, TrialError

OUT_OF_TIME = "The budget ran out."


@dataclass(slots=True)
class Training:
    """One running trial.

    Attributes:
        trial: The trial.
        step: Its last epoch.
        metrics: What that came to.
        why: Why it is to stop after its current epoch; "" where it is not.
        until: The epoch at which the stopping rule wants to decide on it; None for none.
        seen: When its last epoch was seen, by ``time.monotonic``; None before there is one.
        judged: Whether the stopping rule may end it.
        by_hand: Whether somebody asked to stop it.
        lost: Whether the trial is somebody else's by now, or was ended by somebody else.
    """

    trial: Trial
    step: int = 0
    metrics: dict[str, float] = field(default_factory=dict)
    why: str = ""
    until: int | None = None
    seen: float | None = None
    judged: bool = True
    by_hand: bool = False
    lost: bool = False


class Trainings(dict[int, Training]):
    """The trainings of a run, by number; one that ends or is put aside is taken out.

    Args:
        study: The record.
        controller: Knows which trial is the best, and how many have ended.
        metric: What trials are judged by.
        checkpoints: Where paused trials are kept.
        on_network: As :class:`sturgeon.caviar.loop.loop.CaviarLoop` takes it.
        on_judged: Likewise.
    """

    def __init__(
        self,
        study: Study,
        controller: TrialController,
        *,
        metric: str,
        checkpoints: Checkpoints,
        on_network: Callable[[Trial, Any], None],
        on_judged: Callable[[Trial, Any, dict[str, float]], None] | None,
    ) -> None:
        super().__init__()
        self._study = study
        self._controller = controller
        self._metric = metric
        self._checkpoints = checkpoints
        self._on_network = on_network
        self._on_judged = on_judged

    def end(self, event: Event) -> None:
        """End a training that left its lane for good: at its end, withdrawn, halted or failed."""
        training = self[event.number]
        if isinstance(event, Halted):
            self.stop(event, training.why or OUT_OF_TIME)
            return
        if isinstance(event, Withdrawn):
            self._study.stop(training.trial, training.why, **training.metrics)
        elif isinstance(event, TrainingDone):
            self.keep_if_best(event)
            self._study.tell(training.trial, **training.metrics)
        else:
            self._study.fail(training.trial, _error(event))
        self._forget(event.number)

    def stop(self, event: Paused | Halted, why: str) -> None:
        """End a training before its last epoch; in a population a later run may go on with it."""
        training = self[event.number]
        self.keep_if_best(event)
        stays = self._controller.population is not None and isinstance(event, Paused) and not training.by_hand
        if isinstance(event, Paused) and stays:
            self._save(training, event)
        self._study.stop(training.trial, reason=why, **training.metrics)
        self._forget(event.number, but_checkpoint=stays)

    def put_aside(self, event: Paused, *, is_best: bool = False) -> None:
        """Pause a trial with its checkpoint, and with its network where that is the best there is."""
        training = self[event.number]
        if is_best:
            self._keep(training, event.network, is_best=True)
        self._save(training, event)
        self._study.pause(training.trial)
        self._drop(event.number)

    def leave_lost(self) -> list[int]:
        """Note which trials do not run here any more as far as the study knows, and give their numbers.

        Nothing more is written of them; they are taken out when they have left their lanes.
        """
        found: list[int] = []
        for number, training in self.items():
            if not training.lost and not self._runs_here(training.trial):
                training.lost, training.why = True, "The trial is somebody else's."
                self._controller.shown.pop(number, None)
                found.append(number)
        return found

    def _runs_here(self, trial: Trial) -> bool:
        try:
            known = self._study.trial(trial)
        except StudyError:  # it was deleted
            return False
        return known.state == "running" and known.attempts == trial.attempt

    def keep_if_best(self, event: Paused | Halted | TrainingDone) -> None:
        """Hand over what a training has come to; as the best network where it is that."""
        training = self[event.number]
        value = training.metrics[self._metric]
        is_best = self._controller.improves(training.trial.number, value)
        self._keep(training, event.network, is_best=is_best)

    def _keep(self, training: Training, network: Any, *, is_best: bool) -> None:
        if self._on_judged is not None:
            self._on_judged(training.trial, network, training.metrics)
        if is_best:
            self._on_network(training.trial, network)

    def _save(self, training: Training, event: Paused) -> None:
        path = self._checkpoints.save(event.number, event.checkpoint)
        self._study.checkpoint(training.trial, path, event.checkpoint.epoch)

    def _forget(self, number: int, *, but_checkpoint: bool = False) -> None:
        if not but_checkpoint:
            self._checkpoints.forget(number)
        self._controller.ended += 1
        self._drop(number)

    def _drop(self, number: int) -> None:
        del self[number], self._controller.shown[number]


def _error(event: Event) -> TrialError:
    """What a trial failed with."""
    if isinstance(event, Diverged):
        why = f"The training diverged: {event.metric} became {event.value} in epoch {event.step}."
        return TrialError("Diverged", why)
    if isinstance(event, TooLarge):
        return TrialError("OutOfMemory", f"The network is too large: {event.why}")
    assert isinstance(event, Broken)
    return TrialError(type(event.error).__name__, str(event.error))
