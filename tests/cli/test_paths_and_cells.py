"""Paths as people type them, outputs that would replace inputs, and cells that the user says are missing."""

import os
import shlex
from pathlib import Path

import pandas as pd
import pytest

from sturgeon import TableJob, TuneOptions, tune_table

QUICK = ["--trials", 1, "--epochs", 1, "--fix", "batch_size=32", "--fix", "layers=1"]


@pytest.fixture
def here(table, tmp_path, monkeypatch):
    """A job in the present folder, whose path has a blank."""
    folder = tmp_path / "my job"
    folder.mkdir()
    table.rename(folder / "fish.csv")
    monkeypatch.chdir(folder)
    return folder


def test_a_job_in_the_present_folder(sturgeon, here):
    ran = sturgeon("tune", "fish.csv", "--target", "kind", *QUICK, "--out", ".")
    assert ran.code == 0
    assert (here / "result.json").is_file()
    assert "sturgeon predict . NEW_TABLE.csv" in ran.out
    whole = sturgeon("predict", ".", "fish.csv").out
    (here / "below").mkdir()
    os.chdir(here / "below")
    for folder in ("..", "../", str(here), "../best/", "../below/.."):
        assert sturgeon("predict", folder, "../fish.csv").out == whole
    assert sturgeon("show", "..").code == 0
    ran = sturgeon("tune", "../fish.csv", "--target", "kind", "--trials", 2, "--resume", "--out", "../")
    assert ran.code == 0


def test_a_network_of_the_present_folder_is_exported(sturgeon, here):
    pytest.importorskip("onnx")
    assert sturgeon("tune", "fish.csv", "--target", "kind", *QUICK, "--out", ".").code == 0
    ran = sturgeon("export", ".", "--format", "onnx", "-o", "of my job.onnx")
    assert ran.code == 0
    assert "sturgeon predict 'of my job.onnx' NEW_TABLE.csv" in ran.out
    assert sturgeon("export", ".", "--format", "torch", "-o", ".").code == 2


def test_what_to_type_next_is_quoted_and_a_tilde_is_the_home_directory(sturgeon, here, monkeypatch):
    monkeypatch.setenv("HOME", str(here))
    ran = sturgeon("tune", "~/fish.csv", "--target", "kind", *QUICK, "--out", "~/an out")
    assert ran.code == 0
    next_line = ran.out.partition("use it:")[2].splitlines()[0]
    assert shlex.split(next_line)[2] == str(here / "an out")
    assert sturgeon("show", "~/an out").code == 0
    assert sturgeon("predict", "~/an out", "~/fish.csv", "-o", "~/p.csv").code == 0
    assert (here / "p.csv").is_file()


@pytest.mark.parametrize("directory", [".", "..", "./"])
def test_a_directory_is_no_table(sturgeon, here, directory):
    for arguments in (
        ("tune", directory, "--target", "y"),
        ("tune", "fish.csv", "--target", "kind", "--test", directory),
        ("plan", directory, "--target", "y", "--budget", "10s"),
    ):
        ran = sturgeon(*arguments)
        assert ran.code == 2
        assert "is a directory" in ran.complaint
    assert sorted(path.name for path in here.iterdir()) == ["fish.csv"]


def test_predictions_never_replace_the_table(sturgeon, here):
    assert sturgeon("tune", "fish.csv", "--target", "kind", *QUICK, "--out", "net").code == 0
    before = (here / "fish.csv").read_bytes()
    Path("linked.csv").symlink_to("fish.csv")
    Path("hard.csv").hardlink_to("fish.csv")
    for output in ("fish.csv", "./net/../fish.csv", "linked.csv", "hard.csv", here / "fish.csv"):
        ran = sturgeon("predict", "net", "fish.csv", "-o", output)
        assert ran.code == 2
        assert "must not replace" in ran.complaint
    assert (here / "fish.csv").read_bytes() == before
    assert sturgeon("export", "net", "--format", "onnx", "-o", "fish.csv").code == 2
    assert (here / "fish.csv").read_bytes() == before


def test_words_that_mean_missing_are_told_and_settable(sturgeon, tmp_path):
    frame = pd.DataFrame({"x": range(40), "c": ["None", "Elbe", "-", "Oka"] * 10, "kind": ["a", "b"] * 20})
    path = tmp_path / "t.csv"
    frame.to_csv(path, index=False)
    ran = sturgeon("tune", path, "--target", "kind", *QUICK, "--out", tmp_path / "one")
    assert "10 cells of column 'c' are taken as missing, as they say 'None'; --missing names" in ran.err
    ran = sturgeon("tune", path, "--target", "kind", *QUICK, "--missing", "-,n/k", "--out", tmp_path / "two")
    assert "they say '-'" in ran.err
    ran = sturgeon("predict", tmp_path / "two", path)
    assert ran.err == "10 cells of column 'c' are taken as missing, as they say '-'\n"


@pytest.mark.parametrize(
    ("labels", "written"),
    [([1, "a"], ["1", "a"]), ([True, "a"], ["True", "a"]), ([1, 0.5], [1, 0.5]), ([1, 2], [1, 2])],
)
def test_labels_of_several_types_go_into_parquet_as_text(sturgeon, tmp_path, labels, written):
    x = [row % 2 + row / 100 for row in range(60)]
    frame = pd.DataFrame({"x": x, "kind": pd.Series(labels * 30, dtype=object)})
    options = TuneOptions(epochs=20)
    tune_table(TableJob(frame, "kind", tmp_path / "out", options, 1, data_options={"task": "classification"}))
    frame[["x"]].to_csv(tmp_path / "t.csv", index=False)
    ran = sturgeon("predict", tmp_path / "out", tmp_path / "t.csv", "-o", tmp_path / "p.parquet")
    assert ran.code == 0
    predicted = pd.read_parquet(tmp_path / "p.parquet")
    assert predicted["kind"].tolist() == written * 30
