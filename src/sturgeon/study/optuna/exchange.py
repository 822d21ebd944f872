"""Studies from Optuna and to Optuna, with distributions, states, curves, directions and attributes.

What Optuna has no place for (other metrics, notes, errors) travels in one user attribute named
``sturgeon``, and comes back from there.
"""

from __future__ import annotations

import json
import logging
import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from sturgeon.errors import MissingExtra, SpaceError, StudyError
from sturgeon.space import Space
from sturgeon.study.known_trials import KnownTrial
from sturgeon.study.objectives import Objective
from sturgeon.study.optuna.distributions import to_category, to_distributions, to_space
from sturgeon.study.storage import Description, dump_metrics, load_metrics
from sturgeon.study.trial import TrialError, TrialRecord

if TYPE_CHECKING:
    import optuna

OURS = "sturgeon"
"""The user attribute that holds what Optuna has no place for."""

MOST_NAMES = 20
"""So many names of Optuna's studies are listed at most."""

_log = logging.getLogger("sturgeon")

_FROM_STATE = {
    "COMPLETE": "complete",
    "PRUNED": "stopped",
    "FAIL": "failed",
    "WAITING": "waiting",
    "RUNNING": "waiting",
}
_TO_STATE = {
    "complete": "COMPLETE",
    "stopped": "PRUNED",
    "failed": "FAIL",
    "waiting": "WAITING",
    "paused": "WAITING",
    "running": "RUNNING",
}


@dataclass(frozen=True)
class OptunaContents:
    """What a study is made of that comes from Optuna.

    Attributes:
        space: What its trials were drawn from.
        objectives: What it minimises or maximises.
        seed: Its seed; 0 unless it was Sturgeon's.
        about: Its user attributes.
        trials: Its trials, but for those that lack parameters.
    """

    space: Space
    objectives: tuple[Objective, ...]
    seed: int
    about: dict[str, Any]
    trials: list[KnownTrial]


def read_optuna(storage: Any, name: str | None) -> OptunaContents:
    """Read an Optuna study; see ``Study.from_optuna``.

    A trial that Optuna runs will wait here. Trials that do not have all their parameters, as one that
    failed early, are left out and counted in the log.
    """
    optuna = _import_optuna()
    source = storage if isinstance(storage, optuna.study.Study) else _load(optuna, storage, name)
    attributes = dict(source.user_attrs)
    ours = attributes.pop(OURS, {})
    objectives = _objectives(source)
    trials = source.get_trials(deepcopy=False)
    space = _space(ours, trials)
    known = [one for trial in trials if _is_whole(one := _known(trial, objectives, space), space)]
    if len(known) < len(trials):
        _log.warning(
            "%d trials of Optuna's study lack parameters and were left out", len(trials) - len(known)
        )
    return OptunaContents(
        space, objectives, ours.get("seed", 0), {**ours.get("about", {}), **attributes}, known
    )


def write_optuna(
    description: Description, trials: Sequence[TrialRecord], storage: Any, name: str
) -> optuna.Study:
    """Write a study into a new Optuna study; see ``Study.to_optuna``."""
    optuna = _import_optuna()
    try:
        target = optuna.create_study(
            storage=storage, study_name=name, directions=[one.direction for one in description.objectives]
        )
    except optuna.exceptions.DuplicatedStudyError:
        raise StudyError(
            f"Optuna's storage has a study named {name!r} already; give another: to_optuna(storage, name)."
        ) from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        target.set_metric_names([one.metric for one in description.objectives])
    for key, value in description.about.items():
        target.set_user_attr(key, value)
    target.set_user_attr(OURS, {"space": description.space, "seed": description.seed})
    distributions = to_distributions(Space.from_json({**description.space, "constraint": None}))
    target.add_trials([_frozen(optuna, one, description.objectives, distributions) for one in trials])
    return target


def _import_optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise MissingExtra(
            'Optuna is needed for its studies and is not installed; run: pip install "sturgeon[optuna]".'
        ) from None
    return optuna


def _load(optuna: Any, storage: Any, name: str | None) -> optuna.Study:
    if isinstance(storage, str):
        _check_file(storage)
    try:
        return optuna.load_study(storage=storage, study_name=name)
    except KeyError:
        known = optuna.get_all_study_names(storage)
        raise StudyError(
            f"an Optuna study needs a storage that holds it and its name; got {name!r} where there "
            f"{f'are {known[:MOST_NAMES]}: name one of them' if known else 'is none: name another storage'}, "
            "Study.from_optuna(storage, name)."
        ) from None
    except ValueError as error:
        raise StudyError(
            f"an Optuna study needs a storage that holds it and its name; "
            f"got {storage!r}, {name!r} ({error})."
        ) from None


def _check_file(url: str) -> None:
    """Refuse the URL of an SQLite file that is not there: to look into it, Optuna would make it."""
    try:
        parts = make_url(url)
    except ArgumentError:
        raise StudyError(
            f"an Optuna study needs a storage that holds it, or its URL; got {url!r}: write "
            f"sqlite:///{url} for a file."
        ) from None
    file = parts.database or ":memory:"
    is_file = parts.get_backend_name() == "sqlite" and not file.startswith((":memory:", "file:"))
    if is_file and not Path(file).exists():
        raise StudyError(
            f"an Optuna study needs a storage that holds it and its name; there is no file {file!r}: correct "
            "the URL, sqlite:///PATH."
        )


def _is_whole(known: KnownTrial, space: Space) -> bool:
    try:
        space.validate(known.config)
    except SpaceError:
        return False
    return True


def _objectives(source: optuna.Study) -> tuple[Objective, ...]:
    """Name the objectives as Optuna does, else ``value``, or ``value_0``, ``value_1`` and so on."""
    count = len(source.directions)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        names = source.metric_names
    names = names or (["value"] if count == 1 else [f"value_{index}" for index in range(count)])
    return tuple(
        Objective(name, "maximize" if direction.name == "MAXIMIZE" else "minimize")
        for name, direction in zip(names, source.directions, strict=True)
    )


def _space(ours: Mapping[str, Any], trials: list[optuna.trial.FrozenTrial]) -> Space:
    if "space" in ours:
        return Space.from_json({**ours["space"], "constraint": None})
    whole = [trial for trial in trials if trial.state.name in ("COMPLETE", "PRUNED")]
    return to_space([(trial.params, trial.distributions) for trial in whole or trials])


def _known(trial: optuna.trial.FrozenTrial, objectives: tuple[Objective, ...], space: Space) -> KnownTrial:
    attributes = dict(trial.user_attrs)
    ours = attributes.pop(OURS, {})
    state = _FROM_STATE[trial.state.name]
    config = trial.params or trial.system_attrs.get("fixed_params", {})
    metrics = load_metrics(ours.get("metrics"))
    if trial.values is not None:
        metrics.update(zip((one.metric for one in objectives), trial.values, strict=True))
    curves = {name: _curve(points) for name, points in ours.get("curves", {}).items()}
    if trial.intermediate_values:
        curves[objectives[0].metric] = sorted(trial.intermediate_values.items())
    error = TrialError(**ours["error"]) if ours.get("error") else None
    if state == "complete" and not all(math.isfinite(metrics[one.metric]) for one in objectives):
        state, error = "failed", TrialError("NotFinite", f"Optuna's values were {trial.values}")
    return KnownTrial(
        config={name: config[name] for name in space if name in config},
        metrics=metrics,
        state=state,  # type: ignore[arg-type]
        curves=curves,
        error=error or (TrialError("", "failed in Optuna") if state == "failed" else None),
        reason=ours.get("reason") or ("pruned in Optuna" if state == "stopped" else None),
        notes=ours.get("notes", ()),
        tags=ours.get("tags", ()),
        about=attributes,
        started=_aware(trial.datetime_start),
        ended=_aware(trial.datetime_complete),
        checkpoint=ours.get("checkpoint"),
    )


def _frozen(
    optuna: Any, record: TrialRecord, objectives: tuple[Objective, ...], distributions: Mapping[str, Any]
) -> optuna.trial.FrozenTrial:
    state = optuna.trial.TrialState[_TO_STATE[record.state]]
    waits = state == optuna.trial.TrialState.WAITING
    values = [record.metrics.get(one.metric) for one in objectives]
    values[0] = record.value
    has_values = record.state in ("complete", "stopped") and None not in values
    now = datetime.now(tz=UTC)
    return optuna.trial.FrozenTrial(
        number=record.number,
        state=state,
        value=None,
        values=values if has_values else None,
        datetime_start=None if waits else _naive(record.started or now),
        datetime_complete=_naive(record.ended or now) if state.is_finished() else None,
        params={} if waits else {name: to_category(value) for name, value in record.config.items()},
        distributions={} if waits else {name: distributions[name] for name in record.config},
        user_attrs={**record.about, **_attribute(record, objectives)},
        system_attrs={"fixed_params": dict(record.config)} if waits else {},
        intermediate_values=dict(record.curves.get(objectives[0].metric, [])),
        trial_id=0,
    )


def _attribute(record: TrialRecord, objectives: tuple[Objective, ...]) -> dict[str, Any]:
    """Gather what Optuna has no place for; nothing where there is nothing of it."""
    told = {one.metric for one in objectives} if record.state == "complete" else set()
    error = record.error
    gathered = {
        "metrics": dump_metrics({name: value for name, value in record.metrics.items() if name not in told}),
        "curves": {
            name: [[step, value if math.isfinite(value) else str(value)] for step, value in curve]
            for name, curve in record.curves.items()
            if name != objectives[0].metric
        },
        "error": {"type": error.type, "message": error.message, "traceback": error.traceback}
        if error is not None
        else None,
        "reason": record.reason,
        "notes": list(record.notes),
        "tags": list(record.tags),
        "checkpoint": record.checkpoint,
    }
    kept = {key: value for key, value in gathered.items() if value}
    return {OURS: json.loads(json.dumps(kept))} if kept else {}


def _curve(points: list[list[Any]]) -> list[tuple[int, float]]:
    return [(int(step), float(value)) for step, value in points]


def _aware(moment: datetime | None) -> datetime | None:
    """Give Optuna's local time without a zone its zone."""
    return None if moment is None else moment.astimezone(UTC)


def _naive(moment: datetime) -> datetime:
    return moment.astimezone().replace(tzinfo=None)
