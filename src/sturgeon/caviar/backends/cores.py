"""What the engines that train on a processor's cores have in common: a lane a core, each at its own sizes.

Every job trains alone, so nothing is padded, nothing waits for a neighbour of the same shape, and nothing
is compiled while a study runs.
"""

from __future__ import annotations

from sturgeon.caviar.backends.table_backend import ProgramShape, TableBackend, TableBlock, epoch_cost
from sturgeon.caviar.lanes.devices import Core, Device, core_devices
from sturgeon.network.settings import TrainingSettings
from sturgeon.space import Config


class CoresBackend(TableBackend):
    """Trainings on a processor, in float32."""

    @property
    def devices(self) -> tuple[Core, ...]:
        """The cores, also where there is a GPU."""
        return core_devices()

    def block_of(self, config: Config) -> TableBlock:
        """The configuration's own sizes."""
        settings = TrainingSettings.of(config)
        shape = ProgramShape(
            settings.architecture(self.dataset.features, self.dataset.outputs),
            any_depth=False,
            batch=min(settings.batch_size, self._rows),
            dropout=settings.dropout > 0,
            lanes=1,
            precision="float32",
        )
        return TableBlock(shape, settings.layers)

    def cost(self, block: TableBlock) -> float:
        """Multiply-adds, and more for small mini-batches."""
        return epoch_cost(block.shape.architecture, block.shape.batch, self._rows)

    def lanes(self, block: TableBlock, device: Device) -> int:
        """One."""
        return 1

    def typical_lanes(self, device: Device) -> int:
        """One."""
        return 1
