"""Models of Flax NNX in lanes: batch-norm averages and dropout streams are each lane's own."""

from __future__ import annotations

from sturgeon.frameworks.jax.flax import FlaxModel, FlaxTrained, population

__all__ = ["FlaxModel", "FlaxTrained", "population"]
