"""Comet: each trial of a study as an experiment of Comet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from sturgeon.errors import InputError
from sturgeon.frameworks.common.extras import import_extra
from sturgeon.frameworks.common.logged_trials import reason_of, values_by_step
from sturgeon.study import Study, TrialRecord


def logger(
    project: str | None = None,
    *,
    mode: Literal["online", "offline"] = "online",
    folder: str | Path | None = None,
) -> Callable[[Study, TrialRecord], None]:
    """Make a callback that writes each trial out for Comet when it has ended; needs the extra ``comet``.

    Each trial becomes an experiment ``trial 7`` with the study's name as a tag: its configuration as
    parameters, its curves by step, its final values, its state and why it ended so.

    Args:
        project: The project; by default Comet's own.
        mode: ``"online"``, or ``"offline"``: nothing leaves this machine; ``comet upload`` sends it later.
        folder: Where an offline experiment's archive goes; by default where Comet is set up to put it.

    Returns:
        For ``callbacks=`` of :func:`sturgeon.tune`, or to be called by hand.

    Raises:
        MissingExtra: Comet is not installed.
        InputError: The mode is another one.

    Example:
        In a script::

            st.tune(train, space, minimize="val_loss", callbacks=[sturgeon.frameworks.comet.logger("digits")])
    """
    if mode not in ("online", "offline"):
        raise InputError(f"`mode` must be 'online' or 'offline'; got {mode!r}.")
    comet: Any = import_extra("comet_ml", "comet", "Comet")

    def log(study: Study, trial: TrialRecord) -> None:
        settings: dict[str, Any] = {
            "disabled": False,
            "log_code": False,
            "log_git_metadata": False,
            "log_graph": False,
            "auto_output_logging": False,
            "auto_metric_logging": False,
            "auto_param_logging": False,
            "parse_args": False,
            "name": f"trial {trial.number}",
            "tags": [study.name],
        }
        if folder is not None:
            settings["offline_directory"] = str(folder)
        experiment = comet.start(
            project_name=project,
            online=mode == "online",
            mode="create",
            experiment_config=comet.ExperimentConfig(**settings),
        )
        experiment.log_parameters(dict(trial.config))
        for step, values in sorted(values_by_step(trial).items()):
            experiment.log_metrics(values, step=step)
        for name, value in trial.metrics.items():
            experiment.log_other(f"final {name}", value)
        experiment.log_others({"trial": trial.number, "state": trial.state})
        if (why := reason_of(trial)) is not None:
            experiment.log_other("reason", why)
        experiment.end()

    return log
