"""A recheck of a table from the command line: verdicts, history, exit codes and bad input."""

import json
import re
import shutil
import threading
from pathlib import Path
from unicodedata import normalize

import numpy as np
import pandas as pd
import pytest

import places
from sturgeon.caviar.opening import TuneOptions
from sturgeon.caviar.progress import format_metric
from sturgeon.caviar.table.job import TableJob, tune_table
from sturgeon.caviar.table.opening import begin_table_study
from sturgeon.cli.main import main
from sturgeon.data import prepare
from sturgeon.recheck.history import one_at_a_time
from sturgeon.recheck.race import Race
from sturgeon.recheck.rows.new_data import read_new_data
from sturgeon.recheck.rows.table_study import TableStudy
from sturgeon.recheck.table import RecheckOptions, note_on_guess, recheck_table
from sturgeon.space import standard_space
from sturgeon.study import Objective, Study

ARGUMENTS = (
    "--trials 6 --epochs 3 --folds 5 --fix layers=2 --fix hidden_units=16 --vary learning_rate=1e-6:0.1:log"
)


def fish(seed, rows=240):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "length": rng.normal(80, 20, rows).round(2),
            "age": rng.integers(1, 40, rows),
            "river": rng.choice(["Elbe", "Volga", "Oka"], rows),
        }
    )
    score = (frame["length"] - 80) / 20 + (frame["river"] == "Elbe") + rng.normal(0, 0.4, rows)
    return frame.assign(kind=np.where(score > 0.3, "beluga", "sterlet"))


@pytest.fixture(scope="session")
def tuned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tuned")
    fish(0).to_csv(folder / "old.csv", index=False)
    code = main(
        [
            "tune",
            str(folder / "old.csv"),
            "--target",
            "kind",
            "--out",
            str(folder / "out"),
            *ARGUMENTS.split(),
        ]
    )
    assert code == 0
    return folder


@pytest.fixture
def place(tuned, tmp_path):
    """A copy of the tuned study, and a folder for new data."""
    shutil.copytree(tuned / "out", tmp_path / "out")
    return tmp_path


@pytest.fixture
def recheck(place, capsys):
    def run(frame, *options):
        data = place / "new.csv"
        if isinstance(frame, pd.DataFrame):
            frame.to_csv(data, index=False)
        else:
            data = frame
        capsys.readouterr()
        code = main(["recheck", str(place / "out"), str(data), *map(str, options)])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def test_unchanged_data_is_fresh_and_the_history_keeps_it(recheck, place):
    code, out, _ = recheck(fish(1), "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["verdict"], found["stale"]) == ("still right", False)
    assert found["epochs"]["spent"] <= found["epochs"]["budget"]
    assert found["epochs"]["budget"] == round(0.2 * found["epochs"]["original"])
    assert found["drift"]["known"] == "rows"
    assert not found["drift"]["moved"]
    assert found["deployed"]["metric"] == "loss"
    with Study.open(place / "out" / "tune.study") as study:
        [entry] = study.journal.read(kind="recheck")
    assert entry.body["sentence"] == found["sentence"]


def test_a_choice_that_was_wrong_is_stale_and_put_right(recheck, place):
    with Study.open(place / "out" / "tune.study") as study:
        wrong = study.add({**study.best.config, "learning_rate": 1e-6}, {"val_loss": 0.1})
    result = json.loads((place / "out" / "result.json").read_text())
    result["best"]["trial"] = wrong
    (place / "out" / "result.json").write_text(json.dumps(result))
    options = ("--budget", 120, "--retune", "--out", place / "anew", "--trials", 4)
    code, out, _ = recheck(fish(1), "--json", *options)
    found = json.loads(out)
    assert code == 3
    assert found["verdict"] in ("another is better", "retune")
    assert found["incumbent"]["trial"] == wrong
    assert 0 < found["challenger"]["low"] <= found["challenger"]["advantage"] <= found["challenger"]["high"]
    code, out, _ = recheck(fish(1), "--budget", 120)
    assert code == 3
    assert out.splitlines()[-1].endswith(f"recheck {place / 'out'} {place / 'new.csv'} --budget 120 --retune")
    assert found["retuned"] == str(place / "anew")
    with Study.open(place / "anew" / "tune.study") as study:
        assert study.about["prior"]
        assert len(study.trials) >= 4
        assert any("earlier study" in note for one in study.trials for note in one.notes)


def test_of_a_space_that_changed_it_is_said_how_many_old_trials_count(place, capsys):
    fish(1).to_csv(place / "new.csv", index=False)
    changed = "--vary learning_rate=1e-3:0.1:log --vary dropout=0:0.3 --fix layers=2 --fix hidden_units=16"
    how = f"--prior {place / 'out'} --trials 1 --epochs 1 --folds 1 --no-report {changed}"
    out = place / "changed"
    assert main(["tune", str(place / "new.csv"), "--target", "kind", "--out", str(out), *how.split()]) == 0
    with Study.open(out / "tune.study") as study:
        fit = [one["config"]["learning_rate"] for one in study.about["prior"]]
    assert 0 < len(fit) < 6
    assert min(fit) >= 1e-3
    assert (
        f"prior: {len(fit)} trials of the earlier study have a place in this space" in capsys.readouterr().err
    )


def test_a_small_budget_names_the_smallest_that_could_show_something(recheck, place):
    _, out, _ = recheck(fish(2), "--budget", 18)
    enough = int(re.search(r"`--budget (\d+)` is the least that could show", out.splitlines()[0])[1])
    assert "18 epochs allow 3 pairs of trainings (each of 3 epochs) with 1 challenger" in out
    more = int(re.search(r"--budget (\d+) would show", out)[1])
    assert "each of 5 folds counted" in out
    shutil.copytree(place / "out", place / "kept")
    for budget, shown in ((enough, True), (enough - 1, False)):
        found = json.loads(recheck(fish(2), "--json", "--budget", budget)[1])
        assert (found["evidence"]["detectable"] is not None) == shown
        shutil.rmtree(place / "out")
        shutil.copytree(place / "kept", place / "out")
    found = json.loads(recheck(fish(2), "--json", "--budget", more)[1])
    assert {one["origin"] for one in found["candidates"]} >= {"record", "default", "neighbour", "random"}


def test_the_figures_of_one_recheck_agree(recheck):
    options = ("--budget", 210)
    found = json.loads(recheck(fish(2), "--json", *options)[1])
    out = recheck(fish(2), *options)[1]
    leader = next(
        one for one in found["candidates"] if one["config"] == found["challenger"]["config"] and one["pairs"]
    )
    assert leader["median"] == found["challenger"]["advantage"]
    amount = format_metric(abs(leader["median"]))
    assert "the challenger that went farthest, " in out
    assert (
        f"is {amount} {'better' if leader['median'] > 0 else 'worse'} in val_loss in the median pair" in out
    )
    sign = "+" if leader["median"] > 0 else "-"
    [row] = [line for line in out.splitlines() if f" {sign}{amount} " in line]
    assert f"{leader['advantage']:+.2f}" in row
    assert "units of the noise" in out


def test_a_network_that_is_outdated_is_told_of_and_trained_again(recheck, place):
    moved = fish(1).assign(length=lambda frame: frame["length"] + 60)
    code, out, _ = recheck(moved)
    assert (code, out.splitlines()[-1]) == (
        0,
        f"put it right:  sturgeon recheck {place / 'out'} {place / 'new.csv'} --retune",
    )
    code, out, err = recheck(moved, "--json", "--retune", "--out", place / "again")
    found = json.loads(out)
    assert (code, found["stale"], found["deployed"]["outdated"]) == (0, False, True)
    assert found["deployed"]["new"] > found["deployed"]["anew"]
    assert found["retuned"] == str(place / "again")
    assert "tuned nothing" not in err
    with Study.open(place / "again" / "tune.study") as study:
        assert len(study.trials) == 2
        assert found["incumbent"]["config"] in [one.config for one in study.trials]
        assert study.space["learning_rate"].low == 1e-6
    code, out, err = recheck(fish(6), "--retune", "--out", place / "nothing")
    assert "tuned nothing anew" in err
    assert not (place / "nothing").exists()


def test_a_line_of_the_table_is_not_broken_where_it_goes_to_a_file(recheck):
    _, out, _ = recheck(fish(2))
    rows = [line for line in out.splitlines() if line.startswith("│")]
    assert all(line.split("│")[1].strip() for line in rows)


def test_what_a_person_reads_has_the_verdict_first(recheck):
    code, out, _ = recheck(fish(2).assign(weight=1.0))
    assert code == 0
    assert out.splitlines()[0].startswith("Still right:")
    assert "weight" in out


def test_the_same_data_gives_the_same_result_again(recheck):
    first, second = (json.loads(recheck(fish(3), "--json")[1]) for _ in range(2))
    assert first["evidence"] == {**second["evidence"], "again": False}
    assert second["evidence"]["again"]
    assert any("no new evidence" in note for note in second["notes"])
    for window in (120, 60):  # the same rows by other networks: neither its result again, nor more evidence
        found = json.loads(recheck(fish(3), "--json", "--window", window)[1])
        assert not found["evidence"]["again"]
        assert any("not added up" in note for note in found["notes"])
    assert first["challenger"] == second["challenger"]


def test_a_window_that_slides_counts_its_rows_once(recheck):
    stream = fish(4, 600)
    found = []
    for start in (0, 120, 240):
        window = stream.iloc[start : start + 240].sample(frac=1, random_state=0)
        code, out, err = recheck(window, "--json")
        assert code == 0, err
        found.append(json.loads(out))
    evidence = [one["evidence"] for one in found]
    assert [one["number"] for one in evidence] == [1, 2, 3]
    assert [one["since"] for one in evidence] == [1, 2, 1]
    assert evidence[2]["capital"] > evidence[0]["e_value"]
    assert [any("not added up" in note for note in one["notes"]) for one in found] == [False, True, False]


def test_rows_that_were_kept_together_are_kept_together_again(tmp_path, capsys):
    frame = fish(0).assign(tank=np.arange(240) // 6)
    frame.to_csv(tmp_path / "old.csv", index=False)
    fewer = ARGUMENTS.replace("--trials 6", "--trials 2").replace("--epochs 3", "--epochs 1")
    place = ["--target", "kind", "--out", str(tmp_path / "out"), "--group-column", "tank"]
    assert main(["tune", str(tmp_path / "old.csv"), *place, *fewer.split()]) == 0
    new = fish(1).assign(tank=np.arange(240) // 6)

    def run(frame):
        frame.to_csv(tmp_path / "new.csv", index=False)
        capsys.readouterr()
        code = main(["recheck", str(tmp_path / "out"), str(tmp_path / "new.csv"), "--json", "--budget", "20"])
        return code, *capsys.readouterr()

    code, out, err = run(new)
    assert code == 0, err
    assert not any("tank" in note for note in json.loads(out)["notes"])
    code, _, err = run(new.drop(columns="tank"))
    assert (code, "lacks 'tank'" in err) == (2, True)
    code, _, err = run(new.assign(tank=new["tank"] // 8))
    assert (code, "7 more would do" in err) == (2, True)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda frame: frame.drop(columns="age"), "lacks 'age'"),
        (lambda frame: frame.rename(columns={"age": "old age"}), "did you mean 'old age'?"),
        (lambda frame: frame.assign(age="old"), "got 'old' in column 'age', row 1 of 'new.csv'"),
        (lambda frame: frame.assign(kind=frame["kind"].where(frame.index > 5, "huchen")), "new class"),
        (
            lambda frame: frame.assign(kind=frame["kind"].where(frame.index > 5)),
            "every row must have a target",
        ),
        (lambda frame: frame[frame["kind"] == "beluga"], "two classes"),
        (lambda frame: frame.head(1), "95 more would do"),
        (lambda frame: frame.head(40), "56 more would do"),
        (lambda frame: frame.drop(columns="kind"), "the target must be a column"),
    ],
    ids=[
        "missing",
        "renamed",
        "retyped",
        "new class",
        "unlabelled",
        "one class",
        "a row",
        "few rows",
        "no target",
    ],
)
def test_new_data_that_does_not_fit_gives_one_line(recheck, change, words):
    code, out, err = recheck(change(fish(1)))
    assert (code, out) == (2, "")
    [line] = [line for line in err.splitlines() if line.startswith("sturgeon: ")]
    assert words in re.sub(r"'[^']*new\.csv'", "'new.csv'", line)
    assert ("new class" in line) == (words == "new class")


def test_names_are_compared_as_they_look(tmp_path):
    names = {"length": "gr\u00f6\u00dfe", "kind": "t\u1ef7pe", "age": "\u00e2ge"}
    composed = fish(0).rename(columns=names)
    options = {"folds": 1, "group_column": names["age"]}
    tune_table(TableJob(composed, names["kind"], tmp_path, TuneOptions(epochs=1), 1, data_options=options))
    decomposed = fish(1).rename(columns={name: normalize("NFD", named) for name, named in names.items()})
    with Study.open(tmp_path / "tune.study") as study:
        new = read_new_data(TableStudy.of(study, tmp_path), decomposed)
    assert set(new.frame.columns) == {names["length"], names["kind"], "river"}


def test_columns_in_another_order_are_fine(recheck):
    code, _, err = recheck(fish(1)[["kind", "river", "age", "length"]])
    assert code == 0, err


@pytest.mark.parametrize(
    "change",
    [lambda frame: frame, lambda frame: frame.sample(frac=1, random_state=0), lambda frame: frame.head(150)],
    ids=["the same", "another order", "a part"],
)
def test_the_old_data_is_not_new(recheck, change):
    code, _, err = recheck(change(fish(0)))
    assert code == 2
    assert "tuned on" in err


def test_old_rows_among_new_ones_are_left_out_and_too_few_new_ones_are_counted(recheck):
    both = pd.concat([fish(0), fish(1)]).sample(frac=1, random_state=0)
    code, out, err = recheck(both, "--json")
    assert code == 0, err
    found = json.loads(out)
    assert found["rows"] == 240
    assert any(note.startswith("240 of 480 rows") for note in found["notes"])
    code, _, err = recheck(pd.concat([fish(0), fish(1, 30)]))
    assert code == 2
    assert "66 more would do" in err


def test_a_file_that_was_overwritten_holds_new_rows_and_the_old_are_unknown(recheck, place):
    with Study.open(place / "out" / "tune.study") as study:
        home = Path(study.about["table"]["data"])
    before = home.read_bytes()
    try:
        fish(1).to_csv(home, index=False)
        code, out, err = recheck(home, "--json")
        assert code == 0, err
        assert json.loads(out)["drift"]["known"] == "ranges"
        home.write_bytes(before)
        fish(1).to_csv(home, index=False, header=False, mode="a")
        code, out, err = recheck(home, "--json")
        assert code == 0, err
        assert (json.loads(out)["rows"], json.loads(out)["drift"]["known"]) == (240, "rows")
    finally:
        home.write_bytes(before)


def test_rows_of_a_growing_table_in_order_of_time_teach_and_only_new_ones_judge(recheck):
    grown = pd.concat([fish(0), fish(1, 160)], ignore_index=True)
    code, out, err = recheck(grown.assign(day=range(len(grown))), "--json", "--time-column", "day")
    assert code == 0, err
    assert any("networks learn from them" in note for note in json.loads(out)["notes"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--budget", "soon"], "number of epochs"),
        (["--budget", "3"], "two pairs"),
        (["--every", "sometimes", "--data", "*.csv"], "leave it out"),
        (["--window", "x"], "window"),
        (["--window", "15"], "at least 16 rows to learn from"),
        (["--time-column", "when"], "time-column"),
        (["--trials", "4"], "--retune"),
        (["--retune", "--trials", "0"], "whole number from 1"),
    ],
)
def test_bad_options_give_one_line(recheck, options, words):
    code, _, err = recheck(fish(1), *options)
    assert code == 2
    assert words.lower() in err.lower()


def test_two_rechecks_at_once_are_refused(recheck, place):
    with Study.open(place / "out" / "tune.study") as study, one_at_a_time(study):
        code, _, err = recheck(fish(1))
    assert code == 2
    assert "another is at work" in err


def test_a_study_without_a_finished_trial_is_refused(place, capsys):
    from sturgeon.space import standard_space

    about = {"job": "table", "target": "kind", "task": "classification", "epochs": 3}
    Study.create(place / "empty.study", standard_space(), minimize="val_loss", about=about).close()
    fish(1).to_csv(place / "new.csv", index=False)
    assert main(["recheck", str(place / "empty.study"), str(place / "new.csv")]) == 2
    assert "has none" in capsys.readouterr().err


def test_rows_in_order_of_time_are_judged_by_networks_that_saw_earlier_ones(recheck):
    frame = fish(1)
    frame["day"] = pd.date_range("2024-01-01", periods=len(frame)).astype(str)
    code, out, err = recheck(
        frame.sample(frac=1, random_state=0), "--json", "--time-column", "day", "--window", "90d"
    )
    assert code == 0, err
    assert json.loads(out)["pairs"] >= 2


def test_the_folder_of_a_study_on_a_server_is_enough(tmp_path, capsys, monkeypatch):
    url = places.place("postgres", tmp_path)
    password = url.partition("@")[0].rpartition(":")[2]
    fish(0).to_csv(tmp_path / "old.csv", index=False)
    fish(1).to_csv(tmp_path / "new.csv", index=False)
    out, fewer = str(tmp_path / "out"), ARGUMENTS.replace("--trials 6 --epochs 3", "--trials 2 --epochs 1")
    how = ["--target", "kind", "--out", out, "--study", url, *fewer.split()]
    assert main(["tune", str(tmp_path / "old.csv"), *how]) == 0
    monkeypatch.delenv("PGPASSWORD", raising=False)
    capsys.readouterr()
    assert main(["show", out]) == 2
    assert "PGPASSWORD" in capsys.readouterr().err
    monkeypatch.setenv("PGPASSWORD", password)
    assert main(["recheck", out, str(tmp_path / "new.csv"), "--budget", "12"]) == 0
    capsys.readouterr()
    assert main(["show", out, "--json"]) == 0
    assert password not in (shown := capsys.readouterr().out)
    assert json.loads(shown)["trials"]["complete"] == 2
    assert main(["report", out]) == 0
    assert (tmp_path / "out" / "report.html").exists()


def test_f1_stays_that_of_the_class_that_was_the_rarer_one(place):
    with Study.open(place / "out" / "tune.study") as study:
        old = TableStudy.of(study)
        target = old.preprocessing.target
        rare = np.array(target.labels)[target.positive]
        frame = fish(1, 600)
        frame = frame[(frame["kind"] == rare) | (np.arange(600) % 3 == 0)]  # now it is the more frequent one
        assert (frame["kind"] == rare).mean() > 0.6
        new = read_new_data(old, frame.reset_index(drop=True))
    assert new.dataset.positive == target.positive
    assert {new.dataset.outputs, len(target.labels)} == {2}


def test_what_a_study_begins_with_follows_the_best_of_an_old_record(tmp_path):
    dataset = prepare(fish(0), "kind", folds=2, pieces=True)
    with Study.create(":memory:", standard_space(), minimize="val_loss") as old:
        for number, rate in enumerate((1e-3, 0.3, 1e-2)):
            old.add({**standard_space().default(), "learning_rate": rate}, {"val_loss": 0.1 + number})
        about = {"trials": 9, "folds": 2}
        study, _ = begin_table_study(":memory:", TuneOptions(prior=old, epochs=1), dataset, about=about)
    with study:
        notes = [one.notes[0] for one in study.trials]
        assert study.search.near
    first = "the default configuration"
    assert notes[:2] == [first, "one of the best of the earlier study"]
    assert notes[-1] == "one that did well on other tables"
    assert len(notes) == 9


@pytest.mark.parametrize(("value", "said"), [(0.7, True), (0.6, False)])
def test_an_incumbent_that_is_no_better_than_a_guess_is_told_of(value, said):
    race = Race([], {(0, pair): value + 0.1 * (-1) ** pair for pair in range(8)})
    notes = note_on_guess(race, [0.65] * 8, Objective("val_loss", "minimize"))
    assert [f"{value:.3f}" in note and "guess" in note for note in notes] == [True] * said


def test_one_that_is_stopped_does_not_look_for_why_and_leaves_the_history_as_it_was(place):
    stop = threading.Event()
    stop.set()
    with Study.open(place / "out" / "tune.study") as study:
        found = recheck_table(study, fish(1), RecheckOptions(), stop, folder=place / "out")
        assert not study.journal.read(kind="recheck")
    assert (found.interrupted, found.stale, found.drift, found.deployed) == (True, False, None, None)
