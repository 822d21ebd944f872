"""A run on a terminal: its tree, its short curves, its state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sturgeon.caviar.progress import format_metric
from sturgeon.cli.common.printable import printable

if TYPE_CHECKING:
    from sturgeon.panda.attach import RunState
    from sturgeon.panda.kept.tree import Branch, RunTree
    from sturgeon.study import JournalEntry

_BLOCKS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float], width: int = 24) -> str:
    """Draw a curve with small blocks, its lowest value the lowest block; ``×`` is a value that is not finite.

    Example:
        >>> sparkline([3.0, 2.0, 1.0, float("nan")])
        '█▄▁×'
    """
    if len(values) > width:
        values = [values[round(place * (len(values) - 1) / (width - 1))] for place in range(width)]
    finite = [value for value in values if abs(value) < float("inf")]
    if not finite:
        return "×" * len(values)
    low, span = min(finite), (max(finite) - min(finite)) or 1.0
    return "".join(
        _BLOCKS[int((value - low) / span * (len(_BLOCKS) - 1))] if abs(value) < float("inf") else "×"
        for value in values
    )


def in_words(values: Mapping[str, Any]) -> str:
    """Hyperparameters in a line.

    Example:
        >>> in_words({"learning_rate": 0.012345, "layers": 3})
        'learning_rate=0.01235, layers=3'
    """
    return ", ".join(
        f"{printable(name)}={value:.4g}"
        if isinstance(value, float)
        else f"{printable(name)}={printable(value)}"
        for name, value in values.items()
    )


def draw_tree(tree: RunTree) -> list[str]:
    """The branches under each other, each under the one that it starts from."""
    children: dict[int | None, list[Branch]] = {}
    for branch in tree.branches.values():
        children.setdefault(branch.parent, []).append(branch)
    lines: list[str] = []

    def draw(branch: Branch, before: str, bend: str, under: str) -> None:
        lines.append(before + bend + _describe(branch, tree))
        inner = before + under
        own = [one for one in tree.checkpoints.values() if one.trial == branch.trial and one.kept]
        changes = [change for change in tree.changes if change.trial == branch.trial]
        below = children.get(branch.trial, [])
        stem = "│  " if below else "   "
        for change in changes:
            why = f" ({printable(change.why)})" if change.why else ""
            lines.append(
                f"{inner}{stem}△ epoch {change.at.epoch} step {change.at.step}: {in_words(change.new)}"
                f" by {printable(change.author)}{why}"
            )
        if own:
            shown = ", ".join(f"{one.number} (epoch {one.at.epoch})" for one in own[-6:])
            more = f"… {len(own) - 6} before, `--json` lists them; " if len(own) > 6 else ""
            lines.append(f"{inner}{stem}checkpoints: {more}{shown}")
        for number, child in enumerate(below):
            last = number == len(below) - 1
            draw(child, inner, "└─ " if last else "├─ ", "   " if last else "│  ")

    for root in children.get(None, []):
        draw(root, "", "", "")
    return lines


def describe_state(state: RunState) -> list[str]:
    """How a run stands, in a few lines."""
    value = "" if state.value is None else f", {printable(state.metric)} {format_metric(state.value)}"
    lines = [
        f"{state.state}: branch {state.branch}, epoch {state.epoch}{value}",
        f"  {in_words(state.values)}",
    ]
    open_notes = {} if state.state == "ended" else state.notes  # of one that has ended none can be heeded
    lines += [
        f"  coach {number}: {printable(sentence)}" for number, sentence in list(open_notes.items())[-3:]
    ]
    return lines


def draw_tried(tried: Sequence[Mapping[str, Any]], tree: RunTree) -> list[str]:
    """The short curves of values that were tried side by side."""
    lines = []
    for one in tried:
        branch = tree.branches[one["trial"]]
        curve = [value for _, value in branch.curves.get(tree.metric, [])]
        value = format_metric(one["value"]) if one["value"] is not None else "not finite"
        lines.append(
            f"  branch {one['trial']:<3} {in_words(one['values']):<28} {sparkline(curve):<10} {value}"
        )
    return lines


def describe_entry(entry: JournalEntry) -> str:
    """An entry of the journal in a line; nothing where it is of no use to people."""
    body = entry.body
    if entry.kind == "event" and body.get("what") == "thinned":
        return ""
    if entry.kind == "checkpoint":
        text = f"checkpoint {body['number']}, epoch {body['epoch']}"
    elif entry.kind == "command":
        text = " ".join([str(body.get("action")), in_words(body.get("values") or {}), body.get("why") or ""])
    elif entry.kind == "outcome":
        text = ("" if body["done"] else "refused: ") + body["message"]
    else:
        text = str(body.get("sentence") or body.get("why") or body.get("what", ""))
    return f"{entry.time.astimezone():%H:%M:%S} {printable(entry.author)}: {printable(text.strip())}"


def _describe(branch: Branch, tree: RunTree) -> str:
    curve = branch.curves.get(tree.metric, [])
    parts = [f"branch {branch.trial}"]
    if branch.parent is not None:
        changed = tree.changed_at_start(branch)
        parts.append(
            f"from checkpoint {branch.checkpoint}" + (f" with {in_words(changed)}" if changed else "")
        )
    if curve:
        parts.append(f"epochs {curve[0][0]}–{curve[-1][0]}")
        parts.append(
            f"{printable(tree.metric)} {format_metric(curve[-1][1])} {sparkline([v for _, v in curve])}"
        )
    if branch.trial == tree.current:
        parts.append("← here")
    return "  ".join(parts)
