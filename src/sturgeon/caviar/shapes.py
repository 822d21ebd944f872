"""Which compiled program a configuration trains in.

The shape depends on the configuration, the space, the table and the kind of device only, never on the
other trials: so a trial gives bitwise the same result whoever its neighbours are, and after a resume.
"""

from __future__ import annotations

from dataclasses import replace

from sturgeon.caviar.program import ProgramShape
from sturgeon.network.settings import TrainingSettings
from sturgeon.space import Choice, Constant, Hyperparameter, Integer, Space

_UNITS_STEP = 8


def padded_units(units: int, widest: int) -> int:
    """The width that a hidden layer is padded to: the widest of the space, halved while it holds ``units``.

    Args:
        units: The true width.
        widest: The largest width that the space allows.

    Returns:
        A multiple of 8, at least ``units`` and less than twice that (plus rounding).

    Example:
        >>> padded_units(75, 100), padded_units(50, 100), padded_units(20, 100)
        (104, 56, 32)
    """
    width = widest
    while -(-width // 2) >= units and width > _UNITS_STEP:
        width = -(-width // 2)
    return -(-width // _UNITS_STEP) * _UNITS_STEP


def widest_units(space: Space) -> int:
    """The largest ``hidden_units`` that a space allows."""
    if "hidden_units" not in space.names:
        return TrainingSettings().hidden_units
    hyperparameter = space["hidden_units"]
    if hyperparameter.conditions:  # where it is inactive, it has its default
        return max(TrainingSettings().hidden_units, _largest(hyperparameter))
    return _largest(hyperparameter)


def _largest(hyperparameter: Hyperparameter) -> int:
    if isinstance(hyperparameter, Integer):
        return hyperparameter.high
    if isinstance(hyperparameter, Constant):
        return int(str(hyperparameter.value))
    assert isinstance(hyperparameter, Choice)
    return max(int(str(option)) for option in hyperparameter.options)


def shape_of(settings: TrainingSettings, common: ProgramShape, widest: int, rows: int) -> ProgramShape:
    """The program that a configuration trains in.

    Args:
        settings: The configuration.
        common: A shape whose features, outputs and lanes hold for all trials.
        widest: The largest width that the space allows.
        rows: How many training rows there are; a larger mini-batch is cut to that.
    """
    architecture = replace(
        settings.architecture(common.architecture.features, common.architecture.outputs),
        hidden_units=padded_units(settings.hidden_units, widest),
    )
    return replace(
        common,
        architecture=architecture,
        batch=min(settings.batch_size, rows),
        dropout=settings.dropout > 0,
    )


def epoch_cost(shape: ProgramShape, rows: int) -> float:
    """A rough cost of one lane's epoch, to begin with what takes longest; in multiply-adds.

    The second term stands for the work per mini-batch that does not depend on its size.
    """
    a = shape.architecture
    products = a.features * a.hidden_units + (a.layers - 1) * a.hidden_units**2 + a.hidden_units * a.outputs
    return products * rows + 16 * (products + 4096) * (rows / shape.batch)
