"""Models of Equinox in lanes: batch-norm averages and dropout keys are each lane's own."""

from __future__ import annotations

from sturgeon.frameworks.jax.equinox import EquinoxModel, EquinoxTrained, population

__all__ = ["EquinoxModel", "EquinoxTrained", "population"]
