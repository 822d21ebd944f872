"""The end of ``sturgeon tune``: what was found, how good it is, where it lies."""

from __future__ import annotations

import math
import shlex
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from sturgeon.caviar.progress import format_metric, format_seconds
from sturgeon.caviar.table.choosing.prediction_cost import describe_size, describe_time
from sturgeon.cli.common.console import printing
from sturgeon.cli.common.printable import printable
from sturgeon.study.edges import edges_of

if TYPE_CHECKING:
    from pathlib import Path

    from sturgeon.caviar.table.outcome import TableResult
    from sturgeon.space import Space

_SHORT = {"HistGradientBoosting": "HistGB"}


def print_result(
    result: TableResult,
    varying: Collection[str],
    space: Space | None = None,
    *,
    report: Path | None = None,
) -> None:
    """Print a result for a person to read.

    Args:
        result: What was found.
        varying: The hyperparameters to show of the best configuration.
        space: The space, to tell which of them lie at an end of their range.
        report: Where its report lies, if there is one.
    """
    with printing() as console:
        _print(console, result, varying, space, report)


def _print(
    console: Console, result: TableResult, varying: Collection[str], space: Space | None, report: Path | None
) -> None:
    states = ", ".join(f"{count} {state}" for state, count in result.trials.items() if count)
    console.print(f"trials: {states}; {result.epochs} epochs in {format_seconds(result.seconds)}")
    if result.exhausted:
        console.print("the search has no further configuration: widen the space with --vary to go on")
    if result.best is None or result.test is None:
        return
    value = format_number(result.best["value"])
    shown = {name: setting for name, setting in result.best["config"].items() if name in varying}
    console.print(f"best: trial {result.best['trial']}, {result.metric} {value}")
    console.print(f"  {describe_config(shown)}", soft_wrap=True)
    for edge in edges_of(space, result.best["config"]) if space is not None else ():
        console.print(f"  {edge}", soft_wrap=True)
    if result.ensemble:
        shares = {one["trial"]: one["share"] for one in result.ensemble}
        each = f"{len(shares) * result.folds} networks, one a fold, of " if result.folds > 1 else ""
        console.print(f"ensemble: {each}{describe_shares(shares)}", soft_wrap=True)
    if result.repeats:
        console.print(_repeats_table(result, result.repeats))
    equals = result.within_one_standard_error
    if equals and equals[0] != result.best["trial"] and result.best["trial"] in equals:
        console.print(
            f"trial {equals[0]} has the best value; trial {result.best['trial']} is within one standard "
            "error of it and simpler",
            soft_wrap=True,
        )
    if result.calibration:
        console.print(describe_calibration(result.calibration), soft_wrap=True)
    console.print(_test_table(result, result.test))
    if result.comparison:
        console.print(_differences_table(result.comparison))
    for one in result.comparison or ():
        if one["why"]:
            console.print(f"{one['name']} {one['why']}", soft_wrap=True)
    if result.no_better_than_default:
        console.print(
            "no better than the default: within one standard error on the rows held out in training",
            soft_wrap=True,
        )
    if result.naive_test and (result.test.get("loss") or 0) >= (result.naive_test.get("loss") or math.inf):
        console.print(
            "no better than a guess that looks at no input: the columns say little of the target, or there "
            "are too few rows or trials",
            soft_wrap=True,
        )
    if result.prediction:
        size, seconds = result.prediction["size"], result.prediction["seconds_per_1000_rows"]
        console.print(f"a prediction: {describe_size(size)}, {describe_time(seconds)} for 1,000 rows")
    console.print(f"network: {result.out}/best   study: {result.study}", soft_wrap=True)
    if report is not None:
        console.print(f"report:  {report}", soft_wrap=True)
    out = shlex.quote(result.out)
    console.print(f"use it:  sturgeon predict {out} NEW_TABLE.csv -o predictions.csv", soft_wrap=True)


def describe_config(config: dict[str, Any]) -> str:
    """A configuration in one line, its numbers short, and nothing in it that a terminal would obey."""
    return printable(", ".join(f"{name}={format_number(value)}" for name, value in config.items()))


def format_number(value: Any) -> str:
    """Four significant digits of a float; anything else as it is."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def describe_shares(shares: Mapping[int, float]) -> str:
    """The trials of an ensemble, and how much each of them counts.

    Example:
        >>> describe_shares({14: 0.75, 0: 0.25})
        'trials 14 (75%), 0 (25%)'
    """
    listed = ", ".join(f"{trial} ({share:.0%})" for trial, share in shares.items())
    return f"trial{'s' * (len(shares) > 1)} {listed}"


def describe_calibration(calibration: Mapping[str, float]) -> str:
    """How sure a network's probabilities are made, and what that is worth.

    Example:
        >>> describe_calibration({"temperature": 1.25, "before": 0.051, "after": 0.0123, "rows": 850})
        'calibration: temperature 1.25; calibration error 0.051 before, 0.0123 after, on 850 rows held out'
    """
    temperature, before, after = (
        format_number(calibration[name]) for name in ("temperature", "before", "after")
    )
    error = f"calibration error {before} before, {after} after, on {calibration['rows']} rows held out"
    return f"calibration: temperature {temperature}; {error}"


def _repeats_table(result: TableResult, repeats: list[dict[str, Any]]) -> Table:
    times = repeats[0]["number"]
    table = Table(title=f"the best trained {times} times more with other seeds", title_justify="left")
    for column in ("trial", f"mean {result.metric}", "standard deviation"):
        table.add_column(column, justify="right")
    for one in repeats:
        spread = [one["mean"], one["deviation"]]
        table.add_row(str(one["trial"]), *("" if value is None else format_metric(value) for value in spread))
    return table


def _test_table(result: TableResult, test: dict[str, float | None]) -> Table:
    guess = "class frequencies" if result.task == "classification" else "mean"
    tuned = "tuned" if result.ensemble is None else "tuned, ensemble"
    columns = [(tuned, test), ("default hyperparameters", result.default_test), (guess, result.naive_test)]
    if result.comparison is not None:  # short names, as there are more of them
        columns = [
            ("tuned", test),
            *((_SHORT.get(one["name"], one["name"]), one["test"]) for one in result.comparison),
        ]
    judged = {name: metrics for name, metrics in columns if metrics is not None}
    rows = result.rows["test"]
    table = Table(title=f"on the {rows} test rows, which decided nothing", title_justify="left")
    table.add_column("metric", no_wrap=True)
    for name in judged:
        table.add_column(name, justify="right")
    for metric in test:
        table.add_row(metric, *(format_metric(metrics[metric]) for metrics in judged.values()))
    return table


def _differences_table(comparison: Sequence[Mapping[str, Any]]) -> Table:
    """By how much more each errs than the tuned network; above 0 the tuned one is better."""
    differences = {one["name"]: one["difference"] for one in comparison if one["difference"]}
    metric = next(iter(differences.values()))["metric"]
    table = Table(
        title="compared on the same test rows, 95 % intervals by 2,000 resamples", title_justify="left"
    )
    for column in ("", f"{metric} above tuned", "interval"):
        table.add_column(column, justify="right" if column else "left")
    for name, one in differences.items():
        low, high = f"{one['low']:+.3g}", f"{one['high']:+.3g}"
        table.add_row(_SHORT.get(name, name), f"{one['value']:+.3g}", f"{low} to {high}")
    return table
