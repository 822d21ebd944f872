"""What people ask of a running training, and what became of it: entries of the study's journal.

Any process that has the study open writes a command; the process that trains reads it, carries it out at
the next
step, and writes the outcome. Nothing else passes between them.
"""

from __future__ import annotations

import getpass
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

from sturgeon.errors import InputError
from sturgeon.study import JournalEntry, Study

COMMAND, OUTCOME = "command", "outcome"
Action = Literal[
    "set", "pause", "resume", "checkpoint", "branch", "rewind", "try", "carry", "stop", "accept", "dismiss"
]
ACTIONS: tuple[Action, ...] = get_args(Action)
_LOOK_SECONDS = 0.05
_FIELDS: dict[str, type] = {
    "values": dict,
    "seen": dict,
    "why": str,
    "checkpoint": int,
    "trial": int,
    "vary": dict,
    "epochs": int,
    "note": int,
}
_KINDS = {dict: "values by name", str: "text", int: "a whole number"}


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Attributes:
        id: Its place in the journal.
        time: When it was given.
        author: Who gave it.
        action: What is to be done.
        values: For ``set``, ``branch`` and ``rewind``: new values by hyperparameter.
        seen: For ``set``: the last change of each hyperparameter that its author knew of, by its command's
            id; 0 for none. A later change by somebody else has the command refused.
        why: The author's reason.
        checkpoint: For ``branch``, ``rewind`` and ``try``: where to start; None for now.
        trial: For ``carry``: the branch to go on with.
        vary: For ``try``: the values to try of each hyperparameter.
        epochs: For ``try``: for how many epochs.
        note: For ``accept`` and ``dismiss``: the coach's note, by its place in the journal.
    """

    id: int
    time: datetime
    author: str
    action: Action
    values: Mapping[str, Any] = field(default_factory=dict)
    seen: Mapping[str, int] = field(default_factory=dict)
    why: str = ""
    checkpoint: int | None = None
    trial: int | None = None
    vary: Mapping[str, list[Any]] = field(default_factory=dict)
    epochs: int | None = None
    note: int | None = None

    @classmethod
    def of(cls, entry: JournalEntry) -> Command | None:
        """Read an entry; None for one that no Sturgeon of this version wrote."""
        try:
            given = check_body(entry.body.get("action"), entry.body)
        except InputError:
            return None
        return cls(entry.id, entry.time, entry.author, entry.body["action"], **given)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a command.

    Attributes:
        command: The command's id.
        done: Whether it was carried out.
        message: What was done, or why not, in one line.
        body: The rest: ``action``, ``trial``, ``epoch``, ``step``, ``old`` and ``new`` values,
        ``checkpoint``,
            and for ``try`` its ``trials``.
    """

    command: int
    done: bool
    message: str
    body: Mapping[str, Any]

    @classmethod
    def of(cls, entry: JournalEntry) -> Outcome:
        """Read an entry."""
        return cls(
            int(entry.body["command"]), bool(entry.body["done"]), str(entry.body["message"]), entry.body
        )


def give(study: Study, action: Action, *, author: str | None = None, **body: Any) -> JournalEntry:
    """Write a command into the journal.

    Args:
        study: The run's study.
        action: What is to be done.
        author: Who asks; by default the name of the account.
        body: Fields of :class:`Command`; those that are None are left out.

    Raises:
        InputError: There is no such action, or a field is of another type.
    """
    kept = check_body(action, body)
    return study.journal.write(COMMAND, {"action": action, **kept}, author=author or account())


def check_body(action: object, body: Mapping[str, Any]) -> dict[str, Any]:
    """Check that a command can be read, whoever wrote it.

    Returns:
        The fields of :class:`Command` that it has.

    Raises:
        InputError: There is no such action, or a field is of another type.

    Example:
        >>> check_body("rewind", {"checkpoint": 7, "trial": None})
        {'checkpoint': 7}
    """
    if action not in ACTIONS:
        raise InputError(f"A command must be one of {', '.join(ACTIONS)}; got {action!r}.")
    given: dict[str, Any] = {}
    for name, kind in _FIELDS.items():
        value = body.get(name)
        if value is None:
            continue
        numbers = (
            name == "seen" and isinstance(value, Mapping) and not all(type(n) is int for n in value.values())
        )
        lists = (
            name == "vary"
            and isinstance(value, Mapping)
            and not all(isinstance(n, list) for n in value.values())
        )
        if type(value) is not kind or numbers or lists:
            raise InputError(f"`{name}` of a command must be {_KINDS[kind]}; got {value!r:.60}.")
        given[name] = value
    return given


def wait_for_outcome(study: Study, command: int, *, seconds: float) -> Outcome | None:
    """Wait for what becomes of a command.

    Args:
        study: The run's study.
        command: Its id.
        seconds: How long to wait.

    Returns:
        The outcome; None where there was none in that time.
    """
    until, after = time.monotonic() + seconds, command
    while True:
        for entry in study.journal.read(kind=OUTCOME, after=after):
            outcome, after = Outcome.of(entry), entry.id
            if outcome.command == command:
                return outcome
        if time.monotonic() >= until:
            return None
        time.sleep(_LOOK_SECONDS)


def account() -> str:
    """The name of the account that this process runs under, or ``"somebody"``."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account without a name, as in some containers
        return "somebody"


def refuse(outcome: Outcome) -> None:
    """Raise where a command was not carried out.

    Raises:
        InputError: It was refused; the message says why.
    """
    if not outcome.done:
        raise InputError(outcome.message)
