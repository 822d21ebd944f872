"""Keras itself, or one line that says what to install."""

from __future__ import annotations

import importlib
from typing import Any

from sturgeon.errors import MissingExtra


def _import_keras() -> Any:
    """Import Keras with the backend that it is set to.

    Raises:
        MissingExtra: It is not installed, or its backend is not.
    """
    try:
        return importlib.import_module("keras")
    except ModuleNotFoundError as error:
        raise missing_extra(error.name or "keras") from error


def missing_extra(module: str) -> MissingExtra:
    """Make the error that says what to install."""
    return MissingExtra(
        f"Keras models need Keras and its backend; {module!r} is not installed. "
        "Install them: pip install 'sturgeon[keras]'"
    )


keras: Any = _import_keras()  # it has no types to check by
