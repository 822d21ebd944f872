"""Bad input: one line with the rule, the value and the remedy; exit code 2; nothing left half-written."""

import gzip
import json
import shutil

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock

from sturgeon.space import Real, Space
from sturgeon.study import Study

QUICK = ["--trials", 2, "--epochs", 1, "--fix", "batch_size=32", "--fix", "layers=2"]


@pytest.fixture
def refused(sturgeon, tmp_path):
    """Run something that must be refused; give the one line, after a look that nothing was written."""

    def run(*arguments):
        before = sorted(tmp_path.rglob("*"))
        ran = sturgeon(*arguments)
        assert ran.code == 2, ran.err
        assert ran.out == ""
        assert sorted(tmp_path.rglob("*")) == before
        return ran.complaint

    return run


def changed(fish, tmp_path, **columns):
    path = tmp_path / "changed.csv"
    fish.assign(**columns).to_csv(path, index=False)
    return path


def test_a_missing_file(refused, tmp_path):
    line = refused("tune", tmp_path / "nothing.csv", "--target", "kind")
    assert "nothing.csv" in line


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\x00\x01\x02\xff" * 100, "text"),
        (b"a,b\n", "row"),
        (b"a,b\n1,2\n3\n5,6\n", "3"),
        (b"a,a,b\n1,2,3\n4,5,6\n", "'a'"),
    ],
    ids=["empty", "binary", "only a header", "ragged", "two columns of one name"],
)
def test_a_broken_file(refused, tmp_path, content, words):
    path = tmp_path / "broken.csv"
    path.write_bytes(content)
    line = refused("tune", path, "--target", "b")
    assert "broken.csv" in line
    assert words in line


def test_a_missing_target_names_the_columns(refused, table):
    line = refused("tune", table, "--target", "knid")
    assert "'knid'" in line
    assert "kind" in line


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (7.0, "7"),
        (np.nan, "missing"),
        (["beluga"] * 199 + ["hausen"], "hausen"),
        ([np.inf, *np.arange(199.0)], "inf"),
    ],
    ids=["constant", "all NaN", "a class with a single row", "infinite"],
)
def test_a_target_that_cannot_be_learnt(refused, fish, tmp_path, values, words):
    line = refused("tune", changed(fish, tmp_path, goal=values), "--target", "goal")
    assert "'goal'" in line
    assert words in line


def test_a_column_of_free_text_alone(refused, fish, tmp_path):
    path = tmp_path / "notes.csv"
    notes = [f"caught on day {i} near the bridge" for i in range(200)]
    fish[["kind"]].assign(note=notes).to_csv(path, index=False)
    line = refused("tune", path, "--target", "kind")
    assert "'note'" in line
    assert "different in every row" in line


def test_an_infinite_input(refused, fish, tmp_path):
    line = refused("tune", changed(fish, tmp_path, age=[np.inf, *range(199)]), "--target", "kind")
    assert "'age'" in line
    assert "inf" in line


def test_an_output_directory_that_holds_a_study_needs_resume(sturgeon, refused, table):
    assert sturgeon("tune", table, "--target", "kind", *QUICK).code == 0
    line = refused("tune", table, "--target", "kind", *QUICK)
    assert "fish.sturgeon" in line
    assert "--resume" in line


def test_an_output_directory_that_cannot_be_written(refused, table, tmp_path):
    (tmp_path / "file").write_text("")
    line = refused("tune", table, "--target", "kind", *QUICK, "--out", tmp_path / "file" / "out")
    assert "--out" in line


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--trials", "0"], ["--trials", "at least 1", "0"]),
        (["--epochs", "-3"], ["--epochs", "-3"]),
        (["--trials", "many"], ["--trials", "many"]),
        (["--budget", "soon"], ["--budget", "soon", "10m"]),
        (["--budget", "0s"], ["--budget", "0"]),
        (["--seed", "-1"], ["seed", "-1"]),
        (["--vary", "learning_rate"], ["--vary", "learning_rate", "low:high"]),
        (["--vary", "learning_rate=1:2:3:4"], ["--vary", "1:2:3:4"]),
        (["--vary", "learning_rate=a:b"], ["learning_rate", "'a'"]),
        (["--vary", "learning_rat=0.1:1"], ["learning_rat", "learning_rate"]),
        (["--vary", "learning_rate=1:0.1:log"], ["low", "high", "0.1", "learning_rate"]),
        (["--vary", "learning_rate=0:1:log"], ["log", "0", "learning_rate"]),
        (["--vary", "momentum=0.9:1:reverse_log"], ["reverse_log", "1", "momentum"]),
        (["--vary", "learning_rate=0.1:1:square"], ["square", "log"]),
        (["--vary", "batch_size=10:100"], ["power_of_two", "batch_size"]),
        (["--vary", "layers=1.5:3"], ["layers", "1.5"]),
        (["--vary", "layers=2:inf"], ["layers", "inf"]),
        (["--vary", "layers=2,nan"], ["layers", "nan"]),
        (["--fix", "layers=inf"], ["layers", "inf"]),
        (["--vary", "dropout=0:2"], ["dropout", "2"]),
        (["--fix", "optimizer=rmsprop"], ["optimizer", "rmsprop", "adam"]),
        (["--fix", "layers=two"], ["layers", "two"]),
        (["--fix", "layers=2", "--vary", "layers=1:3"], ["layers", "twice"]),
        (["--minimize", "val_rmse"], ["val_rmse", "val_loss"]),
        (["--minimize", "val_accuracy"], ["val_accuracy", "--maximize"]),
        (["--minimize", "val_auc"], ["val_auc", "--maximize"]),
        (["--minimize", "val_loss", "--maximize", "val_accuracy"], ["One metric"]),
        (["--search", "magic"], ["magic", "random"]),
        (["--task", "clustering"], ["clustering", "regression"]),
        (["--task", "regression"], ["kind"]),
        (["--drop", "rivr"], ["rivr", "river"]),
        (["--nonsense"], ["--nonsense"]),
        (["--test", "nowhere.csv"], ["nowhere.csv"]),
        (["--study", "nowhere/deeper/x.study"], ["x.study"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) and value[0].startswith("--") else "",
)
def test_options_that_break_a_rule(refused, table, options, words):
    line = refused("tune", table, "--target", "kind", *options)
    for word in words:
        assert word in line


def test_a_metric_that_the_task_does_not_have_is_named_beside_those_it_has(refused, table):
    line = refused("tune", table, "--target", "weight", "--maximize", "val_auc")
    assert "regression must be one of val_loss, val_rmse, val_mae, val_r2; got 'val_auc'" in line


def test_a_target_or_table_that_was_not_named(refused, table):
    assert "--target" in refused("tune", table)
    assert "DATA" in refused("tune", "--target", "kind")


def test_test_labels_spelt_otherwise_are_shown_in_both_spellings(refused, fish, table, tmp_path):
    """As in Adult, whose test labels end in a full stop."""
    test = tmp_path / "test.csv"
    fish.assign(kind=fish["kind"] + ".").to_csv(test, index=False)
    line = refused("tune", table, "--target", "kind", "--test", test)
    for spelling in ("'beluga.'", "'beluga'"):
        assert spelling in line


def test_a_missing_table_is_told_before_an_output_directory_that_is_taken(refused, tmp_path):
    Study.create(tmp_path / "tune.study", Space(x=Real(0.0, 1.0)), minimize="val_loss").close()
    assert "must exist; there is no" in refused(
        "tune", tmp_path / "no.csv", "--target", "x", "--out", tmp_path
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["tune", "--fix", "layers=300", "--space"], "'layers' must be an integer in [1, 64]; got 300."),
        (["tune", "--vary", "learnin_rate=0.1:1", "--space"], "Did you mean 'learning_rate'?"),
        (["predict", "wine"], "Name it: `sturgeon predict DIR DATA`."),
    ],
)
def test_a_slip_of_the_pen_is_told(refused, arguments, said):
    assert said in refused(*arguments)


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (["tune", "fish.csv", "--frobnicate"], "No such option '--frobnicate'. See `sturgeon tune --help`."),
        (["show", "here", "--trial", "foo"], "not a valid integer. See `sturgeon show --help`."),
        (["panda", "set"], "See `sturgeon panda set --help`."),
        (["frob"], "No such command 'frob'. See `sturgeon --help`."),
    ],
)
def test_what_is_no_slip_is_answered_with_the_help_to_read(refused, arguments, remedy):
    assert refused(*arguments).endswith(remedy)


def test_another_space_for_a_study_is_answered_for_the_command_line(sturgeon, refused, table):
    asked = ("tune", table, "--target", "kind", "--trials", "1", "--epochs", "1", "--folds", "1")
    assert sturgeon(*asked).code == 0
    said = refused(*asked, "--vary", "dropout=0:0.3", "--resume")
    assert "--prior" in said
    assert "--out" in said
    assert "st.Study" not in said


def test_a_test_table_that_lacks_a_column(refused, fish, table, tmp_path):
    test = tmp_path / "test.csv"
    fish.drop(columns="river").to_csv(test, index=False)
    assert "'river'" in refused("tune", table, "--target", "kind", "--test", test)


def test_resuming_with_other_terms(sturgeon, refused, table, fish, tmp_path):
    sturgeon("tune", table, "--target", "kind", *QUICK)
    for other, word in (
        (["--epochs", 2], "--epochs"),
        (["--seed", 9], "seed"),
        (["--maximize", "val_accuracy"], "metric"),
        (["--fix", "layers=3"], "space"),
    ):
        line = refused("tune", table, "--target", "kind", "--resume", "--trials", 3, *other)
        assert word in line
    fish.iloc[:150].to_csv(table, index=False)
    line = refused("tune", table, "--target", "kind", "--resume", "--trials", 3)
    assert "data" in line


def test_a_study_that_is_none(refused, table, tmp_path):
    path = tmp_path / "other.study"
    path.write_text("these are not the trials you are looking for")
    assert "other.study" in refused("tune", table, "--target", "kind", "--study", path, "--resume")
    assert "other.study" in refused("show", path)
    assert "missing.study" in refused("show", tmp_path / "missing.study")


def test_folds_and_ensembles_that_make_no_sense(refused, table):
    tune = ("tune", table, "--target", "kind", *QUICK)
    assert "`--folds` must be at least 1; got 0" in refused(*tune, "--folds", 0)
    assert "`--ensemble` must be at least 1; got 0" in refused(*tune, "--ensemble", 0)
    assert "got `--repeats 2` and `--ensemble 4`. Leave out one" in refused(
        *tune, "--repeats", 2, "--ensemble", 4
    )
    assert "got `--folds 3` and `--repeats 2`" in refused(*tune, "--folds", 3, "--repeats", 2)
    assert "order of time" in refused(*tune, "--folds", 3, "--time-order")


def test_predict_refuses_what_it_cannot_use(sturgeon, refused, fish, table, tmp_path):
    sturgeon("tune", table, "--target", "kind", *QUICK)
    folder = tmp_path / "fish.sturgeon"
    fish.drop(columns="age").to_csv(tmp_path / "short.csv", index=False)
    assert "'age'" in refused("predict", folder, tmp_path / "short.csv")
    assert "--out" in refused("predict", tmp_path, table)
    assert ".docx" in refused("predict", folder, table, "-o", tmp_path / "p.docx")
    assert "nowhere" in refused("predict", folder, table, "-o", tmp_path / "nowhere" / "p.csv")
    weights = folder / "best" / "member-0.npz"
    weights.write_bytes(weights.read_bytes()[:100])
    assert "member-0.npz" in refused("predict", folder, table)
    shutil.rmtree(folder / "best")
    assert "config.json" in refused("predict", folder, table)


def test_a_failing_study_says_why(sturgeon, table):
    """Every training diverges: the input was well-formed, the work failed."""
    ran = sturgeon(
        "tune", table, "--target", "weight", *QUICK, "--fix", "learning_rate=1000",
        "--fix", "optimizer=momentum", "--fix", "momentum=0.0", "--fix", "weight_decay=1000", "--epochs", 30,
    )  # fmt: skip
    assert ran.code == 1
    assert "diverged" in ran.complaint
    assert "learning_rate" in ran.complaint


def test_gz_that_is_cut_short(refused, fish, tmp_path):
    path = tmp_path / "cut.csv.gz"
    path.write_bytes(gzip.compress(fish.to_csv(index=False).encode())[:200])
    assert "cut.csv.gz" in refused("tune", path, "--target", "kind")


def test_parquet_that_is_none(refused, tmp_path):
    (tmp_path / "x.parquet").write_text("PAR2")
    assert "x.parquet" in refused("tune", tmp_path / "x.parquet", "--target", "kind")
    pd.DataFrame().to_parquet(tmp_path / "y.parquet")
    assert "y.parquet" in refused("tune", tmp_path / "y.parquet", "--target", "kind")


def test_a_test_table_of_a_single_row(refused, fish, table, tmp_path):
    fish.head(1).to_csv(tmp_path / "one.csv", index=False)
    assert "2 rows" in refused("tune", table, "--target", "weight", "--test", tmp_path / "one.csv")


def test_a_directory_that_holds_the_network_of_another_study(sturgeon, refused, table, tmp_path):
    sturgeon("tune", table, "--target", "kind", *QUICK)
    line = refused(
        "tune",
        table,
        "--target",
        "weight",
        "--study",
        tmp_path / "other.study",
        "--out",
        tmp_path / "fish.sturgeon",
    )
    assert "fish.sturgeon/best" in line


def test_a_directory_in_which_another_run_is_at_work(sturgeon, table, tmp_path):
    sturgeon("tune", table, "--target", "kind", *QUICK)
    with FileLock(tmp_path / "fish.sturgeon" / ".lock"):
        ran = sturgeon("tune", table, "--target", "kind", "--trials", 3, "--resume")
    assert ran.code == 2
    assert "at work" in ran.complaint


def test_a_budget_that_is_over_before_any_trial(sturgeon, table):
    ran = sturgeon("tune", table, "--target", "kind", "--budget", "0.000001s")
    assert ran.code == 1
    assert "--budget" in ran.complaint


def test_a_network_too_large_for_memory_fails_its_trial_alone(sturgeon, table):
    ran = sturgeon(
        "tune", table, "--target", "kind", "--epochs", 1, "--trials", 3, "--search", "grid", "--json",
        "--fix", "batch_size=32", "--fix", "layers=60", "--vary", "hidden_units=8,65536",
        "--fix", "optimizer=adam", "--fix", "learning_rate=0.01", "--fix", "schedule=constant",
        "--fix", "dropout=0", "--fix", "weight_decay=0.1", "--fix", "embedding=none",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    states = json.loads(ran.out)["trials"]
    assert states["failed"] == 1
    assert states["complete"] == 1
