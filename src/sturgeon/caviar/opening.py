"""The one door to a run's study: what the caller asked for, what holds, and the study begun or resumed."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sturgeon.errors import InputError, StudyError, by_caller, option
from sturgeon.search import Search
from sturgeon.search.old_record import PRIOR
from sturgeon.search.registry import SEARCHES, check_search
from sturgeon.space import Space
from sturgeon.space.constraint import Expression
from sturgeon.stopping import STOPPINGS, Never, Stopping, stopping_from_json, stopping_to_json
from sturgeon.study import MEMORY, Leases, Objective, Study
from sturgeon.study.earlier.more_epochs import check_epochs, offer_study
from sturgeon.study.earlier.prior import prior_of, prior_to_json
from sturgeon.study.objectives import SUBJECT_TO, check_subject_to, choose_objectives
from sturgeon.study.saved_space import check_space
from sturgeon.study.storage import place_of
from sturgeon.study.trial import check_whole

if TYPE_CHECKING:
    from sturgeon.network.settings import Precision

_log = logging.getLogger("sturgeon")

# A killed run in lanes loses up to a wave of trials at once, most of which did no harm: none fails for that.
LANE_LEASES = Leases(attempts=1_000_000)


@dataclass(frozen=True, slots=True)
class TuneOptions:
    """What the caller asked for; None where that is left to the default, or to the study that is resumed.

    Attributes:
        space: What may vary.
        minimize: The metric, or metrics, to be minimised.
        maximize: The metric, or metrics, to be maximised.
        search: What suggests configurations.
        epochs: Epochs of each trial of a table's network.
        seed: Where all randomness starts, in [0, 2**63).
        stopping: Which trials end early.
        precision: In which numbers a table's network multiplies matrices.
        subject_to: What the best trial's final metrics must satisfy, such as ``"latency <= 20"``.
        prior: An earlier study, its file or its URL: what it knows counts as far as it predicts the new
            trials.
    """

    space: Space | None = None
    minimize: str | Sequence[str] | None = None
    maximize: str | Sequence[str] | None = None
    search: Search | None = None
    epochs: int | None = None
    seed: int | None = None
    stopping: Stopping | None = None
    precision: Precision | None = None
    subject_to: str | None = None
    prior: Any = None

    def __post_init__(self) -> None:
        check_search(self.search)
        if self.subject_to is not None:
            check_subject_to(self.subject_to)


@dataclass(frozen=True, slots=True)
class StudySettings:
    """What holds for every trial of a study.

    Attributes:
        space: What may vary.
        objectives: What is minimised or maximised, at least one.
        stopping: Which trials end early.
        epochs: Epochs of each trial; 0 where the study does not keep that.
        precision: In which numbers matrices are multiplied.
    """

    space: Space
    objectives: tuple[Objective, ...]
    stopping: Stopping
    epochs: int = 0
    precision: Precision = "float32"

    @property
    def objective(self) -> Objective:
        """The (first) metric, and its direction."""
        return self.objectives[0]


def find_study(
    where: str | os.PathLike[str] | None, *, resume: bool, instead: str = "name another study"
) -> bool:
    """Tell whether a study exists, which it may only if it is to be resumed.

    Args:
        where: A path or a PostgreSQL URL; None for memory.
        resume: Whether to resume one that exists.
        instead: What else to do where it exists, for the message.

    Raises:
        StudyError: It exists and is not to be resumed, or cannot be, as it is in memory.
    """
    place = MEMORY if where is None else place_of(where)
    if place == MEMORY and resume:
        raise StudyError(
            f"a study in memory is gone when its process ends; got {option('resume', True)} without a study: "
            'name it, study="name.study".'
        )
    if "://" not in place and Path(place).is_dir():
        raise StudyError(
            f"a study is a file; {place!r} is a directory: name a file, such as "
            f"{option('study', str(Path(place) / 'tune.study'))}."
        )
    exists = Study.exists(place)
    if exists and not resume:
        raise StudyError(
            f"a study that exists is resumed only when asked to; {_without_password(place)} exists: add "
            f"{option('resume', True)}, or {instead}."
        )
    return exists


def new_settings(options: TuneOptions) -> StudySettings:
    """What will hold for a new study: what was asked for, and the defaults elsewhere.

    Raises:
        InputError: ``stopping`` is no stopping rule, or there are several objectives for it.
        StudyError: Something else breaks a rule.
    """
    space = _check_types(options)
    objectives = choose_objectives(options.minimize, options.maximize)
    return StudySettings(
        space,
        objectives,
        _for_one_objective(options.stopping or Never(), objectives),
        options.epochs or 0,
        options.precision or "float32",
    )


def begin_study(
    where: str | os.PathLike[str] | None,
    settings: StudySettings,
    options: TuneOptions,
    *,
    leases: Leases,
    about: Mapping[str, Any] | None = None,
    resume: bool = False,
) -> Study:
    """Make a study that keeps its settings.

    Args:
        where: A path or a PostgreSQL URL; None for memory.
        settings: What holds for every trial.
        options: What was asked for, where the search and the seed are found.
        leases: How often a trial is tried.
        about: What else to keep with it; ``job`` tells what kind of run began it.
        resume: Take the one that another process made a moment ago, if it was begun with the same.

    Raises:
        StudyError: It cannot be made, or was begun with something else.
    """
    kept: dict[str, Any] = {**(about or {}), "stopping": stopping_to_json(settings.stopping)}
    if options.subject_to is not None:
        kept[SUBJECT_TO] = options.subject_to
    if settings.epochs:
        kept |= {"epochs": settings.epochs, "precision": settings.precision}
    if options.prior is not None:
        kept[PRIOR] = prior_to_json(prior_of(options.prior, settings.space, settings.objective))
    goals = {
        direction: [one.metric for one in settings.objectives if one.direction == direction]
        for direction in ("minimize", "maximize")
    }
    make = Study.open_or_create if resume else Study.create
    study = make(
        MEMORY if where is None else where,
        settings.space,
        minimize=goals["minimize"],
        maximize=goals["maximize"],
        search=options.search,
        seed=options.seed or 0,
        about=kept,
        leases=leases,
    )
    if resume:
        _begun_settings(study, options, kept.get("job"))
    return study


def resume_study(
    where: str | os.PathLike[str] | None, options: TuneOptions, *, leases: Leases, job: str | None = None
) -> tuple[Study, StudySettings]:
    """Open a study that exists, and check that it was begun with what is asked for now.

    Args:
        where: A path or a PostgreSQL URL.
        options: What it must have been begun with, as far as it is given.
        leases: How often a trial is tried.
        job: The kind of run. A study that another kind began, or an older version, has not kept the rule
            that such a run obeyed; then the rule of ``options`` holds.

    Returns:
        The study, and what holds for its trials.

    Raises:
        InputError: ``stopping`` is no stopping rule, or there are several objectives for it.
        StudyError: It cannot be opened, or was begun with something else; the message names the first.
    """
    assert where is not None  # a study in memory is not there before
    if options.space is not None:
        _check_types(options)
        if options.minimize is not None or options.maximize is not None:
            # All is known that a study is made of, so one that another process is just making is waited for.
            settings = new_settings(options)
            about = {} if job is None else {"job": job}
            study = begin_study(where, settings, options, leases=leases, about=about, resume=True)
            return study, _begun_settings(study, options, job)
    study = Study.open(
        where,
        constraint=_function_constraint(options.space),
        search=options.search if _is_own(options.search) else None,
        leases=leases,
    )
    return study, _begun_settings(study, options, job)


def _begun_settings(study: Study, options: TuneOptions, job: str | None) -> StudySettings:
    """What holds for a study's trials, if it was begun with what is asked for now; else it is closed."""
    try:
        about = study.about
        objectives = None
        if options.minimize is not None or options.maximize is not None:
            objectives = choose_objectives(options.minimize, options.maximize)
        _check_space(study, options.space)
        _same(study, "the objective", objectives, study.objectives)
        _same(study, option("seed"), options.seed, study.seed)
        if options.search is not None and not _is_own(options.search) and options.search != study.search:
            _log.warning("The search goes on as %r; so far it was %r.", options.search, study.search)
            study.change_search(options.search)  # it is a pure function of the record
        _same(study, option(SUBJECT_TO), options.subject_to, about.get(SUBJECT_TO))
        check_epochs(study, options.epochs, about.get("epochs"))
        precision = about.get("precision", "float32")
        _same(study, option("precision"), options.precision, precision)
        rule = _resumed_rule(study, options.stopping, job)
        return StudySettings(study.space, study.objectives, rule, about.get("epochs") or 0, precision)
    except BaseException:  # whatever ends it, Ctrl-C too, leaves no study open
        study.close()
        raise


def _is_own(search: Search | None) -> bool:
    """Whether a search is of the user's own making, which a study does not keep."""
    return search is not None and search.name not in SEARCHES


def _check_types(options: TuneOptions) -> Space:
    space = check_space(options.space)
    if options.seed is not None:
        check_whole(options.seed, "seed")
    if options.stopping is not None and not isinstance(options.stopping, Stopping):
        raise InputError(
            f"`stopping` must be a stopping rule; got {options.stopping!r}. Write st.MedianRule()."
        )
    return space


def _resumed_rule(study: Study, given: Stopping | None, job: str | None) -> Stopping:
    """The rule that a study keeps; the one given, or none, where it keeps none."""
    kept = study.about.get("stopping")
    if job is not None and study.about.get("job") != job and kept == stopping_to_json(Never()):
        kept = None
    if kept is None:
        return _for_one_objective(given or Never(), study.objectives)
    if given is not None:
        _same(study, option("stopping"), stopping_to_json(given), kept)
        return given
    if kept.get("name") not in STOPPINGS:
        raise StudyError(
            f"a study with a stopping rule of your own is resumed with that rule; got none where it has "
            f"{kept.get('name')!r}: add stopping=..."
        )
    return stopping_from_json(kept)


def _for_one_objective(rule: Stopping, objectives: tuple[Objective, ...]) -> Stopping:
    if len(objectives) > 1 and not isinstance(rule, Never):
        raise InputError(
            f"A stopping rule compares one objective; got {rule!r} with the objectives "
            f"{[one.metric for one in objectives]}. Leave `{option('stopping')}` out."
        )
    return rule


def _check_space(study: Study, given: Space | None) -> None:
    if given is None or study.space == given:
        return
    had, got = dict(study.space), dict(given)
    name = next((name for name in {**had, **got} if had.get(name) != got.get(name)), None)
    what, shown = "its order or its constraint", ""
    if name is not None:
        what, shown = f"its {name!r}", f" (got {got.get(name, 'nothing')}, it has {had.get(name, 'nothing')})"
    take_over = by_caller(
        python="name another study, or take over the trials that fit with "
        f"st.Study.open({study.place!r}).continue_in(space, to=...)",
        command=f"or begin a study that starts from this one, with {offer_study(study)}, and without "
        f"{option('resume')}",
    )
    raise StudyError(
        f"a study is resumed in the space it was begun with; in that of {study.place!r} {what} "
        f"differs{shown}: give the same, {take_over}."
    )


def _same(study: Study, what: str, given: object, begun: object) -> None:
    if given is not None and given != begun:
        raise StudyError(
            "a study is resumed with the space, the metric, the seed and the stopping rule that "
            f"it was begun with; got {what} = {_write(given)} where it has {_write(begun)}, in "
            f"{study.place!r}: give the same, or name another study."
        )


def _write(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(f"{one.direction} {one.metric}" for one in value)
    return repr(value)


def _function_constraint(space: Space | None) -> Any:
    """A constraint that is a function is not kept with the study, so the caller's is used."""
    return None if space is None or isinstance(space.constraint, Expression) else space.constraint


def _without_password(place: str) -> str:
    if "://" not in place or "@" not in place:
        return repr(place)
    scheme, _, rest = place.partition("://")
    return repr(f"{scheme}://…@{rest.rpartition('@')[2]}")
