"""Networks handed on: each format written by the command, and run by its own framework without Sturgeon."""

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from script_runs import LEAN_KERAS
from sturgeon.caviar.table.saved import SavedModel
from sturgeon.cli.main import main
from sturgeon.data import read_table

SCRIPTS = Path(__file__).parents[1] / "scripts"
MODULES = {"keras": "keras", "savedmodel": "tensorflow", "onnx": "onnxruntime", "torch": "torch"}
TOGETHER = (("keras", "savedmodel"), ("onnx", "torch"))  # a process for each, as a start takes longest
TOLERANCE = 1e-4
QUICK = ["--trials", "2", "--epochs", "3", "--fix", "layers=2", "--fix", "batch_size=32"]


def moments(rows: int) -> pd.DatetimeIndex:
    """Moments of two years, a leap day among them, and before 1970."""
    seconds = np.random.default_rng(1).integers(0, 2 * 365 * 1440, rows) * 60
    found = pd.Timestamp("2019-06-01") + pd.to_timedelta(seconds, unit="s")
    return pd.DatetimeIndex([*map(pd.Timestamp, ("2020-02-29 23:59", "1968-12-31 00:00")), *found[2:]])


def fish(rows: int) -> pd.DataFrame:
    """Numbers with a large offset, and missing ones; categories, of digits, many, and missing ones; dates."""
    rng = np.random.default_rng(0)
    length = rng.normal(80, 20, rows)
    frame = pd.DataFrame(
        {
            "river": rng.choice(["Elbe", "Volga", "Dunărea"], rows),
            "fixed length": length.round(2),
            "age": rng.integers(1, 40, rows).astype(float),
            "2 class?": rng.choice(["a b", "?x", "[UNK]"], rows),
            "where": rng.normal(1.6e9, 3e3, rows).round(),
            "zone": rng.integers(1, 4, rows),
            "caught": [f"{moment:%d.%m.%Y %H:%M}" for moment in moments(rows)],
            "tag": [f"tag {number if number % 3 else number % 5}" for number in range(rows)],
            "weight": (1e5 + 3 * length + rng.normal(0, 2, rows)).round(3),
        }
    )
    frame.loc[rng.random(rows) < 0.2, "age"] = np.nan
    frame.loc[rng.random(rows) < 0.2, "river"] = None
    frame["kind"] = np.where(length + 10 * (frame["river"] == "Elbe") > 85, "beluga", "sterlet")
    return frame


def rows_to_predict() -> pd.DataFrame:
    """Some rows as in training; a river, and gaps, that training never had; and numbers far beyond."""
    rows = fish(40).drop(columns=["weight", "kind"]).astype({"zone": "str"})
    rows.loc[0, "river"] = "Oka"
    rows.loc[1, ["fixed length", "where"]] = np.nan
    rows.loc[2, "2 class?"] = None
    rows.loc[3, "fixed length"] = 1e300
    rows.loc[4, ["age", "fixed length"]] = -1e12, 150.0
    rows.loc[5, ["where", "age", "fixed length"]] = 0.0, 400.0, 800.0
    return rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two tuned studies, ``classes``, an ensemble, and ``number``, one network; and rows to predict."""
    folder = tmp_path_factory.mktemp("exports")
    fish(200).to_csv(folder / "fish.csv", index=False)
    rows = rows_to_predict()
    rows.to_parquet(folder / "rows.parquet", index=False)
    cells = {
        name: column.astype(object).where(column.notna(), None).tolist() for name, column in rows.items()
    }
    cells["caught"] = (moments(len(rows)) - pd.Timestamp(0)).total_seconds().tolist()
    (folder / "rows.json").write_text(json.dumps(cells))
    table = str(folder / "fish.csv")
    for out, target, other, more in (
        ("classes", "kind", "weight", ["--fix", "activation=tanh", "--folds", "2"]),
        ("number", "weight", "kind", ["--folds", "1", "--fix", "embedding=piecewise_linear"]),
    ):
        tune = ["tune", table, "--target", target, "--drop", other, "--categorical", "zone", *QUICK, *more]
        assert main([*tune, "--out", str(folder / out), "--json"]) == 0
    return folder


@pytest.fixture(scope="module")
def exported(folder):
    """Export both studies in a format in a process of its own; run both without Sturgeon in another."""
    outcome = {}

    def run(form):
        if find_spec(MODULES[form]) is None:  # not imported: frameworks get on badly in one process
            pytest.skip(f"{MODULES[form]} is not installed")
        forms = [one for one in next(some for some in TOGETHER if form in some) if find_spec(MODULES[one])]
        if form not in outcome:
            outcome.update(dict.fromkeys(forms, export_and_run(folder, forms)))
        assert outcome[form] is None, outcome[form]
        return folder

    return run


def export_and_run(folder, forms):
    """None, or what went wrong."""
    environment = {**os.environ, "PYTHONPATH": LEAN_KERAS, "TF_CPP_MIN_LOG_LEVEL": "3"}
    for script in ("export_studies.py", "run_exports.py"):
        command = [sys.executable, SCRIPTS / script, folder, *forms]
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if ran.returncode:
            return ran.stderr
    return None


def own_answers(folder, study):
    """Predictions of the network itself, and what a difference is measured in."""
    answers = SavedModel.load(folder / study).answers(read_table(folder / "rows.parquet"))
    spread = fish(200)["weight"].std() if study == "number" else 1.0
    return answers, spread


@pytest.mark.parametrize("study", ["classes", "number"])
@pytest.mark.parametrize("form", MODULES)
def test_an_exported_network_predicts_the_same_from_raw_columns_in_its_own_framework(form, study, exported):
    folder = exported(form)
    ours, spread = own_answers(folder, study)
    theirs = np.load(folder / f"{study}.{form}.npy")
    assert theirs.shape == ours.shape
    assert len(np.unique(ours)) > 30
    largest = abs(theirs - ours).max() / spread
    print(f"{form}, {study}: the largest difference is {largest:.1e}")
    assert largest < TOLERANCE


@pytest.mark.parametrize("study", ["classes", "number"])
@pytest.mark.parametrize("form", MODULES)
def test_the_command_says_how_much_the_test_rows_differ(form, study, exported):
    folder = exported(form)
    said = json.loads((folder / f"{study}.{form}.json").read_text())
    assert said["format"] == form
    assert said["checked_on"] == "test"
    assert said["rows"] == 30
    assert said["trial"] == SavedModel.load(folder / study).trial
    assert said["unit"] == ("probability" if study == "classes" else "standard deviation")
    assert 0 <= said["largest_difference"] < said["tolerance"] == TOLERANCE


@pytest.mark.parametrize("form", MODULES)
def test_predict_takes_an_exported_network(form, exported):
    folder = exported(form)
    ours = SavedModel.load(folder / "classes").predict(read_table(folder / "rows.parquet"))
    theirs = pd.read_csv(folder / f"classes.{form}.csv")
    assert list(theirs.columns) == list(ours.columns)
    np.testing.assert_allclose(theirs.iloc[:, 1:], ours.iloc[:, 1:], atol=TOLERANCE)
    sure = abs(ours.iloc[:, 1] - 0.5) > TOLERANCE
    assert (theirs["kind"] == ours["kind"])[sure].all()
    number = SavedModel.load(folder / "number").predict(read_table(folder / "rows.parquet"))
    np.testing.assert_allclose(
        pd.read_csv(folder / f"number.{form}.csv")["weight"], number["weight"], rtol=1e-6
    )


@pytest.mark.parametrize("form", MODULES)
def test_no_number_is_absurd_whatever_the_cells(form, exported):
    folder, weights = exported(form), fish(200)["weight"]
    predicted = np.load(folder / f"number.{form}.npy")
    margin = (weights.max() - weights.min()) / 20
    assert weights.min() - margin <= predicted.min() < predicted.max() <= weights.max() + margin


OLD_EXPORT = """
import sys, torch
from pathlib import Path
from sturgeon.data import read_table
from sturgeon.frameworks.export.exported import ExportedModel
weights = torch.load(Path(sys.argv[1], "weights.pt"), weights_only=True)
for name in ("low", "high", "target_low", "target_high"):
    del weights[name]
torch.save(weights, Path(sys.argv[1], "weights.pt"))
rows = read_table(sys.argv[2]).iloc[[3, 6]].assign(age=20.0)
print(*ExportedModel.load(Path(sys.argv[1])).answers(rows)[:, 0])
"""


def test_an_export_for_pytorch_of_before_there_were_bounds_predicts_without(exported, tmp_path):
    shutil.copytree(exported("torch") / "number.torch", tmp_path / "old.torch")
    command = [sys.executable, "-c", OLD_EXPORT, tmp_path / "old.torch", exported("torch") / "rows.parquet"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode != 0
    assert "far too large" in ran.stderr  # row 3 has a length of 1e300


def test_a_network_for_pytorch_says_which_column_it_misses(exported):
    code = "from network import load; load('.').read({'fixed_length': [1.0]})"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=exported("torch") / "number.torch",
        capture_output=True,
        text=True,
        check=False,
    )
    last = ran.stderr.strip().splitlines()[-1]
    assert last.startswith("ValueError: Columns go by the names that the table has, 'fixed length'"), last
    assert "got 'fixed_length'. Add 'fixed length'." in last


def test_a_network_for_pytorch_is_read_without_pickled_code(exported):
    """Every name in the weights' pickle is PyTorch's or Python's own container."""
    import pickletools
    import zipfile

    with zipfile.ZipFile(exported("torch") / "classes.torch" / "weights.pt") as archive:
        name = next(name for name in archive.namelist() if name.endswith("data.pkl"))
        operations = list(pickletools.genops(archive.read(name)))
    named = {argument for code, argument, _ in operations if code.name == "GLOBAL"}
    assert named
    assert all(name.startswith(("torch", "collections OrderedDict")) for name in named)
