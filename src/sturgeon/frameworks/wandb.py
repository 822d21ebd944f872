"""W&B: each trial of a study as a run of Weights & Biases."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sturgeon.frameworks.common.extras import import_extra
from sturgeon.frameworks.common.logged_trials import reason_of, values_by_step
from sturgeon.study import Study, TrialRecord


def logger(
    project: str | None = None, *, mode: str | None = None, folder: str | Path | None = None
) -> Callable[[Study, TrialRecord], None]:
    """Make a callback that writes each trial out for W&B when it has ended; needs the extra ``wandb``.

    Each trial becomes a run ``trial 7`` in a group named after the study: its configuration, its curves by
    step, and in the summary its final values, its state and why it ended so.

    Args:
        project: The project; by default W&B's own.
        mode: ``"online"``, ``"offline"`` (nothing leaves this machine; ``wandb sync`` sends it later) or
            ``"disabled"``; by default as W&B is set up.
        folder: Where W&B keeps its files; by default the present folder.

    Returns:
        For ``callbacks=`` of :func:`sturgeon.tune`, or to be called by hand.

    Raises:
        MissingExtra: W&B is not installed.

    Example:
        In a script::

            st.tune(train, space, minimize="val_loss", callbacks=[sturgeon.frameworks.wandb.logger("digits")])
    """
    wandb = import_extra("wandb", "wandb", "W&B")

    def log(study: Study, trial: TrialRecord) -> None:
        run = wandb.init(
            project=project,
            name=f"trial {trial.number}",
            group=study.name,
            config=dict(trial.config),
            mode=mode,
            dir=None if folder is None else str(folder),
            reinit="create_new",
        )
        for step, values in sorted(values_by_step(trial).items()):
            run.log(values, step=step)
        run.summary.update({**trial.metrics, "trial": trial.number, "state": trial.state})
        if (why := reason_of(trial)) is not None:
            run.summary["reason"] = why
        run.finish(exit_code=1 if trial.state == "failed" else 0)

    return log
