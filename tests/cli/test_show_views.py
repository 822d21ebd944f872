"""What `sturgeon show` shows besides the table: one trial, some trials, CSV, a study that goes on."""

import io
import json

import pandas as pd
import pytest

from drawn_studies import RULE, make_drawn, make_hostile
from sturgeon.cli.views.follow import follow
from sturgeon.study import Study


@pytest.fixture
def place(tmp_path):
    make_drawn(tmp_path / "one.study").close()
    return tmp_path / "one.study"


def test_it_draws_curves_and_bars(sturgeon, place, monkeypatch):
    monkeypatch.setattr("sturgeon.cli.views.study_table._has_blocks", lambda: True)
    lines = sturgeon("show", place).out.splitlines()
    assert lines[2].split()[:4] == ["trial", "state", "val_loss", "curve"]
    assert lines[3].split()[3].strip("▁▂▃▄▅▆▇█") == ""
    assert any(line.startswith("█") and "learning_rate (priority 1)" in line for line in lines)
    assert max(map(len, lines)) > 80  # piped, a line is not folded


def test_conditions_choose_trials(sturgeon, place):
    shown = json.loads(sturgeon("show", place, "--json", "--where", "learning_rate<0.01").out)["all_trials"]
    assert shown
    assert all(trial["config"]["learning_rate"] < 0.01 for trial in shown)
    both = ["--where", "optimizer=momentum", "--state", "stopped"]
    shown = json.loads(sturgeon("show", place, "--json", *both).out)["all_trials"]
    assert {(trial["state"], trial["config"]["optimizer"]) for trial in shown} == {("stopped", "momentum")}
    assert "shown: " in sturgeon("show", place, *both).out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--where", "nonsense<1"], "must name one of learning_rate, "),
        (["--where", "learning_rate"], "must be NAME<VALUE"),
        (["--where", "learning_rate<much"], "compares by < with a number"),
        (["--state", "asleep"], "one of waiting, running"),
        (["--trial", "99"], "0 to 39; got 99"),
        (["--csv", "--json"], "shown in one way; got `--csv` and `--json`"),
    ],
)
def test_bad_input_is_one_line(sturgeon, place, arguments, said):
    ran = sturgeon("show", place, *arguments)
    assert ran.code == 2
    assert said in ran.complaint


def test_csv_is_a_row_a_trial_best_first(sturgeon, place):
    frame = pd.read_csv(io.StringIO(sturgeon("show", place, "--csv").out))
    with Study.open(place) as study:
        assert sorted(frame["number"]) == [one.number for one in study.trials]
        assert frame["number"][0] == study.best.number
        assert frame["value"][0] == study.best.value


def test_one_trial_is_shown_whole(sturgeon, place):
    with Study.open(place) as study:
        stopped = next(one for one in study.trials if one.state == "stopped")
        best = study.best.number
    shown = sturgeon("show", place, "--trial", stopped.number).out
    assert f"stopped: {RULE}" in shown
    assert f"learning_rate  {stopped.config['learning_rate']}" in shown
    whole = json.loads(sturgeon("show", place, "--trial", best, "--json").out)
    assert whole["trial"] == best
    assert len(whole["curves"]["val_loss"]) == 6
    assert whole["notes"] == ["repeat 1: val_loss=0.25", "repeat 2: val_loss=0.27"]


def test_a_study_is_followed_line_by_line_where_there_is_no_terminal(place, capsys):
    def moments(took):
        yield None
        study.add(study.trial(0).config, {"val_loss": 0.1})
        yield None

    with Study.open(place) as study:
        follow(study, lambda: "", moments=moments)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 41
    assert lines[-1] == "trial 40: complete, val_loss 0.1000"


def test_nothing_hostile_reaches_the_terminal(sturgeon, tmp_path):
    place = tmp_path / "evil.study"
    make_hostile(place).close()
    for arguments in ([], ["--csv"], *(["--trial", number] for number in range(8))):
        printed = sturgeon("show", place, *arguments).out
        assert all(one.isprintable() or one == "\n" for one in printed)
