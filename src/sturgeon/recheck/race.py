"""The race: pairs of trainings, fewer challengers from lap to lap, and the gambler who watches it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sturgeon.recheck.candidates import Candidate
from sturgeon.recheck.evidence import ALPHA, mean_of, noise_of
from sturgeon.recheck.gambler import UNBET, Gambler, next_lap

MOST_PAIRS = 32
"""More pairs than that are not trained, whatever the budget."""
_AT_ONCE = 2
"""Pairs that are trained side by side: each has its own rows in memory."""
_CHALLENGERS = ((90, 7), (60, 6), (22, 4))
"""With so many trainings it begins with so many challengers; with fewer, with one."""
_KEPT = {1: (), 2: ((2, 1),), 5: ((2, 3), (4, 2), (8, 1))}
"""By how many it begins with, or the next lower number: after so many pairs so many challengers are left."""
_HOPELESS = 3.0
"""A challenger is dropped whose mean is so many standard errors below what one noise of difference gives."""
_HOPELESS_FROM = 6
_ROUNDING = 1e-12

Evaluate = Callable[[Sequence[Candidate], Sequence[int]], dict[tuple[int, int], float]]
"""Trains candidates: the value of each ``(candidate, pair)``, to be minimised; infinite where it failed."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is trained.

    Attributes:
        trainings: Trainings in all, at most.
        challengers: With how many it begins.
        pairs: Pairs of the challenger that is left at the end.
    """

    trainings: int
    challengers: int
    pairs: int


def plan_race(trainings: int, most_pairs: int = MOST_PAIRS) -> Plan:
    """Choose the number of challengers, so that the last one gets pairs enough to be judged.

    Example:
        >>> plan_race(64)
        Plan(trainings=64, challengers=6, pairs=23)
    """
    challengers = next((count for least, count in _CHALLENGERS if trainings >= least), 1)
    return Plan(trainings, challengers, _pairs_within(trainings, challengers, challengers, 0, most_pairs))


def _pairs_within(trainings: float, challengers: int, racing: int, pairs: int, most_pairs: int) -> int:
    """How many pairs there will be, with so many trainings, challengers left and pairs so far."""
    left = trainings
    while pairs < most_pairs:
        racing = min(racing, _racing(challengers, pairs))
        lap = min(_AT_ONCE, most_pairs - pairs)
        if lap * (1 + racing) > left:
            return pairs + (1 if left >= 1 + racing else 0)
        left, pairs = left - lap * (1 + racing), pairs + lap
    return pairs


def _racing(challengers: int, pairs: int) -> int:
    kept = _KEPT[max(count for count in _KEPT if count <= challengers)]
    return min([challengers, *(count for after, count in kept if pairs >= after)])


@dataclass
class Race:
    """What was seen.

    Attributes:
        candidates: The incumbent first.
        values: What each came to in each pair, by ``(candidate, pair)``.
        differences: By challenger by how much it did better, pair by pair.
        racing: The challengers that are left.
        wealth: The gambler's, for each unit staked.
        trainings: How many trainings there were.
        planned: How many pairs there might have been: those that there were, where it was stopped.
    """

    candidates: Sequence[Candidate]
    values: dict[tuple[int, int], float] = field(default_factory=dict)
    differences: dict[int, list[float]] = field(default_factory=dict)
    racing: list[int] = field(default_factory=list)
    wealth: float = 1.0
    trainings: int = 0
    planned: int = 0

    @property
    def noise(self) -> float:
        """The standard deviation of a pair's difference."""
        return noise_of(self.differences)

    @property
    def pairs(self) -> int:
        """Pairs so far."""
        return max(map(len, self.differences.values()), default=0)

    @property
    def leader(self) -> Candidate:
        """The challenger that stands best among those that went farthest."""
        noise = self.noise
        farthest = max(self.differences, key=lambda n: (len(self.differences[n]), self._mean(n, noise), -n))
        return self.candidates[farthest]

    def _mean(self, number: int, noise: float) -> float:
        values = self.differences[number]
        return mean_of(values, noise) if noise > 0 else sum(map(_bounded, values)) / len(values)


def run_race(
    candidates: Sequence[Candidate],
    plan: Plan,
    evaluate: Evaluate,
    *,
    capital: float = 1.0,
    least_noise: float = 0.0,
    stop: Callable[[], bool] = lambda: False,
    affordable: Callable[[Race], float] = lambda race: math.inf,
) -> Race:
    """Train pairs until the challengers are shown to be better, are hopeless, or the budget is spent.

    Args:
        candidates: The incumbent first.
        plan: How much may be trained.
        evaluate: Trains.
        capital: With how much money the gambler begins; it ends at ``1 / ALPHA``.
        least_noise: See :class:`sturgeon.recheck.gambler.Gambler`.
        stop: Asked before each lap whether to end.
        affordable: Asked before each lap how many trainings there is time for.

    Returns:
        The race.
    """
    numbers = [one.number for one in candidates[1:]]
    race = Race(
        candidates, differences={number: [] for number in numbers}, racing=numbers, planned=plan.pairs
    )
    gambler = Gambler(capital, least_noise=least_noise)
    while race.racing and race.pairs < plan.pairs and not stop():
        begun, field_ = race.pairs, 1 + len(race.racing)
        trainings = min(affordable(race), plan.trainings - race.trainings)
        end = _pairs_within(trainings, len(numbers), len(race.racing), begun, plan.pairs)
        lap = min(
            next_lap(begun, max(end, begun + 1), len(race.racing)),
            (plan.trainings - race.trainings) // field_,
        )
        if lap < 1:
            break
        whole = _train_lap(race, lap, evaluate, stop)
        if trained := race.pairs - begun:
            left = max(end - race.pairs, 0) if whole else 0
            gambler.bet({number: race.differences[number] for number in race.racing}, trained, left)
            race.wealth = gambler.wealth
        if not whole or capital * race.wealth >= 1 / ALPHA:
            break
        race.racing = _left(race)
    if race.racing and capital * race.wealth < 1 / ALPHA:
        race.planned = race.pairs
    return race


def _train_lap(race: Race, lap: int, evaluate: Evaluate, stop: Callable[[], bool]) -> bool:
    """Train a lap's pairs, and take note of those that are whole; tells whether all of them are."""
    end = race.pairs + lap
    while race.pairs < end:
        if stop():
            return False
        field_ = [race.candidates[0], *(race.candidates[number] for number in race.racing)]
        pairs = range(race.pairs, min(race.pairs + _AT_ONCE, end))
        values = evaluate(field_, pairs)
        race.values |= values
        race.trainings += len(values)
        for pair in pairs:
            if any((one.number, pair) not in values for one in field_):
                return False
            for number in race.racing:
                race.differences[number].append(_difference(values[0, pair], values[number, pair]))
    return True


def _difference(incumbent: float, challenger: float) -> float:
    """By how much the challenger is better; infinite where one of the two failed, 0 where both did."""
    if math.isinf(incumbent) and math.isinf(challenger):
        return 0.0
    return 0.0 if math.isclose(incumbent, challenger, rel_tol=_ROUNDING) else incumbent - challenger


def _bounded(value: float) -> float:
    return max(min(value, 1e300), -1e300)


def _left(race: Race) -> list[int]:
    noise, pairs = race.noise, race.pairs
    if pairs < UNBET:
        return race.racing
    means = {number: race._mean(number, noise) for number in race.racing}
    ranked = sorted(race.racing, key=lambda number: (-means[number], number))
    kept = ranked[: _racing(len(race.differences), pairs)]
    if pairs >= _HOPELESS_FROM and noise > 0:
        kept = [number for number in kept if means[number] >= 1 - _HOPELESS / math.sqrt(pairs)]
    if pairs >= _HOPELESS_FROM and noise == 0:
        kept = [number for number in kept if means[number] > 0]
    return kept
