"""A run begun, or resumed where a process left it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sturgeon.errors import InputError, StudyError, option
from sturgeon.panda.coach.coaching import Coaching
from sturgeon.panda.commands import COMMAND, OUTCOME, Command
from sturgeon.panda.kept.checkpoint_files import DISK_BYTES, CheckpointFiles
from sturgeon.panda.kept.record import RunRecord
from sturgeon.panda.kept.tree import CHECKPOINT, EVENT, RunTree, read_tree
from sturgeon.panda.listener import Listener
from sturgeon.panda.run import Run
from sturgeon.panda.training import Training
from sturgeon.space import Config, Space
from sturgeon.study import Leases, Study

STUDY_FILE = "panda.study"
"""The study of a run in a folder of its own, as every table's has."""
# A killed process is no fault of the branch that it trained.
_LEASES = Leases(attempts=1_000_000)


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a run is kept.

    Attributes:
        metric: The objective.
        maximize: Whether it is to be maximised.
        seed: Where all randomness starts.
        resume: Go on with the run that is there.
        checkpoints: The folder of the checkpoints; by default beside the study.
        disk: How many bytes they may take.
        about: What else the study keeps, as plain JSON.
    """

    metric: str = "val_loss"
    maximize: bool = False
    seed: int = 0
    resume: bool = False
    checkpoints: str | os.PathLike[str] | None = None
    disk: int = DISK_BYTES
    about: Mapping[str, Any] | None = None


def open_study(where: str | os.PathLike[str], space: Space, options: RunOptions) -> Study:
    """Make a run's study, or open the one that is to be resumed.

    Raises:
        StudyError: It exists and is not to be resumed, or was begun with other hyperparameters or another
        metric.
        InputError: It is of another kind.
    """
    if not Study.exists(where):
        direction = "maximize" if options.maximize else "minimize"
        about = {"job": "panda", **(options.about or {})}
        goal: dict[str, Any] = {direction: options.metric}
        return Study.create(where, space, seed=options.seed, about=about, leases=_LEASES, **goal)
    if not options.resume:
        raise StudyError(
            f"a run that exists is resumed only when asked to; {os.fspath(where)!r} exists: add "
            f"{option('resume', True)}, or name another study."
        )
    study = Study.open(where, leases=_LEASES)
    try:
        read_tree(study)
        if set(study.space.names) != set(space.names):
            raise StudyError(
                "a run is resumed with the hyperparameters that it was begun with, "
                f"{', '.join(study.space.names)}; "
                f"got {', '.join(space.names)}."
            )
        if study.metric != options.metric:
            raise StudyError(
                f"a run is resumed with its own metric, {study.metric!r}; got {options.metric!r}."
            )
    except BaseException:  # whatever ends it, Ctrl-C too, leaves no study open
        study.close()
        raise
    return study


def folder_beside(place: str, options: RunOptions) -> Path:
    """Where the checkpoints of a run are kept, by where its study is.

    Raises:
        InputError: The study is no file, and no folder is named.
    """
    if options.checkpoints is not None:
        return Path(options.checkpoints).absolute()
    if "://" in place or place == ":memory:":
        raise InputError(
            "Checkpoints need a folder, and a study on a server or in memory is no file to keep them beside; "
            f"got no folder. Name one with `{option('checkpoints', 'tended')}`."
        )
    return Path(f"{place}.checkpoints").absolute()


def open_run(study: Study, training: Training, options: RunOptions, *, coach: Coaching | None = None) -> Run:
    """Let a training listen: from its beginning, or from the last checkpoint of the study.

    Raises:
        StudyError: Another process is at work on it.
        InputError: The last checkpoint cannot be used.
    """
    tree = read_tree(study)
    # What saves nothing needs no folder, and what is no folder is never written to.
    folder = folder_beside(study.place, options) if training.can_save else Path(os.devnull)
    files = CheckpointFiles(folder)
    record = RunRecord(study, files, disk=options.disk, tree=tree)
    last = max((entry.id for entry in tree.entries), default=-1)
    if not tree.branches:
        number = record.add_branch(_config(study.space, training.values), None)
        record.go_on_with(number)
        run = Run(record, training, study.space, Listener(study, after=last), coach)
        if training.can_save:
            _save_beginning(run)
        return run
    _take_over(study, tree)
    files.remove_strays(tree.checkpoints.values())
    run = Run(record, training, study.space, Listener(study, after=last), coach)
    _resume(run, study, tree)
    _answer_unanswered(run, tree)
    return run


def _save_beginning(run: Run) -> None:
    """Make the checkpoint that everything can go back to.

    Raises:
        InputError: It cannot be written.
    """
    try:
        run.save("begin")
    except OSError as error:
        run.close(interrupted=True)
        raise InputError(
            f"A run begins with a checkpoint; none can be written to {str(run.record.files.folder)!r} "
            f"({error.strerror}). Make room, then go on with {option('resume', True)}, or "
            "begin again where nothing was kept."
        ) from error


def _take_over(study: Study, tree: RunTree) -> None:
    """Put aside what a process left that is gone.

    Raises:
        StudyError: It is not gone.
    """
    lost = study.ask(len(tree.branches) + 1, paused=False, at_most=0)
    for trial in lost:
        study.pause(trial)
    running = [trial.number for trial in study.trials if trial.state == "running"]
    if running:
        raise StudyError(
            f"one process trains a run at a time; another is at work on {study.place!r}, on branch "
            f"{running[0]}. "
            "Attach to it: `sturgeon panda attach STUDY`."
        )


def _resume(run: Run, study: Study, tree: RunTree) -> None:
    """Go on with the branch that trained last, from its last checkpoint."""
    current = tree.current if tree.current in tree.branches else max(tree.branches)
    state = study.trial(current).state
    latest = tree.latest(current)
    if latest is None and state != "paused":
        raise InputError(f"A run that has ended goes on from a checkpoint; {study.place!r} has none.")
    if state == "paused":
        run.record.go_on_with(current)
        own = [change for change in tree.changes if change.trial == current]
        if (
            latest is not None
        ):  # before its own first checkpoint, a branch has its own hyperparameters already
            run.go_on_from(latest, None if latest.trial == current else tree.branches[current].values)
        run.redo([change for change in own if latest is None or change.at >= latest.at])
        return
    assert latest is not None  # the branch has ended: another goes on from its end
    run.record.go_on_with(run.record.add_branch(latest.values, latest))
    run.go_on_from(latest)


def _answer_unanswered(run: Run, tree: RunTree) -> None:
    """Tell whoever gave a command to a process that was killed what came of it: what the journal shows."""
    answered = {entry.body["command"] for entry in tree.entries if entry.kind == OUTCOME}
    done = {entry.body.get("command"): entry for entry in tree.entries if entry.kind in (CHECKPOINT, EVENT)}
    for entry in tree.entries:
        command = Command.of(entry) if entry.kind == COMMAND else None
        if command is None or command.id in answered:
            continue
        found = done.get(command.id)
        if found is None:
            message = "The process that trained was gone before it was carried out; give it again."
            run.record.outcome(command, message, done=False, **run.at.to_json())
        elif found.kind == CHECKPOINT:
            number = found.body["number"]
            message = f"Checkpoint {number}, the last that its process did."
            run.record.outcome(command, message, done=True, **run.at.to_json(), checkpoint=number)
        else:
            branch = tree.branches[found.body["trial"]]
            message = f"Went to branch {branch.trial}, the last that its process did."
            start = {"checkpoint": branch.checkpoint, "branch": branch.trial}
            run.record.outcome(command, message, done=True, **branch.start.to_json(), **start)


def _config(space: Space, values: Mapping[str, Any]) -> Config:
    """The configuration of a branch: the values of all hyperparameters that are active with them."""
    return {name: value for name, value in values.items() if name in space.names}
