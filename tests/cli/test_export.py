"""`sturgeon export`: where the test rows are found, and one line for everything that cannot be done.

The formats themselves are tested in tests/frameworks; here all is in ONNX's, which starts fastest.
"""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sturgeon.caviar.opening import TuneOptions
from sturgeon.caviar.table.job import TableJob, tune_table
from sturgeon.frameworks.export import exporting, form
from sturgeon.frameworks.export.forms import FORMS
from sturgeon.space import Real, Space, notes_space
from sturgeon.study import Study

pytest.importorskip("onnxruntime", reason="sturgeon[onnx] is not installed")
pytest.importorskip("onnx", reason="sturgeon[onnx] is not installed")
QUICK = ["--trials", "1", "--epochs", "1", "--fix", "batch_size=32", "--fix", "layers=2"]


@pytest.fixture(scope="module")
def tuned(fish, tmp_path_factory):
    """A study of a table that lies beside it; not to be changed."""
    from sturgeon.cli.main import main

    folder = tmp_path_factory.mktemp("tuned")
    fish.to_csv(folder / "fish.csv", index=False)
    assert (
        main(["tune", str(folder / "fish.csv"), "--target", "kind", *QUICK, "--out", str(folder / "out")])
        == 0
    )
    return folder


@pytest.fixture
def place(tuned, tmp_path):
    """A copy of it without the table, which lies where it lay."""
    shutil.copytree(tuned / "out", tmp_path / "out")
    return tmp_path / "out"


@pytest.fixture
def refused(sturgeon, tmp_path):
    """Run an export that must be refused; give the one line, after a look that nothing was written."""

    def run(*arguments, code=2):
        before = sorted(tmp_path.rglob("*"))
        ran = sturgeon("export", *arguments)
        assert ran.code == code, ran.err
        assert ran.out == ""
        assert sorted(tmp_path.rglob("*")) == before
        return ran.complaint

    return run


def onnx_to(path):
    return ["--format", "onnx", "-o", path]


@pytest.mark.parametrize("named", ["out", "out/tune.study"])
def test_the_study_is_named_by_its_folder_or_its_file(sturgeon, tuned, tmp_path, named):
    said = json.loads(sturgeon("export", tuned / named, *onnx_to(tmp_path / "a.onnx"), "--json").out)
    assert (said["checked_on"], said["rows"]) == ("test", 30)
    assert list(tmp_path.iterdir()) == [tmp_path / "a.onnx"]


def test_a_study_elsewhere_leads_to_its_folder_and_back_and_a_test_table_is_what_counts(
    sturgeon, fish, table, tmp_path
):
    study, test, out = (tmp_path / name for name in ("elsewhere.study", "test.csv", "o"))
    fish.iloc[:20].to_csv(test, index=False)
    places = ("--out", out, "--study", study, "--test", test)
    assert sturgeon("tune", table, "--target", "kind", *QUICK, *places).code == 0
    for named in (study, out):
        said = json.loads(sturgeon("export", named, *onnx_to(tmp_path / f"{named.name}.onnx"), "--json").out)
        assert (said["checked_on"], said["rows"]) == ("test", 20)


def test_what_is_printed_says_how_far_apart_they_are_and_what_comes_next(sturgeon, tuned, tmp_path):
    printed = sturgeon("export", tuned / "out", *onnx_to(tmp_path / "a.onnx")).out
    folds = list((tuned / "out" / "best").glob("member-*.npz"))
    assert f"the ensemble of {len(folds)} networks, those of trial 0 the best," in " ".join(printed.split())
    assert "checked on 30 test rows: largest difference" in printed
    assert "at most 0.0001 (probability)" in printed
    assert f"sturgeon predict {tmp_path / 'a.onnx'}" in " ".join(printed.split())


def test_a_table_that_is_gone_is_asked_for_and_taken(sturgeon, refused, fish, table, tmp_path):
    assert sturgeon("tune", table, "--target", "kind", *QUICK, "--out", tmp_path / "o").code == 0
    moved = tmp_path / "moved.csv"
    table.rename(moved)
    line = refused(tmp_path / "o", *onnx_to(tmp_path / "a.onnx"))
    assert str(table) in line
    assert "--data" in line
    said = sturgeon("export", tmp_path / "o", *onnx_to(tmp_path / "a.onnx"), "--data", moved, "--json")
    assert json.loads(said.out)["checked_on"] == "test"
    fish.iloc[:50].drop(columns="kind").to_csv(table, index=False)
    line = refused(tmp_path / "o", *onnx_to(tmp_path / "b.onnx"))
    assert "is not what" in line
    other = ("export", tmp_path / "o", *onnx_to(tmp_path / "b.onnx"), "--data", table)
    said = json.loads(sturgeon(*other, "--json").out)
    assert (said["checked_on"], said["rows"]) == ("data", 50)
    assert "which is not the table tuned on" in sturgeon(*other, "--force").out


def test_a_table_that_came_as_a_data_frame_is_asked_for(refused, sturgeon, fish, table, tmp_path):
    space = notes_space().narrow(batch_size=32, layers=2)
    tune_table(TableJob(fish, "kind", tmp_path / "o", TuneOptions(space=space, epochs=1), trials=1))
    assert "has not kept where it lies" in refused(tmp_path / "o", *onnx_to(tmp_path / "a.onnx"))
    said = sturgeon("export", tmp_path / "o", *onnx_to(tmp_path / "a.onnx"), "--data", table, "--json")
    assert json.loads(said.out)["checked_on"] == "test"


def test_an_export_that_is_there_is_replaced_only_when_asked_to(sturgeon, refused, place, tmp_path):
    there = tmp_path / "a.onnx"
    assert sturgeon("export", place, *onnx_to(there)).code == 0
    before = there.stat().st_mtime_ns
    assert "--force" in refused(place, *onnx_to(there))
    assert there.stat().st_mtime_ns == before
    assert sturgeon("export", place, *onnx_to(there), "--force").code == 0
    assert there.stat().st_mtime_ns != before


def test_nothing_but_an_export_is_ever_replaced(refused, place, tmp_path):
    (tmp_path / "thesis.onnx").write_text("five years of work")
    line = refused(place, *onnx_to(tmp_path / "thesis.onnx"), "--force")
    assert "none" in line
    assert (tmp_path / "thesis.onnx").read_text() == "five years of work"
    if FORMS["torch"].check_installed() is None:
        assert "Only another export" in refused(place, "--format", "torch", "-o", place, "--force")


def test_a_network_that_does_not_agree_is_not_left(refused, place, tmp_path, monkeypatch):
    right = exporting.take_apart

    def wrong(model):
        parts = right(model)
        members = [replace(one, bias=one.bias + np.float32([0.01, 0])) for one in parts.members]
        return replace(parts, members=tuple(members))

    monkeypatch.setattr(exporting, "take_apart", wrong)
    line = refused(place, *onnx_to(tmp_path / "a.onnx"), code=1)
    assert "within 0.0001" in line
    assert "nothing was written" in line


def test_an_unknown_format(refused, place, tmp_path):
    line = refused(place, "--format", "tensorrt", "-o", tmp_path / "a")
    assert "keras, savedmodel, onnx, torch" in line
    assert "'tensorrt'" in line


def test_the_help_names_every_format(sturgeon):
    assert "|".join(FORMS) in sturgeon("export", "--help").out


@pytest.mark.parametrize(
    ("output", "words"),
    [("a.txt", ["ends in .onnx", "a.txt"]), ("nowhere/a.onnx", ["directory that exists", "nowhere"])],
)
def test_an_output_of_the_wrong_ending_or_in_no_directory(refused, place, tmp_path, output, words):
    line = refused(place, *onnx_to(tmp_path / output))
    assert all(word in line for word in words)


def test_a_missing_extra_is_named(refused, place, tmp_path, monkeypatch):
    monkeypatch.setattr(form, "find_spec", lambda name: None)
    line = refused(place, *onnx_to(tmp_path / "a.onnx"))
    assert 'pip install "sturgeon[onnx]"' in line


def test_a_study_without_a_complete_trial(refused, place, tmp_path):
    with Study.open(place / "tune.study") as opened:
        about = opened.about
    (place / "tune.study").unlink()
    Study.create(place / "tune.study", notes_space(), minimize="val_loss", about=about).close()
    line = refused(place, *onnx_to(tmp_path / "a.onnx"))
    assert "complete" in line
    assert "--resume" in line


def test_a_study_of_a_function_has_no_network(refused, tmp_path):
    with Study.create(tmp_path / "own.study", Space(a=Real(0, 1)), minimize="loss") as study:
        study.add({"a": 0.5}, {"loss": 1.0})
    line = refused(tmp_path / "own.study", *onnx_to(tmp_path / "a.onnx"))
    assert "of a table" in line
    assert "own.study" in line


def test_a_study_that_is_not_there(refused, tmp_path):
    assert "nothing.study" in refused(tmp_path / "nothing.study", *onnx_to(tmp_path / "a.onnx"))


def test_predict_says_what_is_wrong_with_what_is_no_export(sturgeon, table, tmp_path):
    (tmp_path / "a.onnx").write_bytes(b"not a network")
    assert "`sturgeon export`" in sturgeon("predict", tmp_path / "a.onnx", table).complaint


def test_predict_counts_what_training_never_had_also_for_an_export(sturgeon, tuned, fish, tmp_path):
    assert sturgeon("export", tuned / "out", *onnx_to(tmp_path / "a.onnx")).code == 0
    rows = fish.iloc[:3].assign(river=["Oka", None, "Elbe"])
    rows.to_csv(tmp_path / "new.csv", index=False)
    ran = sturgeon("predict", tmp_path / "a.onnx", tmp_path / "new.csv", "-o", tmp_path / "p.csv")
    assert "'river': 2 cells" in ran.err
    assert len(pd.read_csv(tmp_path / "p.csv")) == 3
    rows.drop(columns="river").to_csv(tmp_path / "new.csv", index=False)
    assert "'river'" in sturgeon("predict", tmp_path / "a.onnx", tmp_path / "new.csv").complaint
