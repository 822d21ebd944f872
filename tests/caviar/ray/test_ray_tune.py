"""`tune` on a Ray cluster: the same trials, and what happens when nodes are lost."""

import threading
import time
from pathlib import Path

import pytest

from sturgeon.caviar.ray import ray_pool
from sturgeon.caviar.ray.settings import Ray
from sturgeon.caviar.tuning import tune
from sturgeon.errors import InputError, StudyError
from sturgeon.search import Random
from sturgeon.stopping import SuccessiveHalving
from sturgeon.study import Study

pytestmark = pytest.mark.filterwarnings("ignore")  # Ray's own


def bowl(trial):
    for epoch in trial.epochs(3):
        trial.report(loss=(trial.config["x"] - 0.3) ** 2 + 1 / epoch)


def on(cluster, **settings):
    return Ray(address=cluster.address, **settings)


def test_the_trials_are_those_of_as_many_processes_here(cluster, space):
    there = tune(bowl, space, minimize="loss", trials=8, workers=on(cluster, workers=2), seed=3)
    here = tune(bowl, space, minimize="loss", trials=8, workers=2, seed=3)
    assert [(one.config, one.value, one.curves) for one in there.trials] == [
        (one.config, one.value, one.curves) for one in here.trials
    ]


def test_each_trial_has_the_cores_it_asked_for_and_trials_spread_over_the_nodes(cluster, space):
    held = {"threads": 0}

    def train(trial):
        import os

        trial.note(os.environ["OMP_NUM_THREADS"])
        return held["threads"] + trial.config["x"]

    study = tune(train, space, minimize="loss", trials=4, workers=on(cluster, cpus=2))
    assert study.counts()["complete"] == 4
    assert {note.text for one in study.trials for note in one.notes} == {"2"}


def test_a_stopping_rule_judges_what_is_reported_there(cluster, space):
    def train(trial):
        for epoch in trial.epochs(9):
            trial.report(loss=trial.config["x"] / epoch)

    rule = SuccessiveHalving(first=1)
    study = tune(
        train,
        space,
        minimize="loss",
        trials=9,
        search=Random(),
        stopping=rule,
        workers=on(cluster, workers=2),
    )
    counts = study.counts()
    assert counts["stopped"] > 0
    assert counts["complete"] > 0
    assert counts["stopped"] + counts["complete"] == 9


def test_a_failing_trial_fails_alone(cluster, space):
    def train(trial):
        return 1 / (trial.number - 1)

    study = tune(train, space, minimize="loss", trials=3, max_failures=1, workers=on(cluster, workers=1))
    assert [one.state for one in study.trials] == ["complete", "failed", "complete"]
    assert study.trials[1].error.type == "ZeroDivisionError"


def test_a_trial_of_a_lost_node_goes_on_elsewhere_from_its_checkpoint(cluster, space, tmp_path):
    node = cluster.add_node(num_cpus=1, resources={"doomed": 1}, object_store_memory=80_000_000)
    cluster.wait_for_nodes()
    go_on = tmp_path / "go-on"

    def train(trial):
        for epoch in trial.epochs(3):
            trial.report(loss=1 / epoch, attempt=trial.attempt)
            trial.checkpoint(tmp_path / "kept")
            if epoch == 2 and trial.attempt == 1:
                (tmp_path / "reached").touch()
                while not go_on.exists():
                    time.sleep(0.05)

    def lose_the_node():
        while not (tmp_path / "reached").exists():
            time.sleep(0.05)
        cluster.add_node(num_cpus=1, resources={"doomed": 1}, object_store_memory=80_000_000)
        cluster.remove_node(node, allow_graceful=False)

    losing = threading.Thread(target=lose_the_node)
    losing.start()
    study = tune(
        train, space, minimize="loss", trials=1, workers=on(cluster, workers=1, resources={"doomed": 1})
    )
    losing.join()
    best = study.best
    assert best.attempts == 2
    assert [value for _, value in best.curves["attempt"]] == [1, 1, 2]


def test_what_no_node_has_is_an_error_that_names_it(cluster, space):
    with pytest.raises(InputError, match=r"1 CPU, 3 GPU; none of .* the most that one has is .* 0 GPU"):
        tune(bowl, space, minimize="loss", workers=on(cluster, gpus=3, wait=0))


def test_what_cannot_be_sent_is_named(cluster, space):
    lock = threading.Lock()

    def train(trial):
        with lock:
            return 0.0

    with pytest.raises(InputError, match="uses 'lock'"):
        tune(train, space, minimize="loss", workers=on(cluster))


def test_other_versions_on_a_node_are_an_error(cluster, space, monkeypatch):
    monkeypatch.setattr(ray_pool, "versions", lambda: ("9.9", "3.99"))
    with pytest.raises(InputError, match=r"Sturgeon 9\.9 with Python 3\.99; got .* Install the same"):
        tune(bowl, space, minimize="loss", workers=on(cluster))


def test_a_study_in_a_file_is_refused_where_there_are_several_machines(cluster, space, tmp_path, monkeypatch):
    monkeypatch.setattr(ray_pool, "several_machines", lambda: True)
    with pytest.raises(StudyError, match="PostgreSQL"):
        tune(bowl, space, minimize="loss", study=tmp_path / "a.study", workers=on(cluster))
    assert not list(Path(tmp_path).iterdir())


def test_a_file_is_taken_where_all_nodes_are_on_this_machine(cluster, space, tmp_path):
    tune(bowl, space, minimize="loss", trials=2, study=tmp_path / "a.study", workers=on(cluster)).close()
    with Study.open(tmp_path / "a.study") as study:
        assert study.counts()["complete"] == 2
