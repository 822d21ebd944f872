"""Studies in TensorBoard and MLflow, read back with their own readers."""

import warnings

import pytest

from sturgeon.frameworks import mlflow, tensorboard
from sturgeon.space import Choice, Real, Space
from sturgeon.study import Study


@pytest.fixture
def study():
    space = Space(learning_rate=Real(1e-3, 1.0, scale="log"), kind=Choice(("a", None)))
    with Study.create(":memory:", space, minimize="val_loss", seed=0) as study:
        for number in range(2):
            study.enqueue({"learning_rate": 0.01 * (number + 1), "kind": (None, "a")[number]})
        for trial in study.ask(2):
            for step in (1, 2, 3):
                study.report(trial, step=step, val_loss=1 / step + trial.number, accuracy=0.25 * step)
        study.tell(0, val_loss=0.125, accuracy=0.75)
        yield study


def test_tensorboard_reads_back_each_trial_as_a_run(study, tmp_path):
    pytest.importorskip("tensorboardX", reason="needs the extra tensorboard")
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    study.fail(1, ValueError("too deep"))
    for _ in range(2):  # the second time it writes the same again
        tensorboard.log(study, tmp_path / "runs")
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["trial-0000", "trial-0001"]

    events = accumulator.EventAccumulator(str(tmp_path / "runs" / "trial-0000"))
    events.Reload()
    losses = [(event.step, event.value) for event in events.Scalars("val_loss")]
    assert losses == [(1, 1.0), (2, 0.5), (3, pytest.approx(1 / 3))]
    assert [event.value for event in events.Scalars("accuracy")] == [0.25, 0.5, 0.75]
    plugin = pytest.importorskip("tensorboard.plugins.hparams.plugin_data_pb2")
    content = events.summary_metadata["_hparams_/session_start_info"].plugin_data.content
    hparams = plugin.HParamsPluginData.FromString(content).session_start_info.hparams
    assert hparams["learning_rate"].number_value == 0.01
    assert hparams["kind"].string_value == "None"

    events = accumulator.EventAccumulator(str(tmp_path / "runs" / "trial-0001"))
    events.Reload()
    (tag,) = [tag for tag in events.Tags()["tensors"] if tag.startswith("trial")]
    said = events.Tensors(tag)[0].tensor_proto.string_val[0].decode()
    assert said == "failed: ValueError: too deep"


def test_mlflow_reads_back_each_trial_as_a_run_and_a_second_call_adds_what_is_new(
    study, tmp_path, monkeypatch
):
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    client_of = pytest.importorskip("mlflow", reason="needs the extra mlflow").MlflowClient
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    with warnings.catch_warnings():
        # MLflow's own use of SQLAlchemy, and its connections that are closed late.
        warnings.filterwarnings("ignore", message="The ``noload`` loader strategy is deprecated")
        warnings.filterwarnings("ignore", category=ResourceWarning)
        home = mlflow.log(study, "digits", uri=uri)
        client = client_of(uri)
        assert {run.info.status for run in client.search_runs([home])} == {"FINISHED", "RUNNING"}

        study.report(1, step=4, val_loss=0.5)
        study.stop(1, "no better than the others")
        assert mlflow.log(study, "digits", uri=uri) == home
        mlflow.log(study, "digits", uri=uri)
        runs = {run.data.tags["sturgeon.trial"]: run for run in client.search_runs([home])}
        assert sorted(runs) == ["0", "1"]
        points = {
            number: [
                (point.step, point.value) for point in client.get_metric_history(run.info.run_id, "val_loss")
            ]
            for number, run in runs.items()
        }
    assert sorted(points["0"]) == [
        (1, 1.0),
        (2, 0.5),
        (3, 0.125),
        (3, 1 / 3),
    ]  # its value is at its last step
    assert points["1"] == [(1, 2.0), (2, 1.5), (3, 1 / 3 + 1), (4, 0.5)]
    assert runs["0"].data.params == {"learning_rate": "0.01", "kind": "None"}
    assert runs["0"].data.metrics == {"val_loss": 0.125, "accuracy": 0.75}
    assert runs["0"].info.run_name == "trial 0"
    assert runs["1"].data.tags["sturgeon.reason"] == "no better than the others"
    assert {run.info.status for run in runs.values()} == {"FINISHED"}
