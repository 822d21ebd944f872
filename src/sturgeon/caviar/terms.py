"""The terms a table study is begun with, kept in the study, and checked when it is resumed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sturgeon.data import METRICS, Dataset
from sturgeon.errors import InputError, StudyError
from sturgeon.network.settings import Precision, check_network_space, check_precision
from sturgeon.search import CoarseToFine, Search
from sturgeon.space import Space, standard_space
from sturgeon.stopping import Never, Stopping, stopping_from_json, stopping_to_json
from sturgeon.study import Leases, Objective, Study

DEFAULT_EPOCHS = 30

# A killed run loses up to a wave of trials at once, most of which did no harm: no trial fails for that.
LEASES = Leases(attempts=1_000_000)
DEFAULT_METRIC = {"classification": "accuracy", "regression": "rmse"}


@dataclass(frozen=True, slots=True)
class TuneOptions:
    """What the caller asked for; None where he left it to the default, or to the study that is resumed."""

    space: Space | None = None
    minimize: str | None = None
    maximize: str | None = None
    search: Search | None = None
    epochs: int | None = None
    seed: int | None = None
    stopping: Stopping | None = None
    precision: Precision | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for every trial of a study.

    Attributes:
        space: What may vary.
        objective: The metric and its direction.
        epochs: Epochs of each trial.
        stopping: Which trials end early.
        precision: In which numbers matrices are multiplied.
    """

    space: Space
    objective: Objective
    epochs: int
    stopping: Stopping = field(default_factory=Never)
    precision: Precision = "float32"


def settle(wishes: TuneOptions, task: str) -> Terms:
    """The terms of a new study: what was wished for, and the defaults elsewhere.

    Raises:
        InputError: The space or the metric breaks a rule.
    """
    space = wishes.space or standard_space()
    check_network_space(space)
    objective = choose_goal(wishes, task) or default_goal(task)
    epochs = DEFAULT_EPOCHS if wishes.epochs is None else wishes.epochs
    precision = wishes.precision or "float32"
    check_precision(precision)
    return Terms(space, objective, epochs, wishes.stopping or Never(), precision)


def begin(
    place: str, terms: Terms, wishes: TuneOptions, dataset: Dataset, *, about: Mapping[str, Any]
) -> Study:
    """Create a study whose first trial is the default configuration.

    Args:
        place: A path or URL.
        terms: What holds for every trial.
        wishes: The search and the seed, where they are not the defaults.
        dataset: The data.
        about: What else to keep: ``trials`` in all, and ``repeats`` at the end, for who resumes without
            saying; ``table``, where the rows came from, and ``out``, for who hands the network on.

    Raises:
        SpaceError: The defaults do not satisfy the space's constraint.
        StudyError: It cannot be made there.
    """
    default = terms.space.default()
    study = Study.create(
        place,
        terms.space,
        **{terms.objective.direction: terms.objective.metric},  # pyright: ignore[reportArgumentType]
        search=wishes.search or CoarseToFine(),
        seed=wishes.seed or 0,
        about=_about(dataset, terms) | dict(about),
        leases=LEASES,
    )
    study.enqueue(default, note="the default configuration")
    return study


def resume(study: Study, wishes: TuneOptions, dataset: Dataset) -> Terms:
    """Check that an open study can go on with this data and these wishes.

    Raises:
        StudyError: It was begun with other ones; the message names the first that differs.
    """
    begun = study.about
    if begun.get("job") != "table" or not isinstance(begun.get("epochs"), int):
        raise StudyError(
            f"Only a study that `sturgeon tune` began can be resumed by it; got {study.place!r}. "
            "Name another one, or another directory with `--out`."
        )
    asked = choose_goal(wishes, dataset.task)
    _same("--epochs", wishes.epochs, begun["epochs"])
    _same("--seed", wishes.seed, study.seed)
    _same("--search", wishes.search, study.search)
    stopping = stopping_from_json(begun["stopping"]) if "stopping" in begun else Never()
    _same("--stopping", wishes.stopping, stopping)
    precision = begun.get("precision", "float32")
    _same("--precision", wishes.precision, precision)
    _same("the metric", asked, Objective(study.metric, study.direction))
    if wishes.space is not None and wishes.space != study.space:
        raise StudyError(
            f"A study is resumed with the space it was begun with; {study.place!r} has another one. "
            "Leave out `--vary` and `--fix`, or name a new directory with `--out`."
        )
    check_network_space(study.space)
    if dataset.fingerprint != begun.get("fingerprint"):
        raise StudyError(
            f"A study is resumed on the data it was begun with; the table, its target or how it is split is "
            f"not what {study.place!r} saw. Give the same, or name a new directory with `--out`."
        )
    return Terms(study.space, Objective(study.metric, study.direction), begun["epochs"], stopping, precision)


def choose_goal(wishes: TuneOptions, task: str) -> Objective | None:
    """The metric asked for; None if none was.

    Raises:
        InputError: Two were asked for, or one that the task does not have, or one the wrong way round.
    """
    known = METRICS[task]  # pyright: ignore[reportArgumentType]
    if wishes.minimize is not None and wishes.maximize is not None:
        raise InputError(
            f"One metric decides; got `--minimize {wishes.minimize}` and "
            f"`--maximize {wishes.maximize}`. Give one."
        )
    direction, asked = (
        ("minimize", wishes.minimize) if wishes.minimize is not None else ("maximize", wishes.maximize)
    )
    if asked is None:
        return None
    name = asked.removeprefix("val_")
    if name not in known:
        listed = ", ".join(f"val_{metric}" for metric in known)
        raise InputError(f"The metric of a {task} must be one of {listed}; got {asked!r}.")
    if known[name] != direction:
        raise InputError(
            f"val_{name} is better the other way round; got `--{direction}`. Use `--{known[name]}`."
        )
    return Objective(f"val_{name}", direction)


def default_goal(task: str) -> Objective:
    """Accuracy for classes; RMSE for a number, in its own unit."""
    name = DEFAULT_METRIC[task]
    return Objective(f"val_{name}", METRICS[task][name])  # pyright: ignore[reportArgumentType]


def _about(dataset: Dataset, terms: Terms) -> dict[str, Any]:
    return {
        "job": "table",
        "task": dataset.task,
        "target": dataset.target,
        "rows": dataset.rows,
        "features": dataset.features,
        "fingerprint": dataset.fingerprint,
        "epochs": terms.epochs,
        "stopping": stopping_to_json(terms.stopping),
        "precision": terms.precision,
    }


def _same(what: str, asked: object, begun: object) -> None:
    if asked is not None and asked != begun:
        raise StudyError(
            f"A study is resumed with what it was begun with; got {what} = {asked!r} where it has {begun!r}. "
            "Give the same, or name a new directory with `--out`."
        )
