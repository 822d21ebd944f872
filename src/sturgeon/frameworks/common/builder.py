"""A builder of models as users write it: ``build(config)``, or with something to draw randomness from."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from sturgeon.errors import InputError
from sturgeon.space import Config


def call_builder(build: Callable[..., Any], config: Config, source: Any) -> Any:
    """Build a model; ``source`` of random numbers is handed over where the builder takes two arguments.

    Raises:
        InputError: It takes neither one argument nor two.

    Example:
        >>> call_builder(lambda config: config["units"], {"units": 3}, "a key")
        3
    """
    return build(dict(config), source) if takes_source(build) else build(dict(config))


def takes_source(build: Callable[..., Any]) -> bool:
    """Whether a builder takes something to draw random numbers from, beside the configuration.

    Raises:
        InputError: It takes neither one argument nor two.
    """
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    # A class may be made by a metaclass whose signature says nothing, as those of Flax are.
    signature = inspect.signature(build.__init__.__get__(build) if inspect.isclass(build) else build)
    parameters = signature.parameters.values()
    needed = [p.name for p in parameters if p.kind in kinds and p.default is p.empty]
    if len(needed) not in (1, 2):
        raise InputError(
            f"`build` must take a configuration, and one thing more to draw random numbers from if it likes; "
            f"it takes {len(needed)} arguments ({', '.join(needed)}). Write def build(config): ..."
        )
    return len(needed) == 2
