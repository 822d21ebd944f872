"""Make the study of a run, or open the one it goes on with."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from sturgeon.errors import InputError, StudyError
from sturgeon.search import Search
from sturgeon.search.registry import SEARCHES
from sturgeon.space import Space
from sturgeon.space.constraint import Expression
from sturgeon.stopping import STOPPINGS, Never, Stopping, stopping_from_json, stopping_to_json
from sturgeon.study import MEMORY, Leases, Objective, Study
from sturgeon.study.objectives import Direction, choose_objectives
from sturgeon.study.trial import check_whole

STOPPING = "stopping"  # under which the study keeps the rule, among what else is kept about it


@dataclass(frozen=True)
class Terms:
    """What a study is begun with; when one is gone on with, what it must have been begun with.

    Attributes:
        space: What may vary.
        objectives: What is minimised or maximised; None for what the study has.
        search: What suggests configurations; None for the default, or for what the study has.
        seed: Where all randomness starts; None for 0, or for what the study has.
        stopping: Which trials end early; None for the default, or for what the study has.
    """

    space: Space
    objectives: tuple[Objective, ...] | None
    search: Search | None
    seed: int | None
    stopping: Stopping | None = None


def choose_terms(
    space: Space,
    *,
    exists: bool,
    minimize: Any,
    maximize: Any,
    search: Search | None,
    seed: int | None,
    stopping: Stopping | None = None,
) -> Terms:
    """Check what a caller gave.

    Args:
        space: What may vary.
        exists: Whether the study is there already, so that what it minimises is known.
        minimize: One metric's name or several, or None.
        maximize: One metric's name or several, or None.
        search: What suggests configurations, or None.
        seed: Where all randomness starts, in [0, 2**63), or None.
        stopping: Which trials end early, or None.

    Raises:
        InputError: ``stopping`` is no stopping rule.
        StudyError: Something else breaks a rule.
    """
    if not isinstance(space, Space):
        raise StudyError(f"`space` must be a Space; got {space!r}. Write st.Space(learning_rate=...).")
    if seed is not None:
        seed = check_whole(seed, "seed")
    objectives = None
    if not exists or minimize is not None or maximize is not None:
        objectives = choose_objectives(minimize, maximize)
    if stopping is not None and not isinstance(stopping, Stopping):
        raise InputError(f"`stopping` must be a stopping rule; got {stopping!r}. Write st.MedianRule().")
    return Terms(space, objectives, search, seed, stopping)


def find_study(where: str | os.PathLike[str] | None, *, resume: bool) -> bool:
    """Tell whether the study exists, which it may only if it is to be gone on with.

    Args:
        where: A path or a PostgreSQL URL; None for memory.
        resume: Whether to go on with one that exists.

    Raises:
        StudyError: It exists and is not to be gone on with, or cannot be, as it is in memory.
    """
    place = MEMORY if where is None else os.fspath(where)
    if place == MEMORY and resume:
        raise StudyError(
            "a study in memory is gone when its process ends; got resume=True without a study: name it, "
            'study="name.study".'
        )
    exists = Study.exists(place)
    if exists and not resume:
        raise StudyError(
            f"a study that exists is gone on with only when asked to; {_shown(place)} exists: add "
            f"resume=True, or name another study."
        )
    return exists


def make_study(where: str | os.PathLike[str] | None, terms: Terms, leases: Leases, *, resume: bool) -> Study:
    """Make a study.

    Args:
        where: A path or a PostgreSQL URL; None for memory.
        terms: What it is begun with.
        leases: How often a trial is tried.
        resume: Whether to take one that is there already, perhaps made by another process just now.

    Raises:
        StudyError: It cannot be made, or was begun with other terms.
    """
    goals: dict[Direction, list[str]] = {"minimize": [], "maximize": []}
    for objective in terms.objectives or ():
        goals[objective.direction].append(objective.metric)
    make = Study.open_or_create if resume else Study.create
    study = make(
        MEMORY if where is None else where,
        terms.space,
        minimize=goals["minimize"],
        maximize=goals["maximize"],
        search=terms.search,
        seed=terms.seed or 0,
        about={STOPPING: stopping_to_json(choose_rule(terms))},
        leases=leases,
    )
    return _checked(study, terms)


def choose_rule(terms: Terms, study: Study | None = None) -> Stopping:
    """Choose which trials end early: as given, as the study was begun with, or never.

    Args:
        terms: What was given.
        study: The study, if there is one.

    Raises:
        InputError: A rule is given, and there are several objectives.
        StudyError: The study was begun with a rule of one's own, which is not given.
    """
    kept = None if study is None else study.about.get(STOPPING)
    if terms.stopping is None and kept is not None:
        if kept.get("name") not in STOPPINGS:
            raise StudyError(
                f"a study with a stopping rule of your own is gone on with that rule; got none where it has "
                f"{kept.get('name')!r}: add stopping=..."
            )
        return stopping_from_json(kept)
    objectives = terms.objectives if study is None else study.objectives
    rule = terms.stopping or Never()
    if objectives is not None and len(objectives) > 1 and not isinstance(rule, Never):
        raise InputError(
            f"A stopping rule compares one objective; got {rule!r} with the objectives "
            f"{[one.metric for one in objectives]}. Leave `stopping` out."
        )
    return rule


def go_on(where: str | os.PathLike[str] | None, terms: Terms, leases: Leases) -> Study:
    """Open a study that exists; where its objective is given, one that is just being made will do.

    Args:
        where: A path or a PostgreSQL URL.
        terms: What it must have been begun with.
        leases: How often a trial is tried.

    Raises:
        StudyError: It cannot be opened, or was begun with other terms.
    """
    assert where is not None  # a study in memory is not there before
    if terms.objectives is not None:
        return make_study(where, terms, leases, resume=True)
    own = terms.search if _is_own(terms.search) else None
    study = Study.open(where, constraint=_constraint(terms.space), search=own, leases=leases)
    return _checked(study, terms)


def _checked(study: Study, terms: Terms) -> Study:
    """Give the study back if it was begun with these terms, else close it."""
    try:
        _check_same(study, terms, own_search=_is_own(terms.search))
    except BaseException:
        study.close()
        raise
    return study


def _is_own(search: Search | None) -> bool:
    """Whether a search is of the user's own making, which a study does not keep."""
    return search is not None and search.name not in SEARCHES


def _check_same(study: Study, terms: Terms, *, own_search: bool) -> None:
    if study.space != terms.space:
        begun, given = dict(study.space), dict(terms.space)
        differing = [name for name in {**begun, **given} if begun.get(name) != given.get(name)]
        what = f"its {differing[0]!r}" if differing else "its order or its constraint"
        raise StudyError(
            f"a study is gone on with in the space it was begun with; in that of {study.place!r} {what} "
            f"differs{_difference(begun, given, differing)}: give the same, or name another study."
        )
    _same("the objective", terms.objectives, study.objectives, study)
    _same("seed", terms.seed, study.seed, study)
    begun = study.about.get(STOPPING)
    if terms.stopping is not None and begun is not None:
        _same("stopping rule", stopping_to_json(terms.stopping), begun, study)
    if not own_search and terms.search is not None:
        _same("search", terms.search, study.search, study)


def _same(what: str, given: object, begun: object, study: Study) -> None:
    if given is not None and given != begun:
        raise StudyError(
            f"a study is gone on with as it was begun; got {what} = {_put(given)} where {study.place!r} has "
            f"{_put(begun)}: give the same, or name another study."
        )


def _put(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(f"{one.direction} {one.metric}" for one in value)
    return repr(value)


def _difference(begun: dict[str, Any], given: dict[str, Any], names: list[str]) -> str:
    if not names:
        return ""
    got, had = (space.get(names[0], "nothing") for space in (given, begun))
    return f" (got {got}, it has {had})"


def _constraint(space: Space) -> Any:
    """A constraint that is a function is not kept with the study, so the caller's is used."""
    return None if isinstance(space.constraint, Expression) else space.constraint


def _shown(place: str) -> str:
    """A URL without its password."""
    if "://" not in place or "@" not in place:
        return repr(place)
    scheme, _, rest = place.partition("://")
    return repr(f"{scheme}://…@{rest.rpartition('@')[2]}")
