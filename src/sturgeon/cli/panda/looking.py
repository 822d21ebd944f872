"""``sturgeon panda status``, ``tree`` and ``export``: look at a run, and hand its schedule on."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from sturgeon.cli.common.paths import PATH
from sturgeon.cli.common.printable import printable
from sturgeon.cli.panda.drawing import describe_state, draw_tree
from sturgeon.cli.panda.places import attached

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")


@click.command()
@click.argument("study", metavar="STUDY")
@_JSON
def status(study: str, as_json: bool) -> int:
    """Say how a run stands."""
    with attached(study) as tended:
        state = tended.state()
    if as_json:
        from sturgeon.panda.kept.reading import state_to_json

        print(json.dumps(state_to_json(state)))
    else:
        print("\n".join(describe_state(state)))
    return 0


@click.command()
@click.argument("study", metavar="STUDY")
@_JSON
def tree(study: str, as_json: bool) -> int:
    """Draw the run tree: branches, changes, checkpoints."""
    with attached(study) as tended:
        found = tended.tree()
    if not as_json:
        print("\n".join(draw_tree(found)))
        return 0
    from sturgeon.panda.kept.reading import tree_to_json

    print(json.dumps(tree_to_json(found)))
    return 0


@click.command("export", short_help="Write the way to the best leaf as a schedule.")
@click.argument("study", metavar="STUDY")
@click.option(
    "--branch", type=int, help="The branch to lead to.  [default: the one with the best last value]"
)
@click.option("--python", "as_python", is_flag=True, help="A Python snippet instead of JSON.")
@click.option("-o", "--output", type=PATH, help="The file to write.  [default: stdout]")
def export_schedule(study: str, branch: int | None, as_python: bool, output: Path | None) -> int:
    """Write the way to the best leaf as a schedule, for `sturgeon panda DATA --replay FILE`."""
    from sturgeon.panda.kept.schedule import schedule_of

    with attached(study) as tended:
        schedule = schedule_of(tended.study, tended.tree(), branch)
    text = schedule.to_python() if as_python else schedule.to_json()
    if output is None:
        print(text)
        return 0
    fresh = output.with_name(f".{output.name}.new")
    fresh.write_text(text + "\n", encoding="utf-8")
    fresh.replace(output)
    print(f"the schedule in {printable(output)}", file=sys.stderr)
    return 0
