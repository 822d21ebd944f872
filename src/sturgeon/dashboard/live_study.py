"""A study that pages look at: opened when it is first wanted, followed, and read once for all of them."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from gettext import NullTranslations
from pathlib import Path

from sturgeon.caviar.requests import ANSWER, REQUEST, pause_state, process_lives
from sturgeon.errors import InputError, SturgeonError
from sturgeon.figures import Snapshot
from sturgeon.figures.common.snapshot import MOST_ATTEMPTS, RECHECK
from sturgeon.plain_text import LONGEST_LINE, plain
from sturgeon.search import Search
from sturgeon.study import STATES, JournalEntry, Study, TrialRecord
from sturgeon.study.follower import Changes, Follower
from sturgeon.study.importance import Importance, measure_importance
from sturgeon.study.pareto import pareto_front
from sturgeon.study.trial import Attempt, is_finite

MOST_ENTRIES = 200
"""So many of the newest requests and answers are kept."""
CURVES_SECONDS = 0.25
"""How long curves are read at a time while a study is taken in."""
REMEASURED_FROM = 1.1
"""The importance is measured anew in the background once so many times as many trials have a value."""
_ALIVE_SECONDS = 3.0
# A damaged study, or one that somebody made to do harm, may raise any of these.
_BROKEN = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    OverflowError,
    RecursionError,
    OSError,
)

_log = logging.getLogger("sturgeon")


def N_(text: str) -> str:
    """Mark text to be translated when it is shown."""
    return text


class Unavailable(SturgeonError):
    """A study cannot be shown now; the message says why. It is tried again at the next look."""

    def __init__(self, form: str, **values: str) -> None:
        """Take the message.

        Args:
            form: It, with names in braces where there are values.
            **values: What stands there.
        """
        super().__init__(form.format(**values) if values else form)
        self._form, self._values = form, values

    def told_in(self, words: NullTranslations) -> str:
        """The message in a language; what other parts of Sturgeon said stays as it is."""
        return words.gettext(self._form).format(**self._values) if self._values else str(self)


@dataclass(frozen=True, slots=True)
class Summary:
    """A study in a few words.

    Attributes:
        counts: How many trials are in each state.
        best: The trial with the best value of the (first) objective, or None.
        front: Of several objectives, how many trials no other beats in all of them; None for one objective.
        busy: Whether some process runs trials of it.
        pause: ``""``, ``"asked"`` or ``"paused"``.
        change: The study's count of changes.
        measured: How many trials the importance rests on that pictures go by; 0 before it was measured.
    """

    counts: dict[str, int]
    best: TrialRecord | None
    front: int | None
    busy: bool
    pause: str
    change: int
    measured: int


class LiveStudy:
    """One study; safe to use from several threads.

    Attributes:
        where: The path, or the URL with its password: not for a page.
        name: What the pages call it.
        version: Rises with every look that finds something.
    """

    def __init__(self, where: str | Path, name: str) -> None:
        """Take where it is; nothing is opened yet."""
        self.where = where
        self.name = name
        self.version = 0
        self._untold = Changes()
        self._lock = threading.RLock()
        self._study: Study | None = None
        self._follower: Follower | None = None
        self._identity: tuple[int, int] | None = None
        self._entries: list[JournalEntry] = []
        self._last_entry = -1
        self._rechecks: list[JournalEntry] = []
        self._best: TrialRecord | None = None
        self._front: int | None = None
        self._counts: dict[str, int] = {}
        self._attempts: dict[int, tuple[int, str, list[Attempt]]] = {}
        self._importance: tuple[int, Importance] | None = None
        self._measuring = threading.Lock()
        self._alive: tuple[float, bool] = (0.0, False)

    @property
    def is_file(self) -> bool:
        """Whether it is a file, and not on a server."""
        return isinstance(self.where, Path)

    @property
    def place(self) -> str:
        """Where it is, as a page may show it: without a password."""
        return str(self.where) if self._study is None and self.is_file else self.study.place

    @property
    def study(self) -> Study:
        """The handle that is read from; `look` first."""
        if self._study is None:
            self.look()
        assert self._study is not None
        return self._study

    @property
    def trials(self) -> list[TrialRecord]:
        """All trials, as they were at the last look."""
        self._check_looked()
        assert self._follower is not None
        return self._follower.trials

    def known(self, number: int) -> TrialRecord | None:
        """One trial as it was at the last look, or None where there was none of that number."""
        self._check_looked()
        assert self._follower is not None
        return self._follower.by_number.get(number)

    @property
    def entries(self) -> list[JournalEntry]:
        """The newest requests and answers, in order."""
        return self._entries

    def look(self) -> Changes:
        """Open it if need be, and take in what changed.

        Raises:
            Unavailable: It cannot be read.
        """
        with self._lock, self._explained():
            self._open()
            assert self._follower is not None
            changes = self._follower.look()
            self._count(changes)
            if self._read_journal() or changes:
                self.version += 1
            if changes:
                self._untold = self._untold.joined(changes)
        return changes

    def take_changes(self) -> Changes:
        """Look, and give all that changed since the last call: also what others took in by a look meanwhile.

        Raises:
            Unavailable: It cannot be read.
        """
        with self._lock:
            self.look()
            changes, self._untold = self._untold, Changes()
        return changes

    def read_curves(self, seconds: float = CURVES_SECONDS) -> bool:
        """Read curves that are still to be read; tell whether all are.

        Raises:
            Unavailable: It cannot be read.
        """
        with self._lock, self._explained():
            self._check_looked()
            assert self._follower is not None
            return self._follower.read_curves(seconds)

    @property
    def complete(self) -> bool:
        """Whether all curves were read."""
        return self._follower is not None and self._follower.complete

    def close(self) -> None:
        """Let go of it; the next look opens it again."""
        with self._lock:
            study, self._study, self._follower = self._study, None, None
            if study is not None:
                study.close()

    @contextmanager
    def written(self) -> Iterator[Study]:
        """Open it for a moment to write to it, apart from the handle that is read from."""
        with Study.open(self.where) as study:
            yield study

    # -- what pages ask --------------------------------------------------------------------------

    def summary(self) -> Summary:
        """Put it in a few words.

        Raises:
            Unavailable: It cannot be read.
        """
        with self._lock, self._explained():
            self._check_looked()
            assert self._follower is not None
            counts = {state: self._counts.get(state, 0) for state in STATES}
            measured = 0 if self._importance is None else self._importance[0]
            busy, pause = self._is_busy(), pause_state(self._entries)
            return Summary(counts, self._best, self._front, busy, pause, self._follower.change, measured)

    def trial(self, number: int) -> TrialRecord | None:
        """One trial with all its curves, or None where there is none of that number."""
        with self._lock, self._explained():
            self._check_looked()
            return None if self.known(number) is None else self.study.trial(number)

    def attempts(self, number: int) -> list[Attempt]:
        """Every attempt at one trial."""
        with self._lock, self._explained():
            record = self.known(number)
            if record is None:
                return []
            known = self._attempts.get(number)
            if known is None or known[:2] != (record.attempts, record.state):
                known = self._attempts[number] = (record.attempts, record.state, self.study.attempts(number))
            return known[2]

    def snapshot(self, *, attempts: bool = False, measured: bool = True) -> Snapshot:
        """Give what pictures are drawn of.

        Args:
            attempts: Whether the picture shows who trained when.
            measured: Whether it needs the importance of now; else the last that was measured will do, or at
                first the priorities, until it is measured in the background.

        Raises:
            Unavailable: It cannot be read.
        """
        with self._lock, self._explained():
            self._check_looked()
            study, trials = self.study, tuple(self.trials)
            begun = [one.number for one in trials if one.attempts][-MOST_ATTEMPTS:] if attempts else []
            home = self.where.parent if isinstance(self.where, Path) else None
            snapshot = Snapshot(
                study.place,
                study.space,
                study.objectives,
                trials,
                study.seed,
                study.about,
                _search_of(study),
                {number: self.attempts(number) for number in begun},
                home if home is not None and (home / "result.json").is_file() else None,
                tuple(self._rechecks),
            )
        self._set_importance(snapshot, measured)
        return snapshot

    # -- reading ---------------------------------------------------------------------------------

    def _open(self) -> None:
        identity = _identity(self.where) if isinstance(self.where, Path) else None
        if self._study is not None and identity != self._identity:
            self.close()  # it was replaced
        if self._study is None:
            self._identity = identity
            self._study = Study.open(self.where)
            self._follower = Follower(self._study)
            self._entries, self._last_entry, self._rechecks = [], -1, []
            self._best, self._front, self._counts, self._attempts = None, None, {}, {}
            self._importance = None

    def _check_looked(self) -> None:
        if self._follower is None:
            self.look()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Say why the study cannot be read, and let go of it so that the next look begins anew."""
        try:
            yield
        except Unavailable:
            raise
        except SturgeonError as error:
            self.close()
            raise Unavailable(plain(str(error), LONGEST_LINE * 4)) from error
        except _BROKEN as error:
            _log.debug("a study cannot be shown", exc_info=True)
            self.close()
            what = plain(str(error), LONGEST_LINE)
            raise Unavailable(
                N_("the study {name} cannot be read: {error}."),
                name=repr(self.name),
                error=f"{type(error).__name__}: {what}",
            ) from error

    def _count(self, changes: Changes) -> None:
        """Count states and find the best; a look at all trials, which takes a millisecond or two."""
        if not changes.trials and self._counts:
            return
        counts: dict[str, int] = dict.fromkeys(STATES, 0)
        sign = self.study.objectives[0].sign
        best: TrialRecord | None = None
        for one in self.trials:
            counts[one.state] += 1
            if one.value is None or one.state not in ("complete", "stopped") or math.isnan(one.value):
                continue
            if best is None or best.value is None or sign * one.value < sign * best.value:
                best = one
        ended = counts["complete"] + counts["stopped"]
        before = self._counts.get("complete", 0) + self._counts.get("stopped", 0)
        if len(self.study.objectives) > 1 and (self._front is None or ended != before):
            self._front = self._count_front()
        self._counts, self._best = counts, best

    def _count_front(self) -> int:
        goals = self.study.objectives
        ended = (one for one in self.trials if one.state in ("complete", "stopped"))
        values = [[one.value, *(one.metrics.get(goal.metric) for goal in goals[1:])] for one in ended]
        signs = [goal.sign for goal in goals]
        points = [
            [sign * value for sign, value in zip(signs, row, strict=True) if value is not None]
            for row in values
            if all(map(is_finite, row))
        ]
        return len(pareto_front(points))

    def _read_journal(self) -> bool:
        entries = self.study.journal.read(after=self._last_entry)
        if entries:
            self._last_entry = entries[-1].id
            self._rechecks += [one for one in entries if one.kind == RECHECK and isinstance(one.body, dict)]
            kept = [one for one in entries if one.kind in (REQUEST, ANSWER) and isinstance(one.body, dict)]
            self._entries = [*self._entries, *kept][-MOST_ENTRIES:]
        return bool(entries)

    def _is_busy(self) -> bool:
        if not self._counts.get("running"):
            return pause_state(self._entries) == "paused" and self._alive[1]
        since, alive = self._alive
        if time.monotonic() - since > _ALIVE_SECONDS:
            alive = process_lives(self.study, [one.number for one in self.trials if one.state == "running"])
            self._alive = (time.monotonic(), alive)
        return alive

    def _set_importance(self, snapshot: Snapshot, measured: bool) -> None:
        """Give a snapshot an importance without measuring it anew: that takes longer than any picture."""
        valued = len(snapshot.valued)
        known = self._importance
        if measured and (known is None or known[0] != valued):
            with self._measuring:
                known = self._measure(snapshot)
        elif known is None or valued > REMEASURED_FROM * known[0]:
            threading.Thread(target=self._measure_later, args=(snapshot,), daemon=True).start()
        if known is not None:
            snapshot.__dict__["importance"] = known[1]
        else:
            names = sorted(snapshot.space.coordinates, key=lambda name: snapshot.space[name].priority)
            snapshot.__dict__["by_importance"] = tuple(names)

    def _measure_later(self, snapshot: Snapshot) -> None:
        if self._measuring.acquire(blocking=False):  # else somebody does it already
            try:
                self._measure(snapshot)
            except _BROKEN:
                _log.debug("the importance cannot be measured", exc_info=True)
            finally:
                self._measuring.release()

    def _measure(self, snapshot: Snapshot) -> tuple[int, Importance]:
        valued = len(snapshot.valued)
        known = self._importance
        if known is None or known[0] != valued:
            found = measure_importance(snapshot.space, snapshot.trials, snapshot.objective.sign)
            known = self._importance = (valued, found)
            self.version += 1
        return known


def _search_of(study: Study) -> Search | None:
    try:
        return study.search
    except InputError:
        return None


def _identity(path: Path) -> tuple[int, int]:
    """Tell a file from another that took its place."""
    try:
        found = path.stat()
    except FileNotFoundError:
        raise Unavailable(
            N_("the study {place} is gone: it was deleted or moved. Put it back, or choose another."),
            place=repr(str(path)),
        ) from None
    return found.st_dev, found.st_ino
