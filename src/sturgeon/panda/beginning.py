"""``st.panda``: a training loop of one's own, tended by hand."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sturgeon.errors import InputError
from sturgeon.panda.coach.coaching import Coaching
from sturgeon.panda.declared import declare
from sturgeon.panda.opening import RunOptions, folder_beside, open_run, open_study
from sturgeon.panda.run import Run
from sturgeon.panda.training import FunctionTraining, Training
from sturgeon.space import Hyperparameter, Scalar, Space


def panda(
    study: str | os.PathLike[str],
    *,
    minimize: str | None = None,
    maximize: str | None = None,
    resume: bool = False,
    save: Callable[[Path], object] | None = None,
    load: Callable[[Path], object] | None = None,
    apply: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None,
    coach: Coaching | None = None,
    checkpoints: str | os.PathLike[str] | None = None,
    options: RunOptions | None = None,
    **hyperparameters: Scalar | Hyperparameter,
) -> Run:
    """Let a training loop listen to whoever tends it.

    Args:
        study: Where the run is kept: a file, or a PostgreSQL URL.
        minimize: The metric that is reported and to be minimised; by default ``val_loss``.
        maximize: The metric that is to be maximised, instead.
        resume: Go on with the run that is there.
        save: Writes the training's state into the file whose path it is given; with ``load``, checkpoints,
            branches and rewinds are possible, between two epochs.
        load: Reads that state back.
        apply: Gives the optimiser new values and returns those that it has then; needed where the loop does
            not read ``run.learning_rate`` itself in each step.
        coach: Watches the curves; None for one that only speaks.
        checkpoints: The folder of the checkpoints; by default beside the study, if that is a file.
        options: The rest: the disk budget of the checkpoints, the seed.
        hyperparameters: What may be changed, with the values that it begins with: numbers, or ``Real``,
            ``Integer`` and ``Choice`` for bounds of one's own.

    Returns:
        The run, to be used in a ``with`` statement.

    Raises:
        InputError: A hyperparameter or an option breaks a rule.
        StudyError: The study exists and is not to be resumed, or another process trains it.

    Example:
        >>> import tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> weight = 0.0
        >>> with panda(f"{folder.name}/run.study", minimize="loss", learning_rate=0.25) as run:
        ...     for epoch in run.epochs(3):
        ...         weight -= run.learning_rate * 2 * (weight - 1)
        ...         run.report(loss=(weight - 1) ** 2)
        >>> weight
        0.875
        >>> folder.cleanup()
    """
    space = declare(hyperparameters)
    training = FunctionTraining(space.default(), save=save, load=load, apply=apply)
    chosen = _options(options, minimize, maximize, resume)
    if checkpoints is not None:
        chosen = replace(chosen, checkpoints=checkpoints)
    return tend(study, training, space, chosen, coach=coach)


def tend(
    where: str | os.PathLike[str],
    training: Training,
    space: Space,
    options: RunOptions,
    *,
    coach: Coaching | None = None,
) -> Run:
    """Open the study of a training, and let the training listen.

    Args:
        where: Where the run is kept.
        training: What trains.
        space: What may be changed.
        options: How the run is kept.
        coach: Watches the curves; None for one that only speaks.

    Raises:
        InputError, StudyError: As :func:`panda`.
    """
    if training.can_save:
        folder_beside(os.fspath(where), options)  # nothing is begun that cannot be kept
    opened = open_study(where, space, options)
    try:
        return open_run(opened, training, options, coach=Coaching() if coach is None else coach)
    except BaseException:  # whatever ends it, Ctrl-C too, leaves no study open
        opened.close()
        raise


def _options(
    given: RunOptions | None, minimize: str | None, maximize: str | None, resume: bool
) -> RunOptions:
    if minimize is not None and maximize is not None:
        raise InputError(
            f"A run has one objective; got minimize={minimize!r} and maximize={maximize!r}. Name one."
        )
    options = given or RunOptions()
    if minimize is not None or maximize is not None:
        options = replace(options, metric=minimize or maximize or "", maximize=maximize is not None)
    return replace(options, resume=resume or options.resume)
