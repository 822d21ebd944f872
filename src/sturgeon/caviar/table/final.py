"""The last training: the chosen configuration once more, on the training and validation rows together.

The validation rows have done their work once a configuration is chosen; to learn from them too makes the
network better, most of all on a small table, or on one in order of time, whose validation rows are the
latest. The test rows stay apart.
"""

from __future__ import annotations

import threading
from typing import Any

from sturgeon.caviar.backends.device_choice import table_trainer
from sturgeon.caviar.opening import StudySettings
from sturgeon.caviar.population.retraining import retrain
from sturgeon.data import Dataset
from sturgeon.network.trained import TrainedNetwork
from sturgeon.study import Study, TrialRecord


def train_final(
    study: Study,
    dataset: Dataset,
    settings: StudySettings,
    trials: list[TrialRecord],
    stop: threading.Event,
) -> dict[int, TrainedNetwork]:
    """Train trials again, each for the epochs it had, on all rows but the test rows.

    Args:
        study: What the trials are of.
        dataset: The data.
        settings: What holds for every trial of the study.
        trials: Which trials; they train side by side.
        stop: When set, training ends and those that are not done are left out.

    Returns:
        The networks by trial number; one that diverged is left out.
    """
    return train_again(study, dataset.with_validation_in_training(), settings, trials, stop)


def train_again(
    study: Study,
    dataset: Dataset,
    settings: StudySettings,
    trials: list[TrialRecord],
    stop: threading.Event,
) -> dict[int, Any]:
    """Train trials again, each for the epochs it had, on the rows they are given.

    Args:
        study: What the trials are of.
        dataset: The data; where it is in folds, a trial gives one network a fold.
        settings: What holds for every trial of the study.
        trials: Which trials; they train side by side.
        stop: When set, training ends and those that are not done are left out.

    Returns:
        What came of them by trial number; one that diverged is left out.
    """
    trainer = table_trainer(
        dataset, settings.space, settings.objective, settings.epochs, precision=settings.precision
    )
    return retrain(study, trainer, trials, stop)
