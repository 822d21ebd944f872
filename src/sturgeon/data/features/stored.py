"""A preprocessing as JSON: plain values, versioned, no code."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from sturgeon.data.features.columns import CategoricalColumn, Column, NumericColumn
from sturgeon.data.features.pieces import Pieces
from sturgeon.data.features.scale import Range, Scale
from sturgeon.data.targets import ClassTarget, NumericTarget, Target
from sturgeon.errors import DataError

VERSION = 2
"""Version 1 had no ranges: what is read from it compresses no number and bounds no prediction."""

_KINDS = {"numeric": NumericColumn, "categorical": CategoricalColumn}


def write(columns: tuple[Column, ...], dropped: tuple[str, ...], target: Target) -> str:
    """Write down the parts of a preprocessing.

    Args:
        columns: The fitted columns.
        dropped: The constant columns.
        target: The fitted target.

    Returns:
        JSON on one line.

    Example:
        >>> write((), (), ClassTarget("fish", ("no", "yes")))
        '{"version": 2, "columns": [], "dropped": [], "target": {"name": "fish", "labels": ["no", "yes"]}}'
    """
    kind_of = {type_: kind for kind, type_ in _KINDS.items()}
    document = {
        "version": VERSION,
        "columns": [{"kind": kind_of[type(column)], **asdict(column)} for column in columns],
        "dropped": list(dropped),
        "target": asdict(target),
    }
    return json.dumps(document, ensure_ascii=False, allow_nan=False)


def write_reading(text: str, missing: tuple[str, ...] | None) -> str:
    """Add to what `write` gave the words that mean missing in a table; None, as in an old file, adds nothing.

    Example:
        >>> write_reading('{"version": 2}', ("NA",))
        '{"version": 2, "missing_words": ["NA"]}'
    """
    if missing is None:
        return text
    return json.dumps(
        {**json.loads(text), "missing_words": list(missing)}, ensure_ascii=False, allow_nan=False
    )


def read_reading(text: str) -> tuple[str, ...] | None:
    """Read what `write_reading` added, of JSON that `read` takes; None where there is nothing."""
    words = json.loads(text).get("missing_words")
    return None if words is None else tuple(map(str, words))


def write_pieces(text: str, pieces: Pieces | None) -> str:
    """Add to what `write` gave the pieces of numbers; None adds nothing."""
    if pieces is None:
        return text
    return json.dumps({**json.loads(text), "pieces": pieces.to_json()}, ensure_ascii=False, allow_nan=False)


def read_pieces(text: str) -> Pieces | None:
    """Read what `write_pieces` added, of JSON that `read` takes; None where there is nothing.

    Raises:
        DataError: It is damaged.
    """
    try:
        return Pieces.from_json(json.loads(text).get("pieces"))
    except (TypeError, KeyError, ValueError) as error:
        raise DataError(
            f"a stored preprocessing's pieces are damaged ({error!r}); tune again to write it anew"
        ) from None


def read(text: str) -> tuple[tuple[Column, ...], tuple[str, ...], Target]:
    """Read what `write` wrote.

    Args:
        text: JSON.

    Returns:
        The columns, the constant columns and the target.

    Raises:
        DataError: It is not such JSON, or of another version.

    Example:
        >>> read('{"version": 1, "columns": [], "dropped": ["x"], "target": {"name": "y", "labels": [0, 1]}}')
        ((), ('x',), ClassTarget(name='y', labels=(0, 1)))
    """
    try:
        document = json.loads(text)
        version = document["version"]
    except (ValueError, TypeError, KeyError):
        raise DataError(
            f"a stored preprocessing must be JSON with a version; got {text[:40]!r}; tune again to write it "
            "anew"
        ) from None
    if version not in (1, VERSION):
        raise DataError(
            f"a stored preprocessing must be of version 1 or {VERSION}; got version {version!r}; use the "
            "Sturgeon that wrote it"
        )
    try:
        return (
            tuple(map(_column, document["columns"])),
            tuple(document["dropped"]),
            _target(document["target"]),
        )
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise DataError(
            f"a stored preprocessing must have columns, dropped and target; this one is damaged ({error!r}); "
            "tune again to write it anew"
        ) from None


def _column(stored: dict[str, Any]) -> Column:
    if stored["kind"] == "numeric":
        return NumericColumn(
            str(stored["name"]),
            float(stored["fill"]),
            _scale(stored["value"]),
            _scale(stored["missing"]),
            _range(stored.get("seen")),
        )
    if stored["kind"] != "categorical":
        raise ValueError(f"unknown kind of column {stored['kind']!r}")
    scales = tuple(Scale(float(each["mean"]), float(each["std"])) for each in stored["scales"])
    return CategoricalColumn(
        str(stored["name"]), tuple(map(str, stored["categories"])), bool(stored["missing"]), scales
    )


def _scale(stored: dict[str, Any] | None) -> Scale | None:
    return None if stored is None else Scale(float(stored["mean"]), float(stored["std"]))


def _range(stored: dict[str, Any] | None) -> Range | None:
    return None if stored is None else Range(float(stored["low"]), float(stored["high"]))


def _target(stored: dict[str, Any]) -> Target:
    if "labels" in stored:
        return ClassTarget(str(stored["name"]), tuple(stored["labels"]))
    scale = stored["scale"]
    scale = Scale(float(scale["mean"]), float(scale["std"]))
    return NumericTarget(str(stored["name"]), scale, _range(stored.get("seen")))
