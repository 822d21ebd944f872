"""TensorBoard: a study written out as runs, one for each trial."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from sturgeon.frameworks.common.extras import missing_extra
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
    try:
        from tensorboardX import SummaryWriter
        from tensorboardX.summary import hparams
    except ModuleNotFoundError:
        raise missing_extra("tensorboardX", "tensorboard") from None
    for trial in study.trials:
        run = Path(folder) / f"trial-{trial.number:04d}"
        shutil.rmtree(run, ignore_errors=True)
        if trial.state == "waiting" and not trial.curves:
            continue
        with SummaryWriter(str(run)) as writer:
            assert writer.file_writer is not None
            for summary in hparams(_plain(trial), dict(trial.metrics)):
                writer.file_writer.add_summary(summary)
            began = None if trial.started is None else trial.started.timestamp()
            for metric, curve in trial.curves.items():
                for step, value in curve:
                    writer.add_scalar(metric, value, step, walltime=began)
            for metric in trial.metrics.keys() - trial.curves.keys():
                writer.add_scalar(metric, trial.metrics[metric], trial.last_step, walltime=began)
            writer.add_text("trial", _said(trial))


def _plain(trial: TrialRecord) -> dict[str, Any]:
    """TensorBoard's hyperparameters are numbers, text and truth values."""
    return {name: "None" if value is None else value for name, value in trial.config.items()}


def _said(trial: TrialRecord) -> str:
    why = trial.reason if trial.error is None else f"{trial.error.type}: {trial.error.message}".lstrip(": ")
    return f"{trial.state}: {why}" if why else trial.state
