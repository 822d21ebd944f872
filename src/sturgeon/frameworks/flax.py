"""Models of Flax NNX in lanes: batch-norm averages and dropout streams are each lane's own."""

from __future__ import annotations

from sturgeon.frameworks.common.extras import import_extra

import_extra("flax", "flax", "Flax")  # before what imports it, for the message

from sturgeon.frameworks.jax.flax import FlaxModel, FlaxTrained, population  # noqa: E402

__all__ = ["FlaxModel", "FlaxTrained", "population"]
