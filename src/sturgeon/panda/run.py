"""A training that listens: its loop, step by step, with people's commands carried out in between."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from sturgeon.caviar.workers.live_trial import check_epoch_count
from sturgeon.errors import InputError
from sturgeon.panda.coach.coaching import AUTOPILOT, Coaching, Proposal, acts_of
from sturgeon.panda.coach.curves import Epoch
from sturgeon.panda.commands import give
from sturgeon.panda.executor import CommandExecutor, check_taken
from sturgeon.panda.kept.record import Moment, RunRecord
from sturgeon.panda.kept.tree import Change, Checkpoint, Position, RunTree, read_tree
from sturgeon.panda.listener import Listener
from sturgeon.panda.training import Training
from sturgeon.space import Integer, Real, Space

_WHILE_PAUSED = 0.2
_EPOCHS_TO_REPORT = 3  # an objective may come every second epoch only
_log = logging.getLogger("sturgeon")


class Run:
    """A training that is tended; ``st.panda`` gives one.

    Hyperparameters are read as attributes, or from :attr:`values`.

    Args:
        record: What it writes down.
        training: What trains.
        space: What may be changed, with its bounds.
        listener: Collects the commands.
        coach: Watches the curves; None for nobody.

    Attributes:
        paused: Whether it waits for ``resume``.
        stopped: Whether it is to end.
        history: The epochs on the way from the root to here.
        dismissed: Symptoms that nobody wants to hear of on this branch.
    """

    def __init__(
        self,
        record: RunRecord,
        training: Training,
        space: Space,
        listener: Listener,
        coach: Coaching | None = None,
    ) -> None:
        self.record = record
        self.training = training
        self.space = space
        self._epoch = self._step = 0
        self.paused = self.stopped = False
        self.between_epochs = True
        self.history: list[Epoch] = []
        self.dismissed: set[str] = set()
        self.metric = record.study.metric
        self.maximize = record.study.direction == "maximize"
        self._listener = listener
        self._executor = CommandExecutor(self)
        self._coach = coach
        self._due: deque[Change] = deque()
        self._reported: dict[str, float] = {}
        self._last_epoch: int | None = None
        self._unsaved = self._missing_said = False
        self._ended = False

    # -- what a loop calls -----------------------------------------------------------------------

    @property
    def at(self) -> Position:
        """Where the training stands."""
        return Position(self._epoch, self._step)

    @at.setter
    def at(self, position: Position) -> None:
        self._epoch, self._step = position.epoch, position.step

    @property
    def values(self) -> dict[str, Any]:
        """The hyperparameters that are in force."""
        return self.training.values

    def __getattr__(self, name: str) -> Any:
        training = self.__dict__.get("training")
        if training is not None and name in training.values:
            return training.values[name]
        raise AttributeError(f"a run has no attribute and no hyperparameter {name!r}")

    def epochs(self, count: int) -> Iterator[int]:
        """Count the epochs of the training: 1, 2, …, ``count``.

        The number goes back where somebody rewinds or branches. The loop ends early when it is to stop.

        Args:
            count: How many epochs on each branch, at least 1.

        Raises:
            InputError: ``count`` is not a whole number from 1.
        """
        check_epoch_count(count, "run")
        while True:
            self.poll()
            if self.stopped or self.at.epoch >= count:
                break
            self.between_epochs, self._reported = False, {}
            yield self.at.epoch + 1
            self.end_epoch()
        self._last_epoch = self.at.epoch

    def step(self, *, listen: bool = True) -> None:
        """Say that a mini-batch was trained; commands that came meanwhile are carried out.

        Args:
            listen: Whether to look for commands now.
        """
        self._step += 1
        if self._due or (listen and (self._listener.inbox or self.paused)):
            self.poll()

    def report(self, **metrics: float) -> None:
        """Report how the training goes; call it in each epoch.

        Raises:
            StudyError: A metric is not a number.
        """
        self._reported |= {name: float(value) for name, value in metrics.items()}
        self.record.report(self.at.epoch + (not self.between_epochs), metrics)

    # -- what drives it --------------------------------------------------------------------------

    def poll(self, stop: threading.Event | None = None) -> None:
        """Carry out what is due and what was asked; return when the training may go on.

        Args:
            stop: When it is set, a pause does not hold up the end.
        """
        if not (self._listener.inbox or self._due or self.paused or self.between_epochs):
            return
        while True:
            self._apply_due()
            if self.between_epochs:
                self._executor.execute_waiting()
            while self._listener.inbox:
                self._executor.execute(self._listener.inbox.popleft())
            if not self.paused or self.stopped or (stop is not None and stop.is_set()):
                return
            self._listener.wait(_WHILE_PAUSED)

    def end_epoch(self, metrics: Mapping[str, float] | None = None, at: Position | None = None) -> None:
        """End an epoch: report what was not yet, have the coach look, make a checkpoint if one is due.

        Args:
            metrics: What was not reported yet.
            at: Where the training stands now, where it counts its own steps.
        """
        if metrics:
            self._reported = dict(metrics)
            self.record.report(self.at.epoch + (not self.between_epochs), metrics)
        if not self.between_epochs:
            self.at = at or Position(self.at.epoch + 1, self.at.step)
            self.between_epochs = True
        self.history.append(Epoch(self.at.epoch, dict(self._reported), self.values, self.training.vitals()))
        self.poll_now()
        if self.training.can_save and (self.record.checkpoint_due or self._is_worth_going_back_to):
            self._save_if_possible("epoch")
        if len(self.history) == _EPOCHS_TO_REPORT:
            self._say_what_is_missing()
        if self._coach is not None and not self._due:
            self._consult(self._coach)

    @property
    def _is_worth_going_back_to(self) -> bool:
        """Whether an autopilot watches, and this is the best epoch so far."""
        if self._coach is None or not self._coach.autopilot:
            return False
        sign = -1 if self.maximize else 1
        values = [sign * one.metrics[self.metric] for one in self.history if self.metric in one.metrics]
        return bool(values) and values[-1] == min(values)

    def _say_what_is_missing(self) -> None:
        """Say once, in the journal and on stderr, that the objective is not among what is reported."""
        reported = {name for one in self.history for name in one.metrics}
        if self.metric in reported or not self.history or self._missing_said:
            return
        self._missing_said = True
        why = (
            f"the objective {self.metric!r} must be among what is reported; got "
            f"{', '.join(sorted(reported)) or 'nothing'}. Report it, or name another as the metric."
        )
        self.record.event("no objective", why=why)
        _log.warning("%s", why)

    def poll_now(self) -> None:
        """Look into the journal at once: nobody's command waits longer than an epoch."""
        with contextlib.suppress(Exception):  # the thread tries again
            self._listener.look()

    def _consult(self, coach: Coaching) -> None:
        allowed = {
            name: (known.low, known.high)
            for name in self.space.names
            if isinstance(known := self.space[name], Real | Integer) and name not in self.training.fixed
        }
        acts = acts_of(self.record.study.journal.read()) if coach.autopilot else None
        for proposal in coach.propose(
            self.history,
            self.metric,
            maximize=self.maximize,
            allowed=allowed,
            dismissed=self.dismissed,
            acts=acts,
        ):
            note = self.record.note(self._in_json(proposal))
            if proposal.act and not self.stopped:
                give(self.record.study, "accept", author=AUTOPILOT, note=note.id)
                self.poll_now()

    def _in_json(self, proposal: Proposal) -> dict[str, Any]:
        advice = proposal.advice
        body: dict[str, Any] = {
            "symptom": advice.symptom,
            "sentence": advice.sentence,
            "text": advice.text,
            "evidence": dict(advice.evidence),
            **self.at.to_json(),
        }
        if not proposal.action:
            return body
        proposed: dict[str, Any] = {"action": proposal.action, "values": dict(proposal.values)}
        if proposal.action == "rewind":
            numbers = {branch.trial for branch in self.tree().path(self.record.trial.number)}
            good = [
                one
                for one in self.record.checkpoints.values()
                if one.trial in numbers and one.at.epoch <= advice.back_to
            ]
            if not good:
                return body
            proposed["checkpoint"] = max(good, key=lambda one: (one.at, one.number)).number
        return {**body, "proposal": proposed}

    def save(self, why: str, *, command: int | None = None) -> Checkpoint:
        """Make a checkpoint now.

        Args:
            why: See :class:`Checkpoint`.
            command: Which command asked for it.

        Raises:
            InputError: The training cannot be saved.
            OSError: The disk is full.
        """
        if not self.training.can_save:
            raise InputError(
                "A checkpoint needs the training's state; this one cannot be saved. Give `save` and "
                "`load` to st.panda."
            )
        value = self._reported.get(self.metric)
        moment = Moment(self.at, self.training.values, value)
        ending = self.training.ending
        return self.record.save(self.training.save, moment, why=why, ending=ending, command=command)

    def load(self, file: Path, values: Mapping[str, Any], start: Checkpoint) -> str:
        """Go on from a checkpoint with these hyperparameters; gives the training's remark.

        Raises:
            InputError: It is of another model; the training goes on where it was.
        """
        remark = self.training.load(file, values)
        self.at, self.between_epochs = start.at, self.training.between_epochs
        self._due.clear()
        self.history = self._history_of(start)
        self._reported = {}
        self.dismissed = set()
        if self._coach is not None:
            self._coach.forget()
        return remark

    def change(self, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Give hyperparameters new values, and read them back.

        Returns:
            The values before, and those after.

        Raises:
            InputError: One was not taken; all are as before.
        """
        before = self.training.values
        old = {name: before.get(name) for name in values}
        self.training.apply(values)
        return old, check_taken(self.training, values, old)

    def go_on_from(self, checkpoint: Checkpoint, values: Mapping[str, Any] | None = None) -> None:
        """Resume at a checkpoint.

        Args:
            checkpoint: Where to.
            values: The hyperparameters; None for those that it was made with.

        Raises:
            InputError: Its file cannot be used.
        """
        given = checkpoint.values if values is None else values
        self.load(self.record.files.verified(checkpoint), dict(given), checkpoint)

    def redo(self, changes: Iterable[Change]) -> None:
        """Make changes again where they were made; they are written down already."""
        self._due = deque(changes)

    def tree(self) -> RunTree:
        """What the study holds of the run."""
        return read_tree(self.record.study)

    def _apply_due(self) -> None:
        while self._due and self._due[0].at <= self.at:
            self.change(self._due.popleft().new)

    def _history_of(self, start: Checkpoint) -> list[Epoch]:
        """The epochs that a checkpoint has behind it."""
        tree = self.tree()
        found: list[Epoch] = []
        for branch in tree.path(start.trial):
            steps = sorted({step for curve in branch.curves.values() for step, _ in curve})
            by_step = {name: dict(curve) for name, curve in branch.curves.items()}
            found = [one for one in found if one.number <= branch.start.epoch]
            found += [
                Epoch(
                    step,
                    {name: curve[step] for name, curve in by_step.items() if step in curve},
                    tree.values_at_end(branch, step),
                )
                for step in steps
            ]
        return [one for one in found if one.number <= start.at.epoch]

    def _save_if_possible(self, why: str) -> None:
        """Make a checkpoint; a disk that is full ends no training, and is said once."""
        try:
            self.save(why)
        except OSError as error:
            if not self._unsaved:
                self.record.event(
                    "unsaved", why=f"no checkpoint could be written ({error.strerror}); it trains on"
                )
            self._unsaved = True
        else:
            self._unsaved = False

    # -- the end ---------------------------------------------------------------------------------

    def close(self, *, interrupted: bool = False) -> None:
        """End the run: a last checkpoint, and the trial's result; nothing where that was done."""
        if self._ended:
            return
        self._ended = True
        self._listener.close()
        record, study = self.record, self.record.study
        if self.training.can_save and (self.between_epochs or self.training.anywhere):
            tips = [one for one in record.checkpoints.values() if one.trial == record.trial.number]
            if not any(one.at == self.at and one.why == "end" for one in tips):
                self._save_if_possible("end")
        self._say_what_is_missing()
        metrics = {name: value for name, value in self._reported.items() if value == value}
        if interrupted or self.metric not in metrics:
            study.pause(record.trial)
        elif record.edited or self.stopped:
            study.stop(record.trial, "stopped by hand" if self.stopped else "edited by hand")
        else:
            study.tell(record.trial, **metrics)
        record.event("ended", trial=record.trial.number, interrupted=interrupted, **self.at.to_json())
        self.poll_now()
        for command in self._listener.inbox:
            record.outcome(
                command, "The run ended before it was carried out.", done=False, **self.at.to_json()
            )

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(interrupted=kind is not None)
        self.record.study.close()
