"""A saved network read back: what it answers, to which rows, and how sure."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import sturgeon as st
from sturgeon.caviar.table.folder import SavedSummary
from sturgeon.caviar.table.saved import SavedModel
from sturgeon.data import prepare
from sturgeon.data.metrics import measure_test
from sturgeon.data.scores import softmax
from sturgeon.network.temperature import Calibration

SPACE = st.Space(
    learning_rate=st.Real(1e-2, 1e-1, scale="log", default=0.05),
    hidden_units=st.Constant(8),
    batch_size=st.Constant(32),
    layers=st.Constant(1),
)


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(160, 2))
    noisy = x[:, 0] + rng.normal(0, 0.7, 160)
    return pd.DataFrame(x, columns=["a", "b"]).assign(kind=np.where(noisy > 0, "yes", "no"))


@pytest.fixture(scope="module", params=[1, 3], ids=["one network", "ensemble"])
def tuned(request, frame, tmp_path_factory):
    out = tmp_path_factory.mktemp("tuned")
    options = st.TuneOptions(space=SPACE, epochs=20)
    result = st.tune_table(st.TableJob(frame, "kind", out, options, 3, data_options={"folds": request.param}))
    return out, result, request.param


def test_the_temperature_is_fitted_to_rows_that_were_held_out_and_used(frame, tuned):
    out, result, folds = tuned
    model = st.load(out)
    assert model.calibration.to_json() == result.calibration
    assert model.temperature != 1
    dataset = prepare(frame, "kind", folds=folds)
    held_out = dataset.rows["train"] if folds > 1 else dataset.rows["validation"]
    assert result.calibration["rows"] == held_out
    logits = model.network.outputs(dataset.x_test)
    assert measure_test(dataset, softmax(logits / model.temperature)) == pytest.approx(result.test)
    inputs = model.preprocessing.transform(frame)
    np.testing.assert_allclose(
        model.predict_proba(frame), softmax(model.network.outputs(inputs) / model.temperature), rtol=1e-5
    )
    assert SavedSummary.read(out).calibration == model.calibration


def test_a_network_of_before_there_was_calibration_answers_as_it_did(frame, tuned):
    out, _, _ = tuned
    path = out / "best" / "config.json"
    described = json.loads(path.read_text())
    calibrated = described.pop("calibration")
    path.write_text(json.dumps(described))
    try:
        old = st.load(out)
        assert (old.calibration, old.temperature) == (None, 1.0)
        inputs = old.preprocessing.transform(frame)
        np.testing.assert_allclose(old.predict_proba(frame), softmax(old.network.outputs(inputs)), rtol=1e-9)
    finally:
        path.write_text(json.dumps({**described, "calibration": calibrated}))


def test_rows_may_be_a_table_an_array_or_a_file(frame, tuned, tmp_path):
    model = st.load(str(tuned[0]))
    frame.to_csv(tmp_path / "rows.csv", index=False)
    expected = model.predict(frame)
    assert model.classes == ("no", "yes")
    for rows in (frame[["a", "b"]].to_numpy(), tmp_path / "rows.csv", str(tmp_path / "rows.csv")):
        pd.testing.assert_frame_equal(model.predict(rows), expected, rtol=1e-6)
    far = frame.assign(a=1e6)
    assert all("a" in outside for outside in model.explain_range(far))
    assert sum(map(bool, model.explain_range(frame))) < 20
    with pytest.raises(st.DataError, match="the network's 2 columns in their order; got shape"):
        model.predict(np.zeros((3, 5)))


@pytest.mark.parametrize("of", [pl.from_pandas, pa.Table.from_pandas], ids=["Polars", "Arrow"])
def test_columns_of_any_table_are_found_by_name(frame, tuned, of):
    model = st.load(tuned[0])
    table = of(frame[["b", "a"]].assign(more=1.0))
    pd.testing.assert_frame_equal(model.predict(table), model.predict(frame))
    np.testing.assert_array_equal(model.predict_proba(table), model.predict_proba(frame))
    assert model.explain_range(table) == model.explain_range(frame)


def test_a_table_that_cannot_be_taken_by_name_is_not_taken_by_position(frame, tuned):
    class Remote:
        columns = ("b", "a")

        def __array__(self, dtype=None, copy=None):
            return frame[["b", "a"]].to_numpy()

    with pytest.raises(st.DataError, match="got Remote; convert it"):
        st.load(tuned[0]).predict(Remote())


def test_a_number_has_no_probabilities(frame, tmp_path):
    table = frame.assign(y=frame["a"] * 2).drop(columns="kind")
    result = st.tune_table(st.TableJob(table, "y", tmp_path, st.TuneOptions(space=SPACE, epochs=2), 2))
    assert result.calibration is None
    model = st.load(tmp_path)
    assert model.classes == ()
    with pytest.raises(st.DataError, match="predicts a number; use `predict`"):
        model.predict_proba(table)


def test_a_calibration_that_is_no_number_is_refused(frame, tuned, tmp_path):
    model = st.load(tuned[0])
    kept = SavedModel(
        model.trial, model.config, model.preprocessing, model.network, "", Calibration(2.0, 0.1, 0.1, 9)
    )
    kept.save(tmp_path / "best")
    path = tmp_path / "best" / "config.json"
    path.write_text(path.read_text().replace('"temperature": 2.0', '"temperature": -2.0'))
    with pytest.raises(st.InputError, match="cannot be read: a temperature is a finite number above 0"):
        st.load(tmp_path)
