"""What a configuration is, and a text that identifies it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TypeAlias

Scalar: TypeAlias = int | float | str | bool | None
Config: TypeAlias = dict[str, Scalar]

_encode = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), allow_nan=False, check_circular=False
).encode


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
    """Tell a scalar from its look-alikes of another type: True from 1, and 1 from 1.0.

    Example:
        >>> scalar_key(1) == scalar_key(True)
        False
    """
    return type(value).__name__, value
