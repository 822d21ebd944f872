"""Models that a builder of the user's makes: what those of Flax and of Equinox share."""

from __future__ import annotations

import inspect
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jax

from sturgeon.caviar.models.alone import AloneProgram
from sturgeon.caviar.models.functions import Optimizer
from sturgeon.caviar.models.model import LaneModel, Loss, Outline, Parts
from sturgeon.caviar.models.rows import Rows
from sturgeon.caviar.models.seeds import dropout_stream, initial_key, on_host
from sturgeon.errors import InputError
from sturgeon.space import Config


@dataclass(frozen=True)
class BuiltModel(LaneModel):
    """A builder of modules, and what they are trained by.

    Attributes:
        build: ``build(config, source) -> module``, where ``source`` is what the framework draws random
            numbers from; or ``build(config)``.
        loss: ``loss(outputs, y) -> number``, the mean over the rows of a batch.
        optimizer: ``optimizer(config) -> optax.GradientTransformation``.
        metrics: More functions like ``loss``, by name.
    """

    build: Callable[..., Any]
    loss: Loss
    optimizer: Optimizer
    metrics: Mapping[str, Loss] = field(default_factory=dict)

    @abstractmethod
    def begin(self, config: Config, initial: jax.Array, dropout: jax.Array) -> tuple[Any, Parts]:
        """Build a module; give what of it is code, comparable and hashable, and its arrays.

        Args:
            config: Its configuration.
            initial: The key that its initial parameters derive from.
            dropout: The key that its dropout derives from.
        """

    def outline(self, config: Config) -> Outline:
        """See :class:`LaneModel`."""
        code: list[Any] = []

        def begin(initial: jax.Array, dropout: jax.Array) -> Parts:
            static, parts = self.begin(config, initial, dropout)
            code.append(static)
            return parts

        parts = jax.eval_shape(begin, initial_key(0), dropout_stream(0))
        return Outline(code[0], parts)

    def start(self, config: Config, seed: int) -> Parts:
        """See :class:`LaneModel`."""
        with on_host():
            return self.begin(config, initial_key(seed), dropout_stream(seed))[1]

    def alone(self, config: Config, rows: Rows, batch: int) -> AloneProgram:
        """See :class:`LaneModel`."""
        return AloneProgram(self, config, rows, batch)


def call_builder(build: Callable[..., Any], config: Config, source: Any) -> Any:
    """Build a module; ``source`` of random numbers is handed over where the builder takes two arguments.

    Raises:
        InputError: It takes neither one argument nor two.

    Example:
        >>> call_builder(lambda config: config["units"], {"units": 3}, "a key")
        3
    """
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    # A class may be made by a metaclass whose signature says nothing, as those of Flax are.
    called: Any = build
    if inspect.isclass(called):
        called = called.__init__.__get__(called)
    parameters = inspect.signature(called).parameters.values()
    needed = [p.name for p in parameters if p.kind in kinds and p.default is p.empty]
    if len(needed) not in (1, 2):
        raise InputError(
            f"`build` must take a configuration, and one thing more to draw random numbers from if it likes; "
            f"it takes {len(needed)} arguments ({', '.join(needed)}). Write def build(config): ..."
        )
    return build(dict(config), source) if len(needed) == 2 else build(dict(config))
