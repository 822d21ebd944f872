"""A saved network as plain arrays, from a table's raw columns to predictions: what every format is made of.

Numbers and categories are put apart, since every format holds them apart. A number that is missing is
filled in; then, of all numbers x and all "is missing" marks, those that are inputs are chosen and
normalised: with e = (x - x')/σ, where x' is x moved into the range that training rows had, an input is
(x' - μ)/σ + e/√(1 + e²). A date is a number too, its seconds since 1970; where it stands in the year, the
week and the like is told by a sine and a cosine, which stand behind the marks and are normalised alike. A
category picks its row of a small table, which holds its features normalised already; one that training never
had picks the first row. Where a network reads pieces of numbers, these follow: clip(x · slope + offset, 0, 1)
· scale + shift, of some features x. A predicted number is moved into its bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sturgeon.caviar.table.saved import SavedModel
from sturgeon.data import NumericTarget, Preprocessing
from sturgeon.data.features.columns import CategoricalColumn, NumericColumn
from sturgeon.data.features.pooled import PooledColumn
from sturgeon.data.features.scale import Range, Scale
from sturgeon.data.forms.cycles import find_phase
from sturgeon.network.ensemble import NetworkEnsemble
from sturgeon.network.settings import TrainingSettings
from sturgeon.network.trained import TrainedNetwork

LEAST = float(np.finfo(np.float32).tiny)
"""The least probability of which a logarithm is taken."""
MISSING_TEXTS = ("", "?")
"""How a missing category is spelled to an exported network."""


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """The numeric columns.

    Attributes:
        columns: Their names, n of them.
        fill: float64 ``[n]``, what stands in for a missing number.
        cycles: Position of a date among the n numbers, and one of its cycles.
        chosen: int64 ``[features]``, positions in the n numbers, followed by the n marks "is missing", and by
            the sines and then the cosines of all cycles.
        mean: float64 ``[features]``, μ.
        std: float64 ``[features]``, σ.
        low: float64 ``[features]``, where the training rows' range begins; -∞ for a feature without one.
        high: float64 ``[features]``, where it ends, or ∞.
    """

    columns: tuple[str, ...]
    fill: np.ndarray
    cycles: tuple[tuple[int, str], ...]
    chosen: np.ndarray
    mean: np.ndarray
    std: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def bounded(self) -> bool:
        """Whether any feature has a range: a network of before there was one exports without that step."""
        return bool(np.isfinite(self.low).any())

    @property
    def places(self) -> list[int]:
        """The positions of `cycles` among the numbers."""
        return [place for place, _ in self.cycles]

    def find_angles(self, moments: Sequence[Any], floor: Callable[[Any], Any]) -> list[Any]:
        """How far each cycle has come, as an angle from 0 to 2π.

        Args:
            moments: For each of `cycles` its date, float64, in any framework's arrays.
            floor: Rounds such an array down.
        """
        each = zip(moments, self.cycles, strict=True)
        return [find_phase(moment, cycle, floor) * (2 * np.pi) for moment, (_, cycle) in each]


@dataclass(frozen=True, slots=True, eq=False)
class Category:
    """A categorical column.

    Attributes:
        column: Its name.
        texts: What it may be; with ``""`` and ``"?"`` where a missing one is a category too.
        rows: float32 ``[1 + texts, features]``, the features of each text; the first row is for any other.
    """

    column: str
    texts: tuple[str, ...]
    rows: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Ranges:
    """The pieces of numbers.

    Attributes:
        feature: int64 ``[pieces]``, positions in the features.
        slope: float32 ``[pieces]``, as the three that follow.
        offset: Added after ``slope``; then it is clipped to [0, 1].
        scale: What it is then multiplied by.
        shift: What is added at last.
    """

    feature: np.ndarray
    slope: np.ndarray
    offset: np.ndarray
    scale: np.ndarray
    shift: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Hidden:
    """A hidden layer: W without a bias, batch norm with its running averages.

    Attributes:
        kernel: float32 ``[in, units]``.
        gamma: γ, float32 ``[units]``, as the three that follow.
        beta: β.
        mean: The running average of μ.
        variance: The running average of σ².
    """

    kernel: np.ndarray
    gamma: np.ndarray
    beta: np.ndarray
    mean: np.ndarray
    variance: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """What is between a row's features and a network's raw outputs.

    Attributes:
        hidden: The hidden layers.
        last: float32 ``[units, outputs]``.
        bias: float32 ``[outputs]``.
        activation: ``"relu"`` or ``"tanh"``.
        norm_epsilon: Batch norm's ε.
        norm_momentum: ρ of the running averages, for whoever trains it further.
        weight: The network's share of the answer: 1 where it is alone.
    """

    hidden: tuple[Hidden, ...]
    last: np.ndarray
    bias: np.ndarray
    activation: str
    norm_epsilon: float
    norm_momentum: float
    weight: float

    @property
    def units(self) -> int:
        """Units of each hidden layer."""
        return self.hidden[0].kernel.shape[1]


@dataclass(frozen=True, slots=True, eq=False)
class NetworkParts:
    """Everything between a raw row and a prediction.

    Attributes:
        numbers: The numeric columns.
        categories: The categorical columns; their features follow those of the numbers.
        pieces: The pieces of numbers, which follow; None where no network reads them.
        members: The networks: the answer is the weighted mean of their probabilities or numbers.
        scale: From standard units to the target's own; None for classes, whose outputs go through softmax.
        bounds: Where a predicted number stays, in the target's own unit; None for no bounds.
        temperature: What the logarithm of a probability is divided by before one more softmax; 1 for nothing.
    """

    numbers: Numbers
    categories: tuple[Category, ...]
    pieces: Ranges | None
    members: tuple[Layers, ...]
    scale: Scale | None
    bounds: Range | None
    temperature: float = 1.0

    @property
    def features(self) -> int:
        """How many inputs the first layer has."""
        return self.members[0].hidden[0].kernel.shape[0]

    @property
    def outputs(self) -> int:
        """How many outputs the last layer has: one a class, or one number."""
        return self.members[0].last.shape[1]


def take_apart(model: SavedModel) -> NetworkParts:
    """Take a saved network apart.

    Args:
        model: What ``sturgeon tune`` saved.

    Returns:
        Its parts.
    """
    columns, network = model.preprocessing.columns, model.network
    if isinstance(network, NetworkEnsemble):
        members = [(member.network, member.config, member.weight) for member in network.members]
    else:
        members = [(network, model.config, 1.0)]
    order = _numbers_first(model.preprocessing)
    most = max(network.architecture.features for network, _, _ in members)
    target = model.preprocessing.target
    layers = tuple(_layers(*member, order, most) for member in members)
    temperature = model.temperature
    if len(layers) == 1:  # its own logits are divided
        last, bias = ((each / temperature).astype(np.float32) for each in (layers[0].last, layers[0].bias))
        layers, temperature = (replace(layers[0], last=last, bias=bias),), 1.0
    return NetworkParts(
        numbers=_numbers([column for column in columns if isinstance(column, NumericColumn)]),
        categories=tuple(_category(column) for column in columns if not isinstance(column, NumericColumn)),
        pieces=_ranges(model.preprocessing, order) if most > len(order) else None,
        members=layers,
        scale=target.scale if isinstance(target, NumericTarget) else None,
        bounds=target.plausible if isinstance(target, NumericTarget) else None,
        temperature=temperature,
    )


def _layers(
    network: TrainedNetwork, config: Mapping[str, Any], weight: float, order: np.ndarray, inputs: int
) -> Layers:
    """A network's layers, its inputs put into an order; those that it does not read have weights of 0."""
    weights, statistics = network.weights, network.statistics
    first = np.asarray(weights.first)
    first = np.concatenate([first[order], first[len(order) :]])
    first = np.pad(first, ((0, inputs - len(first)), (0, 0)))
    kernels = [first, *np.asarray(weights.hidden)]
    per_layer = (weights.gamma, weights.beta, statistics.mean, statistics.variance)
    return Layers(
        hidden=tuple(Hidden(*layer) for layer in zip(kernels, *per_layer, strict=True)),
        last=np.asarray(weights.last),
        bias=np.asarray(weights.bias),
        activation=network.architecture.activation,
        norm_epsilon=network.norm_epsilon,
        norm_momentum=TrainingSettings.of(dict(config)).norm_momentum,
        weight=weight,
    )


def _ranges(preprocessing: Preprocessing, order: np.ndarray) -> Ranges:
    assert preprocessing.pieces is not None
    feature, *rest = preprocessing.pieces.factors
    return Ranges(np.argsort(order)[feature], *rest)


def _numbers_first(preprocessing: Preprocessing) -> np.ndarray:
    """The positions of the features: those of numeric columns, then the rest, otherwise in order."""
    numeric, place = [], 0
    for column in preprocessing.columns:
        after = place + len(column.feature_names)
        numeric.extend([isinstance(column, NumericColumn)] * (after - place))
        place = after
    return np.argsort(~np.array(numeric), kind="stable")


def _numbers(columns: Sequence[NumericColumn]) -> Numbers:
    chosen: list[int] = []
    scales: list[Scale] = []
    ranges: list[Range] = []
    unbounded = Range(-np.inf, np.inf)
    cycles = [(place, cycle.name) for place, column in enumerate(columns) for cycle in column.cycles]
    for place, column in enumerate(columns):
        inputs: list[tuple[int, Scale | None, Range | None]] = [(place, column.value, column.seen)]
        for cycle in column.cycles:
            sine = 2 * len(columns) + cycles.index((place, cycle.name))
            inputs += [(sine, cycle.sine, None), (sine + len(cycles), cycle.cosine, None)]
        inputs.append((len(columns) + place, column.missing, None))
        for position, scale, seen in inputs:
            if scale is not None:
                chosen.append(position)
                scales.append(scale)
                ranges.append(seen or unbounded)
    return Numbers(
        columns=tuple(column.name for column in columns),
        fill=np.array([column.fill for column in columns], np.float64),
        cycles=tuple(cycles),
        chosen=np.array(chosen, np.int64),
        mean=np.array([scale.mean for scale in scales], np.float64),
        std=np.array([scale.std for scale in scales], np.float64),
        low=np.array([seen.low for seen in ranges], np.float64),
        high=np.array([seen.high for seen in ranges], np.float64),
    )


def _category(column: CategoricalColumn | PooledColumn) -> Category:
    if isinstance(column, PooledColumn):
        rows = column.rows
    else:
        count = len(column.scales)
        mean = np.array([scale.mean for scale in column.scales])
        std = np.array([scale.std for scale in column.scales])
        rows = (np.concatenate([np.zeros((1, count)), np.eye(count)]) - mean) / std
    if column.missing:  # two spellings of the last one
        rows = np.concatenate([rows, rows[-1:]])
    texts = (*column.categories, *(MISSING_TEXTS if column.missing else ()))
    return Category(column.name, texts, rows.astype(np.float32))
