"""What a study on a server does in one statement, where the way there takes longer than the work.

Each of them that writes is a transaction of its own. So the study's row, where all who change the study
queue, is locked while the server works and not while an answer travels. Nor is it locked while the disk is
waited for: the change commits without waiting, and an empty second transaction, which holds nothing, waits
for the disk on behalf of both. Many wait together for one write of the disk. Nothing is acknowledged before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Dialect, text

from sturgeon.study.storage.prepared import Line, Prepared
from sturgeon.study.storage.schema import OPEN_STATES

_CLOCK = "CAST(extract(epoch FROM clock_timestamp()) AS double precision)"
_NO_WAIT = "set_config('synchronous_commit', 'off', true)"

LOOK = f"""
SELECT s.change, s.next_number, {_CLOCK} AS now,
  CASE WHEN :bounded THEN (
    SELECT count(*) FROM sturgeon_journal WHERE study_id = s.id AND kind = 'deleted'
  ) ELSE 0 END AS deleted,
  t.number, t.state, t.config, t.attempt, t.lost, t.worker, t.lease_ends, t.checkpoint, t.attempt_started
FROM sturgeon_studies s LEFT JOIN (SELECT * FROM sturgeon_trials WHERE {OPEN_STATES}) t ON t.study_id = s.id
WHERE s.id = :study
"""

BEGIN = f"""
WITH head AS (
  UPDATE sturgeon_studies SET change = change + 1, next_number = next_number + 1
  WHERE id = :study AND next_number >= :first AND next_number < :beyond
    AND (:looked OR NOT EXISTS (
      SELECT FROM sturgeon_trials WHERE study_id = :study AND {OPEN_STATES} AND (
        state = 'waiting' OR (state = 'paused' AND :paused)
        OR (state = 'running' AND coalesce(lease_ends, 0) < {_CLOCK})
      )
    ))
  RETURNING change, next_number - 1 AS number, {_CLOCK} AS now
)
INSERT INTO sturgeon_trials
  (study_id, number, change, state, config, attempt, lost, worker, lease_ends, started, attempt_started)
SELECT
  :study, number, change, 'running', CAST(:configs AS json) ->> (number - :first),
  1, 0, CAST(:worker AS text), now + :seconds, now, now
FROM head
RETURNING change, number, {_NO_WAIT}
"""

FINISH = f"""
WITH head AS (
  UPDATE sturgeon_studies SET change = change + 1 WHERE id = :study
  RETURNING change, next_number, {_CLOCK} AS now
)
UPDATE sturgeon_trials t SET
  state = :state, change = head.change, value = :value, metrics = :metrics, error = :error, reason = :reason,
  seconds = coalesce(t.seconds, 0) + (head.now - t.attempt_started), lease_ends = NULL, ended = head.now
FROM head
WHERE t.study_id = :study AND t.number = :number AND t.attempt = :attempt AND t.state = 'running'
  AND t.change = :known AND t.tags IS NULL
RETURNING t.change, head.next_number, {_NO_WAIT}
"""

REPORT = """
INSERT INTO sturgeon_points (study_id, number, metric, step, value, attempt)
SELECT :study, g.number, g.metric, g.step, g.value, g.attempt
FROM unnest(
  CAST(:numbers AS integer[]), CAST(:metrics AS text[]), CAST(:steps AS bigint[]),
  CAST(:values AS double precision[]), CAST(:attempts AS integer[])
) AS g(number, metric, step, value, attempt)
JOIN sturgeon_trials t
  ON t.study_id = :study AND t.number = g.number AND t.attempt = g.attempt AND t.state = 'running'
ON CONFLICT (study_id, number, metric, step) DO UPDATE SET value = excluded.value, attempt = excluded.attempt
"""

LATER = """
SELECT p.number, p.step, p.value FROM sturgeon_points p
JOIN unnest(CAST(:numbers AS integer[]), CAST(:steps AS bigint[])) AS g(number, step)
  ON p.number = g.number AND p.step > g.step
WHERE p.study_id = :study AND p.metric = :metric ORDER BY p.number, p.step
"""

WAIT_FOR_DISK = "SELECT pg_logical_emit_message(true, 'sturgeon', '')"
"""Writes a mark into the log: committing it waits until all that was committed before is on the disk."""


# Where a connection keeps its cursor, and whose that is.
_CURSOR, _OF = "sturgeon_cursor", "sturgeon_driver"


class OpenTrial(NamedTuple):
    """What is read of a trial that has not ended; see the columns of the table of trials."""

    number: int
    state: str
    config: str
    attempt: int
    lost: int
    worker: str | None
    lease_ends: float | None
    checkpoint: str | None
    attempt_started: float | None


class OneTrip:
    """The statements, for one server; parameters are by name."""

    def __init__(self, dialect: Dialect) -> None:
        """Write them for a driver's way of naming parameters."""
        self._look, self._report, self._later = (
            str(text(one).compile(dialect=dialect)) for one in (LOOK, REPORT, LATER)
        )
        self._begin, self._finish = Prepared("sturgeon_begin", BEGIN), Prepared("sturgeon_finish", FINISH)
        self._disk = Prepared("sturgeon_disk", WAIT_FOR_DISK)

    def look(
        self, connection: Connection, study: int, *, bounded: bool
    ) -> tuple[tuple[int, int, float, int] | None, list[OpenTrial]]:
        """Read change, next number, time and deleted trials, and the trials that have not ended.

        Args:
            connection: Within a transaction or not.
            study: Which.
            bounded: Whether the trials that were deleted are to be counted.

        Returns:
            The counts, None where the study is gone; and the trials.
        """
        rows = _execute(connection, self._look, {"study": study, "bounded": bounded}).fetchall()
        head = rows[0][:4] if rows else None
        return head, [OpenTrial._make(row[4:]) for row in rows if row[4] is not None]

    def begin(
        self,
        connection: Connection,
        study: int,
        *,
        first: int,
        configs: str,
        beyond: int,
        worker: str,
        seconds: float,
        looked: bool,
        paused: bool,
        meanwhile: Callable[[], None],
    ) -> tuple[int, int] | None:
        """Begin a new trial with whichever number is next.

        Args:
            connection: Not within a transaction.
            study: Which.
            first: The number that the first configuration is for.
            configs: A JSON list, for this number and those that follow.
            beyond: The first number that is not to be begun.
            worker: Whose it is.
            seconds: How long the lease lasts.
            looked: Whether it is known that nothing else is to be handed out; if not, the server looks for
                what waits or has lost its worker.
            paused: Whether paused trials count as waiting.
            meanwhile: Called while the answer is on its way.

        Returns:
            The count of the change, and the number; None where no configuration is for the next number.
        """
        given = {"study": study, "first": first, "configs": configs, "beyond": beyond}
        given |= {"worker": worker, "seconds": seconds, "looked": looked, "paused": paused}
        return self._write(connection, self._begin, given, meanwhile)

    def finish(
        self, connection: Connection, study: int, *, known: int, values: Mapping[str, Any]
    ) -> tuple[int, int] | None:
        """End a running trial that has no tags and was not changed since the change ``known``.

        Returns:
            The count of the change, and the next trial's number; None where the trial is not so.
        """
        return self._write(connection, self._finish, {"study": study, "known": known, **values})

    def report(self, connection: Connection, study: int, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Write points of trials that are running in their attempt; tell whether all are."""
        given = {(row["number"], row["attempt"], row["metric"], row["step"]): row for row in rows}
        columns = {
            f"{name}s": [row[name] for row in given.values()]
            for name in ("number", "metric", "step", "value", "attempt")
        }
        done = _execute(connection, self._report, {"study": study, **columns})
        return done.rowcount == len(given)

    def later_points(
        self, connection: Connection, study: int, metric: str, after: Mapping[int, int]
    ) -> list[tuple[int, int, float | None]]:
        """Read number, step and value of one metric's points after a step of each trial, in order."""
        given = {"study": study, "metric": metric, "numbers": list(after), "steps": list(after.values())}
        return _execute(connection, self._later, given).fetchall()

    def _write(
        self,
        connection: Connection,
        statement: Prepared,
        parameters: Mapping[str, Any],
        meanwhile: Callable[[], None] | None = None,
    ) -> tuple[int, int] | None:
        """Execute it, and wait for the disk; give the two numbers that it answers, None for none."""
        line = Line.of(connection)
        found = line.execute((statement, parameters), (self._disk, {}), meanwhile=meanwhile)[0]
        return None if found is None else (int(found[0] or 0), int(found[1] or 0))


def _execute(connection: Connection, statement: str, parameters: Mapping[str, Any]) -> Any:
    """Execute a statement by the driver's own cursor: half the time where there is nothing to translate.

    There is one for each connection, made once; what it found before is gone.
    """
    kept = connection.connection.info
    driver: Any = connection.connection.driver_connection
    if kept.get(_OF) is not driver:
        kept[_OF], kept[_CURSOR] = driver, driver.cursor()
    return kept[_CURSOR].execute(statement, parameters)
