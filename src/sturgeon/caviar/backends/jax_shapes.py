"""Which of JAX's compiled programs a configuration trains in, and how much memory a lane of it takes.

The block depends on the configuration, the space, the table and the kind of device only, never on the
other trials: so a trial gives bitwise the same result whoever its neighbours are, and after a resume.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sturgeon.caviar.backends.table_backend import ProgramShape, TableBlock
from sturgeon.network.objectives import CHUNK_ROWS
from sturgeon.network.settings import Precision, TrainingSettings
from sturgeon.space import Choice, Constant, Hyperparameter, Integer, Space

_UNITS_STEP = 8
# From so many training rows on, arithmetic saved on padding outweighs more programs to compile.
_LARGE_TABLE = 10_000


@dataclass(frozen=True, slots=True)
class Extent:
    """The largest sizes that any configuration of a space has.

    Attributes:
        units: Units of a hidden layer.
        layers: Hidden layers.
    """

    units: int
    layers: int

    @classmethod
    def of(cls, space: Space) -> Extent:
        """Read a space."""
        return cls(_largest_in(space, "hidden_units"), _largest_in(space, "layers"))


def padded_units(units: int, widest: int, rows: int) -> int:
    """The width that a hidden layer is padded to.

    The widest of the space and its halves; on a large table three quarters of each as well.

    Args:
        units: The true width.
        widest: The largest width that the space allows.
        rows: Training rows.

    Returns:
        A multiple of 8, at least ``units``.

    Example:
        >>> padded_units(75, 100, rows=1_000), padded_units(50, 100, rows=1_000)
        (104, 56)
        >>> padded_units(75, 100, rows=50_000)
        80
    """
    width = best = widest
    while width >= units:
        best = width
        if rows >= _LARGE_TABLE and _rounded(3 * width // 4) >= units:
            best = 3 * width // 4
        if width <= _UNITS_STEP:
            break
        width = -(-width // 2)
    return _rounded(best)


def _rounded(width: int) -> int:
    return -(-width // _UNITS_STEP) * _UNITS_STEP


def _largest_in(space: Space, name: str) -> int:
    default = getattr(TrainingSettings(), name)
    if name not in space.names:
        return default
    hyperparameter = space[name]
    largest = _largest(hyperparameter)
    return max(default, largest) if hyperparameter.conditions else largest  # inactive, it has its default


def _largest(hyperparameter: Hyperparameter) -> int:
    if isinstance(hyperparameter, Integer):
        return hyperparameter.high
    if isinstance(hyperparameter, Constant):
        return int(str(hyperparameter.value))
    assert isinstance(hyperparameter, Choice)
    return max(int(str(option)) for option in hyperparameter.options)


def block_of(
    settings: TrainingSettings,
    *,
    features: int,
    outputs: int,
    extent: Extent,
    rows: int,
    lanes: int,
    any_depth: bool = True,
    precision: Precision = "float32",
) -> TableBlock:
    """The block that a configuration trains in.

    Args:
        settings: The configuration.
        features: Inputs of the network.
        outputs: Its outputs.
        extent: The largest sizes of the space.
        rows: How many training rows there are; a larger mini-batch is cut to that.
        lanes: Networks trained together.
        any_depth: Whether one program serves every number of layers: right where compiling takes long.
        precision: In which numbers matrices are multiplied.
    """
    units = padded_units(settings.hidden_units, extent.units, rows)
    true = settings.architecture(features, outputs)
    architecture = replace(true, hidden_units=units, layers=extent.layers if any_depth else settings.layers)
    batch = min(settings.batch_size, rows)
    shape = ProgramShape(architecture, any_depth, batch, settings.dropout > 0, lanes, precision)
    return TableBlock(shape, settings.layers)


def lane_bytes(shape: ProgramShape, rows: int) -> int:
    """Roughly what one lane takes of a GPU's memory while it trains.

    Weights, both moments, gradient, and a new copy of what is updated; the activations of a mini-batch,
    forward and backward, or of a chunk of validation rows; the orders of rows of this epoch and the next.

    Args:
        shape: What the lane's program is specialised on.
        rows: Training rows.
    """
    a = shape.architecture
    weights = a.features * a.hidden_units + a.hidden_units * (
        (a.layers - 1) * a.hidden_units + 3 * a.layers + a.outputs
    )
    training = shape.batch * (a.features + a.outputs + 5 * a.layers * a.hidden_units)
    judging = CHUNK_ROWS * (a.features + a.outputs + 3 * a.hidden_units)
    return 4 * (6 * weights + max(training, judging) + 2 * rows)
