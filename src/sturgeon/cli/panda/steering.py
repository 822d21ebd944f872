"""``sturgeon panda set``, ``pause``, ``branch`` …: one command to a run that trains."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from sturgeon.cli.common.printable import printable
from sturgeon.cli.panda.drawing import draw_tried
from sturgeon.cli.panda.places import attached, read_choices, read_values

if TYPE_CHECKING:
    from sturgeon.panda.attach import Panda
    from sturgeon.panda.commands import Outcome

_AUTHOR = click.option("--author", metavar="NAME", help="Who says it.  [default: the account's name]")
_WHY = click.option("--why", default="", metavar="TEXT", help="The reason, kept in the journal.")
_STUDY = click.argument("study", metavar="STUDY")
_VALUES = click.argument("values", nargs=-1, metavar="NAME=VALUE…")


def tell(outcome: Outcome, tended: Panda) -> None:
    """Print what became of a command."""
    print(printable(outcome.message))
    for line in draw_tried(outcome.body.get("tried", ()), tended.tree()) if outcome.body.get("tried") else ():
        print(line)


def _command(study: str, author: str | None, ask: Callable[[Panda], Outcome]) -> int:
    with attached(study, author) as tended:
        tell(ask(tended), tended)
    return 0


@click.command("set")
@_STUDY
@_VALUES
@_WHY
@_AUTHOR
def set_values(study: str, values: tuple[str, ...], why: str, author: str | None) -> int:
    """Change hyperparameters from the next step on."""
    given = read_values(values)
    return _command(study, author, lambda tended: tended.set(why=why, **given))


@click.command(short_help="Begin a branch, or try several values at once.")
@_STUDY
@_VALUES
@click.option(
    "--from", "checkpoint", type=int, metavar="N", help="The checkpoint to start from.  [default: here]"
)
@click.option(
    "--vary", multiple=True, metavar="NAME=A,B,…", help="Try several values at once, then `carry` one."
)
@click.option("--epochs", type=int, help="With --vary: for how many epochs.  [default: 1]")
@_WHY
@_AUTHOR
def branch(
    study: str,
    values: tuple[str, ...],
    checkpoint: int | None,
    vary: tuple[str, ...],
    epochs: int | None,
    why: str,
    author: str | None,
) -> int:
    """Begin a branch with other hyperparameters, or try several at once."""
    given: dict[str, Any] = read_values(values)
    choices: dict[str, Any] = read_choices(vary)
    if not choices:
        return _command(study, author, lambda tended: tended.branch(checkpoint, why=why, **given))
    return _command(
        study, author, lambda tended: tended.vary(epochs=epochs or 1, checkpoint=checkpoint, **choices)
    )


@click.command(short_help="Go back to a checkpoint.")
@_STUDY
@click.argument("checkpoint", type=int)
@_VALUES
@_WHY
@_AUTHOR
def rewind(study: str, checkpoint: int, values: tuple[str, ...], why: str, author: str | None) -> int:
    """Go back to a checkpoint; what was trained since stays in the tree."""
    given = read_values(values)
    return _command(study, author, lambda tended: tended.rewind(checkpoint, why=why, **given))


@click.command()
@_STUDY
@click.argument("branch", type=int)
@_AUTHOR
def carry(study: str, branch: int, author: str | None) -> int:
    """Go on with another branch."""
    return _command(study, author, lambda tended: tended.carry(branch))


@click.command()
@_STUDY
@click.argument("note", type=int, required=False)
@_AUTHOR
def accept(study: str, note: int | None, author: str | None) -> int:
    """Do what the coach proposed, by default its last proposal."""
    return _command(study, author, lambda tended: tended.accept(note))


@click.command()
@_STUDY
@click.argument("note", type=int)
@_AUTHOR
def dismiss(study: str, note: int, author: str | None) -> int:
    """Have the coach not say this again on this branch."""
    return _command(study, author, lambda tended: tended.dismiss(note))


def _plain(name: str, text: str) -> click.Command:
    """A command that takes nothing but the study."""

    def call(study: str, author: str | None) -> int:
        return _command(study, author, lambda tended: getattr(tended, name)())

    call.__doc__ = text
    decorated: Any = _STUDY(_AUTHOR(call))
    return click.command(name)(decorated)


STEERING: tuple[click.Command, ...] = (
    set_values,
    _plain("pause", "Have the training wait."),
    _plain("resume", "Have it go on."),
    _plain("checkpoint", "Have its state saved; such a checkpoint is never thinned out."),
    branch,
    carry,
    rewind,
    accept,
    dismiss,
    _plain("stop", "End the training; it can be resumed."),
)
