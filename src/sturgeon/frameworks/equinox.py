"""Models of Equinox in lanes: batch-norm averages and dropout keys are each lane's own."""

from __future__ import annotations

from sturgeon.frameworks.common.extras import import_extra

import_extra("equinox", "equinox", "Equinox")  # before what imports it, for the message

from sturgeon.frameworks.jax.equinox import EquinoxModel, EquinoxTrained, population  # noqa: E402

__all__ = ["EquinoxModel", "EquinoxTrained", "population"]
