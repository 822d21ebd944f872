"""A preprocessing as JSON: plain values, versioned, no code."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, get_args

from sturgeon.data.features.columns import CategoricalColumn, Column, Cycle, NumericColumn
from sturgeon.data.features.pieces import Pieces
from sturgeon.data.features.pooled import PooledColumn
from sturgeon.data.features.scale import Range, Scale
from sturgeon.data.features.written import Form
from sturgeon.data.forms.cycles import CYCLES
from sturgeon.data.forms.moments import Kind, MomentForm, Order
from sturgeon.data.forms.numbers import MARKS, NumberForm
from sturgeon.data.targets import ClassTarget, NumericTarget, Target
from sturgeon.errors import DataError

VERSION = 3
"""Version 1 had no ranges: what is read from it compresses no number and bounds no prediction. Version 2 had
no forms in which numbers are written, no moments and no pooled columns."""

_KINDS = {"numeric": NumericColumn, "categorical": CategoricalColumn, "pooled": PooledColumn}


def write(columns: tuple[Column, ...], dropped: tuple[str, ...], target: Target) -> str:
    """Write down the parts of a preprocessing.

    Args:
        columns: The fitted columns.
        dropped: The constant columns.
        target: The fitted target.

    Returns:
        JSON on one line.

    Example:
        >>> json.loads(write((), (), ClassTarget("fish", ("no", "yes"), 1)))["target"]
        {'name': 'fish', 'labels': ['no', 'yes'], 'positive': 1}
    """
    kind_of = {type_: kind for kind, type_ in _KINDS.items()}
    document = {
        "version": VERSION,
        "columns": [{"kind": kind_of[type(column)], **asdict(column)} for column in columns],
        "dropped": list(dropped),
        "target": asdict(target),
    }
    return json.dumps(document, ensure_ascii=False, allow_nan=False)


def write_reading(text: str, missing: tuple[str, ...] | None, unrepeated: tuple[str, ...] = ()) -> str:
    """Add to what `write` gave how the table was read.

    Args:
        text: What `write` gave.
        missing: The words that mean missing; None, as in an old file, adds nothing.
        unrepeated: The columns left out because their categories hardly ever repeat.

    Example:
        >>> write_reading('{"version": 3}', ("NA",))
        '{"version": 3, "missing_words": ["NA"]}'
    """
    added: dict[str, Any] = {} if missing is None else {"missing_words": list(missing)}
    if unrepeated:
        added["unrepeated"] = list(unrepeated)
    return json.dumps({**json.loads(text), **added}, ensure_ascii=False, allow_nan=False) if added else text


def read_reading(text: str) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """Read what `write_reading` added, of JSON that `read` takes; None and nothing where there is nothing."""
    document = json.loads(text)
    words = document.get("missing_words")
    return None if words is None else tuple(map(str, words)), tuple(map(str, document.get("unrepeated", ())))


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
        ((), ('x',), ClassTarget(name='y', labels=(0, 1), positive=None))
    """
    try:
        document = json.loads(text)
        version = document["version"]
    except (ValueError, TypeError, KeyError):
        raise DataError(
            f"a stored preprocessing must be JSON with a version; got {text[:40]!r}; tune again to write it "
            "anew"
        ) from None
    if version not in range(1, VERSION + 1):
        raise DataError(
            f"a stored preprocessing must be of version 1 to {VERSION}; got version {version!r}; use the "
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
    name = str(stored["name"])
    if stored["kind"] == "numeric":
        cycles = (
            Cycle(_cycle(each["name"]), *map(_scale, (each["sine"], each["cosine"])))
            for each in stored.get("cycles", ())
        )
        return NumericColumn(
            name,
            float(stored["fill"]),
            _scale(stored["value"]),
            _scale(stored["missing"]),
            _range(stored.get("seen")),
            _form(stored.get("form")),
            tuple(cycles),
        )
    categories, missing = tuple(map(str, stored["categories"])), bool(stored["missing"])
    if stored["kind"] == "categorical":
        return CategoricalColumn(name, categories, missing, _scales(stored["scales"]))
    if stored["kind"] != "pooled":
        raise ValueError(f"unknown kind of column {stored['kind']!r}")
    averages = tuple(tuple(map(float, each)) for each in stored["averages"])
    if len(averages) != 1 + len(categories) + missing:
        raise ValueError(f"{len(averages)} averages for {len(categories)} categories")
    return PooledColumn(name, categories, missing, averages, _scales(stored["scales"]))


def _scales(stored: list[dict[str, Any]]) -> tuple[Scale, ...]:
    return tuple(Scale(float(each["mean"]), float(each["std"])) for each in stored)


def _cycle(name: str) -> str:
    if name not in CYCLES:
        raise ValueError(f"unknown cycle {name!r}")
    return name


def _form(stored: dict[str, Any] | None) -> Form | None:
    if stored is None:
        return None
    if "decimal" in stored:
        if stored["decimal"] not in MARKS:
            raise ValueError(f"unknown decimal mark {stored['decimal']!r}")
        return NumberForm(stored["decimal"], str(stored["unit"]))
    if stored["kind"] not in get_args(Kind) or stored["order"] not in (None, *get_args(Order)):
        raise ValueError(f"unknown kind of moment {stored!r}")
    return MomentForm(stored["kind"], stored["order"])


def _scale(stored: dict[str, Any] | None) -> Scale | None:
    return None if stored is None else Scale(float(stored["mean"]), float(stored["std"]))


def _range(stored: dict[str, Any] | None) -> Range | None:
    return None if stored is None else Range(float(stored["low"]), float(stored["high"]))


def _target(stored: dict[str, Any]) -> Target:
    if "labels" in stored:
        positive = stored.get("positive")  # an older file has none
        positive = None if positive is None else int(positive)
        return ClassTarget(str(stored["name"]), tuple(stored["labels"]), positive)
    scale = stored["scale"]
    scale = Scale(float(scale["mean"]), float(scale["std"]))
    return NumericTarget(str(stored["name"]), scale, _range(stored.get("seen")), _form(stored.get("form")))
