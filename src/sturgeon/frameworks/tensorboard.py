"""TensorBoard: a study written out as runs, one for each trial."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from sturgeon.frameworks.common.extras import import_extra
from sturgeon.frameworks.common.logged_trials import has_begun, reason_of
from sturgeon.study import Study, TrialRecord


def log(study: Study, folder: str | os.PathLike[str]) -> None:
    """Write a study out for TensorBoard, finished or not; needs the extra ``tensorboard``.

    Each trial that has begun becomes a run ``trial-0007``: its curves as scalars by step, its configuration
    and final values as hyperparameters (the tab HPARAMS compares them), its state as text. Called again,
    perhaps while the study still runs, it writes the runs anew. Look at it with ``tensorboard --logdir
    FOLDER``.

    Args:
        study: The study.
        folder: Where the runs are to be, a folder each.

    Raises:
        MissingExtra: tensorboardX is not installed.

    Example:
        One line, after a study or while it runs in another process::

            sturgeon.frameworks.tensorboard.log(st.Study.open("digits.study"), "runs")
    """
    writers = import_extra("tensorboardX", "tensorboard")
    for trial in study.trials:
        run = Path(folder) / f"trial-{trial.number:04d}"
        shutil.rmtree(run, ignore_errors=True)
        if not has_begun(trial):
            continue
        with writers.SummaryWriter(str(run)) as writer:
            for summary in writers.summary.hparams(_plain(trial), dict(trial.metrics)):
                writer.file_writer.add_summary(summary)
            began = None if trial.started is None else trial.started.timestamp()
            for metric, curve in trial.curves.items():
                for step, value in curve:
                    writer.add_scalar(metric, value, step, walltime=began)
            for metric in trial.metrics.keys() - trial.curves.keys():
                writer.add_scalar(metric, trial.metrics[metric], trial.last_step, walltime=began)
            reason = reason_of(trial)
            writer.add_text("trial", f"{trial.state}: {reason}" if reason else trial.state)


def _plain(trial: TrialRecord) -> dict[str, Any]:
    """TensorBoard's hyperparameters are numbers, text and truth values."""
    return {name: "None" if value is None else value for name, value in trial.config.items()}
