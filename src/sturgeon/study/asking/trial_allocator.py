"""How trials are handed out: what waits first, then what the search suggests."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection

from sturgeon.errors import LeaseLost, SpaceExhausted
from sturgeon.search.base import Search, number_rng
from sturgeon.search.record import Record
from sturgeon.space import Config, Space
from sturgeon.study.asking.ahead import Ahead, Drawn
from sturgeon.study.leases import Leases, is_alive
from sturgeon.study.pareto import scalarised_record
from sturgeon.study.record_cache import RecordCache
from sturgeon.study.running_trials import RunningTrials
from sturgeon.study.storage import Look, Store
from sturgeon.study.trial import Trial, TrialError, trial_seed

OPTIMISTIC_TRIES, AHEAD_TRIES = 2, 6
"""How often suggestions are made without holding others up, before it is done while they wait; and how often
where configurations are drawn ahead, for more numbers each time."""
LOST = "its worker was lost"
"""Why an attempt ended whose study handle was lost."""


@dataclass(frozen=True)
class Request:
    """What is asked for; see ``Study.ask``."""

    count: int
    space: Space
    search: Search
    paused: bool
    at_most: int | None
    unsettled: Collection[int] = ()


@dataclass(frozen=True)
class Plan:
    """What an ask is about to do.

    Attributes:
        next_number: The next new trial's number when the plan was made.
        room: How many trials might be begun that never were before.
        ours: Rows of trials that are this worker's already: handed out just before a connection broke.
        claims: Rows of trials to hand out again, and how often each has been lost.
        failures: Rows of trials whose last attempt was lost, and how often each has been lost.
        suggestions: Configurations of new trials.
        ahead: Configurations for the next number and those after it, of which one is to be begun.
        exhausted: What the search said when it had nothing, or None.
        looked: Whether it was just looked what is to be handed out again.
    """

    next_number: int
    room: float
    ours: list[Any] = field(default_factory=list)
    claims: list[tuple[Any, int]] = field(default_factory=list)
    failures: list[tuple[Any, int]] = field(default_factory=list)
    suggestions: list[Config] = field(default_factory=list)
    ahead: Drawn | None = None
    exhausted: SpaceExhausted | None = None
    looked: bool = True

    @property
    def begins(self) -> int:
        """How many trials it begins that never were before."""
        return len(self.suggestions) + sum(_never_begun(row) for row, _ in self.claims)

    @property
    def changes(self) -> bool:
        """Whether there is anything to write down."""
        return bool(
            self.ours or self.claims or self.failures or self.suggestions or self.ahead or self.exhausted
        )


class Moved(Exception):
    """Another process was faster, so the plan does not hold any more."""


class TrialAllocator:
    """Hands out the trials of one study."""

    def __init__(
        self,
        store: Store,
        record_cache: RecordCache,
        running: RunningTrials,
        leases: Leases,
    ) -> None:
        """Take what it works on.

        Args:
            store: The study's rows.
            record_cache: The study's record.
            running: The trials that run through this handle, which takes what is handed out.
            leases: How long a trial stays with its worker.
        """
        self._store = store
        self._record_cache = record_cache
        self._running = running
        self._leases = leases
        self._objectives = store.description.objectives
        self._seed = store.description.seed
        self._ahead = Ahead(self._seed)

    def ask(self, request: Request) -> list[Trial]:
        """Hand out trials; each is written down before it is returned."""
        with self._record_cache.lock:
            change, trials = self._hand_out(request)
            self._running.take(change, trials)
        return trials

    def resume(self, number: int, at_step: int | None = None) -> Trial:
        """Hand out one paused trial; see ``Study.resume``."""
        with self._record_cache.lock:
            change, trial = self._store.write(
                lambda connection: self._claim_paused(connection, number, at_step), durable=False
            )
            self._running.take(change, [trial])
        return trial

    def _hand_out(self, request: Request) -> tuple[int, list[Trial]]:
        """Plan what to hand out, and do it.

        The search works while others go on writing; only when others took numbers in the meantime
        again and again does it work while they wait.

        Returns:
            The count of the change that handed them out, and the trials.

        Raises:
            SpaceExhausted: Nothing is left.
        """
        store = self._store
        for tried in range(AHEAD_TRIES):
            if tried >= OPTIMISTIC_TRIES and not self._ahead.can_draw(request.search, request.space):
                break
            seen, record = self._looked(request) or store.read(
                lambda connection: self._look(connection, request)
            )
            plan = self._suggest(seen, record, request)
            if not plan.changes:
                return 0, []
            try:
                change, trials = store.write(
                    lambda connection, plan=plan: self._carry_out(connection, plan, request),
                    durable=False,
                    at_once=self._at_once(plan, request),
                )
            except Moved:
                self._ahead.missed()
                self._ahead.look_again()
                continue
            return self._given(plan, change, trials)

        def at_once(connection: Connection) -> tuple[Plan, int, list[Trial]]:
            store.bump(connection)
            seen, record = self._look(connection, request, waiting=True)
            plan = self._suggest(seen, record, request)
            return plan, *self._carry_out(connection, plan, request)

        try:
            plan, change, trials = store.write(at_once, durable=False)
        except BaseException:
            self._record_cache.forget()  # it took in a change that was rolled back
            raise
        return self._given(plan, change, trials)

    def _claim_paused(self, connection: Connection, number: int, at_step: int | None) -> tuple[int, Trial]:
        store = self._store
        change, _ = store.bump(connection)
        row = next((row for row in store.reader.open_trials(connection) if row.number == number), None)
        if row is not None and row.state == "running" and row.worker == store.worker:
            if store.retrying and number not in self._running.held:
                return change, self._trial(row, row.attempt)  # handed out before the connection broke
        elif row is not None and row.state == "paused":
            if at_step is not None and (step := self._went_on(connection, number, at_step)) is not None:
                raise LeaseLost(
                    f"trial {number} was chosen at step {at_step} and has gone on to step {step} since: "
                    "choose again."
                )
            until = store.now(connection) + self._leases.seconds
            if store.claim(connection, change, row=row, lost=row.lost, until=until):
                return change, self._trial(row, row.attempt + 1)
        now = store.reader.standing(connection, number)
        raise LeaseLost(
            f"only a paused trial can be resumed; trial {number} is {now.state} in attempt "
            f"{now.attempt}: ask for another."
        )

    def _went_on(self, connection: Connection, number: int, at_step: int) -> int | None:
        """Tell which later step a trial has come to, as a search sees it; None for no later one."""
        later = self._store.reader.later_points(connection, self._objectives[0].metric, {number: at_step})
        seen = [step for step, value in later.get(number, ()) if value is not None and math.isfinite(value)]
        return max(seen, default=None)

    def _given(self, plan: Plan, change: int, trials: list[Trial]) -> tuple[int, list[Trial]]:
        if not trials and plan.exhausted is not None:
            raise plan.exhausted
        fresh = {trial.number for trial in trials} - {row.number for row in plan.ours}
        again = {row.number for row, _ in plan.claims}
        if not again and not plan.failures and not plan.ours:
            observations = [
                self._record_cache.observe(trial.number, trial.config, "running", None, {})
                for trial in trials
                if trial.number in fresh
            ]
            self._record_cache.add_committed(change, observations)
        return change, trials

    def _look(
        self, connection: Connection, request: Request, *, waiting: bool = False
    ) -> tuple[Plan, Record | None]:
        """See what may be handed out again, and what a search may know; None where it need not know.

        Args:
            connection: Within a transaction or not.
            request: What is asked for.
            waiting: Whether the others wait meanwhile, so that the next number is certain.
        """
        look = self._store.reader.look(connection, bounded=request.at_most is not None)
        ahead = not waiting and request.count == 1 and self._ahead.can_draw(request.search, request.space)
        if not ahead:
            self._record_cache.sync(connection, look, blind=request.search.blind)
        plan = Plan(look.next_number, _room(request, look))
        for row in look.open:
            if row.state != "paused" or request.paused:
                self._sort_in(connection, plan, row, look.open, now=look.now, count=request.count)
        if not ahead:
            return plan, self._record(connection, look.next_number, request.unsettled)
        if not (plan.ours or plan.claims or plan.failures):
            self._ahead.looked(request, look.next_number + plan.room)
        return plan, None

    def _looked(self, request: Request) -> tuple[Plan, None] | None:
        """Go by a look of a moment ago, if nothing else was to be handed out: the server makes sure."""
        limit = self._ahead.limit(request)
        next_number = self._store.next_number
        return (
            None
            if limit is None or next_number >= limit
            else (Plan(next_number, limit - next_number, looked=False), None)
        )

    def _suggest(self, plan: Plan, record: Record | None, request: Request) -> Plan:
        """Add new trials to a plan that does not give enough; others go on meanwhile."""
        wanted = int(min(request.count - len(plan.ours) - len(plan.claims), plan.room - plan.begins))
        if wanted <= 0:
            return plan
        if record is None:
            return replace(plan, ahead=self._ahead.draw(request.search, request.space, plan.next_number))
        rng = number_rng(self._seed, plan.next_number)
        try:
            return replace(plan, suggestions=list(request.search.suggest(request.space, record, wanted, rng)))
        except SpaceExhausted as exhausted:
            return replace(plan, exhausted=exhausted)

    def _sort_in(
        self, connection: Connection, plan: Plan, row: Any, rows: list[Any], *, now: float, count: int
    ) -> None:
        room = len(plan.ours) + len(plan.claims) < count
        if row.state != "running":
            if room and (plan.begins < plan.room or not _never_begun(row)):
                plan.claims.append((row, row.lost))
            return
        if row.worker == self._store.worker:
            if row.number not in self._running.held and room and row.lease_ends > 0:
                plan.ours.append(row)
                return
            if row.lease_ends > 0:
                return
        if not _is_free(row, now):
            return
        alone = self._was_alone(connection, row, rows)
        lost = row.lost + alone
        if alone and lost >= self._leases.attempts:
            plan.failures.append((row, lost))
        elif room:
            plan.claims.append((row, lost))

    def _was_alone(self, connection: Connection, row: Any, rows: list[Any]) -> bool:
        """Tell whether a lost worker ran this trial only, so that the trial may be what ended it."""
        others = (one for one in rows if one.number != row.number)
        if any(one.state == "running" and one.worker == row.worker for one in others):
            return False
        return not self._store.reader.lost_with(connection, row, LOST)  # those that were given out again

    def _record(self, connection: Connection, next_number: int, unsettled: Collection[int]) -> Record:
        record = self._record_cache.record
        if unsettled:
            record = record.unsettled(unsettled)
        if len(self._objectives) == 1:
            return record
        valued = self._store.reader.valued_metrics(connection)
        told = {number: metrics for number, _, metrics in valued if number not in unsettled}
        return scalarised_record(record, told, self._objectives, seed=(self._seed, next_number))

    def _carry_out(self, connection: Connection, plan: Plan, request: Request) -> tuple[int, list[Trial]]:
        store = self._store
        change, next_number = store.bump(connection)
        if plan.ahead or (plan.suggestions and next_number != plan.next_number):
            raise Moved
        if plan.begins and request.at_most is not None:
            look = store.reader.look(connection, bounded=True)  # nobody begins one until this is committed
            if plan.begins > _room(request, look):
                raise Moved
        now = store.now(connection)
        until = now + self._leases.seconds
        trials = [self._trial(row, row.attempt) for row in plan.ours]
        for row, lost in plan.failures:
            error = TrialError(
                "WorkerLost", f"its worker was lost {lost} times, the last time {row.worker!r}."
            )
            if not store.abandon(connection, change, row=row, lost=lost, error=error):
                raise Moved
        for row, lost in plan.claims:
            if not store.claim(connection, change, row=row, lost=lost, until=until):
                raise Moved
            if row.state == "running":
                store.end_attempt(connection, row.number, row, now=now, outcome="lost", reason=LOST)
            trials.append(self._trial(row, row.attempt + 1))
        if plan.suggestions:
            trials += self._insert(connection, change, plan, now=now, until=until)
            store.advance(connection, next_number + len(plan.suggestions))
        return change, trials

    def _at_once(
        self, plan: Plan, request: Request
    ) -> Callable[[Connection], tuple[int, list[Trial]] | None] | None:
        """Give the way to begin one new trial in one trip, where that is all there is to do."""
        only = not (plan.ours or plan.claims or plan.failures)
        if not (self._store.takes_trips and only and (plan.ahead or len(plan.suggestions) == 1)):
            return None
        drawn = plan.ahead or Drawn.of(plan.next_number, plan.suggestions)
        # Nothing waits that was never begun, or it would be handed out first: each number is a trial begun.
        beyond = int(min(drawn.first + len(drawn.configs), plan.next_number + plan.room))

        def begin(connection: Connection) -> tuple[int, list[Trial]]:
            begun = self._store.begin_at_once(
                connection, drawn.first, drawn.text, beyond=beyond, seconds=self._leases.seconds,
                looked=plan.looked, paused=request.paused,
                meanwhile=lambda: self._ahead.stock_up(plan.next_number, plan.next_number + plan.room),
            )  # fmt: skip
            if begun is None:
                raise Moved
            change, number = begun
            self._ahead.hit(number - plan.next_number)
            config = drawn.configs[number - drawn.first]
            return change, [Trial(number, config, trial_seed(self._seed, number))]

        return begin

    def _insert(
        self, connection: Connection, change: int, plan: Plan, *, now: float, until: float
    ) -> list[Trial]:
        numbered = list(enumerate(plan.suggestions, start=plan.next_number))
        self._store.insert(
            connection,
            change,
            [
                {
                    "number": number,
                    "state": "running",
                    "config": config,
                    "attempt": 1,
                    "worker": self._store.worker,
                    "lease_ends": until,
                    "started": now,
                    "attempt_started": now,
                }
                for number, config in numbered
            ],
        )
        return [Trial(number, config, trial_seed(self._seed, number)) for number, config in numbered]

    def _trial(self, row: Any, attempt: int) -> Trial:
        config = json.loads(row.config)
        return Trial(row.number, config, trial_seed(self._seed, row.number), attempt, row.checkpoint)


def _room(request: Request, look: Look) -> float:
    """Tell how many trials may be begun that never were before."""
    if request.at_most is None:
        return math.inf
    return request.at_most - look.next_number + look.deleted + sum(_never_begun(row) for row in look.open)


def _never_begun(row: Any) -> bool:
    """Tell whether an open trial was queued and never handed out."""
    return row.state == "waiting" and row.attempt == 0


def _is_free(row: Any, now: float) -> bool:
    """Tell whether a running trial may be taken from its worker."""
    if row.lease_ends is None or row.lease_ends <= 0:
        return True
    alive = is_alive(row.worker)
    if alive is None:
        return row.lease_ends < now
    return not alive
