"""The run tree as plain JSON, for programs and for the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sturgeon.panda.attach import RunState
from sturgeon.panda.kept.tree import RunTree
from sturgeon.study import JournalEntry


def tree_to_json(tree: RunTree) -> dict[str, Any]:
    """Give the tree as plain JSON.

    Returns:
        ``metric``, ``maximize``, ``current``, ``state``; ``branches`` with their curves as pairs of epoch and
        value, None for one that is not finite; ``checkpoints``, ``changes``, and the coach's ``notes``.
    """
    return {
        "metric": tree.metric,
        "maximize": tree.maximize,
        "current": tree.current,
        "state": tree.state,
        "branches": [
            {
                "branch": one.trial,
                "parent": one.parent,
                "checkpoint": one.checkpoint,
                **one.start.to_json(),
                "values": dict(one.values),
                "state": one.state,
                "curves": {name: [[e, _finite(v)] for e, v in curve] for name, curve in one.curves.items()},
            }
            for one in tree.branches.values()
        ],
        "checkpoints": [
            {
                "checkpoint": one.number,
                "branch": one.trial,
                **one.at.to_json(),
                "why": one.why,
                "kept": one.kept,
                "bytes": one.size,
            }
            for one in tree.checkpoints.values()
        ],
        "changes": [
            {
                "branch": one.trial,
                **one.at.to_json(),
                "old": dict(one.old),
                "new": dict(one.new),
                "author": one.author,
                "why": one.why,
                "command": one.command,
            }
            for one in tree.changes
        ],
        "notes": [_note(entry.id, entry.trial, entry.body) for entry in tree.entries if entry.kind == "note"],
    }


def state_to_json(state: RunState) -> dict[str, Any]:
    """Give how a run stands as plain JSON."""
    value = None if state.value is None else _finite(state.value)
    notes = {str(number): text for number, text in state.notes.items()}
    return {**asdict(state), "value": value, "notes": notes}


def entry_to_json(entry: JournalEntry) -> dict[str, Any]:
    """Give an entry of the journal as plain JSON."""
    return {
        "id": entry.id,
        "time": entry.time.isoformat(),
        "kind": entry.kind,
        "branch": entry.trial,
        "author": entry.author,
        "body": entry.body,
    }


def _note(number: int, trial: int | None, body: Mapping[str, Any]) -> dict[str, Any]:
    return {"note": number, "branch": trial, **body}


def _finite(value: float) -> float | None:
    return value if abs(value) < float("inf") else None
