"""What `sturgeon show` shows besides the table: one trial, some trials, CSV, a study that goes on."""

import io
import json
import subprocess
import sys
from textwrap import dedent

import pandas as pd
import pytest

from drawn_studies import RULE, make_drawn, make_hostile
from sturgeon.caviar.requests import Requests
from sturgeon.cli.views.follow import follow
from sturgeon.space import Real, Space
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
    assert (
        " of 40 trials, by --where optimizer=momentum and --state stopped"
        in sturgeon("show", place, *both).out
    )


def test_it_says_how_many_of_the_trials_it_lists(sturgeon, place):
    assert "10 of 40 trials, the best first; `--top 40` lists all" in sturgeon("show", place).out
    assert "--top" not in sturgeon("show", place, "--top", "40").out


def test_where_no_trial_fits_it_says_so_and_no_more(sturgeon, place):
    lines = sturgeon("show", place, "--where", "learning_rate>1e9").out.splitlines()
    assert lines[2:] == ["shown: none of 40 trials, by --where learning_rate>1e9"]


def test_a_failed_trial_has_no_values_of_any_objective(sturgeon, tmp_path):
    place = tmp_path / "two.study"
    with Study.create(place, Space(x=Real(0.0, 1.0)), minimize=("val_loss", "size")) as study:
        trial = study.ask()[0]
        study.report(trial, step=1, val_loss=0.5, size=2.67)
        study.fail(trial, "it broke")
    assert "2.67" not in sturgeon("show", place, "--state", "failed").out
    [shown] = json.loads(sturgeon("show", place, "--json").out)["all_trials"]
    assert shown["values"] == {"val_loss": None, "size": None}


DYING = """
    import os, sys
    import sturgeon as st

    with st.Study.create(sys.argv[1], st.Space(x=st.Real(0.0, 1.0)), minimize="loss") as study:
        study.report(study.ask()[0], step=1, loss=0.5)
        os._exit(9)
"""


def test_it_says_that_a_run_died(sturgeon, tmp_path):
    place = tmp_path / "dead.study"
    assert subprocess.run([sys.executable, "-c", dedent(DYING), place], check=False).returncode == 9
    said = "not running: the process that trained the 1 marked as running is gone."
    assert f"{said} Go on by the same command with `--resume`." in sturgeon("show", place).out


@pytest.mark.parametrize(("asked", "said"), [(("pause",), True), (("pause", "resume"), False), ((), False)])
def test_it_says_that_a_run_is_paused_by_hand(sturgeon, tmp_path, asked, said):
    place = tmp_path / "paused.study"
    with Study.create(place, Space(x=Real(0.0, 1.0)), minimize="loss") as study:
        study.ask()
        requests = Requests(study)
        for action in asked:
            study.journal.write("request", {"action": action})
        requests.look(())
        shown = sturgeon("show", place).out
    assert ("paused by hand: no trial is begun until it is resumed. Resume it on " in shown) == said
    assert "not running" not in shown


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
