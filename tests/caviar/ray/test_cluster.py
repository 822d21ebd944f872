"""Trials on a real Ray cluster of two nodes: the same results, and what happens when a node is killed.

One cluster, one connection and as few actors as will do: each start of one costs seconds of a core.
"""

import functools
import os
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import cloudpickle
import psutil
import pytest

import counting_lanes
from counting_lanes import OBJECTIVE, counting, job, tell_apart, to_the_end
from sturgeon.caviar.ray import actors
from sturgeon.caviar.ray.actors import Cluster
from sturgeon.caviar.ray.ray_lanes import RayTrainer
from sturgeon.caviar.ray.settings import Ray
from sturgeon.caviar.tuning import tune
from sturgeon.errors import InputError, StudyError
from sturgeon.space import Real, Space

ray = pytest.importorskip("ray")
pytestmark = pytest.mark.filterwarnings("ignore")  # Ray's own
SPACE = Space(x=Real(0.0, 1.0))
NODE = {"num_cpus": 2, "object_store_memory": 80_000_000}


@pytest.fixture(scope="module")
def nodes():
    """A cluster that this process is connected to: its head, and a node that a test may kill."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        here = str(Path(counting_lanes.__file__).parent)  # for what nodes import, too
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH")))))
        warnings.simplefilter("ignore")
        from ray.cluster_utils import Cluster as Nodes

        made = Nodes(initialize_head=True, head_node_args={**NODE, "include_dashboard": False})
        made.add_node(**NODE, env_vars={"DOOMED": "1"})
        made.wait_for_nodes()
        ray.init(made.address, logging_level="ERROR", log_to_driver=False)
    yield made
    ray.shutdown()
    made.shutdown()


def train_nothing(trial):
    return trial.config["x"]


def test_what_no_node_has_is_an_error_that_names_it(nodes):
    with pytest.raises(InputError, match=r"1 CPU, 3 GPU; none of 2 .* the most that one has is .* 0 GPU"):
        tune(train_nothing, SPACE, minimize="loss", workers=Ray(gpus=3, wait=0))


def test_what_cannot_be_sent_is_named(nodes):
    lock = threading.Lock()

    def train(trial):
        with lock:
            return 0.0

    with pytest.raises(InputError, match="uses 'lock'"):
        tune(train, SPACE, minimize="loss", workers=Ray())


def test_a_study_in_a_file_is_refused_where_there_are_several_machines(nodes, tmp_path, monkeypatch):
    monkeypatch.setattr(actors, "several_machines", lambda: True)
    with pytest.raises(StudyError, match="PostgreSQL"):
        tune(train_nothing, SPACE, minimize="loss", study=tmp_path / "a.study", workers=Ray())
    assert not list(tmp_path.iterdir())


def test_a_killed_driver_takes_its_workers_along_and_the_study_is_resumed(nodes, tmp_path):
    study, waits = tmp_path / "a.study", tmp_path / "waits"

    def train(trial):
        if trial.number == 1 and trial.attempt == 1:
            waits.write_text(str(os.getpid()))
            time.sleep(3600)
        return trial.config["x"]

    script = tmp_path / "script.py"
    script.write_text(
        "import sys, cloudpickle, sturgeon as st; given = cloudpickle.loads(open(sys.argv[1], 'rb').read());"
        "st.tune(given[0], st.Space(x=st.Real(0, 1)), minimize='loss', trials=3, study=sys.argv[2],"
        "workers=st.Ray(address=given[1], workers=1))"
    )
    (tmp_path / "given").write_bytes(cloudpickle.dumps((train, nodes.address)))
    words = [sys.executable, "-W", "ignore", script, tmp_path / "given", study]
    driver = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    while not waits.exists() or not waits.read_text():
        assert driver.poll() is None
        time.sleep(0.05)
    trainer = psutil.Process(int(waits.read_text()))
    driver.kill()
    driver.wait()
    resumed = tune(train, SPACE, minimize="loss", trials=3, study=study, workers=1, resume=True)
    assert resumed.counts()["complete"] == 3
    assert [one.attempts for one in resumed.trials] == [1, 2, 1]
    resumed.close()
    trainer.wait(300)  # raises where it lives on


def test_lanes_train_the_same_jobs_and_take_over_those_of_a_process_that_died(nodes):
    jobs = [job(number, breaks="start") if number == 3 else job(number) for number in range(6)]
    expected, ends = tell_apart(counting(50, width=1).train(jobs, threading.Event()))
    trainer = RayTrainer(Cluster(Ray(workers=2)), functools.partial(counting, 50, width=1), OBJECTIVE, 50)
    killed = False
    events = []
    with trainer.open() as lanes:
        for one in jobs:
            lanes.start(one)
        for event in to_the_end(lanes):
            events.append(event)
            busy = [slot for slot, held in lanes._jobs.items() if held]
            if not killed and len(events) > 40 and busy:
                ray.kill(lanes._actors.members[busy[0]].handle)
                killed = True
    curves, ended = tell_apart(events)
    assert killed
    assert curves == expected
    assert {number: type(event) for number, event in ended.items()} == {
        number: type(event) for number, event in ends.items()
    }


def test_trials_of_a_killed_node_go_on_elsewhere_from_their_checkpoints(nodes, tmp_path):
    ended = []

    def waits():
        return {int(path.name) for path in tmp_path.glob("[0-9]*")}

    def train(trial):
        while "DOOMED" not in os.environ and not waits():
            time.sleep(0.05)  # or the trials could be over before the other node has one
        for epoch in trial.epochs(3):
            trial.report(loss=trial.config["x"] / epoch, attempt=trial.attempt)
            trial.checkpoint(tmp_path / "kept")
            if epoch == 2 and "DOOMED" in os.environ:
                (tmp_path / str(trial.number)).touch()
                time.sleep(3600)

    def lose_the_node():
        while not waits():
            time.sleep(0.05)
        nodes.remove_node(next(iter(nodes.worker_nodes)), allow_graceful=False)

    losing = threading.Thread(target=lose_the_node)
    losing.start()
    study = tune(
        train, SPACE, minimize="loss", trials=4, workers=Ray(workers=3),
        callbacks=[lambda study, trial: ended.append(trial.number)],
    )  # fmt: skip
    losing.join()
    assert sorted(ended) == list(range(4))
    assert study.counts()["complete"] == 4
    assert {one.attempts for one in study.trials} == {1, 2}
    for one in study.trials:
        steps, by_attempt = zip(*one.curves["attempt"], strict=True)
        assert steps == (1, 2, 3)
        if one.number in waits():
            assert by_attempt == (1, 1, 2)
        else:  # another one of that node may have been lost sooner
            assert list(by_attempt) == sorted(by_attempt)
            assert by_attempt[-1] == one.attempts
