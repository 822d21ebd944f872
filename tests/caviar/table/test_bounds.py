"""Networks whose inputs and predictions have bounds; and studies of before there were any."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sturgeon.caviar.opening import TuneOptions, begin_study
from sturgeon.caviar.table.job import TableJob, tune_table
from sturgeon.caviar.table.saved import SavedModel
from sturgeon.data import prepare
from sturgeon.errors import DataError
from sturgeon.frameworks.export.exported import ExportedModel
from sturgeon.frameworks.export.exporting import export_study
from sturgeon.network.streams import weights_stream
from sturgeon.network.trained import TrainedNetwork
from sturgeon.network.weights import Architecture, initial_statistics, initial_weights
from sturgeon.space import Constant, notes_space
from sturgeon.study import Study


def shells(rows: int = 120) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    height = rng.uniform(0.05, 0.25, rows)
    frame = pd.DataFrame({"height": height, "weight": rng.lognormal(0, 1, rows)})
    frame.loc[::7, "weight"] = None
    frame["age"] = np.round(1 + 100 * height + rng.normal(0, 1, rows), 2)
    return frame


TABLE = shells()
DATASET = prepare(TABLE, "age")
absurd = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False))


def random_network(seed: int, size: float) -> SavedModel:
    architecture = Architecture(DATASET.features, 1, 8, 2, "relu")
    weights = initial_weights(architecture, weights_stream(seed))
    weights = weights._replace(last=np.asarray(weights.last) * np.float32(size))
    network = TrainedNetwork(architecture, weights, initial_statistics(architecture), 1e-5)
    return SavedModel(0, {}, DATASET.preprocessing, network)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.integers(0, 1000),
    st.sampled_from([0.1, 1.0, 1e3, 1e30]),
    st.lists(st.tuples(absurd, absurd), min_size=1, max_size=8),
)
def test_no_network_predicts_an_absurd_number_whatever_the_cells(seed, size, cells):
    rows = pd.DataFrame(cells, columns=["height", "weight"], dtype=float)
    seen = DATASET.preprocessing.target.seen
    margin = (seen.high - seen.low) / 20
    answers = random_network(seed, size).answers(rows)
    assert (answers >= seen.low - margin - 1e-9).all()
    assert (answers <= seen.high + margin + 1e-9).all()


def test_a_cell_ten_times_too_large_is_worth_little_more_than_the_largest_of_training():
    dataset = DATASET.preprocessing
    largest, wrong = TABLE.nlargest(1, "height"), TABLE.nlargest(1, "height").assign(height=2.5)
    ordinary = prepare(TABLE, "age", bounds=False).preprocessing
    before, after = (abs(of.transform(wrong) - of.transform(largest)).max() for of in (ordinary, dataset))
    assert before > 30
    assert after < 1


def test_a_study_begun_without_bounds_goes_on_and_is_handed_on_without(tmp_path):
    table, out = tmp_path / "shells.csv", tmp_path / "out"
    TABLE.to_csv(table, index=False)
    assert (
        prepare(table, "age", seed=3, bounds=False).fingerprint != prepare(table, "age", seed=3).fingerprint
    )
    space = notes_space().replace(hidden_units=Constant(8), layers=Constant(1), batch_size=Constant(32))
    job = TableJob(table, "age", out, TuneOptions(space=space, epochs=2, seed=3), trials=1)
    tune_table(replace(job, data_options={"bounds": False}))
    result = tune_table(replace(job, trials=2, resume=True, options=TuneOptions()))
    assert result.trials["complete"] == 2
    saved = SavedModel.load(out)
    assert not saved.preprocessing.bounds
    assert saved.answers(pd.DataFrame({"height": [1e6], "weight": [1e6]}))[0, 0] != pytest.approx(0, abs=100)
    with pytest.raises(DataError, match="tune again"):
        saved.preprocessing.name_outside(TABLE)
    assert find_spec("onnxruntime") is None or without_bounds(out, tmp_path / "shells.onnx", saved)


def without_bounds(out: Path, path: Path, saved: SavedModel) -> bool:
    exported = export_study(out, path, form="onnx")
    far = pd.DataFrame({"height": [0.1, 50.0], "weight": [None, -3.0]})
    answers = ExportedModel.load(path).answers(far)
    np.testing.assert_allclose(answers, saved.answers(far), rtol=1e-4)
    return exported.checked_on == "test"


def test_a_study_keeps_that_it_has_bounds(tmp_path):
    job = TableJob(TABLE, "age", tmp_path / "out", TuneOptions(epochs=1), trials=1)
    measured = tune_table(job).test
    with Study.open(tmp_path / "out" / "tune.study") as study:
        assert study.about["bounds"] is True
    saved = SavedModel.load(tmp_path / "out")
    assert saved.preprocessing.bounds
    rows = prepare(TABLE, "age").test_rows
    error = saved.answers(TABLE.iloc[rows])[:, 0] - TABLE["age"].to_numpy()[rows]
    assert measured is not None
    assert np.sqrt(np.mean(error**2)) == pytest.approx(measured["rmse"], rel=1e-4)


def test_a_study_of_before_goes_on_with_the_columns_that_it_was_begun_with(tmp_path, monkeypatch):
    table, out = tmp_path / "shells.csv", tmp_path / "out"
    TABLE.assign(width=[f"{row:06.2f}" for row in range(len(TABLE))]).to_csv(table, index=False)

    def begin(place, settings, options, *, about, **others):
        return begin_study(place, settings, options, about={**about, "alike": False}, **others)

    space = notes_space().replace(hidden_units=Constant(8), layers=Constant(1), batch_size=Constant(32))
    job = TableJob(table, "age", out, TuneOptions(space=space, epochs=1), trials=1)
    with monkeypatch.context() as before:
        before.setattr("sturgeon.caviar.table.opening.begin_study", begin)
        tune_table(replace(job, data_options={"alike": False}))
    result = tune_table(replace(job, trials=2, resume=True, options=TuneOptions()))
    assert result.trials["complete"] == 2
    assert SavedModel.load(out).preprocessing.unrepeated == ("width",)
    anew = tune_table(replace(job, out=tmp_path / "anew"))
    assert anew.trials["complete"] == 1
    assert "width" in SavedModel.load(tmp_path / "anew").preprocessing.feature_names
