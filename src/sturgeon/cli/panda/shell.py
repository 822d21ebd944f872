"""``sturgeon panda attach``: the screen of a run that trains; without a terminal, a line at a time."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from sturgeon.cli.common.printable import printable
from sturgeon.cli.panda.drawing import describe_state, draw_tree
from sturgeon.cli.panda.lines import HELP, obey, split_line
from sturgeon.cli.panda.places import attached
from sturgeon.cli.panda.steering import tell
from sturgeon.errors import InputError, MissingExtra, SturgeonError

if TYPE_CHECKING:
    from sturgeon.panda.attach import Panda

_HELP = f"""\
status                      how it stands            (or an empty line)
tree                        branches, changes, checkpoints
{HELP}
quit                        leave; the training goes on"""


@click.command(short_help="Look at a run that trains and steer it.")
@click.argument("study", metavar="STUDY")
@click.option("--author", metavar="NAME", help="Who steers.  [default: the account's name]")
@click.option("--lines", is_flag=True, help="Line by line, as where there is no terminal; `help` lists what.")
def attach(study: str, author: str | None, lines: bool) -> int:
    """Look at a run that trains and steer it, on a screen of the terminal; leaving it ends nothing.

    Where the input is no terminal, what it says is done line by line: set learning_rate=0.01, rewind 3 …
    """
    with attached(study, author) as tended:
        check_steerable(tended)
        if not lines and is_terminal():
            try:
                from sturgeon.cli.panda.screen.app import show_screen
            except MissingExtra as error:
                print(f"{error} Until then, line by line; `help` lists what can be said.", file=sys.stderr)
            else:
                return show_screen(tended)
        return _read_lines(tended)


def is_terminal() -> bool:
    """Whether there is a terminal to draw a screen on and to read keys from."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def check_steerable(tended: Panda) -> None:
    """See that somebody trains the run.

    Raises:
        InputError: It has ended, or its process is gone.
    """
    state = tended.state()
    if state.state in ("ended", "gone"):
        what = "has ended" if state.state == "ended" else "was trained by a process that is gone"
        raise InputError(
            f"A run to be steered must be training; the one in {state.study!r} {what} "
            f"(branch {state.branch}, epoch {state.epoch}). Go on with it by `--resume`, with more "
            "`--epochs` if it has trained them all, or look at it: `sturgeon panda tree`."
        )


def _read_lines(tended: Panda) -> int:
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
            print(f"refused: {printable(' '.join(str(error).split()))}")


def _obey(tended: Panda, line: str) -> bool:
    """Do what a line says; False for the end."""
    words, why = split_line(line)
    name = words[0] if words else "status"
    if name in ("quit", "exit"):
        return False
    if name == "help":
        print(_HELP)
    elif name == "status":
        print("\n".join(describe_state(tended.state())))
    elif name == "tree":
        print("\n".join(draw_tree(tended.tree())))
    else:
        tell(obey(tended, words, why), tended)
    return True
