"""Optional packages: import one, or say what to install."""

from __future__ import annotations

import importlib
from typing import Any

from sturgeon.errors import MissingExtra


def import_extra(module: str, extra: str, title: str | None = None) -> Any:
    """Import an optional package.

    Args:
        module: Its name in Python.
        extra: The extra of Sturgeon that brings it.
        title: Its name, as people write it, where that is another.

    Raises:
        MissingExtra: It is not installed, or something that it needs is not.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        missing = (error.name or module).partition(".")[0]
        raise missing_extra(title or missing if missing == module else missing, extra) from error


def missing_extra(package: str, extra: str) -> MissingExtra:
    """Make the error to raise where a package could not be imported.

    Args:
        package: Its name, as people write it.
        extra: The extra of Sturgeon that brings it.

    Example:
        >>> print(missing_extra("PyTorch", "torch"))
        PyTorch is needed here and is not installed; run: pip install "sturgeon[torch]".
    """
    return MissingExtra(
        f'{package} is needed here and is not installed; run: pip install "sturgeon[{extra}]".'
    )
