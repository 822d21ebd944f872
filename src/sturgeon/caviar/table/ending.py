"""How long a job on a table needs once its trials are over, so that its budget covers that too."""

from __future__ import annotations

import time

from sturgeon.caviar.lanes.devices import Core
from sturgeon.caviar.loop.pace import Pace
from sturgeon.caviar.opening import StudySettings
from sturgeon.caviar.table.repeats import RIVALS
from sturgeon.caviar.trainer import LaneTrainer
from sturgeon.data import Dataset
from sturgeon.network.settings import TrainingSettings
from sturgeon.network.trained import TrainedNetwork
from sturgeon.network.weights import initial_state

# Seconds to write the network and the result.
_WRITING = 0.2
# Seconds to choose an ensemble, to predict the test rows and to write it, by row and output.
_CHOOSING = 2e-5
# Seconds to load the command's modules on a slow machine.
_LOADING = 2.2


def report_seconds(trials: int, loading: float) -> float:
    """About how long it takes to write a report of so many trials, with what it loads, and to leave.

    Args:
        trials: How many there are.
        loading: The processor time of this process when the command had loaded its modules, in seconds: it
            tells how fast the machine is. A process that did much else before counts as on a slow one.
    """
    return min(loading, _LOADING) * (1.1 + 0.0027 * trials)


def slowed_by_others(seconds: float, processor: float) -> float:
    """How much longer than its processor time one thread has taken, from 1 to 4: others use the cores.

    Example:
        >>> slowed_by_others(3.0, 2.0), slowed_by_others(1.0, 5.0)
        (1.5, 1.0)
    """
    return min(4.0, max(1.0, seconds / max(processor, 1e-9)))


class Ending:
    """Tells how long the repeats, the last training of what is chosen, and its test will take.

    Args:
        dataset: The data.
        settings: What holds for every trial.
        trainer: What trains; it tells how many trainings run at once.
        repeats: How often the best few are trained again with other seeds.
        trains: Whether the result is trained at last; else it is an ensemble of what is trained already.
    """

    def __init__(
        self,
        dataset: Dataset,
        settings: StudySettings,
        trainer: LaneTrainer,
        *,
        repeats: int,
        trains: bool,
    ) -> None:
        self._dataset = dataset
        self._settings = settings
        self._repeats = repeats
        self._trains = trains
        devices = trainer.backend.devices
        self._at_once = sum(trainer.backend.typical_lanes(device) for device in devices)
        self._compiles = not all(isinstance(device, Core) for device in devices)
        training = len(dataset.y_train)
        self._more_rows = (training + len(dataset.y_validation)) / max(training, 1)
        self._test = 0.0

    def rehearse(self) -> None:
        """Predict the test rows once with an untrained network, and so see how long that takes."""
        if not self._trains:  # what an ensemble takes is in the time for choosing it
            return
        settings = TrainingSettings.of(self._settings.space.default())
        architecture = settings.architecture(self._dataset.features, self._dataset.outputs)
        state = initial_state(architecture, 0)
        network = TrainedNetwork(architecture, state.weights, state.statistics, settings.norm_epsilon)
        began = time.monotonic()
        network.outputs(self._dataset.x_test)
        self._test = time.monotonic() - began

    def seconds(self, pace: Pace, best: int | None) -> float:
        """Tell how many seconds of the budget are needed after the trials.

        Args:
            pace: What trainings took so far.
            best: The number of the best trial; None while there is none.
        """
        if not self._trains:
            return 2 * _WRITING + _CHOOSING * len(self._dataset.y_train) * self._dataset.outputs
        trials = [0] if best is None or best == 0 else [best, 0]
        took = [pace.trained_for(number) or pace.training for number in trials]
        final = self._more_rows * max(max(took), sum(took) / self._at_once)
        repeats = self._repeats * (1 + RIVALS) * took[0] / self._at_once
        compiling = pace.slowest if self._compiles else 0.0
        test = self._test * len(trials)
        return final + repeats + compiling + test + _WRITING
