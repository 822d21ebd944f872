"""How things show themselves: what they look like is said by rooms further down, which they cannot import.

A study knows that it can be drawn, not how. So what draws it is registered here by name, as
``sturgeon/__init__.py`` does for Sturgeon's own pictures, and imported at the first use.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOMES: dict[str, str] = {}


def register_view(kind: str, home: str) -> None:
    """Say what shows something; what was registered before for it is replaced.

    Args:
        kind: What is shown and where, such as ``"study.plot"``.
        home: The module and the function or class that shows it, such as ``"sturgeon.figures.plots:Plots"``.
    """
    _HOMES[kind] = home


def view_of(kind: str, shown: Any) -> Any:
    """Show something: call what was registered with it.

    Args:
        kind: As for ``register_view``.
        shown: What to show.

    Raises:
        LookupError: Nothing is registered for it.

    Example:
        >>> register_view("number.text", "builtins:str")
        >>> view_of("number.text", 7)
        '7'
    """
    module, _, name = _HOMES[kind].partition(":")
    return getattr(importlib.import_module(module), name)(shown)
