"""A table's study begun or resumed: the defaults of the network, its metrics, and the data."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sturgeon.caviar.opening import (
    LANE_LEASES,
    StudySettings,
    TuneOptions,
    begin_study,
    new_settings,
    resume_study,
)
from sturgeon.caviar.population.population import for_lanes
from sturgeon.data import METRICS, Dataset
from sturgeon.data.metrics import check_defined
from sturgeon.errors import InputError, StudyError, option
from sturgeon.network.portfolio import portfolio
from sturgeon.network.settings import EMBEDDINGS, MADE_OF, check_network_space, check_precision
from sturgeon.search import CoarseToFine, PopulationBasedTraining, Search
from sturgeon.space import Choice, Constant, Space, standard_space
from sturgeon.study import Study
from sturgeon.study.earlier.prior import enqueue_first

DEFAULT_EPOCHS = 30
RULES = ("bounds", "as_spelled", "pieces", "recognise", "tidied", "alike")
"""What :func:`sturgeon.data.prepare` did not always do, and a study keeps of itself."""
# For classes the log loss, a proper score, which sees more in a few rows than the share of right guesses; for
# a number the RMSE, in its own unit.
DEFAULT_METRIC = {"classification": "loss", "regression": "rmse"}


def table_settings(options: TuneOptions, task: str) -> StudySettings:
    """What will hold for a new study of a table: what was asked for, and the defaults elsewhere.

    Raises:
        InputError: The space or the metric breaks a rule.
    """
    space = options.space or standard_space()
    check_network_space(space)
    table_search(options, space)
    goal = _with_goal(options, task)
    if goal.minimize is None and goal.maximize is None:
        name = DEFAULT_METRIC[task]
        goal = replace(options, **{METRICS[task][name]: f"val_{name}"})  # pyright: ignore[reportArgumentType]
    precision = options.precision or "float32"
    check_precision(precision)
    epochs = DEFAULT_EPOCHS if options.epochs is None else options.epochs
    return new_settings(replace(goal, space=space, epochs=epochs, precision=precision))


def reads_pieces(space: Space | None) -> bool:
    """Whether any network of a space, the standard one for None, may read the pieces of numbers."""
    space = space or standard_space()
    embedding = space["embedding"] if "embedding" in space.names else None
    options = embedding.options if isinstance(embedding, Choice) else (getattr(embedding, "value", "none"),)
    return any(option != EMBEDDINGS[0] for option in options)


def _for_its_inputs(space: Space, dataset: Dataset) -> Space:
    """The space without a choice that makes no difference, where a table has no pieces of numbers."""
    if dataset.pieces or not reads_pieces(space):
        return space
    return space.replace(embedding=Constant(EMBEDDINGS[0], priority=space["embedding"].priority))


def begin_table_study(
    place: str, options: TuneOptions, dataset: Dataset, *, about: Mapping[str, Any]
) -> tuple[Study, StudySettings]:
    """Create a study whose first trial is the default configuration.

    Where the search learns, others follow that did well on other tables.

    Args:
        place: A path or URL.
        options: What was asked for.
        dataset: The data.
        about: What else to keep: ``trials`` in all, and ``repeats`` at the end, for whoever resumes without
            saying; ``table``, where the rows came from, and ``out``, for whoever hands the network on.

    Returns:
        The study, and what holds for its trials.

    Raises:
        InputError: The space or the metric breaks a rule, or the study cannot be made there.
        DataError: The validation rows leave the metric undefined.
    """
    settings = table_settings(options, dataset.task)
    settings = replace(settings, space=_for_its_inputs(settings.space, dataset))
    for number in range(dataset.folds):
        check_defined(settings.objective.metric, dataset if dataset.folds == 1 else dataset.fold(number))
    data = {
        "job": "table",
        "task": dataset.task,
        "target": dataset.target,
        "rows": dataset.rows,
        "features": dataset.features,
        "fingerprint": dataset.fingerprint,
        "bounds": dataset.preprocessing.bounds,
        "as_spelled": dataset.preprocessing.missing_words is not None,
        "pieces": dataset.pieces > 0,
        "recognise": dataset.recognises,
        "tidied": True,
        "alike": True,
    }
    search = table_search(options, settings.space)
    options = replace(options, search=search)
    study = begin_study(place, settings, options, leases=LANE_LEASES, about={**data, **about})
    _enqueue_first(study, settings.space)
    return study, settings


def _enqueue_first(study: Study, space: Space) -> None:
    """Have the default configuration tried first, then the best of an earlier study.

    What did well on other tables follows: where an earlier study misleads, it begins as without.
    """
    default = [(space.default(), "the default configuration")]
    others = portfolio(space) if study.search.learns else ()
    after = [(config, "one that did well on other tables") for config in others]
    enqueue_first(study, study.about.get("trials"), before=default, after=after)


def table_search(options: TuneOptions, space: Space) -> Search:
    """The search of a new study of a table: what was asked for, or the default one.

    Where the study begins with configurations that did well on other tables, the default looks near the best.

    Args:
        options: What was asked for.
        space: What is searched.

    Raises:
        InputError: Population-based training is to change what the network is made of.
    """
    if isinstance(options.search, PopulationBasedTraining):
        return for_lanes(options.search, space, MADE_OF)
    if options.search is not None:
        return options.search
    return CoarseToFine(near=len(portfolio(space)) > 1)


@dataclass(frozen=True, slots=True)
class Begun:
    """What a table's study was begun with, before its rows can be read.

    Attributes:
        seed: Its seed, by which the rows were split.
        folds: How many folds; 1 in a study of before there were folds.
        place: Where it lies.
    """

    seed: int
    folds: int
    place: str


def begun_with(place: str | os.PathLike[str]) -> Begun:
    """What a table's study that is to be resumed was begun with.

    Raises:
        StudyError: It is not a table's study.
    """
    with Study.open(place, leases=LANE_LEASES) as study:
        if study.about.get("job") != "table" or not isinstance(study.about.get("epochs"), int):
            raise StudyError(
                f"Only a study that `sturgeon tune` began can be resumed by it; got {study.place!r}. "
                f"Name another one, or another directory with `{option('out')}`."
            )
        return Begun(study.seed, int(study.about.get("folds", 1)), study.place)


def choose_folds(asked: int | None, repeats: int | None, begun: Begun | None) -> int | None:
    """How many folds to ask for: as many as the study was begun with, or None where the rows decide.

    Repeats and folds answer the same question, how far a trial's value is luck; so they exclude each other.

    Args:
        asked: What was asked for, at least 1.
        repeats: How many repeats were asked for.
        begun: The study that is resumed.

    Raises:
        InputError: Both were asked for.
        StudyError: The study was begun with another number, or with folds where repeats are asked for.
    """
    if repeats and (asked or 1) > 1:
        raise InputError(
            f"A trial is trained again by folds or by repeats; got `{option('folds', asked)}` and "
            f"`{option('repeats', repeats)}`. Give one."
        )
    if begun is None:
        return 1 if repeats else asked
    if asked is not None and asked != begun.folds:
        raise StudyError(
            f"A study is resumed with the folds that it was begun with; got `{option('folds', asked)}` where "
            f"{begun.place!r} has {begun.folds}. Leave it out, or name another directory with "
            f"`{option('out')}`."
        )
    if repeats and begun.folds > 1:
        raise StudyError(
            f"The trials of a study with folds are not repeated; got `{option('repeats', repeats)}` where "
            f"{begun.place!r} has {begun.folds} folds. Leave it out."
        )
    return begun.folds


def begun_rules(place: str | os.PathLike[str], *, group_column: str | None) -> dict[str, Any]:
    """The rules by which a table's study that is to be resumed had its table prepared.

    Args:
        place: A path or URL.
        group_column: What is asked for now.

    Returns:
        For :func:`sturgeon.data.prepare`: ``bounds``, whether inputs and predictions are kept near what
        training saw, ``as_spelled``, whether cells are as they are spelled in every format, ``pieces``,
        whether ranges of numbers are inputs, ``recognise``, whether dates, numbers in dress and many
        categories are looked for, ``tidied``, whether row numbers are left out, ``alike``, whether a column
        is read as others of its kind; and ``group_column``. Older studies had none of them.

    Raises:
        StudyError: It was begun with other groups.
    """
    with Study.open(place, leases=LANE_LEASES) as study:
        begun = study.about.get("group_column")
        if group_column not in (None, begun):
            raise StudyError(
                f"A study is resumed with the groups that it was begun with; got "
                f"`{option('group_column', group_column)}` where {study.place!r} has {begun or 'none'}. "
                f"Leave it out, or name another directory with `{option('out')}`."
            )
        return {**{rule: bool(study.about.get(rule, False)) for rule in RULES}, "group_column": begun}


def resume_table_study(place: str, options: TuneOptions, dataset: Dataset) -> tuple[Study, StudySettings]:
    """Open a table's study, and check that it was begun with this data and these options.

    Raises:
        StudyError: It was begun with other ones; the message names the first that differs.
    """
    if options.space is not None:
        options = replace(options, space=_for_its_inputs(options.space, dataset))
    if isinstance(options.search, PopulationBasedTraining):
        with Study.open(place, leases=LANE_LEASES) as begun:
            options = replace(options, search=table_search(options, begun.space))
    study, settings = resume_study(place, _with_goal(options, dataset.task), leases=LANE_LEASES)
    try:
        check_network_space(settings.space)
        if dataset.fingerprint != study.about.get("fingerprint"):
            raise StudyError(
                "A study is resumed on the data it was begun with; the table, its target or how it is split "
                f"is not what {study.place!r} saw. Give the same, or name a new directory with "
                f"`{option('out')}`."
            )
        if not any(study.counts().values()):  # the process that made it was killed before its first trial
            _enqueue_first(study, settings.space)
    except BaseException:  # whatever ends it, Ctrl-C too, leaves no study open
        study.close()
        raise
    return study, settings


def _with_goal(options: TuneOptions, task: str) -> TuneOptions:
    """The options with the metric by the name that trials report it under.

    Raises:
        InputError: Two were asked for, or one that the task does not have, or one the wrong way round.
    """
    known = METRICS[task]  # pyright: ignore[reportArgumentType]
    if options.minimize is not None and options.maximize is not None:
        raise InputError(
            f"One metric decides; got `{option('minimize', options.minimize)}` and "
            f"`{option('maximize', options.maximize)}`. Give one."
        )
    direction, asked = (
        ("minimize", options.minimize) if options.minimize is not None else ("maximize", options.maximize)
    )
    if asked is None:
        return options
    name = str(asked).removeprefix("val_")
    if name not in known:
        listed = ", ".join(f"val_{metric}" for metric in known)
        raise InputError(f"The metric of a {task} must be one of {listed}; got {asked!r}.")
    if known[name] != direction:
        raise InputError(
            f"val_{name} is better the other way round; got `{option(direction)}`. "
            f"Use `{option(known[name])}`."
        )
    return replace(options, **{direction: f"val_{name}"})
