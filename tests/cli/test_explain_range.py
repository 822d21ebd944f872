"""`sturgeon predict --explain-range` marks the rows that are unlike what training saw."""

import json
from importlib.util import find_spec

import pandas as pd
import pytest

QUICK = ["--trials", "1", "--epochs", "2", "--fix", "hidden_units=16", "--fix", "layers=1"]
COLUMN = "outside training"


@pytest.fixture
def absurd(fish, tmp_path):
    """Four rows: an ordinary one, a length ten times too large, a new river with it, and a missing age."""
    rows = fish.iloc[[5] * 4][["length", "age", "river"]].reset_index(drop=True).astype({"age": float})
    rows.loc[1:2, "length"] = 800.0
    rows.loc[2, "river"] = "Oka"
    rows.loc[3, "age"] = None
    rows.to_csv(tmp_path / "absurd.csv", index=False)
    return tmp_path / "absurd.csv"


def test_a_column_names_what_is_outside_and_no_prediction_is_absurd(sturgeon, fish, table, absurd, tmp_path):
    sturgeon("tune", table, "--target", "weight", "--drop", "kind", *QUICK, "--out", tmp_path / "out")
    ran = sturgeon("predict", tmp_path / "out", absurd, "-o", tmp_path / "p.csv", "--explain-range")
    assert ran.code == 0
    assert "3 of 4 rows have an input outside what training saw" in ran.err
    predicted = pd.read_csv(tmp_path / "p.csv", keep_default_na=False)
    assert predicted[COLUMN].tolist() == ["", "length", "length; river", "age"]
    margin = (fish["weight"].max() - fish["weight"].min()) / 20
    assert predicted["weight"].between(fish["weight"].min() - margin, fish["weight"].max() + margin).all()
    plain = sturgeon("predict", tmp_path / "out", absurd)
    assert plain.out.splitlines()[0] == "weight"


@pytest.mark.skipif(find_spec("onnxruntime") is None, reason="onnxruntime is not installed")
def test_an_export_says_the_same(sturgeon, table, absurd, tmp_path):
    sturgeon("tune", table, "--target", "kind", "--drop", "weight", *QUICK, "--out", tmp_path / "out")
    export = sturgeon("export", tmp_path / "out", "--format", "onnx", "-o", tmp_path / "a.onnx")
    assert export.code == 0
    answers = [
        pd.read_csv(tmp_path / f"{name}.csv", keep_default_na=False)
        for name in ("out", "a.onnx")
        if sturgeon(
            "predict", tmp_path / name, absurd, "--explain-range", "-o", tmp_path / f"{name}.csv"
        ).code
        == 0
    ]
    assert len(answers) == 2
    assert (
        answers[0][COLUMN].tolist() == answers[1][COLUMN].tolist() == ["", "length", "length; river", "age"]
    )
    assert answers[0].iloc[:, 1].to_numpy() == pytest.approx(answers[1].iloc[:, 1].to_numpy(), abs=1e-4)


def test_a_network_that_kept_no_ranges_is_refused_in_one_line(sturgeon, table, absurd, tmp_path):
    sturgeon("tune", table, "--target", "weight", "--drop", "kind", *QUICK, "--out", tmp_path / "out")
    path = tmp_path / "out" / "best" / "preprocessing.json"
    document = json.loads(path.read_text()) | {"version": 1}
    for part in (document["target"], *document["columns"]):
        part.pop("seen", None)
    path.write_text(json.dumps(document))
    assert sturgeon("predict", tmp_path / "out", absurd).code == 0
    refused = sturgeon("predict", tmp_path / "out", absurd, "--explain-range")
    assert refused.code == 2
    assert "tune again" in refused.complaint
