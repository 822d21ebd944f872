"""Where a run is kept, and values, as people type them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sturgeon.cli.common.paths import expand_home
from sturgeon.errors import InputError

if TYPE_CHECKING:
    from sturgeon.panda.attach import Panda


def attached(study: str, author: str | None = None) -> Panda:
    """Attach to the run of a study, or of the directory that holds it."""
    from sturgeon.panda.attach import Panda
    from sturgeon.panda.opening import STUDY_FILE

    place = expand_home(study)
    path = Path(place) / STUDY_FILE if Path(place).is_dir() else Path(place)
    if "://" not in place and not path.exists():
        raise InputError(
            f"there is no study at {str(path)!r}; check the path, or begin a run with "
            "`sturgeon panda DATA --target COLUMN`."
        )
    return Panda.attach(place if "://" in place else path, author=author)


def read_values(texts: Sequence[str]) -> dict[str, Any]:
    """Read ``name=value`` pairs.

    Example:
        >>> read_values(["learning_rate=0.01", "batch_size=64", "schedule=cosine"])
        {'learning_rate': 0.01, 'batch_size': 64, 'schedule': 'cosine'}

    Raises:
        InputError: One is malformed, or a name is given twice.
    """
    values: dict[str, Any] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not name or not value:
            raise InputError(f"A change must be name=value; got {text!r}. Write learning_rate=0.01.")
        if name in values:
            raise InputError(f"A hyperparameter is changed once; got {name!r} twice. Leave one out.")
        values[name] = _scalar(value)
    return values


def read_choices(texts: Sequence[str]) -> dict[str, list[Any]]:
    """Read ``name=a,b,c``.

    Example:
        >>> read_choices(["learning_rate=0.1,0.01"])
        {'learning_rate': [0.1, 0.01]}
    """
    values: dict[str, list[Any]] = {}
    for text in texts:
        name, equals, listed = (part.strip() for part in text.partition("="))
        parts = [part.strip() for part in listed.split(",")]
        if not equals or not name or not all(parts):
            raise InputError(f"`--vary` must be name=a,b,c; got {text!r}. Write learning_rate=0.1,0.03,0.01.")
        values[name] = [_scalar(part) for part in parts]
    return values


def _scalar(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
