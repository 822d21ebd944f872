"""What can be said to a run in a line, at a prompt or at the foot of the screen."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from sturgeon.cli.panda.places import read_choices, read_values
from sturgeon.errors import InputError

if TYPE_CHECKING:
    from sturgeon.panda.attach import Panda
    from sturgeon.panda.commands import Outcome

HELP = """\
set NAME=VALUE … [# why]    change from the next step on
pause, resume, stop         wait, go on, end
checkpoint                  save the state
branch [N] [NAME=VALUE …]   a branch from checkpoint N, or from here
try NAME=A,B,… [EPOCHS]     several values at once, from here
carry BRANCH                go on with another branch
rewind N [NAME=VALUE …]     back to checkpoint N
accept [NOTE]               do what the coach proposed
dismiss NOTE                have the coach not say it again on this branch"""


def split_line(line: str) -> tuple[list[str], str]:
    """Split a line into its words and, after ``#``, the reason.

    Raises:
        InputError: A quote is not closed.

    Example:
        >>> split_line("set learning_rate=0.01  # it swings")
        (['set', 'learning_rate=0.01'], 'it swings')
    """
    said, _, why = line.partition("#")
    try:
        return shlex.split(said), why.strip()
    except ValueError:
        raise InputError(f"A line must have its quotes closed; got {said!r}.") from None


def obey(tended: Panda, words: list[str], why: str = "") -> Outcome:
    """Give the command that a line says, and wait for what becomes of it.

    Raises:
        InputError: There is no such command, a number is missing, or the command was refused.
    """
    name, rest = words[0], words[1:]
    numbers = [int(word) for word in rest if word.isdecimal()]
    values = [word for word in rest if not word.isdecimal()]
    first = numbers[0] if numbers else None
    if name == "set":
        return tended.set(why=why, **read_values(values))
    if name in ("pause", "resume", "checkpoint", "stop"):
        return getattr(tended, name)()
    if name == "branch":
        return tended.branch(first, why=why, **read_values(values))
    if name == "try":
        choices: dict[str, Any] = read_choices(values)
        return tended.vary(epochs=first or 1, **choices)
    if name == "accept":
        return tended.accept(first)
    if name in ("carry", "rewind", "dismiss"):
        if first is None:
            raise InputError(f"`{name}` needs a number; got none. The tree and the coach's notes have them.")
        if name == "rewind":
            return tended.rewind(first, why=why, **read_values(values))
        return tended.carry(first) if name == "carry" else tended.dismiss(first)
    raise InputError(f"A line must begin with a command that there is; got {name!r}. `help` lists them.")
