"""What is handed over, on the command line: groups, calibration, size and time, and a comparison."""

import json

import numpy as np
import pytest

QUICK = ["--trials", 2, "--epochs", 2, "--folds", 2, "--fix", "batch_size=32", "--fix", "hidden_units=8"]


@pytest.fixture
def grouped(fish, tmp_path):
    """Fish of 40 ponds."""
    path = tmp_path / "ponds.csv"
    rng = np.random.default_rng(0)
    fish.assign(pond=[f"pond {number}" for number in rng.integers(0, 40, len(fish))]).to_csv(
        path, index=False
    )
    return path


def test_all_of_it_is_printed_and_in_the_json(sturgeon, grouped, tmp_path):
    out = tmp_path / "out"
    ran = sturgeon(
        "tune", grouped, "--target", "kind", "--drop", "weight", "--group-column", "pond", "--compare",
        "--max-size", "1MB", "--max-predict-time", "60s", "--out", out, *QUICK,
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert "groups by 'pond': " in ran.err
    assert "2 folds" in ran.err
    result = json.loads((out / "result.json").read_text())
    for part in ("calibration: temperature", "a prediction: ", "LightGBM", "HistGB", "loss above tuned"):
        assert part in ran.out
    assert {one["name"] for one in result["comparison"]} >= {"default", "guess", "HistGradientBoosting"}
    assert result["prediction"]["size"] <= 1_000_000
    assert result["calibration"].keys() == {"temperature", "before", "after", "rows"}
    shown = sturgeon("show", out)
    assert "calibration: temperature" in shown.out
    assert json.loads(sturgeon("show", out, "--json").out)["calibration"] == result["calibration"]
    without = tmp_path / "without.csv"  # to predict takes no groups
    without.write_text(grouped.read_text().replace("pond\n", "lake\n", 1))
    assert sturgeon("predict", out, without).code == 0
    again = sturgeon("tune", grouped, "--target", "kind", "--drop", "weight", "--resume", "--out", out)
    assert again.code == 0, again.err  # its groups are those that it was begun with
    other = sturgeon(
        "tune",
        grouped,
        "--target",
        "kind",
        "--drop",
        "weight",
        "--resume",
        "--out",
        out,
        "--group-column",
        "age",
    )
    assert other.code == 2
    assert "`--group-column age` where" in other.complaint


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--group-column", "lake"], "has none for `--group-column lake`; name one that it has"),
        (["--group-column", "kind"], "something else than the target; got `--group-column kind`"),
        (["--group-column", "pond", "--time-order"], "got both `--time-order` and `--group-column pond`"),
        (
            ["--max-size", "big"],
            "`--max-size` must be a size above 0, in bytes or such as '500kB' or '2MB'; got",
        ),
        (["--max-predict-time", "0ms"], "`--max-predict-time` must be a time above 0 for 1,000 rows"),
        (["--maximize", "val_r2"], "The metric of a classification must be one of val_loss"),
    ],
)
def test_what_cannot_be_asked_for_is_one_line_and_leaves_nothing(sturgeon, grouped, tmp_path, options, words):
    before = sorted(tmp_path.rglob("*"))
    ran = sturgeon("tune", grouped, "--target", "kind", *options)
    assert ran.code == 2
    assert words in ran.complaint
    assert sorted(tmp_path.rglob("*")) == before


def test_one_group_is_refused_and_few_give_fewer_folds(sturgeon, fish, tmp_path):
    path, out = tmp_path / "few.csv", tmp_path / "out"
    fish.assign(pond="only").to_csv(path, index=False)
    ran = sturgeon("tune", path, "--target", "weight", "--group-column", "pond")
    assert ran.code == 2
    assert "column 'pond' has 1; leave `--group-column` out" in ran.complaint
    fish.assign(pond=np.arange(200) % 3).to_csv(path, index=False)
    ran = sturgeon(
        "tune", path, "--target", "weight", "--group-column", "pond", "--out", out, *QUICK[:4], "--folds", 5
    )
    assert ran.code == 0, ran.err
    assert "2 instead of 5, since there are 2 groups that are not for the test" in ran.err
