"""What to install where an optional package is missing."""

from __future__ import annotations

from sturgeon.errors import MissingExtra


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
