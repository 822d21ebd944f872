"""A choice of inputs for each configuration: with the pieces of numbers, or without them."""

from __future__ import annotations

from typing import Any

from sturgeon.caviar.backends.table_backend import TableBackend, TableBlock
from sturgeon.caviar.lanes.backend import LaneProgram
from sturgeon.caviar.lanes.devices import Device
from sturgeon.data import Dataset
from sturgeon.network.settings import TrainingSettings
from sturgeon.space import Config


class EmbeddedBackend(TableBackend):
    """Trainings whose ``embedding`` says whether they read the pieces of numbers.

    A block tells by its number of features which of two backends trains it.

    Args:
        whole: Trains those that read them, on data that has them.
    """

    def __init__(self, whole: TableBackend) -> None:
        super().__init__(whole.dataset, whole.epochs, whole.metric)
        self._whole = whole
        self._plain = whole.with_dataset(whole.dataset.without_pieces())

    @property
    def devices(self) -> tuple[Device, ...]:
        """Those of both."""
        return self._whole.devices

    def with_dataset(self, dataset: Dataset) -> EmbeddedBackend:
        """See :class:`TableBackend`."""
        return EmbeddedBackend(self._whole.with_dataset(dataset))

    def block_of(self, config: Config) -> TableBlock:
        """The block of the backend that trains it."""
        return self._trains(config).block_of(config)

    def useful_cost(self, config: Config) -> float:
        """The cost of the unpadded network."""
        return self._trains(config).useful_cost(config)

    def cost(self, block: Any) -> float:
        """See :class:`TrainingBackend`."""
        return self._of(block).cost(block)

    def lanes(self, block: Any, device: Device) -> int:
        """See :class:`TrainingBackend`."""
        return self._of(block).lanes(block, device)

    def lanes_for(self, jobs: int, block: Any, device: Device) -> int:
        """See :class:`TrainingBackend`."""
        return self._of(block).lanes_for(jobs, block, device)

    def typical_lanes(self, device: Device) -> int:
        """That of the larger networks."""
        return self._whole.typical_lanes(device)

    def program(self, block: Any, device: Device, lanes: int) -> LaneProgram:
        """See :class:`TrainingBackend`."""
        return self._of(block).program(block, device, lanes)

    def _trains(self, config: Config) -> TableBackend:
        pieces = TrainingSettings.of(config).embedding == "piecewise_linear"
        return self._whole if pieces else self._plain

    def _of(self, block: TableBlock) -> TableBackend:
        pieces = block.shape.architecture.features == self.dataset.features
        return self._whole if pieces else self._plain
