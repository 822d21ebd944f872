"""The record that a search reads, held in memory and kept in step with the database.

Loading a study anew for every suggestion would make the hundred-thousandth trial slow. So the record stays
in memory, and before each suggestion it takes in only what changed: what this handle wrote itself,
handed over at once; what others wrote, found by the count of changes; and the new points of trials that run
elsewhere.
"""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Iterable

from sqlalchemy import Connection

from sturgeon.search.record import Observation, Record
from sturgeon.space import Config
from sturgeon.study.objectives import Objective
from sturgeon.study.storage.store import Store

Points = dict[int, float]


class RecordCache:
    """A study's record in memory. Only ``sync`` touches it, so a search never sees it change."""

    def __init__(self, store: Store, objective: Objective) -> None:
        """Start empty; the first ``sync`` loads everything.

        Args:
            store: Where the study is.
            objective: Whose values and curve a search sees.
        """
        self.record = Record()
        self._store = store
        self._objective = objective
        self._seen = -1
        self._landed: deque[tuple[int, list[Observation]]] = deque()
        self._elsewhere: dict[int, tuple[Config, Points]] = {}
        self._here: dict[int, tuple[Config, Points]] = {}
        self._dirty: set[int] = set()

    def forget(self) -> None:
        """Load everything again at the next ``sync``: a write failed, and what we held may differ."""
        self._seen = -1
        self._here.clear()

    def landed(self, change: int, observations: list[Observation]) -> None:
        """Hand over what this handle's own transaction wrote, after it was committed."""
        if self._seen >= 0:
            self._landed.append((change, observations))

    def watch(self, number: int, config: Config, points: Points) -> None:
        """Follow the curve of a trial that runs in this handle, given as a dict that grows."""
        self._here[number] = (config, points)

    def touched(self, number: int) -> None:
        """Note that a trial that runs in this handle has new points."""
        self._dirty.add(number)

    def observe(
        self, number: int, config: Config, state: str, value: float | None, points: Points
    ) -> Observation:
        """Say how a search sees a trial: to be minimised, and without points that are not finite."""
        sign = self._objective.sign
        curve = tuple((step, sign * points[step]) for step in sorted(points) if math.isfinite(points[step]))
        return Observation(
            number=number,
            config=config,
            state=state,  # type: ignore[arg-type]
            value=None if value is None else sign * value,
            curve=curve,
        )

    def sync(self, connection: Connection) -> int:
        """Take in what changed; give the next trial's number.

        Args:
            connection: Within a transaction or not.
        """
        change, next_number = self._store.head(connection)
        self._take_landed()
        if self._seen < change:
            self._take_changed(connection)
            self._seen = change
        self._follow_elsewhere(connection)
        self._follow_here()
        return next_number

    def _take_landed(self) -> None:
        landed = sorted(self._landed, key=lambda pair: pair[0])
        self._landed.clear()
        for change, observations in landed:
            if change <= self._seen:
                continue  # read from the database already
            if change != self._seen + 1:
                return  # somebody else wrote in between: the database has all of it
            self._put(observations)
            self._seen = change

    def _take_changed(self, connection: Connection) -> None:
        sql = self._store.database.sql
        study = self._store.study_id
        if self._seen < 0:
            self.record = Record()
            self._elsewhere.clear()
        rows = connection.exec_driver_sql(sql.changed, {"study": study, "seen": self._seen}).fetchall()
        # By number, as a study that ran through would have met them; sorting here keeps SQLite on its index.
        rows = sorted(rows, key=lambda row: row.number)
        curves = self._load_curves(connection, [row.number for row in rows])
        for row in rows:
            points = curves.get(row.number, {})
            config = json.loads(row.config)
            self.record.put(self.observe(row.number, config, row.state, row.value, points))
            self._elsewhere.pop(row.number, None)
            if row.state == "running" and row.number in self._here:
                self._here[row.number][1].update(points)  # somebody else reported on our trial
            elif row.state == "running":
                self._elsewhere[row.number] = (config, points)
            if row.state != "running":
                self._here.pop(row.number, None)

    def _load_curves(self, connection: Connection, numbers: list[int]) -> dict[int, Points]:
        sql = self._store.database.sql
        key = {"study": self._store.study_id, "metric": self._objective.metric}
        found: dict[int, Points] = {}
        if len(numbers) > 100:
            rows = connection.exec_driver_sql(sql.metric_points, key)
            for row in rows:
                if row[3] is not None:
                    found.setdefault(row[0], {})[row[2]] = row[3]
            return found
        for number in numbers:
            rows = connection.exec_driver_sql(sql.later_points, {**key, "number": number, "step": -1})
            found[number] = {row[2]: row[3] for row in rows if row[3] is not None}
        return found

    def _follow_elsewhere(self, connection: Connection) -> None:
        sql = self._store.database.sql
        for number, (config, points) in self._elsewhere.items():
            rows = connection.exec_driver_sql(
                sql.later_points,
                {
                    "study": self._store.study_id,
                    "metric": self._objective.metric,
                    "number": number,
                    "step": max(points, default=-1),
                },
            ).fetchall()
            if rows:
                points.update((row[2], row[3]) for row in rows if row[3] is not None)
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
