"""MLflow: a study written out as an experiment with a run for each trial."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sturgeon.frameworks.common.extras import import_extra
from sturgeon.frameworks.common.logged_trials import has_begun, reason_of
from sturgeon.study import Study, TrialRecord

_TRIAL, _STATE, _REASON = "sturgeon.trial", "sturgeon.state", "sturgeon.reason"
_AT_ONCE = 900  # MLflow takes up to a thousand metrics in one request
_ENDS = {"complete": "FINISHED", "stopped": "FINISHED", "failed": "FAILED"}


def log(study: Study, experiment: str | None = None, *, uri: str | None = None) -> str:
    """Write a study out for MLflow, finished or not; needs the extra ``mlflow``.

    Each trial that has begun becomes a run ``trial 7``: its configuration as parameters, its curves and final
    values as metrics by step, its state and its number as tags. Called again, perhaps while the study still
    runs, it adds what is new.

    Args:
        study: The study.
        experiment: The experiment's name, made if it is not there; by default the study's name.
        uri: Where MLflow keeps its runs, such as ``"sqlite:///mlflow.db"`` or ``"http://localhost:5000"``; by
            default where MLflow does.

    Returns:
        The experiment's id.

    Raises:
        MissingExtra: MLflow is not installed.

    Example:
        One line, after a study or while it runs in another process::

            sturgeon.frameworks.mlflow.log(st.Study.open("digits.study"), "digits")
    """
    client = import_extra("mlflow", "mlflow", "MLflow").MlflowClient(uri)
    name = experiment or study.name
    found = client.get_experiment_by_name(name)
    home = client.create_experiment(name) if found is None else found.experiment_id
    runs = _runs(client, home)
    for trial in study.trials:
        if not has_begun(trial):
            continue
        run = runs.get(str(trial.number))
        if run is None:
            tags = {_TRIAL: str(trial.number)}
            began = _milliseconds(trial.started)
            run = client.create_run(home, start_time=began, tags=tags, run_name=f"trial {trial.number}")
        elif run.info.status in _ENDS.values():
            continue
        _write(client, run.info.run_id, trial)
    return home


def _runs(client: Any, experiment: str) -> dict[str, Any]:
    """The runs of the experiment that are trials, by number."""
    found: dict[str, Any] = {}
    token = None
    while True:
        page = client.search_runs([experiment], f"tags.`{_TRIAL}` != ''", page_token=token)
        found |= {run.data.tags[_TRIAL]: run for run in page}
        token = page.token
        if not token:
            return found


def _write(client: Any, run: str, trial: TrialRecord) -> None:
    """Write what a run does not have yet."""
    from mlflow.entities import Metric, Param, RunTag

    had = client.get_run(run).data
    when = _milliseconds(trial.ended or trial.started) or 0
    points = []
    for metric, values in _curves(trial).items():
        known = len(client.get_metric_history(run, metric)) if metric in had.metrics else 0
        for place, (step, value) in enumerate(values[known:], known):
            points.append(Metric(metric, value, when + place, step))  # of two at a step, the later one counts
    params = [Param(name, str(value)) for name, value in trial.config.items() if name not in had.params]
    why = reason_of(trial)
    tags = [RunTag(_STATE, trial.state)] + ([RunTag(_REASON, why)] if why else [])
    client.log_batch(run, params=params, tags=tags)
    for start in range(0, len(points), _AT_ONCE):
        client.log_batch(run, metrics=points[start : start + _AT_ONCE])
    if trial.state in _ENDS:
        client.set_terminated(run, _ENDS[trial.state], _milliseconds(trial.ended))


def _curves(trial: TrialRecord) -> dict[str, list[tuple[int, float]]]:
    """Every curve, and as the last point the final value where it differs."""
    curves = {metric: list(curve) for metric, curve in trial.curves.items()}
    for metric, value in trial.metrics.items():
        curve = curves.setdefault(metric, [])
        if not curve or (curve[-1][1] != value and value == value):
            curve.append((trial.last_step, value))
    return curves


def _milliseconds(time: datetime | None) -> int | None:
    return None if time is None else int(time.timestamp() * 1000)
