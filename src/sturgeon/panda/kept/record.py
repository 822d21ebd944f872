"""What a run writes down: its branches, its checkpoints, and what became of each command."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sturgeon.panda.commands import OUTCOME, Command
from sturgeon.panda.kept.checkpoint_files import CheckpointFiles, to_thin_out
from sturgeon.panda.kept.tree import CHECKPOINT, EVENT, NOTE, Checkpoint, Position, RunTree
from sturgeon.study import JournalEntry, Study, Trial
from sturgeon.study.trial import EDITED

AUTHOR = "sturgeon"
# An automatic checkpoint is due when so many times its own duration has passed: it costs 3 % at most.
_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Moment:
    """A point of the run that a checkpoint is made of.

    Attributes:
        at: Where the training stands.
        values: Its hyperparameters.
        value: The objective that was reported last.
    """

    at: Position
    values: Mapping[str, Any]
    value: float | None


class RunRecord:
    """The durable side of a run. Only the process that trains writes it.

    Args:
        study: The run's study.
        files: Where checkpoints are kept.
        disk: How many bytes they may take.
        tree: What the study holds already.

    Attributes:
        trial: The branch that trains.
        checkpoints: By number, those whose files are there.
        last_changes: By hyperparameter, the command that changed it last, and who gave it.
        edited: Whether the current branch is marked as edited.
    """

    trial: Trial

    def __init__(self, study: Study, files: CheckpointFiles, *, disk: int, tree: RunTree) -> None:
        self.study = study
        self.files = files
        self.checkpoints = {number: one for number, one in tree.checkpoints.items() if one.kept}
        self.last_changes = {name: (c.command, c.author) for c in tree.changes for name in c.new}
        self.edited = False
        self._disk = disk
        self._next = max(tree.checkpoints, default=0) + 1
        self._starts = {
            branch.checkpoint for branch in tree.branches.values() if branch.checkpoint is not None
        }
        self._saved_at = -1e9
        self._save_seconds = 0.0

    # -- branches --------------------------------------------------------------------------------

    def add_branch(self, values: Mapping[str, Any], start: Checkpoint | None) -> int:
        """Add a branch that starts from a checkpoint, or the root; gives its trial's number.

        A branch stands for no configuration: its first part was trained with another branch's.
        """
        about: dict[str, Any] = {}
        if start is not None:
            about = {"parent": start.trial, "checkpoint": start.number, **start.at.to_json()}
            self._starts.add(start.number)
        tags = [] if start is None else [EDITED]
        return self.study.add(dict(values), state="paused", about=about, tags=tags)

    def go_on_with(self, number: int, *, command: int | None = None) -> None:
        """Let a branch be the one that trains; the one before is put aside.

        Args:
            number: The branch.
            command: Which command has it so.
        """
        held = getattr(self, "trial", None)
        if held is not None:
            self.study.pause(held)
        self.trial = self.study.resume(number)
        self.edited = EDITED in self.study.trial(number).tags
        self.event("training", trial=number, **({} if command is None else {"command": command}))

    def mark_edited(self) -> None:
        """Note that the current branch's configuration does not hold from its first step to its last."""
        if not self.edited:
            self.study.tag(self.trial, EDITED)
            self.edited = True

    def report(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Write a point of the current branch's curves."""
        self.study.report(self.trial, step=epoch, **metrics)

    # -- checkpoints -----------------------------------------------------------------------------

    @property
    def checkpoint_due(self) -> bool:
        """Whether an automatic checkpoint would cost little now."""
        return time.monotonic() - self._saved_at >= _PATIENCE * self._save_seconds

    def save(
        self,
        write: Callable[[Path], object],
        moment: Moment,
        *,
        why: str,
        ending: str,
        trial: int | None = None,
        command: int | None = None,
    ) -> Checkpoint:
        """Make a checkpoint: first the whole file, then the journal's entry.

        Args:
            write: Writes the file whose path it is given.
            moment: Where the training stands.
            why: See :class:`Checkpoint`.
            ending: How the file's name ends.
            trial: Its branch; by default the current one.
            command: Which command asked for it.

        Raises:
            OSError: The disk is full, or the folder cannot be written; nothing is written then.
        """
        number, began = self._next, time.monotonic()
        written = self.files.write(f"checkpoint-{number}{ending}", write)
        made = Checkpoint(
            number=number,
            trial=self.trial.number if trial is None else trial,
            at=moment.at,
            values=dict(moment.values),
            file=written.name,
            sha256=written.sha256,
            size=written.size,
            why=why,
            value=moment.value,
        )
        body = {
            "number": number,
            **made.at.to_json(),
            "trial": made.trial,
            "values": dict(made.values),
            "file": made.file,
            "sha256": made.sha256,
            "size": made.size,
            "why": why,
            "value": made.value if made.value is None or abs(made.value) < float("inf") else None,
        }
        if command is not None:
            body["command"] = command
        self.study.journal.write(CHECKPOINT, body, trial=made.trial, author=AUTHOR)
        self._next = number + 1
        self.checkpoints[number] = made
        if made.trial == self.trial.number:
            self.study.checkpoint(self.trial, self.files.folder / made.file, step=made.at.epoch)
        self._saved_at = time.monotonic()
        self._save_seconds = self._saved_at - began
        self._thin_out()
        return made

    def _thin_out(self) -> None:
        """Keep within the budget: first the journal says that a file goes, then it goes."""
        kept = list(self.checkpoints.values())
        maximize = self.study.direction == "maximize"
        for gone in to_thin_out(kept, self._starts, bytes_allowed=self._disk, maximize=maximize):
            self.event("thinned", checkpoint=gone.number)
            self.files.remove(gone)
            del self.checkpoints[gone.number]

    # -- the journal -----------------------------------------------------------------------------

    def outcome(self, command: Command, message: str, *, done: bool, **body: Any) -> None:
        """Write down what became of a command."""
        number = self.trial.number
        told = {"command": command.id, "action": command.action, "done": done, "message": message}
        self.study.journal.write(OUTCOME, {**told, "trial": number, **body}, trial=number, author=AUTHOR)
        if done and body.get("change"):
            for name in body["new"]:
                self.last_changes[name] = (command.id, command.author)

    def event(self, what: str, **body: Any) -> JournalEntry:
        """Write down what happened of itself."""
        number = body.get("trial", self.trial.number)
        return self.study.journal.write(EVENT, {"what": what, **body}, trial=number, author=AUTHOR)

    def note(self, body: Mapping[str, Any]) -> JournalEntry:
        """Write down what the coach says."""
        return self.study.journal.write(NOTE, body, trial=self.trial.number, author="coach")
