"""A recheck as ``sturgeon recheck`` prints it: the verdict, what was compared, why, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

from sturgeon.caviar.progress import format_metric
from sturgeon.cli.common.console import make_console
from sturgeon.cli.common.printable import printable
from sturgeon.cli.views.result import describe_config

if TYPE_CHECKING:
    from sturgeon.recheck.outcome import RecheckResult


def print_recheck(result: RecheckResult, put_right: str) -> None:
    """Print what a recheck found for a person to read.

    Args:
        result: What it found.
        put_right: The command that tunes anew.
    """
    console = make_console()
    console.print(printable(result.sentence), soft_wrap=True)
    console.print(_candidates(result))
    console.print(
        f"better by: in the median pair, in {result.metric}, and in the mean, in units of the noise "
        f"{format_metric(result.noise)}; below 0 is worse; with fewer pairs it was dropped on the way",
        soft_wrap=True,
    )
    evidence = result.evidence
    console.print(
        f"evidence {evidence['e_value']:.3g} of the {evidence['needed']:g} that it takes; "
        f"recheck {evidence['number']} of this choice",
        soft_wrap=True,
    )
    epochs = result.epochs
    console.print(f"{epochs['spent']} epochs{_shares(epochs)}", soft_wrap=True)
    deployed = result.deployed
    if deployed is not None and deployed["new"] is not None:
        before = "" if deployed["old"] is None else f" (on its test rows {format_metric(deployed['old'])})"
        console.print(
            f"the network in use: {deployed['metric']} {format_metric(deployed['new'])} "
            f"on the new rows{before}",
            soft_wrap=True,
        )
    for note in result.notes:
        console.print(printable(note), soft_wrap=True)
    if result.retuned is not None:
        console.print(f"tuned anew: {printable(result.retuned)}", soft_wrap=True)
    elif result.stale or (deployed is not None and deployed["outdated"]):
        console.print(f"put it right:  {printable(put_right)}", soft_wrap=True)


def _shares(epochs: dict[str, Any]) -> str:
    """What share of the tuning was spent, and what counts as an epoch."""
    share = "" if epochs["share"] is None else f", {epochs['share']:.0%} of the tuning's {epochs['original']}"
    if share and epochs.get("folds", 1) > 1:
        share += f", each of {epochs['folds']} folds counted"
    if (rows := epochs.get("row_share", 1)) < 1:
        share += f"; an epoch on {rows:.0%} of the rows counts as so much"
    return share


def _candidates(result: RecheckResult) -> Table:
    table = Table()
    table.add_column("candidate")
    table.add_column("pairs", justify="right")
    table.add_column("better by", justify="right")
    table.add_column("in noises", justify="right")
    table.add_column("differs in", overflow="fold")
    incumbent = result.incumbent["config"]
    for one in result.candidates:
        name = one["origin"] if one["trial"] is None else f"{one['origin']}, trial {one['trial']}"
        differs = {k: value for k, value in one["config"].items() if incumbent.get(k) != value}
        if one["origin"] == "incumbent":
            table.add_row(name, "", "", "", "")
            continue
        median = "" if one["median"] is None else _signed(one["median"])
        differs = printable(describe_config(differs))
        table.add_row(name, str(one["pairs"]), median, f"{one['advantage']:+.2f}", differs)
    return table


def _signed(value: float) -> str:
    return f"{'-' if value < 0 else '+'}{format_metric(abs(value))}"
