"""By priority, literally: the most important hyperparameters first, the others held still meanwhile."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, ClassVar

import numpy as np

from sturgeon.errors import InputError, SpaceError, SpaceExhausted
from sturgeon.search.base import Search
from sturgeon.search.coarse_to_fine import CoarseToFine
from sturgeon.search.record import Observation, Record
from sturgeon.search.unseen import Unseen
from sturgeon.space import Config, Space

BASE_TRIALS = 4
TRIALS_EACH = 3


@dataclass(frozen=True)
class Staged(Search):
    """Tune the hyperparameters of priority 1 first, then those of 2, then of 3, then all together (N2).

    It is the notes' order by the letter. In a stage only its own hyperparameters vary; the others have the
    values of the best trial so far, or their defaults where it has none (before any trial has a value,
    all of them). After the last stage a joint polish varies everything, knowing all trials. Each stage
    asks another search, ``inner``, which sees those trials that lie in the stage's part of the space.

    The stages are the priorities that vary at all: one that no hyperparameter has is passed over, and where
    there is only one, ``inner`` searches the whole from the start. A stage is over when so many trials have
    ended (completed, stopped or failed): so a wave of trials that is asked for at once belongs to one stage.
    A stage whose part of the space is exhausted, or which the constraint forbids, is over early. Where
    the defaults break the constraint, everything varies until a trial has a value.

    Attributes:
        inner: The search of each stage and of the polish.
        trials: How many trials each stage has, in order of priority. Empty stands for 4 and 3 more for each
            hyperparameter of the stage; for the standard space that is 7, 16 and 13, and leaves 28 of 64
            trials to the polish.

    Example:
        >>> from sturgeon.space import Integer, Real
        >>> space = Space(rate=Real(1e-4, 1.0, scale="log", priority=1), layers=Integer(2, 4, default=3))
        >>> configs = Staged().suggest(space, Record(), 3, np.random.default_rng(0))
        >>> [config["layers"] for config in configs]
        [3, 3, 3]
    """

    name: ClassVar[str] = "staged"

    inner: Search = field(default_factory=CoarseToFine)
    trials: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.inner, Search):
            raise InputError(f"`inner` must be a search; got {self.inner!r}. Write Staged(inner=Random()).")
        trials = self.trials
        if not isinstance(trials, tuple | list) or any(
            type(count) is not int or count < 0 for count in trials
        ):
            raise InputError(
                f"`trials` must give a whole number from 0 for each stage; got {trials!r}. "
                "Write trials=(8, 16, 8)."
            )
        object.__setattr__(self, "trials", tuple(trials))

    def suggest(self, space: Space, record: Record, count: int, rng: np.random.Generator) -> list[Config]:
        """Propose up to ``count`` new configurations of the stage that is on; see ``Search.suggest``.

        Raises:
            InputError: ``trials`` gives another number of stages than the space has.
        """
        batch = Unseen(record, count)
        found: list[Config] = []
        for part in self._parts_left(space, record):
            inside = [one for one in record if _belongs(part, one.config)]
            with contextlib.suppress(SpaceExhausted, SpaceError):
                found += self.inner.suggest(part, _known(inside, part, found), count - len(found), rng)
            if len(found) >= count:
                break
        if len(found) < count:
            with contextlib.suppress(SpaceExhausted):
                found += self.inner.suggest(space, _known(record, space, found), count - len(found), rng)
        batch.offer_all(found)
        return batch.configs()

    def stage(self, space: Space, record: Record) -> int | None:
        """Give the priority whose hyperparameters are tuned now; None in the joint polish.

        Example:
            >>> from sturgeon.space import Real
            >>> space = Space(rate=Real(0.0, 1.0, priority=1), decay=Real(0.0, 1.0, priority=3))
            >>> Staged().stage(space, Record())
            1
        """
        stages = _stages(space)
        past = self._stages_past(stages, record)
        return list(stages)[past] if past < len(stages) else None

    def _parts_left(self, space: Space, record: Record) -> Iterator[Space]:
        """Yield the part of the space of the stage that is on, then those of the stages after it."""
        stages = _stages(space)
        past = self._stages_past(stages, record)
        still = _still(space, record) if past < len(stages) else None
        if still is None:
            return
        for names in list(stages.values())[past:]:
            # What is inactive in the best trial stays at its default, should it become active.
            held = {
                name: still.get(name, space[name].start()) for name in space.coordinates if name not in names
            }
            yield space.narrow(**held)

    def _stages_past(self, stages: Mapping[int, Sequence[str]], record: Record) -> int:
        ended = sum(one.state in ("complete", "stopped", "failed") for one in record)
        return sum(end <= ended for end in accumulate(self._lengths(stages)))

    def _lengths(self, stages: Mapping[int, Sequence[str]]) -> tuple[int, ...]:
        if not self.trials:
            return tuple(BASE_TRIALS + TRIALS_EACH * len(names) for names in stages.values())
        if stages and len(self.trials) != len(stages):
            raise InputError(
                f"`trials` must give a number for each stage, and the priorities that vary are "
                f"{', '.join(map(str, stages))}; got {self.trials!r}. Give {len(stages)} numbers."
            )
        return self.trials if stages else ()


def _stages(space: Space) -> dict[int, list[str]]:
    """What varies by its priority, the first to tune first; none where there is no order to keep."""
    stages: dict[int, list[str]] = {}
    for name in space.coordinates:
        stages.setdefault(space[name].priority, []).append(name)
    return dict(sorted(stages.items())) if len(stages) > 1 else {}


def _still(space: Space, record: Record) -> Mapping[str, Any] | None:
    """The configuration that holds what a stage does not vary; None where there is none yet."""
    valued = [one for one in record if one.value is not None and math.isfinite(one.value)]
    if valued:
        best = min(valued, key=lambda one: (one.value, one.number)).config
        space.validate(best)
        return best
    try:
        return space.default()
    except SpaceError:
        return None


def _known(inside: Iterable[Observation], part: Space, found: Sequence[Config]) -> Record:
    """The trials that lie in a part of the space, and what is about to become one."""
    known = Record(inside)
    for number, config in enumerate(one for one in found if _belongs(part, one)):
        known.put(Observation(-1 - number, config, "running"))
    return known


def _belongs(part: Space, config: Mapping[str, Any]) -> bool:
    try:
        part.validate(config)
    except SpaceError:
        return False
    return True
