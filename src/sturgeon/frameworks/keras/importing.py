"""Keras itself, or one line that says what to install."""

from __future__ import annotations

import importlib
from typing import Any

from sturgeon.frameworks.common.extras import missing_extra


def _import_keras() -> Any:
    """Import Keras with the backend that it is set to.

    Raises:
        MissingExtra: It is not installed, or its backend is not.
    """
    try:
        return importlib.import_module("keras")
    except ModuleNotFoundError as error:
        raise missing_extra((error.name or "keras").partition(".")[0], "keras") from error


keras: Any = _import_keras()  # it has no types to check by
