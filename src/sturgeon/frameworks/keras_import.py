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
        raise MissingExtra(
            f"Keras models need Keras and its backend; {error.name or 'one of them'!r} is not installed: "
            "pip install 'sturgeon[keras]'"
        ) from error


keras: Any = _import_keras()  # it has no types to check by
