"""The record that a search reads, held in memory and kept in step with the database.

Loading a study anew for every suggestion would make the hundred-thousandth trial slow. So the record stays
in memory, and before each suggestion it takes in only what changed: what this handle wrote itself,
handed over at once; what others wrote, found by the count of changes; and the new points of trials that run
elsewhere.
"""

from __future__ import annotations

import json
import math
import threading
from collections import deque
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from sturgeon.search.folds import values_by_fold
from sturgeon.search.old_record import PRIOR, old_from_json
from sturgeon.search.record import Copied, Observation, Record
from sturgeon.space import Config
from sturgeon.study.objectives import Objective, OutcomeConstraint
from sturgeon.study.storage import DELETED, Store
from sturgeon.study.storage.rows import load_each_metrics, load_list
from sturgeon.study.trial import EDITED

Points = dict[int, float]


class RecordCache:
    """A study's record in memory. Only ``sync`` touches it, so a search never sees it change."""

    def __init__(self, store: Store, objective: Objective) -> None:
        """Start empty; the first ``sync`` loads everything.

        Args:
            store: Where the study is.
            objective: Whose values and curve a search sees.
        """
        self._old = old_from_json(store.description.about.get(PRIOR))
        self.record = Record(old=self._old)
        self.lock = threading.RLock()  # held by whoever has the record read or brought up to date
        self._store = store
        self._reader = store.reader
        self._objective = objective
        self._fits = OutcomeConstraint(store.description.about)
        self._seen = -1
        self._committed: deque[tuple[int, list[Observation]]] = deque()
        self._elsewhere: dict[int, tuple[Config, Points]] = {}
        self._here: dict[int, tuple[Config, Points]] = {}
        self._dirty: set[int] = set()
        self._copied: dict[int, Copied] = {}
        self._is_blind = False

    def forget(self) -> None:
        """Load everything again at the next ``sync``: a write failed, and what we held may differ."""
        self._seen = -1
        self._here.clear()

    def add_committed(self, change: int, observations: list[Observation]) -> None:
        """Hand over what this handle's own transaction wrote, after it was committed."""
        if self._seen >= 0:
            self._committed.append((change, observations))

    def watch(self, number: int, config: Config, points: Points) -> None:
        """Follow the curve of a trial that runs in this handle, given as a dict that grows."""
        self._here[number] = (config, points)

    def touched(self, number: int) -> None:
        """Note that a trial that runs in this handle has new points."""
        self._dirty.add(number)

    def observe(
        self,
        number: int,
        config: Config,
        state: str,
        value: float | None,
        points: Points,
        metrics: Mapping[str, float] | None = None,
    ) -> Observation:
        """Say how a search sees a trial: to be minimised, and without points that are not finite."""
        if state in ("complete", "stopped") and not self._fits(metrics or {}):
            state, value = "failed", None
        sign = self._objective.sign
        curve = (
            tuple((step, sign * points[step]) for step in sorted(points) if math.isfinite(points[step]))
            if points
            else ()
        )
        return Observation(
            number=number,
            config=config,
            state=state,  # type: ignore[arg-type]
            value=None if value is None else sign * value,
            curve=curve,
            folds=tuple(sign * each for each in values_by_fold(metrics or {}, self._objective.metric)),
            copied=self._copied.get(number),
        )

    def current(self) -> Record:
        """Give the record as it is now."""
        with self.lock:
            self._store.read(self.sync)
            return self.record

    def sync(self, connection: Connection, *, blind: bool = False) -> int:
        """Take in what changed; give the next trial's number.

        Args:
            connection: Within a transaction or not.
            blind: Whether only configurations are looked at (``Search.blind``). Until more is, nothing more
                is read of the trials that were there already: curves take most of the time.
        """
        if self._is_blind and not blind:
            self._seen, self._is_blind = -1, False
        change, next_number = self._reader.head(connection)
        self._take_committed()
        if self._seen < 0 and blind:
            self._take_configs(connection)
            self._seen = change
        elif self._seen < change:
            self._take_changed(connection)
            self._seen = change
        self._follow_elsewhere(connection)
        self._follow_here()
        return next_number

    def _take_committed(self) -> None:
        committed = sorted(self._committed, key=lambda pair: pair[0])
        self._committed.clear()
        for change, observations in committed:
            if change <= self._seen:
                continue  # read from the database already
            if change != self._seen + 1:
                return  # somebody else wrote in between: the database has all of it
            self._put(observations)
            self._seen = change

    def _take_configs(self, connection: Connection) -> None:
        self._is_blind = True
        self._elsewhere.clear()
        rows = self._reader.outcomes(connection)
        self.record = Record((Observation(*row[:3]) for row in rows), old=self._old)

    def _take_changed(self, connection: Connection) -> None:
        if self._seen < 0:
            self.record = Record(old=self._old)
            self._elsewhere.clear()
        # By number, as a study that ran through would have met them.
        rows = self._reader.changed_trials(connection, self._seen)
        curves = self._reader.points(connection, self._objective.metric, [row.number for row in rows])
        for entry in self._reader.entries(connection, self._seen, DELETED) if self._seen >= 0 else ():
            self.record.remove(entry.number)
            self._elsewhere.pop(entry.number, None)
        configs = json.loads(f"[{','.join([row.config for row in rows])}]")  # at once: half the time
        finals = load_each_metrics([row.metrics if row.value is not None else None for row in rows])
        for row, config, final in zip(rows, configs, finals, strict=True):
            number, state, _, value, _, tags, about = row  # not by name, which takes as long as the rest
            points = curves.get(number, {})
            if about and (copied := Copied.of(json.loads(about))) is not None:
                self._copied[number] = copied
            if tags and EDITED in load_list(tags):  # what it tells is of no configuration that was tried
                self.record.put(self.observe(number, config, state, None, {}))
                self._elsewhere.pop(number, None)
                self._here.pop(number, None)
                continue
            self.record.put(self.observe(number, config, state, value, points, final))
            self._elsewhere.pop(number, None)
            if state == "running" and number in self._here:
                self._here[number][1].update(points)  # somebody else reported on our trial
            elif state == "running":
                self._elsewhere[number] = (config, points)
            if state != "running":
                self._here.pop(number, None)

    def _follow_elsewhere(self, connection: Connection) -> None:
        for number, (config, points) in self._elsewhere.items():
            later = self._reader.later_points(
                connection, self._objective.metric, number, after=max(points, default=-1)
            )
            if later:
                points.update((step, value) for step, value in later if value is not None)
                self.record.put(self.observe(number, config, "running", None, points))

    def _follow_here(self) -> None:
        while self._dirty:
            number = self._dirty.pop()
            if number in self._here:
                config, points = self._here[number]
                # Another thread may be adding to it: copying is one step, sorting is not.
                self.record.put(self.observe(number, config, "running", None, dict(points)))

    def _put(self, observations: Iterable[Observation]) -> None:
        for observation in observations:
            self.record.put(observation)
            if observation.state != "running":
                self._here.pop(observation.number, None)
