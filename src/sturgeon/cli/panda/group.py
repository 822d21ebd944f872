"""``sturgeon panda``: a table to train on, or what to do with a run that trains."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

import click

from sturgeon.cli.panda.looking import export_schedule, status, tree
from sturgeon.cli.panda.page import page
from sturgeon.cli.panda.shell import attach
from sturgeon.cli.panda.steering import STEERING
from sturgeon.cli.panda.train import train


class _TableOrCommand(click.Group):
    """A group whose first word is a command, or else the table of ``train``."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command."""
        if args and args[0] not in self.commands:
            self._check_no_command(args, ctx)
            return train.name, train, args
        return super().resolve_command(ctx, args)

    def _check_no_command(self, args: list[str], ctx: click.Context) -> None:
        """See that what is taken as a table is not a command with a slip of the pen."""
        close = get_close_matches(args[0], self.commands, n=1)
        is_table = "--target" in args or any(one.startswith("--target=") for one in args)
        if close and args[0].isidentifier() and not is_table and not Path(args[0]).exists():
            raise click.UsageError(f"No such command {args[0]!r}. Did you mean {close[0]!r}?", ctx)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Let options of ``train`` come before its table."""
        if args and args[0].startswith("-") and args[0] not in ("-h", "--help"):
            args = ["train", *args]
        return super().parse_args(ctx, args)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show both ways."""
        formatter.write_usage(ctx.command_path, "DATA --target COLUMN [OPTIONS]")
        formatter.write_usage(ctx.command_path, "COMMAND STUDY [OPTIONS]", prefix="       ")


@click.group(cls=_TableOrCommand, no_args_is_help=True)
def panda() -> None:
    """Train one network and tend it by hand.

    `sturgeon panda DATA --target COLUMN` trains the built-in network on a table; `sturgeon panda train
    --help`
    lists its options. Meanwhile, in another terminal, the commands below steer it. STUDY is the run's
    study, or
    the directory that holds it.
    """


for command in (train, attach, page, status, tree, *STEERING, export_schedule):
    panda.add_command(command)
