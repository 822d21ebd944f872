"""What a race says: still right, another is better, or retune."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from sturgeon.caviar.progress import format_metric
from sturgeon.errors import option
from sturgeon.recheck.candidates import Candidate
from sturgeon.recheck.evidence import ALPHA, MARGIN, interval, median_of
from sturgeon.recheck.gambler import detectable
from sturgeon.recheck.history import Account
from sturgeon.recheck.race import Race
from sturgeon.space import Space
from sturgeon.study import Objective
from sturgeon.study.edges import edges_of

Kind = Literal["still right", "another is better", "retune"]
FEWEST_PAIRS = 8
"""With fewer pairs hardly any difference could be shown."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict.

    Attributes:
        kind: ``"still right"``, ``"another is better"`` or ``"retune"``.
        sentence: One sentence with the evidence.
        challenger: The configuration that stands best among those that went farthest; None where there was
            none.
        advantage: By how much it is better in the median pair, in the metric's unit; below 0 it is worse.
        low: Where the advantage begins, at 95 %; None where that is unknown.
        high: Where it ends.
        edges: Where the challenger lies at an end of a range.
        detectable: How much better a challenger must have been to be found in 9 of 10 cases; None where that
            is unknown.
    """

    kind: Kind
    sentence: str
    challenger: Candidate | None
    advantage: float | None
    low: float | None
    high: float | None
    edges: tuple[str, ...] = ()
    detectable: float | None = None

    @property
    def stale(self) -> bool:
        """Whether something is to be done."""
        return self.kind != "still right"


def judge(
    race: Race,
    account: Account,
    objective: Objective,
    space: Space,
    *,
    hopeless: bool,
    enough: int | None = None,
) -> Verdict:
    """Make a verdict of a race.

    Args:
        race: What was seen.
        account: With what money the gambler began.
        objective: The metric.
        space: The study's space.
        hopeless: Whether a guess that looks at no input is better than the incumbent on the new data, and
            was not on the old.
        enough: The smallest budget that could show anything, where that is more than there was; 0 where no
            budget could, of so few rows; None where it is not known.
    """
    if not race.differences or not race.pairs:
        return Verdict(
            "still right", "Still right: there was nothing to compare with.", None, None, None, None
        )
    leader, metric = race.leader, objective.metric
    differences = race.differences[leader.number]
    advantage = median_of(differences)
    low, high = interval(differences, among=len(race.differences))
    shown = account.capital * race.wealth >= 1 / ALPHA
    if shown:  # the test has shown so much; a rank is a weaker witness
        low = min(max(low, MARGIN * race.noise), advantage)
    edges = tuple(map(str, edges_of(space, leader.config)))
    between = "" if math.isinf(low) or math.isinf(high) else f" (95 %: {_amount(low)} to {_amount(high)})"
    better = f"{metric} better by {_amount(abs(advantage))}{between} over {len(differences)} pairs"
    reach = detectable(race.planned, account.capital)
    least = reach * race.noise if race.noise > 0 else math.inf
    kind: Kind = "still right"
    if shown and (leader.origin in ("neighbour", "random") or edges):
        kind = "retune"
        why = "at the edge of what may vary" if edges else "where the study had not looked"
        sentence = f"Retune: {leader.describe()}, {why}, is better than the incumbent: {better}."
    elif shown:
        kind = "another is better"
        sentence = f"Another is better: {leader.describe()} beats the incumbent: {better}."
    elif hopeless:
        kind = "retune"
        sentence = "Retune: no configuration that was tried is better on the new data than a guess."
    else:
        sentence = f"Still right: {_closest(race, leader, metric, advantage, reach, enough)}{_power(least)}."
    return Verdict(
        kind,
        sentence,
        leader,
        _finite(advantage),
        _finite(low),
        _finite(high),
        edges if shown else (),
        _finite(least),
    )


def _closest(
    race: Race, leader: Candidate, metric: str, advantage: float, reach: float, enough: int | None
) -> str:
    pairs = len(race.differences[leader.number])
    if (pairs < FEWEST_PAIRS and race.racing) or math.isinf(reach):
        more = f"give more to compare by with `{option('budget')}`"
        if enough is not None:
            more = "no budget could of so few rows: give more new rows"
        if enough:
            more = f"`{option('budget', enough)}` is the least that could show a large difference"
        return f"nothing speaks against it, but {pairs} pairs of trainings could hardly show anything; {more}"
    than = "better" if advantage > 0 else "worse"
    noise = format_metric(race.noise)
    beyond = ", not beyond the noise" if advantage > 0 else ""
    amount = "no better" if advantage == 0 else f"{_amount(abs(advantage))} {than} in {metric}"
    return (
        f"the challenger that went farthest, {leader.describe()}, is {amount} in the median pair{beyond} "
        f"(noise {noise}, {pairs} pairs)"
    )


def _power(least: float) -> str:
    if math.isinf(least):
        return ""
    return f"; one that is better by {_amount(least)} would have been found in 9 of 10 cases"


def _amount(value: float) -> str:
    return "infinitely much" if math.isinf(value) else format_metric(value)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def as_json(candidate: Candidate) -> dict[str, Any]:
    """A candidate as plain JSON."""
    return {"origin": candidate.origin, "trial": candidate.trial, "config": dict(candidate.config)}
