"""``sturgeon panda attach``: a line at a time to a run that trains."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING, Any

import click

from sturgeon.cli.panda.drawing import describe_state, draw_tree
from sturgeon.cli.panda.places import attached, read_choices, read_values
from sturgeon.cli.panda.steering import tell
from sturgeon.errors import InputError, SturgeonError

if TYPE_CHECKING:
    from sturgeon.panda.attach import Panda
    from sturgeon.panda.commands import Outcome

_HELP = """\
status                      how it stands            (or an empty line)
tree                        branches, changes, checkpoints
set NAME=VALUE … [# why]    change from the next step on
pause, resume, stop         wait, go on, end
checkpoint                  save the state
branch [N] [NAME=VALUE …]   a branch from checkpoint N, or from here
try NAME=A,B,… [EPOCHS]     several values at once, from here
carry BRANCH                go on with another branch
rewind N [NAME=VALUE …]     back to checkpoint N
accept [NOTE]               do what the coach proposed
quit                        leave; the training goes on"""


@click.command()
@click.argument("study", metavar="STUDY")
@click.option("--author", metavar="NAME", help="Who steers.  [default: the account's name]")
def attach(study: str, author: str | None) -> int:
    """Steer a run line by line; `help` lists what can be said."""
    with attached(study, author) as tended:
        print("\n".join(describe_state(tended.state())))
        while True:
            try:
                line = input("panda> " if sys.stdin.isatty() else "")
            except EOFError:
                return 0
            try:
                if not _obey(tended, line):
                    return 0
            except SturgeonError as error:
                print(f"refused: {' '.join(str(error).split())}")


def _obey(tended: Panda, line: str) -> bool:
    """Do what a line says; False for the end."""
    line, _, why = line.partition("#")
    try:
        words = shlex.split(line)
    except ValueError:
        raise InputError(f"A line must have its quotes closed; got {line!r}.") from None
    name, *rest = words or ["status"]
    if name in ("quit", "exit"):
        return False
    if name == "help":
        print(_HELP)
    elif name == "status":
        print("\n".join(describe_state(tended.state())))
    elif name == "tree":
        print("\n".join(draw_tree(tended.tree())))
    else:
        tell(_command(tended, name, rest, why.strip()), tended)
    return True


def _command(tended: Panda, name: str, rest: list[str], why: str) -> Outcome:
    numbers = [int(word) for word in rest if word.isdigit()]
    words = [word for word in rest if not word.isdigit()]
    first = numbers[0] if numbers else None
    if name == "set":
        return tended.set(why=why, **read_values(words))
    if name in ("pause", "resume", "checkpoint", "stop"):
        return getattr(tended, name)()
    if name == "branch":
        return tended.branch(first, why=why, **read_values(words))
    if name == "try":
        choices: dict[str, Any] = read_choices(words)
        return tended.vary(epochs=first or 1, **choices)
    if name == "accept":
        return tended.accept(first)
    if name in ("carry", "rewind") and first is None:
        raise InputError(f"`{name}` needs a number; got none. `tree` lists them.")
    if name == "carry" and first is not None:
        return tended.carry(first)
    if name == "rewind" and first is not None:
        return tended.rewind(first, why=why, **read_values(words))
    raise InputError(f"A line must begin with a command that there is; got {name!r}. `help` lists them.")
