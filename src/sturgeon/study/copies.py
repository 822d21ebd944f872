"""Trials of a population that begin where others are: copies, which go on with another configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from sturgeon.search.population.training import Exploit
from sturgeon.search.record import COPIED
from sturgeon.space import Space
from sturgeon.study.known_trials import KnownTrial, add_trials
from sturgeon.study.record_cache import RecordCache
from sturgeon.study.storage import Store
from sturgeon.study.trial import TrialRecord


def add_copies(
    store: Store,
    space: Space,
    record_cache: RecordCache,
    copies: Sequence[Exploit],
    parents: Mapping[int, TrialRecord],
    checkpoints: Mapping[int, str],
) -> list[int]:
    """Write copies down, unless another process has copied after the same generation.

    Args:
        store: The study's rows.
        space: What may vary.
        record_cache: The study's record.
        copies: As ``PopulationBasedTraining.exploit`` chose them.
        parents: The trials that are copied, by number.
        checkpoints: For each of them, where its checkpoint is kept for the copies.

    Returns:
        The trials' numbers; none where another process was faster.
    """
    known = [known_copy(parents[one.parent], one, checkpoints[one.parent]) for one in copies]
    generation = max(one.generation for one in copies)

    go_on = {one.parent for one in copies if one.parent == one.replaces}

    def came_later(connection: Connection) -> bool:
        record_cache.sync(connection)
        before = [one.copied for one in record_cache.record if one.copied]
        if go_on:
            return any(one.replaces in go_on for one in before)
        return any(one.generation >= generation for one in before)

    with record_cache.lock:
        try:
            return add_trials(store, space, store.description.objectives, known, unless=came_later)
        finally:
            record_cache.forget()  # it may have taken in a change that was rolled back


def known_copy(parent: TrialRecord, copy: Exploit, checkpoint: str) -> KnownTrial:
    """Make a trial that is to begin where another one is, and that has this one's curves up to there.

    Args:
        parent: The trial that is copied, with a checkpoint.
        copy: With which configuration it goes on, and in whose place.
        checkpoint: Where the parent's checkpoint is kept for it.
    """
    step = parent.checkpoint_step or 0
    note = f"copy of trial {parent.number} at step {step}"
    if copy.replaces == parent.number:
        note = f"trial {parent.number} goes on from step {step}"
    elif copy.replaces is not None:
        note += f", in the place of trial {copy.replaces}"
    about = {
        "parent": copy.parent,
        "step": step,
        "generation": copy.generation,
        "replaces": copy.replaces,
        "checkpoint": checkpoint,
    }
    return KnownTrial(
        copy.config,
        state="paused",
        curves={
            metric: [point for point in curve if point[0] <= step] for metric, curve in parent.curves.items()
        },
        notes=[note],
        about={COPIED: about},
        checkpoint=checkpoint,
        checkpoint_step=step,
    )
