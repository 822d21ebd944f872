"""Processes that begin one new study at the same moment, and go on with it together."""

import subprocess
import sys
import textwrap

import pytest

import places
from sturgeon.errors import LeaseLost, StudyError
from sturgeon.search import Random, Sobol
from sturgeon.space import Integer, Real, Space
from sturgeon.study import Study

PROCESSES = 3
TRIALS = 14
PROGRAM = f"""
    import sys
    import sturgeon as st
    from sturgeon.caviar.tuning import tune

    def train(trial):
        for epoch in trial.epochs(2):
            trial.report(loss=trial.config["x"] / epoch)

    space = st.Space(x=st.Real(0.0, 1.0))
    print("ready", flush=True)
    for place in sys.argv[1:]:
        sys.stdin.readline()
        tune(
            train, space, minimize="loss", trials={TRIALS}, study=place, resume=True, workers=0,
            search=st.Random(), progress=False,
        ).close()
        print("done", flush=True)
"""


@pytest.mark.parametrize("kind", ["file", "postgres"])
def test_processes_that_begin_one_study_at_once_share_it_and_its_trials(kind, tmp_path):
    wheres = [str(places.place(kind, tmp_path)) for _ in range(2)]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(PROGRAM), *wheres],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    said = [one.stdout.readline() for one in running]
    for where in wheres:
        for one in running:
            one.stdin.write("go\n")
            one.stdin.flush()
        said += [one.stdout.readline() for one in running]
        with Study.open(where) as study:
            trials = study.trials
        assert [trial.number for trial in trials] == list(range(TRIALS))
        assert {trial.state for trial in trials} == {"complete"}
    assert said == ["ready\n"] * PROCESSES + ["done\n"] * PROCESSES * len(wheres)
    for one in running:
        one.communicate()
        assert one.returncode == 0


def test_a_study_is_opened_or_made(lasting):
    space = Space(x=Real(0.0, 1.0))
    with Study.open_or_create(
        lasting, space, minimize="loss", search=Sobol(), seed=3, about={"a": 1}
    ) as made:
        made.tell(made.ask()[0], loss=0.5)
    with Study.open_or_create(lasting, Space(y=Integer(1, 2)), maximize="accuracy", search=Random()) as found:
        assert (found.space, found.search, found.seed, found.about) == (space, Sobol(), 3, {"a": 1})
        assert (found.metric, found.direction, found.best.value) == ("loss", "minimize", 0.5)
    with pytest.raises(StudyError, match="exists already"):
        Study.create(lasting, space, minimize="loss")


def small(config):
    return config["x"] < 0.5


def test_what_a_study_does_not_keep_is_taken_when_it_is_opened_or_made(where):
    space = Space(x=Real(0.0, 1.0), constraint=small)
    for _ in range(2):
        with Study.open_or_create(where, space, minimize="loss", search=Random()) as study:
            assert study.space == space
            assert small(study.ask()[0].config)


def test_a_file_that_is_not_a_study_is_not_made_one(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("x,y\n1,2\n" * 100)
    with pytest.raises(StudyError, match="is not a study"):
        Study.open_or_create(path, places.make_space(), minimize="loss")
    assert path.read_text().startswith("x,y")


def test_no_trial_is_begun_above_the_bound(where):
    with places.make_study(where) as study:
        first = study.ask(2, at_most=3)
        study.enqueue(dict(first[0].config))
        study.enqueue(dict(first[1].config))
        assert [trial.number for trial in study.ask(5, at_most=3)] == [2]
        assert study.ask(5, at_most=3) == []
        assert study.counts()["waiting"] == 1
        assert [trial.number for trial in study.ask(2, at_most=5)] == [3, 4]


def test_a_trial_that_was_begun_before_is_given_at_the_bound(where):
    with places.make_study(where) as study:
        paused, lost = study.ask(2, at_most=2)
        study.pause(paused)
        assert study.retry(lost, "killed") == "waiting"
        assert study.ask(1, paused=False, at_most=2)[0].number == lost.number
        assert study.ask(2, at_most=2)[0].number == paused.number
        assert study.ask(1, at_most=1) == []


def test_the_place_of_a_study_on_a_server_opens_it_and_holds_no_password(tmp_path, monkeypatch):
    with places.make_study(places.place("postgres", tmp_path), seed=3) as study:
        place = study.place
    secret = places.postgres().password
    assert secret not in place
    assert "***" not in place
    monkeypatch.setenv("PGPASSWORD", secret)
    with Study.open(place) as study:
        assert (study.seed, study.place) == (3, place)


def test_a_paused_trial_is_taken_as_it_was_chosen_or_not_at_all(where):
    with places.make_study(where) as study:
        (trial,) = study.ask()
        study.pause(trial)
        chosen_before = study.resume(0, at_step=-1)
        study.report(chosen_before, step=3, loss=0.5)
        study.pause(chosen_before)
        for trained in (6, 7):  # another process takes it, trains it, and puts it aside again
            again = study.resume(0)
            study.report(again, step=trained, loss=float("nan") if trained == 7 else 0.4)
            study.pause(again)
        for step in (-1, 3):
            with pytest.raises(LeaseLost, match=f"chosen at step {step} and has gone on to step 6"):
                study.resume(0, at_step=step)
        assert study.trial(0).state == "paused"
        assert study.resume(0, at_step=6).attempt == 5
