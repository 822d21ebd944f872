"""A running training seen and steered from another process."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from sturgeon.errors import InputError
from sturgeon.panda.commands import Action, Outcome, give, refuse, wait_for_outcome
from sturgeon.panda.kept.tree import NOTE, RunTree, read_tree
from sturgeon.study import Study
from sturgeon.study.leases import is_alive

WAIT_SECONDS = 30.0
_LOOK_SECONDS = 2.0  # after which a waiting process sees whether there is anybody to wait for


@dataclass(frozen=True, slots=True)
class RunState:
    """How a run stands.

    Attributes:
        study: Where it is kept.
        state: ``"training"``, ``"paused"``, ``"ended"``, or ``"gone"`` where the process that trained is not
            there any more.
        branch: The branch that trains, or trained last.
        epoch: Epochs that it has reported.
        values: The hyperparameters in force.
        metric: The objective.
        value: Its last value; None before there is any.
        notes: What the coach said and nobody answered, by its place in the journal.
    """

    study: str
    state: str
    branch: int
    epoch: int
    values: Mapping[str, Any]
    metric: str
    value: float | None
    notes: Mapping[int, str]


class Panda:
    """A handle on a run that another process trains.

    Each method writes a command, waits until the training has carried it out at its next step, and returns
    what
    became of it; InputError says why where it was refused.

    Example:
        From a notebook::

            tended = st.Panda.attach("run.study")
            tended.set(learning_rate=0.01, why="the loss swings")
            tended.rewind(7)
    """

    def __init__(self, study: Study, *, author: str | None = None, seconds: float = WAIT_SECONDS) -> None:
        """Take the study of a run; see :meth:`attach`."""
        self.study = study
        self._author = author
        self._seconds = seconds
        self._seen: dict[str, int] = self.tree().last_changes()

    @classmethod
    def attach(
        cls, where: str | os.PathLike[str], *, author: str | None = None, seconds: float = WAIT_SECONDS
    ) -> Panda:
        """Attach to a run.

        Args:
            where: Its study: a file, or a PostgreSQL URL.
            author: Who steers; by default the name of the account.
            seconds: How long to wait for what becomes of a command.

        Raises:
            StudyError: There is no such study.
            InputError: It is of another kind.
        """
        study = Study.open(where)
        try:
            return cls(study, author=author, seconds=seconds)
        except BaseException:  # whatever ends it, Ctrl-C too, leaves no study open
            study.close()
            raise

    # -- looking ---------------------------------------------------------------------------------

    def tree(self) -> RunTree:
        """The run tree as it is now."""
        return read_tree(self.study)

    def state(self, tree: RunTree | None = None) -> RunState:
        """How the run stands now; a later ``set`` knows what was seen here.

        Args:
            tree: The run tree where it was just read.
        """
        tree = tree or self.tree()
        self._seen = tree.last_changes()
        branch = tree.branches.get(tree.current)
        values = dict(branch.values) if branch is not None else {}
        for change in tree.changes:
            if change.trial == tree.current:
                values |= change.new
        curve = branch.curves.get(tree.metric, []) if branch is not None else []
        return RunState(
            study=self.study.place,
            state=self.standing(tree),
            branch=tree.current,
            epoch=curve[-1][0] if curve else (branch.start.epoch if branch is not None else 0),
            values=values,
            metric=tree.metric,
            value=curve[-1][1] if curve else None,
            notes=open_notes(tree),
        )

    def standing(self, tree: RunTree) -> str:
        """Whether the run trains, is paused, has ended, or lost its process."""
        if tree.state == "ended":
            return "ended"
        attempts = self.study.attempts(tree.current) if tree.current in tree.branches else []
        if (
            attempts and is_alive(attempts[-1].worker) is False
        ):  # perhaps just before it would have said "ended"
            return "gone"
        return tree.state

    # -- steering --------------------------------------------------------------------------------

    def set(self, *, why: str = "", **values: Any) -> Outcome:
        """Change hyperparameters from the next step on.

        Raises:
            InputError: A value is out of its bounds, was not taken, or somebody changed it since you looked.
        """
        seen = {name: self._seen.get(name, 0) for name in values}
        outcome = self.ask("set", values=values, seen=seen, why=why or None)
        self._seen |= dict.fromkeys(values, outcome.command)
        return outcome

    def pause(self) -> Outcome:
        """Have the training wait."""
        return self.ask("pause")

    def resume(self) -> Outcome:
        """Have it go on."""
        return self.ask("resume")

    def checkpoint(self) -> Outcome:
        """Have its state saved; such a checkpoint is never thinned out."""
        return self.ask("checkpoint")

    def branch(self, checkpoint: int | None = None, *, why: str = "", **values: Any) -> Outcome:
        """Begin a branch at a checkpoint, or here, with other hyperparameters, and go on with it."""
        return self.ask("branch", checkpoint=checkpoint, values=values or None, why=why or None)

    def rewind(self, checkpoint: int, *, why: str = "", **values: Any) -> Outcome:
        """Go back to a checkpoint, its hyperparameters too where no others are given; nothing is lost."""
        return self.ask("rewind", checkpoint=checkpoint, values=values or None, why=why or None)

    def vary(self, *, epochs: int = 1, checkpoint: int | None = None, **values: Sequence[Any]) -> Outcome:
        """Try several values from a checkpoint, or from here, for some epochs, all at once.

        Returns:
            The outcome, whose ``body["tried"]`` has the branches with their values.
        """
        vary = {name: list(each) for name, each in values.items()}
        # Trying takes as long as the training does.
        return self.ask("try", vary=vary, epochs=epochs, checkpoint=checkpoint, wait=24 * 3600.0)

    def carry(self, branch: int) -> Outcome:
        """Go on with another branch, from its last checkpoint."""
        return self.ask("carry", trial=branch)

    def stop(self, *, why: str = "") -> Outcome:
        """End the training; it can be resumed."""
        return self.ask("stop", why=why or None)

    def accept(self, note: int | None = None) -> Outcome:
        """Do what the coach proposed.

        Args:
            note: Which of its notes, by its place in the journal; the last one by default.
        """
        return self.ask("accept", note=note)

    def dismiss(self, note: int) -> Outcome:
        """Have the coach not say this again on this branch."""
        entry = next((one for one in self.study.journal.read(kind=NOTE) if one.id == note), None)
        if entry is None:
            raise InputError(f"A note must be one of the coach's; got {note}.")
        return self.ask("dismiss", note=note, values={"symptom": entry.body["symptom"]})

    def ask(self, action: Action, *, wait: float | None = None, **body: Any) -> Outcome:
        """Give any command, and wait for what becomes of it.

        Args:
            action: What is to be done.
            wait: For how many seconds to wait; by default as long as for every command.
            body: Fields of :class:`sturgeon.panda.commands.Command`.

        Raises:
            InputError: It was refused, the run has ended, or nothing came of it in that time.
        """
        self._check_runs()
        entry = give(self.study, action, author=self._author, **body)
        left = self._seconds if wait is None else wait
        while left > 0:
            part = min(left, _LOOK_SECONDS)
            outcome = wait_for_outcome(self.study, entry.id, seconds=part)
            if outcome is not None:
                refuse(outcome)
                return outcome
            self._check_runs()
            left -= part
        raise InputError(
            "A command is carried out at the next step, or the end of the epoch; nothing came of it in "
            f"{self._seconds if wait is None else wait:g} seconds. It is kept: it may still be carried out."
        )

    def _check_runs(self) -> None:
        standing = self.standing(self.tree())
        if standing in ("ended", "gone"):
            what = "has ended" if standing == "ended" else "was trained by a process that is gone"
            raise InputError(
                f"A command needs a training that runs; the run in {self.study.place!r} {what}. "
                "Go on with it by `--resume`, with more `--epochs` if it has trained them all, then "
                "command it."
            )

    # -- the end ---------------------------------------------------------------------------------

    def close(self) -> None:
        """Let go of the study; the training goes on."""
        self.study.close()

    def __enter__(self) -> Panda:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_notes(tree: RunTree) -> dict[int, str]:
    """What the coach said on the current branch and nobody answered, by its place in the journal."""
    answered = {e.body.get("note") for e in tree.entries if e.kind == "command"}
    return {
        entry.id: str(entry.body["sentence"])
        for entry in tree.entries
        if entry.kind == NOTE and entry.trial == tree.current and entry.id not in answered
    }
