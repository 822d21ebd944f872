"""Successive halving: few steps for many trials, many steps for few."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from sturgeon.errors import InputError
from sturgeon.search.record import Observation, Record
from sturgeon.search.settings import check_whole
from sturgeon.stopping.base import Stopping
from sturgeon.stopping.context import StoppingContext
from sturgeon.stopping.curves import last_step, value_when_reached
from sturgeon.stopping.decision import CONTINUE, Decision, Pause

WARM_UP = 9
"""One in how many steps of a training lies before the first rung, where ``first`` is left open."""

EARLIEST = 3
"""The first rung at the least, where it is left open: a bad first step is no reason."""

Placed = tuple[float, int]
"""A trial's value at a rung, and its number: of equals, the one that was first goes on."""


@dataclass(frozen=True)
class SuccessiveHalving(Stopping):
    """Let the best third at each rung go on, and put the others aside.

    A rung is a step: ``first``, ``first × reduction``, ``first × reduction²``, … A trial goes on past a
    rung as soon as it is among the best 1/``reduction`` of those that have got there, without waiting for
    others. The rest is paused, and promoted when more trials have arrived and it is among the best after
    all; a trainer that cannot pause stops it. Where fewer than ``reduction`` have got
    there the best of them goes on, unless the context says that it can wait for others.

    With more than one bracket (Hyperband) the trials are dealt out, by their number, to brackets that begin
    at the first rung, the second, and so on, and compared within their bracket: a safeguard against
    curves that cross. As in Hyperband each bracket gets about the same number of steps.

    Source: Li et al., A system for massively parallel hyperparameter tuning, MLSys (2020); Li et al.,
    Hyperband, JMLR 18 (2018).

    Attributes:
        reduction: One in how many goes on, at least 2.
        first: The first rung's step, at least 1; by default after a ninth of a training, rounded
            up, and not before step 3.
        brackets: How many brackets, at least 1.

    Example:
        >>> peers = Record(Observation(n, {}, "paused", None, ((1, n / 10),)) for n in range(5))
        >>> trial = Observation(5, {}, "running", curve=((1, 0.35),))
        >>> SuccessiveHalving(first=1).decide(trial, peers, StoppingContext("loss")).why
        'Successive halving: loss 0.35 at step 1 is in place 5 of 6 trials there, of which 2 go on.'
    """

    name: ClassVar[str] = "halving"

    reduction: int = 3
    first: int | None = None
    brackets: int = 1

    def __post_init__(self) -> None:
        check_whole("reduction", self.reduction, least=2, example="SuccessiveHalving(reduction=3)")
        check_whole("brackets", self.brackets, least=1, example="SuccessiveHalving(brackets=1)")
        if self.first is not None:
            check_whole("first", self.first, least=1, example="SuccessiveHalving(first=1)")
        if self.brackets > 10:
            raise InputError(
                f"`brackets` must be at most 10; got {self.brackets!r}. Write SuccessiveHalving(brackets=3)."
            )

    def decide(self, trial: Observation, peers: Record, context: StoppingContext) -> Decision:
        """Pause a trial that is not among the best at its rung; see ``Stopping.decide``."""
        rung = self._rung_just_reached(trial, context)
        if rung is None:
            return CONTINUE
        bracket = self.bracket_of(trial.number)
        there = self._placed((peer for peer in peers if peer.number != trial.number), bracket, rung)
        value = value_when_reached(trial.curve, rung)
        assert value is not None
        there.append((value, trial.number))
        there.sort()
        place, room = there.index((value, trial.number)) + 1, self._room(len(there), context)
        if place <= room:
            return CONTINUE
        goes = {0: "none goes on before more have come", 1: "1 goes on"}.get(room, f"{room} go on")
        return Pause(
            f"Successive halving: {context.put(value)} at step {last_step(trial)} is in place {place} of "
            f"{len(there)} trials there, of which {goes}."
        )

    def milestone(self, number: int, step: int, context: StoppingContext) -> int | None:
        """The trial's next rung; see ``Stopping.milestone``."""
        rung = self._first(context) * self.reduction ** self.bracket_of(number)
        while rung <= step:
            rung *= self.reduction
        return None if context.max_steps is not None and rung >= context.max_steps else rung

    def promote(self, record: Record, context: StoppingContext) -> int | None:
        """Go on with the best that is paused too low, from the highest rung; see ``Stopping.promote``."""
        paused = {
            trial.number: self._rung_just_reached(trial, context)
            for trial in record
            if trial.state == "paused"
        }
        interrupted = [number for number, rung in paused.items() if rung is None]
        if interrupted or not paused:
            return min(interrupted, default=None)
        for rung in sorted({rung for rung in paused.values() if rung is not None}, reverse=True):
            for bracket in range(self.brackets):
                there = sorted(self._placed(record, bracket, rung))
                for _, number in there[: self._room(len(there), context)]:
                    if paused.get(number) == rung:
                        return number
        return None

    def bracket_of(self, number: int) -> int:
        """Tell which bracket a trial belongs to: 0 begins at the first rung, 1 at the second."""
        deal = _deal(self.brackets, self.reduction)
        return deal[number % len(deal)]

    def rungs(self, bracket: int, context: StoppingContext, until: int) -> Iterator[int]:
        """Give the steps of a bracket's rungs up to a step, leaving out the last step of a training."""
        step = self._first(context) * self.reduction**bracket
        while step <= until and not context.is_last(step):
            yield step
            step *= self.reduction

    def _first(self, context: StoppingContext) -> int:
        if self.first is not None:
            return self.first
        # Rounded up: a third rung just before the end would hold back what is all but done.
        return max(EARLIEST, -(-(context.max_steps or 0) // WARM_UP))

    def _rung_just_reached(self, trial: Observation, context: StoppingContext) -> int | None:
        """Give the rung that a trial's last report is the first one at or after, if there is one."""
        last = last_step(trial)
        before = trial.curve[-2][0] if len(trial.curve) > 1 else 0
        if context.is_last(last):
            return None
        passed = [rung for rung in self.rungs(self.bracket_of(trial.number), context, last) if rung > before]
        return passed[-1] if passed else None

    def _placed(self, trials: Iterable[Observation], bracket: int, rung: int) -> list[Placed]:
        values = (
            (value_when_reached(trial.curve, rung), trial.number)
            for trial in trials
            if self.bracket_of(trial.number) == bracket
        )
        return [(value, number) for value, number in values if value is not None]

    def _room(self, there: int, context: StoppingContext) -> int:
        return max(0 if context.can_wait else 1, there // self.reduction)


@lru_cache(maxsize=32)
def _deal(brackets: int, reduction: int) -> tuple[int, ...]:
    """Give the order in which brackets get trials, again and again: each its share, well mixed."""
    rungs_left = range(brackets - 1, -1, -1)
    shares = [-(-brackets * reduction**left // (left + 1)) for left in rungs_left]
    total, owed, order = sum(shares), [0] * brackets, list[int]()
    for _ in range(min(total, 1000)):
        owed = [have + share for have, share in zip(owed, shares, strict=True)]
        chosen = max(range(brackets), key=lambda bracket: (owed[bracket], -bracket))
        owed[chosen] -= total
        order.append(chosen)
    return tuple(order)
