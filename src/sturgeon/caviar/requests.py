"""What is asked of a running study by hand: pause, resume, stop a trial.

Whoever has the study open, as the dashboard does, writes a request into its journal; the process that runs it
looks there about once a second:

* ``{"action": "pause"}``: no trial is begun; those that run go on, until they end or the stopping rule puts
  them aside. The clock of a budget goes on, too.
* ``{"action": "resume"}``: trials are begun again. Starting a run does the same.
* ``{"action": "stop"}`` with a trial: it ends, wherever it stands, with the values it has; ``"why"`` is kept.

What came of a request is an entry of kind ``"answer"``: ``{"request": id, "outcome": …, "why": …}``.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Literal

from sturgeon.caviar.progress import say
from sturgeon.errors import LeaseLost, StudyError
from sturgeon.plain_text import LONGEST_LINE, plain
from sturgeon.study import JournalEntry, Study
from sturgeon.study.leases import is_alive
from sturgeon.study.trial import FINISHED

REQUEST = "request"
ANSWER = "answer"
LOOK_SECONDS = 1.0
BY_HAND = "stopped by hand"
"""So begins the reason of a trial that somebody asked to stop."""

RESUME_BY = (
    "Resume it on its page of `sturgeon dashboard`, or by Ctrl-C and the same command with `--resume`."
)
"""How a run goes on that was paused by hand."""
_STARTED = "a run was started."
_LOOKED_AT = 20
"""So many of the last trials are looked at to see whether their process lives."""

_log = logging.getLogger("sturgeon")


def pause_state(entries: Iterable[JournalEntry]) -> Literal["", "asked", "paused"]:
    """Tell from a journal's entries whether a run is paused by hand, or was only asked to pause."""
    state, asked = "", -1
    for entry in entries:
        action, outcome = _action(entry), _outcome(entry)
        if entry.kind == REQUEST and action in ("pause", "resume"):
            state, asked = ("asked" if action == "pause" else ""), entry.id
        elif entry.kind == ANSWER and outcome in ("paused", "resumed") and entry.body.get("request") == asked:
            state = "paused" if outcome == "paused" else ""
    return state


def process_lives(study: Study, numbers: Sequence[int]) -> bool:
    """Tell whether a process that trained one of the last of some trials may be there still."""
    last = [attempts[-1] for number in numbers[-_LOOKED_AT:] if (attempts := study.attempts(number))]
    return any(is_alive(worker) is not False for worker in {one.worker for one in last})


class Requests:
    """Follows the requests to one study; what lies before the run is over, but for trials to be stopped.

    Attributes:
        paused: Whether no trial is to be begun.
    """

    def __init__(self, study: Study, on_ended: Callable[[int], None] = lambda number: None) -> None:
        """Read what was asked for so far.

        Args:
            study: The study that is run.
            on_ended: Called with the number of a trial that did not run here and was ended.
        """
        self.paused = False
        self._study = study
        self._on_ended = on_ended
        self._last = -1
        self._stops: dict[int, JournalEntry] = {}
        self._next_look = 0.0
        before = self._new_entries()
        for entry in before:
            if _action(entry) == "stop":
                self._note_stop(entry, quiet=True)
        asked = [entry for entry in before if _action(entry) in ("pause", "resume")]
        if asked and _action(asked[-1]) == "pause":
            self._answer(asked[-1], "resumed", _STARTED)
            # For other processes that run the study, and wait.
            self._study.journal.write(REQUEST, {"action": "resume", "why": _STARTED})

    def look(self, here: Collection[int]) -> dict[int, str]:
        """Take in what was asked for since the last look, at most once in `LOOK_SECONDS`.

        Args:
            here: The trials that run in this process.

        Returns:
            Which of them are to be stopped, and the reason; again at every look, until they have ended.
        """
        now = time.monotonic()
        if now < self._next_look:
            return {}
        self._next_look = now + LOOK_SECONDS
        for entry in self._new_entries():
            self._take(entry)
        for number in [number for number in self._stops if number not in here]:
            self._stop_elsewhere(number)
        return {number: reason for number in here if (reason := self.reason(number)) is not None}

    def reason(self, number: int) -> str | None:
        """Give the reason for a trial that is to be stopped; None for others."""
        entry = self._stops.get(number)
        if entry is None:
            return None
        why = entry.body.get("why")
        by = f" ({entry.author})" if entry.author else ""
        return f"{BY_HAND}: {why if isinstance(why, str) and why else 'no reason given'}{by}"

    def _new_entries(self) -> list[JournalEntry]:
        try:
            entries = self._study.journal.read(kind=REQUEST, after=self._last)
        except ValueError as error:
            if isinstance(error, StudyError):
                raise
            _log.warning("the study's journal cannot be read: %s", error)
            return []
        if entries:
            self._last = entries[-1].id
        return entries

    def _take(self, entry: JournalEntry) -> None:
        action = _action(entry)
        if action == "pause":
            if not self.paused:
                what = "no trial is begun until it is resumed; those that run go on."
                say(f"Paused by hand: {what} {RESUME_BY}")
            self.paused = True
            self._answer(entry, "paused")
        elif action == "resume":
            if self.paused:
                say(f"Resumed: {_STARTED}" if entry.body.get("why") == _STARTED else "Resumed by hand.")
            self.paused = False
            self._answer(entry, "resumed")
        elif action == "stop":
            self._note_stop(entry)
        else:
            self._answer(entry, "refused", f"a request's action is pause, resume or stop; got {action!r}.")

    def _note_stop(self, entry: JournalEntry, *, quiet: bool = False) -> None:
        trial = entry.trial
        why = "a request to stop must name a trial." if trial is None else self._why_not(trial)
        if trial is not None and why is None:
            self._stops.setdefault(trial, entry)
        elif why is not None and not quiet:
            self._answer(entry, "refused", why)

    def _why_not(self, number: int) -> str | None:
        """Say why a trial cannot be stopped, if it cannot."""
        try:
            state = self._study.trial(number).state
        except StudyError as error:
            return str(error)
        return f"trial {number} has ended already: it is {state}." if state in FINISHED else None

    def _stop_elsewhere(self, number: int) -> None:
        """Stop a trial that does not run here, if it is put aside; forget it once it has ended."""
        try:
            state = self._study.trial(number).state
        except StudyError as error:  # it was deleted
            self._answer(self._stops.pop(number), "refused", str(error))
            return
        if state in FINISHED:
            self._answer(self._stops.pop(number), "stopped" if state == "stopped" else state)
        elif state == "paused":
            try:
                self._study.stop(self._study.resume(number), self.reason(number) or "")
            except LeaseLost as error:  # somebody else has it, and the request too
                _log.debug("%s", error)
                return
            self._answer(self._stops.pop(number), "stopped")
            self._on_ended(number)

    def _answer(self, entry: JournalEntry, outcome: str, why: str = "") -> None:
        body = {"request": entry.id, "outcome": outcome, "why": plain(why, LONGEST_LINE)}
        self._study.journal.write(ANSWER, body, trial=entry.trial)


def _action(entry: JournalEntry) -> object:
    return entry.body.get("action") if isinstance(entry.body, dict) else None


def _outcome(entry: JournalEntry) -> object:
    return entry.body.get("outcome") if isinstance(entry.body, dict) else None
