"""What a recheck found: one sentence, and the numbers behind it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sturgeon.recheck.evidence import ALPHA, MARGIN, mean_of, median_of
from sturgeon.recheck.history import Account
from sturgeon.recheck.race import Race
from sturgeon.recheck.verdict import Verdict, as_json
from sturgeon.study import Objective, Study, TrialRecord


@dataclass(frozen=True)
class RecheckResult:
    """What a recheck found. Its fields are the JSON that ``sturgeon recheck --json`` prints.

    Attributes:
        study: Where the study lies.
        verdict: ``"still right"``, ``"another is better"`` or ``"retune"``.
        stale: Whether something is to be done: the exit code is 3 then.
        sentence: The verdict with its evidence.
        data: What the new data was called.
        rows: Its rows; None where a function trains.
        metric: What was compared.
        direction: ``minimize`` or ``maximize``.
        incumbent: The ``trial`` in use, its ``config`` and its ``value`` in the study.
        challenger: What stands best against it among those that were in the race longest: ``origin``
            (``record``, ``neighbour``, ``default``, ``random``), ``trial``, ``config``, its ``advantage`` in
            the median pair in the metric's unit (above 0 it is better), and from ``low`` to ``high`` where
            that lies, each end at 95 %: where another is better, ``low`` is at least the margin, which the
            test has shown; None without one.
        candidates: All that were trained: ``origin``, ``trial``, ``config``, ``pairs``, the mean
            ``advantage`` in units of the noise, and by how much it was better in the ``median`` pair in the
            metric's unit; those with fewer pairs were dropped on the way.
        noise: The standard deviation of a pair's difference.
        pairs: Pairs of trainings of the challenger that went farthest.
        evidence: ``e_value``, which is at least ``needed`` where another is better; ``capital``, with which
            the recheck began; ``wealth``, what each unit of it became; ``number``, which recheck of its
            account it was; ``since``, the first of those that its evidence is added up with, since they
            judged by other rows; ``again``, whether it is an earlier one over again; ``alpha``, the chance
            that unchanged data is ever called stale; ``margin``, in units of the noise; ``detectable``, how
            much better in the metric's unit a challenger must have been to be found in 9 of 10 cases, None
            where that is unknown.
        epochs: Epochs ``spent`` of a ``budget``, what the ``original`` tuning took, and the ``share`` of it;
            each epoch is one network's, also of each of the ``folds`` of the tuning, and counts as
            ``row_share`` where a network of the recheck trained on that share of the rows only.
        drift: How the data changed, as :class:`sturgeon.recheck.rows.drift.Drift` says; None for a function,
            and where it was stopped before its end.
        deployed: The ``metric``'s value of the network in use on the ``old`` test rows and on the ``new``
            rows, what its hyperparameters come to trained ``anew`` on these, and whether it is ``outdated``:
            worse than that beyond the noise; None where that is unknown.
        notes: What else is to be known.
        fingerprint: Of the new data.
        interrupted: Whether it was stopped before its end.
        extra_columns: Columns of the new data that the network does not know; they were left out.
        retuned: With ``retune``, the folder or study of the new tuning, or of the network that was trained
            again; else None.
        seconds: How long it took.
    """

    study: str
    verdict: str
    stale: bool
    sentence: str
    data: str
    rows: int | None
    metric: str
    direction: str
    incumbent: dict[str, Any]
    challenger: dict[str, Any] | None
    candidates: list[dict[str, Any]]
    noise: float
    pairs: int
    evidence: dict[str, Any]
    epochs: dict[str, Any]
    drift: dict[str, Any] | None
    deployed: dict[str, Any] | None
    notes: list[str]
    fingerprint: str
    interrupted: bool
    seconds: float
    extra_columns: list[str] = field(default_factory=list)
    retuned: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Its fields, as plain JSON."""
        return asdict(self)


def _median(differences: Sequence[float]) -> float | None:
    median = median_of(differences) if differences else math.nan
    return median if math.isfinite(median) else None


def sum_up(
    study: Study,
    objective: Objective,
    incumbent: TrialRecord,
    race: Race,
    verdict: Verdict,
    account: Account,
    **more: Any,
) -> RecheckResult:
    """Put a result together; ``more`` are the fields that are not of the race."""
    noise = race.noise
    return RecheckResult(
        study=study.place,
        verdict=verdict.kind,
        stale=verdict.stale,
        sentence=verdict.sentence,
        metric=objective.metric,
        direction=objective.direction,
        incumbent={
            "trial": incumbent.number,
            "config": dict(incumbent.config),
            "value": incumbent.value,
        },
        challenger=None
        if verdict.challenger is None
        else {
            **as_json(verdict.challenger),
            "advantage": verdict.advantage,
            "low": verdict.low,
            "high": verdict.high,
            "edges": list(verdict.edges),
        },
        candidates=[
            {
                **as_json(one),
                "pairs": len(race.differences.get(one.number, ())),
                "advantage": mean_of(race.differences[one.number], noise)
                if one.number in race.differences
                else 0.0,
                "median": _median(race.differences.get(one.number, ())),
            }
            for one in race.candidates
        ],
        noise=noise,
        pairs=race.pairs,
        evidence={
            "e_value": account.capital * race.wealth,
            "needed": 1 / ALPHA,
            "capital": account.capital,
            "wealth": race.wealth,
            "number": account.number,
            "since": account.since,
            "again": account.again,
            "alpha": ALPHA,
            "margin": MARGIN,
            "detectable": verdict.detectable,
        },
        **more,
    )
