"""Commands carried out: each is checked, done between two steps, read back, and its outcome written down."""

from __future__ import annotations

import itertools
import logging
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from sturgeon.errors import InputError, SturgeonError
from sturgeon.panda.commands import Command
from sturgeon.panda.declared import check_values
from sturgeon.panda.kept.record import Moment, RunRecord
from sturgeon.panda.kept.tree import NOTE, Checkpoint, Position, RunTree
from sturgeon.panda.training import Lane, Training
from sturgeon.space import Space

MOST_LANES = 64
_log = logging.getLogger("sturgeon")


class Tended(Protocol):
    """The run that commands are carried out on; see :class:`sturgeon.panda.run.Run`."""

    record: RunRecord
    training: Training
    space: Space
    between_epochs: bool
    paused: bool
    stopped: bool
    dismissed: set[str]
    metric: str
    maximize: bool

    @property
    def at(self) -> Position:
        """Where the training stands."""
        ...

    def save(self, why: str, *, command: int | None = None) -> Checkpoint:
        """Make a checkpoint now."""
        ...

    def load(self, file: Path, values: Mapping[str, Any], start: Checkpoint) -> str:
        """Go on from a checkpoint."""
        ...

    def change(self, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Give hyperparameters new values; gives the old and the new ones."""
        ...

    def tree(self) -> RunTree:
        """What the study holds of the run."""
        ...


class CommandExecutor:
    """Carries out the commands of one run, in the order in which they were given.

    Args:
        run: The run.
    """

    def __init__(self, run: Tended) -> None:
        self._run = run
        self._waiting: list[Command] = []  # for the end of the epoch
        self._actions: dict[str, Callable[[Command], None]] = {
            "set": self._set,
            "pause": self._pause,
            "resume": self._resume,
            "stop": self._stop,
            "checkpoint": self._checkpoint,
            "branch": self._branch,
            "rewind": self._branch,
            "try": self._try,
            "carry": self._carry,
            "accept": self._accept,
            "dismiss": self._dismiss,
        }

    def execute(self, command: Command) -> None:
        """Carry out a command now, or put it off to the end of the epoch; an error becomes its outcome."""
        run = self._run
        at_end = command.action in ("checkpoint", "branch", "rewind", "try", "carry")
        if at_end and not (run.between_epochs or run.training.anywhere):
            if run.paused:
                self._refuse(command, "The training is paused in the middle of an epoch; resume it first.")
            else:
                self._waiting.append(command)
            return
        try:
            self._actions[command.action](command)
        except SturgeonError as error:
            self._refuse(command, str(error))
        except OSError as error:
            self._refuse(
                command,
                f"A checkpoint must be written to the disk; {run.record.files.folder} cannot be "
                f"({error.strerror}). Make room, then give the command again.",
            )
        except Exception as error:  # nobody's command ends a training
            _log.warning("the command %r failed", command.action, exc_info=True)
            self._refuse(command, f"It failed: {type(error).__name__}: {' '.join(str(error).split())[:200]}")

    def execute_waiting(self) -> None:
        """Carry out what was put off, between two epochs."""
        while self._waiting:
            self.execute(self._waiting.pop(0))

    def _refuse(self, command: Command, message: str) -> None:
        run = self._run
        run.record.outcome(command, message, done=False, **run.at.to_json())

    def _done(self, command: Command, message: str, **body: Any) -> None:
        run = self._run
        run.record.outcome(command, message, done=True, **{**run.at.to_json(), **body})

    # -- one method an action --------------------------------------------------------------------

    def _set(self, command: Command) -> None:
        run = self._run
        values = check_values(run.space, command.values)
        self._check_seen(command)
        fixed = [name for name in values if name in run.training.fixed]
        if fixed:
            raise InputError(
                f"`{fixed[0]}` cannot change while it trains. A branch can start with it, from weights "
                "that are "
                "copied where their shapes allow: `sturgeon panda branch STUDY "
                f"{fixed[0]}={values[fixed[0]]}`."
            )
        old, new = run.change(values)
        run.record.mark_edited()
        text = ", ".join(f"{name} {_number(old.get(name))} → {_number(new[name])}" for name in new)
        since = f"step {run.at.step + 1}" if run.at.step else f"epoch {run.at.epoch + 1}"
        self._done(
            command,
            f"{text}, from {since} on.",
            change=True,
            old=old,
            new=new,
            why=command.why,
        )

    def _check_seen(self, command: Command) -> None:
        for name in command.values:
            last, author = self._run.record.last_changes.get(name, (0, ""))
            if last > command.seen.get(name, 0) and command.seen:
                raise InputError(
                    f"`{name}` was changed by {author or 'somebody'} after you looked last, and is now "
                    f"{_number(self._run.training.values.get(name))}. Look again, then set it."
                )

    def _pause(self, command: Command) -> None:
        run = self._run
        run.paused = True
        run.record.event("paused", trial=run.record.trial.number)
        self._done(command, f"Paused {_place(run)}.")

    def _resume(self, command: Command) -> None:
        run = self._run
        was = run.paused
        run.paused = False
        if was:
            run.record.event("training", trial=run.record.trial.number)
        self._done(command, f"Goes on {_place(run)}." if was else "It was not paused.")

    def _stop(self, command: Command) -> None:
        run = self._run
        run.stopped, run.paused = True, False
        self._done(command, f"Stopped {_place(run)}.")

    def _checkpoint(self, command: Command) -> None:
        made = self._run.save("asked", command=command.id)
        self._done(command, f"Checkpoint {made.number} {_place(self._run)}.", checkpoint=made.number)

    def _branch(self, command: Command) -> None:
        run = self._run
        if command.action == "rewind" and command.checkpoint is None:
            raise InputError(
                "A rewind needs the checkpoint to go back to; got none. `sturgeon panda tree` lists them."
            )
        start, file = self._start(command)
        values = dict(start.values) | (check_values(run.space, command.values) if command.values else {})
        self._keep_tip(start)
        before = run.training.values
        remark = run.load(file, values, start)
        number = run.record.add_branch(values, start)
        run.record.go_on_with(number, command=command.id)
        new = {name: value for name, value in values.items() if before.get(name) != value}
        new |= dict(command.values)
        changed = ", ".join(f"{name}={_number(value)}" for name, value in new.items())
        verb = "Went back to" if command.action == "rewind" else "Branched from"
        message = f"{verb} checkpoint {start.number} (epoch {start.at.epoch}), on branch {number}"
        self._done(
            command,
            f"{message}{' with ' + changed if changed else ''}.{' ' + remark if remark else ''}",
            checkpoint=start.number,
            branch=number,
        )

    def _try(self, command: Command) -> None:
        run = self._run
        if not run.training.tries:
            raise InputError(
                "Several values at once can be tried with the built-in network only; this training runs "
                "in code of "
                "one's own. Try them one after the other: branch, look, rewind."
            )
        if not command.vary:
            raise InputError(
                "A trial of several values needs them; got none. Write --vary learning_rate=0.1,0.03,0.01."
            )
        epochs = command.epochs or 1
        if epochs < 1:
            raise InputError(f"Values are tried for at least 1 epoch; got epochs={epochs}.")
        choices = [[check_values(run.space, {n: v})[n] for v in values] for n, values in command.vary.items()]
        combined = [dict(zip(command.vary, each, strict=True)) for each in itertools.product(*choices)]
        if not 1 <= len(combined) <= MOST_LANES:
            raise InputError(
                f"At most {MOST_LANES} combinations are tried at once; got {len(combined)}. Name fewer."
            )
        start, file = self._start(command)
        self._keep_tip(start)
        whole = [dict(start.values) | changed for changed in combined]
        numbers = [run.record.add_branch(values, start) for values in whole]
        study = run.record.study
        trials = [study.resume(number) for number in numbers]

        def on_epoch(lane: int, epoch: int, metrics: Mapping[str, float]) -> None:
            study.report(trials[lane], step=epoch, **metrics)

        folder = run.record.files.folder
        try:
            lanes = run.training.try_values(file, whole, epochs=epochs, folder=folder, on_epoch=on_epoch)
        except BaseException:  # whatever ends it, Ctrl-C too, leaves no trial running
            for trial in trials:
                study.stop(trial, "the trial of several values failed")
            raise
        for trial, lane in zip(trials, lanes, strict=True):
            value = lane.curve[-1].get(run.metric) if lane.curve else None
            moment = Moment(lane.at, lane.values, value)
            run.record.save(
                lane.path.replace, moment, why="branch", ending=run.training.ending, trial=trial.number
            )
            study.pause(trial)
        tried = [{"trial": n, "values": c, "value": _last(lane, run.metric)} for n, c, lane in
                 zip(numbers, combined, lanes, strict=True)]  # fmt: skip
        sign = -1 if run.maximize else 1
        finite = [one for one in tried if one["value"] is not None]
        best = min(finite, key=lambda one: sign * one["value"], default=None)
        found = (
            "none stayed finite"
            if best is None
            else f"best {_in_words(best['values'])}: carry {best['trial']}"
        )
        self._done(
            command,
            f"Tried {len(tried)} for {epochs} epochs from checkpoint {start.number}; {found}.",
            tried=tried,
            checkpoint=start.number,
        )

    def _carry(self, command: Command) -> None:
        run = self._run
        number = command.trial
        if number is None or number == run.record.trial.number:
            raise InputError(f"A branch to carry on is another one than the current; got {number}.")
        own = [one for one in run.record.checkpoints.values() if one.trial == number]
        if not own:
            known = sorted({one.trial for one in run.record.checkpoints.values()})
            raise InputError(
                f"A branch to carry on must have a checkpoint; got {number}, those that have: {known}."
            )
        tip = max(own, key=lambda one: (one.at, one.number))
        self._keep_tip(tip)
        if run.record.study.trial(number).state != "paused":  # it has ended: a branch goes on from its end
            run.load(run.record.files.verified(tip), dict(tip.values), tip)
            number = run.record.add_branch(tip.values, tip)
        else:
            run.load(run.record.files.verified(tip), dict(tip.values), tip)
        run.record.go_on_with(number, command=command.id)
        self._done(
            command,
            f"Goes on with branch {number} from epoch {run.at.epoch}.",
            checkpoint=tip.number,
            branch=number,
        )

    def _accept(self, command: Command) -> None:
        run = self._run
        notes = {entry.id: entry for entry in run.record.study.journal.read(kind=NOTE)}
        note = notes.get(command.note if command.note is not None else max(notes, default=-1))
        proposal = None if note is None else note.body.get("proposal")
        if note is None or not proposal:
            raise InputError(
                "A proposal of the coach must be one that was made; there is none of that number."
            )
        values = {
            name: value for name, value in proposal.get("values", {}).items() if name in run.space.names
        }
        why = command.why or f"the coach: {note.body['symptom']}"
        action = proposal["action"]
        start = proposal.get("checkpoint")
        followed = Command(
            command.id, command.time, command.author, action, values=values, why=why, checkpoint=start
        )
        self.execute(followed)

    def _dismiss(self, command: Command) -> None:
        run = self._run
        run.dismissed.add(str(command.values.get("symptom", "")))
        self._done(command, "Dismissed: the coach does not say it again on this branch.")

    # -- what they share -------------------------------------------------------------------------

    def _start(self, command: Command) -> tuple[Checkpoint, Path]:
        """The checkpoint to start from, made now where none is named, and its verified file."""
        run = self._run
        if command.checkpoint is None:
            start = run.save("branch")
        else:
            found = run.record.checkpoints.get(command.checkpoint)
            start = found if found is not None else run.tree().checkpoint(command.checkpoint)
        return start, run.record.files.verified(start)

    def _keep_tip(self, start: Checkpoint) -> None:
        """Save what would be left behind, unless a checkpoint has it."""
        run = self._run
        saved = [one for one in run.record.checkpoints.values() if one.trial == run.record.trial.number]
        if start.at == run.at and start.trial == run.record.trial.number:
            return
        if not any(one.at == run.at and dict(one.values) == run.training.values for one in saved):
            run.save("branch")


def _last(lane: Lane, metric: str) -> float | None:
    value = lane.curve[-1].get(metric) if lane.curve else None
    return value if value is not None and math.isfinite(value) else None


def _place(run: Tended) -> str:
    return (
        f"after epoch {run.at.epoch}"
        if run.between_epochs
        else f"in epoch {run.at.epoch + 1}, step {run.at.step}"
    )


def _in_words(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={_number(value)}" for name, value in values.items())


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def taken(asked: Any, found: Any) -> bool:
    """Whether a value that was read back is the one that was asked for, within float32's rounding."""
    if isinstance(asked, float) and isinstance(found, int | float):
        return math.isclose(asked, found, rel_tol=1e-5, abs_tol=1e-12)
    return asked == found


def check_taken(training: Training, asked: Mapping[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    """Read values back; where one was not taken, undo all and say so.

    Raises:
        InputError: The training did not take one.
    """
    now = training.values
    for name, value in asked.items():
        if not taken(value, now.get(name)):
            training.apply({each: old[each] for each in asked if old.get(each) is not None})
            raise InputError(
                f"`{name}` was not taken: {_number(value)} was set and {_number(now.get(name))} read back. "
                "Perhaps a schedule sets it; take the schedule away to set it by hand."
            )
    return dict(asked)
