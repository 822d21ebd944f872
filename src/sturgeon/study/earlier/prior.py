"""An earlier study as what a new one knows before its first trial."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from sturgeon.errors import InputError, StudyError
from sturgeon.search.old_record import PRIOR, OldTrial, carry_over, first_configs, old_from_json, old_to_json
from sturgeon.space import Config, Space, config_key
from sturgeon.study.known_trials import KnownTrial, add_trials
from sturgeon.study.objectives import Objective
from sturgeon.study.saved_space import check_whole_space
from sturgeon.study.storage.result_folder import study_of
from sturgeon.study.study import Study

NOTE = "one of the best of the earlier study"


def prior_of(earlier: Any, space: Space, objective: Objective) -> list[OldTrial]:
    """What a new study takes from an earlier one.

    Args:
        earlier: The earlier study, its file or its URL, or the folder that ``sturgeon tune`` wrote to.
        space: The new study's space.
        objective: The new study's (first) objective. Where the earlier study's trials reported the same
            metric, that counts; else the earlier objective does, which says at least what was good.

    Returns:
        The trials that have a place in the space, the best first.

    Raises:
        InputError: It is no study.
        StudyError: It has no finished trial, or none has a place in the new space.
    """
    if isinstance(earlier, Study):
        return _read(earlier, space, objective)
    if not isinstance(earlier, str | os.PathLike):
        raise InputError(f"`prior` must be a study, its file or its URL; got {earlier!r}.")
    with Study.open(study_of(earlier)) as opened:
        return _read(opened, space, objective)


def _read(earlier: Study, space: Space, objective: Objective) -> list[OldTrial]:
    found = []
    ended = [one for one in earlier.trials if one.state in ("complete", "stopped") and one.value is not None]
    own = earlier.objectives[0]
    by_new = bool(ended) and all(objective.metric in one.metrics for one in ended)
    for one in ended:
        value = objective.sign * one.metrics[objective.metric] if by_new else own.sign * (one.value or 0.0)
        if math.isfinite(value):
            found.append((one.config, value))
    if not found:
        raise StudyError(
            f"a prior must be a study with a finished trial; {earlier.place!r} has none: leave it out."
        )
    old = carry_over(space, found)
    if not old:
        raise StudyError(
            f"a prior must have a trial that is possible in the new space; none of the {len(found)} of "
            f"{earlier.place!r} is: widen the space, or leave the prior out."
        )
    return old


def enqueue_first(
    study: Study,
    trials: int | None = None,
    *,
    before: Sequence[tuple[Config, str]] = (),
    after: Sequence[tuple[Config, str]] = (),
) -> None:
    """Have the best configurations of the earlier study tried first, where a study has one.

    A study that had a trial already stays as it is: of several processes that begin one, or resume one whose
    process was killed before this, one writes, and it writes all or nothing.

    Args:
        study: The study.
        trials: How many trials it is to have in all, those that wait included; None for no bound.
        before: What is tried before those, each with the trial's note.
        after: What is tried after them.
    """
    store = study._store

    def has_begun(connection: Connection) -> bool:
        return store.reader.head(connection)[1] > 0

    if store.read(has_begun):
        return
    old = old_from_json(study.about.get(PRIOR))
    listed = [*before, *((config, NOTE) for config in first_configs(study.space, old)), *after]
    chosen: dict[str, KnownTrial] = {}
    for config, note in listed:
        chosen.setdefault(config_key(config), KnownTrial(config, state="waiting", notes=[note]))
    if first := list(chosen.values())[:trials]:
        space = check_whole_space(study.space)
        add_trials(store, space, study.objectives, first, unless=has_begun)


def prior_to_json(old: list[OldTrial]) -> list[dict[str, Any]]:
    """Write a prior as a study keeps it."""
    return old_to_json(old)
