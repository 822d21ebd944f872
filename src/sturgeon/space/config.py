"""What a configuration is, its values, and texts that identify them.

A value is a scalar, or a tuple, list or dict of scalars. A study keeps configurations as JSON, where a tuple
is a list. So two values count as the same if their JSON is; the space keeps which kind an option is, and
hands it out as it was given.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from copy import deepcopy
from enum import Enum
from typing import Any, TypeAlias

import numpy as np

from sturgeon.errors import SpaceError

Scalar: TypeAlias = int | float | str | bool | tuple[Any, ...] | list[Any] | dict[str, Any] | None
Config: TypeAlias = dict[str, Scalar]

SCALARS = (str, int, float, bool, type(None))
STRUCTURES = (tuple, list, dict)
DEEPEST = 8

_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def config_key(config: Mapping[str, object]) -> str:
    """Identify a configuration by a text that does not depend on the order of its names.

    The text is compact JSON with sorted names, so it tells types apart: ``1``, ``1.0``, ``True``
    and ``"1"`` give four different keys.

    Args:
        config: A configuration: JSON scalars by name.

    Returns:
        The same text for the same configuration, in every process and on every machine.

    Raises:
        TypeError: A value is not a JSON scalar, for instance a NumPy integer.
        ValueError: A value is not finite.

    Example:
        >>> config_key({"layers": 2, "batch_norm": True})
        '{"batch_norm":true,"layers":2}'
    """
    return _encode(dict(config))


def scalar_key(value: object) -> tuple[str, object]:
    """Tell a value from its look-alikes of another type: True from 1, and 1 from 1.0; it can be hashed.

    A tuple and a list with the same values have the same key, as they have the same JSON.

    Example:
        >>> scalar_key(1) == scalar_key(True)
        False
    """
    if isinstance(value, STRUCTURES):
        return "structure", structure_key(value)
    return type(value).__name__, value


def check_value(value: Any, what: str) -> Any:
    """Give a value in plain Python types, a structure as a copy of its own; ``what`` begins the message.

    Raises:
        SpaceError: It holds something else than scalars, tuples, lists, and dicts with texts as keys.

    Example:
        >>> check_value((np.int64(50), [0.5, None]), "An option")
        (50, [0.5, None])
    """
    return _plain(value, what, value, 0)


def _plain(value: Any, what: str, whole: Any, depth: int) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Enum) and isinstance(value, str | int | float):
        value = value.value  # an IntEnum's and a StrEnum's member is equal to its value
    if isinstance(value, float) and not math.isfinite(value):
        raise SpaceError(f"{what} must be finite; got {whole!r}. JSON has no such number: use a str or None.")
    if type(value) in SCALARS:
        return value
    if depth < DEEPEST and type(value) in (tuple, list):
        inner: Any = value
        parts = [_plain(one, what, whole, depth + 1) for one in inner]
        return parts if type(value) is list else tuple(parts)
    if depth < DEEPEST and type(value) is dict and all(type(key) is str for key in value):
        return {key: _plain(one, what, whole, depth + 1) for key, one in value.items()}
    raise SpaceError(
        f"{what} must be a str, int, float, bool or None, or a tuple, list or dict of such; got {whole!r} "
        f"({type(whole).__name__}). Convert it, or choose by a name and look it up in `train`."
    )


def is_structure(value: object) -> bool:
    """Tell whether a value is more than a scalar."""
    return isinstance(value, STRUCTURES)


def own_copy(value: Scalar) -> Scalar:
    """Give a value that whoever gets it may change."""
    return deepcopy(value) if is_structure(value) else value


def structure_key(value: Any) -> str:
    """Identify a tuple, a list or a dict: by its JSON, in which a tuple is a list.

    Example:
        >>> structure_key((50, 50)) == structure_key([50, 50]), structure_key((1,)) == structure_key((1.0,))
        (True, False)
    """
    return json.dumps(value, sort_keys=True)


def write_value(value: Any) -> Any:
    """Write a value for the JSON of a space, where a structure says which kind it is.

    Example:
        >>> write_value((50, 50)), write_value("adam")
        ({'tuple': [50, 50]}, 'adam')
    """
    if isinstance(value, dict):
        return {"dict": {key: write_value(one) for key, one in value.items()}}
    if isinstance(value, tuple | list):
        return {type(value).__name__: [write_value(one) for one in value]}
    return value


def read_value(written: Any) -> Any:
    """Read what ``write_value`` wrote.

    Raises:
        SpaceError: It is not of that form.

    Example:
        >>> read_value({"tuple": [50, 50]})
        (50, 50)
    """
    match written:
        case {"dict": Mapping() as parts, **rest} if not rest:
            return {key: read_value(one) for key, one in parts.items()}
        case {"tuple": list() as parts, **rest} if not rest:
            return tuple(map(read_value, parts))
        case {"list": list() as parts, **rest} if not rest:
            return list(map(read_value, parts))
        case list() | dict():
            raise SpaceError(
                f"An option in the JSON of a space must be a scalar or a tagged structure; got {written!r}. "
                'Write for instance {"tuple": [50, 50]}.'
            )
    return written
