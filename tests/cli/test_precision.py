"""`sturgeon tune --precision`: what the trials, the repeats and the last training multiply in."""

import json

QUICK = ["--trials", 2, "--epochs", 2, "--stopping", "never", "--fix", "batch_size=32", "--fix", "layers=2"]


def test_a_study_in_bfloat16_has_its_own_values_and_is_resumed_in_it(sturgeon, table, tmp_path):
    def tune(folder, *more):
        return sturgeon(
            "tune", table, "--target", "weight", *QUICK, "--folds", 1, "--out", tmp_path / folder, *more
        )

    exact = json.loads(tune("exact", "--json").out)
    rounded = json.loads(tune("rounded", "--precision", "bfloat16", "--json").out)
    assert rounded["best"]["value"] != exact["best"]["value"]
    assert abs(rounded["best"]["value"] / exact["best"]["value"] - 1) < 0.05
    resumed = json.loads(tune("rounded", "--resume", "--trials", 3, "--repeats", 1, "--json").out)
    assert resumed["trials"]["complete"] == 3
    assert resumed["repeats"][0]["number"] == 1
    other = tune("rounded", "--resume", "--precision", "float32")
    assert other.code == 2
    assert "--precision = 'float32' where it has 'bfloat16'" in other.complaint


def test_another_precision_is_one_line(sturgeon, table):
    ran = sturgeon("tune", table, "--target", "weight", *QUICK, "--precision", "half")
    assert ran.code == 2
    assert ran.complaint.endswith(
        "`precision` must be 'float32' or 'bfloat16'; got 'half'. Name one of them."
    )
