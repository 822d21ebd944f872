"""What a worker finds: its share of the cores, its GPU, and no framework that it did not ask for."""

import importlib.util
import os

import pytest

from sturgeon.caviar.lanes.devices import available_cores
from sturgeon.caviar.ray.settings import Ray
from sturgeon.caviar.tuning import tune
from sturgeon.caviar.workers.environment import Resources, visible_gpus, worker_cores, worker_environment
from sturgeon.errors import InputError

THREADS = [
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
]


@pytest.fixture
def unset(monkeypatch):
    for name in [*THREADS, "LOKY_MAX_CPU_COUNT", "XLA_FLAGS", "NPROC", "CUDA_VISIBLE_DEVICES"]:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(("workers", "threads"), [(1, "8"), (2, "4"), (3, "2"), (8, "1"), (20, "1")])
def test_workers_share_the_cores(workers, threads):
    made = worker_environment(0, workers, cores=8, gpus=[], base={"HOME": "/home/me"})
    assert {made[name] for name in THREADS} == {threads}
    assert made["HOME"] == "/home/me"
    assert ("XLA_FLAGS" in made) == (threads == "1")


def test_what_the_user_set_stays():
    base = {
        "MKL_NUM_THREADS": "5",
        "NPROC": "6",
        "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=true",
        "CUDA_VISIBLE_DEVICES": "3",
    }
    made = worker_environment(0, 8, cores=8, gpus=visible_gpus(base), base=base)
    assert {name: made[name] for name in base} == base
    assert made["OMP_NUM_THREADS"] == "1"


def test_tensorflow_says_only_what_went_wrong():
    def level(base):
        return worker_environment(0, 1, cores=1, gpus=[], base=base)["TF_CPP_MIN_LOG_LEVEL"]

    assert (level({}), level({"TF_CPP_MIN_LOG_LEVEL": "0"})) == ("2", "0")


def test_other_flags_of_xla_are_kept():
    made = worker_environment(0, 8, cores=8, gpus=[], base={"XLA_FLAGS": "--xla_dump_to=/tmp/x"})
    assert made["XLA_FLAGS"] == "--xla_dump_to=/tmp/x --xla_cpu_multi_thread_eigen=false"


def test_each_worker_sees_one_of_several_gpus():
    def seen(gpus, base):
        return [
            worker_environment(slot, 3, cores=8, gpus=gpus, base=base).get("CUDA_VISIBLE_DEVICES")
            for slot in range(3)
        ]

    assert seen(["0", "1"], {}) == ["0", "1", "0"]
    assert seen(["4", "7", "9"], {"CUDA_VISIBLE_DEVICES": "4,7,9"}) == ["4", "7", "9"]
    assert seen(["0"], {}) == [None, None, None]
    assert seen([], {"CUDA_VISIBLE_DEVICES": ""}) == ["", "", ""]


@pytest.mark.parametrize(
    ("lines", "exit_code", "found"),
    [
        (["GPU 0: NVIDIA H200 (UUID: GPU-1)", "  MIG 1g", "GPU 1: NVIDIA H200 (UUID: GPU-2)"], 0, ["0", "1"]),
        (["NVIDIA-SMI has failed because it couldn't communicate with the driver"], 9, []),
    ],
)
def test_gpus_are_listed_by_nvidia_smi(tmp_path, lines, exit_code, found):
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\n" + "".join(f'echo "{line}"\n' for line in lines) + f"exit {exit_code}\n")
    program.chmod(0o755)
    assert visible_gpus({"PATH": f"{tmp_path}:{os.environ['PATH']}"}) == found
    assert visible_gpus({"PATH": str(tmp_path / "nowhere")}) == []


def test_workers_see_different_gpus_for_real(space, unset, monkeypatch, fifo):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")

    def train(trial):
        with fifo.open("r" if trial.number else "w"):  # both run at once
            return {"loss": 0.0, "gpu": int(os.environ["CUDA_VISIBLE_DEVICES"])}

    study = tune(train, space, minimize="loss", trials=2, workers=2)
    assert sorted(trial.metrics["gpu"] for trial in study.trials) == [4, 7]


def threads_of_numpy(trial):
    import numpy as np
    import threadpoolctl

    np.ones((64, 64)) @ np.ones((64, 64))
    pools = [pool["num_threads"] for pool in threadpoolctl.threadpool_info()]
    return {"loss": 0.0, "threads": max(pools)}


def test_numpy_in_a_worker_uses_its_share(space, unset, monkeypatch):
    pytest.importorskip("threadpoolctl")
    study = tune(threads_of_numpy, space, minimize="loss", trials=1, workers=available_cores())
    assert study.best.metrics["threads"] == 1
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.setenv("MKL_NUM_THREADS", "2")
    study = tune(threads_of_numpy, space, minimize="loss", trials=1, workers=available_cores())
    # A library may use fewer than it is told where there are fewer cores.
    assert study.best.metrics["threads"] == min(2, available_cores())


def test_torch_in_a_worker_uses_its_share(space, unset):
    if importlib.util.find_spec("torch") is None:
        pytest.skip("PyTorch is not installed")

    def train(trial):
        import torch

        return {"loss": 0.0, "threads": torch.get_num_threads()}

    study = tune(train, space, minimize="loss", trials=1, workers=available_cores())
    assert study.best.metrics["threads"] == 1


def cores_of(workers, cores, allowed, base=None):
    return [
        worker_cores(slot, workers, cores=cores, allowed=allowed, base=base or {}) for slot in range(workers)
    ]


def test_each_worker_has_cores_of_its_own():
    assert cores_of(2, 4, [0, 1, 2, 3]) == [[0, 1], [2, 3]]
    assert cores_of(2, 5, [1, 3, 5, 7, 9]) == [[1, 3], [5, 7, 9]]  # of those that the parent may use
    assert cores_of(3, 3, [0, 1, 2]) == [[0], [1], [2]]
    assert cores_of(2, 4, list(range(64))) == [[0, 1], [32, 33]]  # a container's share of a large machine
    assert cores_of(1, 4, [0, 1, 2, 3]) == [None]
    assert cores_of(3, 2, [0, 1]) == [None] * 3  # more workers than cores share them
    assert cores_of(2, 2, [0, 1], {"OMP_NUM_THREADS": "2"}) == [None] * 2
    assert cores_of(2, 2, [0, 1], {"OMP_PROC_BIND": "true"}) == [None] * 2


def cores_seen(trial):
    import joblib

    return {"loss": 0.0, "cores": len(os.sched_getaffinity(0)), "jobs": joblib.cpu_count()}


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores are held on Linux only")
def test_workers_hold_their_cores_for_real(space, unset, monkeypatch):
    here = len(os.sched_getaffinity(0))
    if available_cores() < 2 or available_cores() != here:
        pytest.skip("it takes two cores")

    def seen(workers):
        metrics = tune(cores_seen, space, minimize="loss", trials=1, workers=workers).best.metrics
        return metrics["cores"], metrics["jobs"]

    assert seen(here) == (1, 1)
    assert seen(here + 1) == (here, 1)
    assert seen(1) == (here, here)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert seen(here) == (here, 1)
    assert len(os.sched_getaffinity(0)) == here  # this process keeps what it has


def boosted(trial):
    import time

    import numpy as np
    from lightgbm import LGBMRegressor

    rng = np.random.default_rng(trial.seed)
    inputs = rng.random((500, 5))
    start = time.process_time()
    LGBMRegressor(n_estimators=20, verbosity=-1).fit(inputs, inputs[:, 0])
    return {"loss": 0.0, "seconds": time.process_time() - start, "cores": len(os.sched_getaffinity(0))}


@pytest.mark.skipif(importlib.util.find_spec("lightgbm") is None, reason="LightGBM is not installed")
def test_lightgbm_with_its_defaults_does_not_fight_over_cores(space, unset):
    study = tune(boosted, space, minimize="loss", trials=2, workers=available_cores())
    assert max(trial.metrics["seconds"] for trial in study.trials) < 5


def test_neither_side_loads_what_the_function_does_not_use(script):
    run = script(
        """
        import json, sys
        import sturgeon as st

        def train(trial):
            import sys
            trial.report(loss=trial.config["x"])
            return {"loss": 1.0, **{name: float(name in sys.modules) for name in ("jax", "sqlalchemy")}}

        study = st.tune(train, st.Space(x=st.Real(0, 1)), minimize="loss", trials=1, progress=False)
        print("here", json.dumps([name for name in ("jax", "torch", "pandas") if name in sys.modules]))
        print("there", json.dumps(study.best.metrics))
        """
    )
    assert run.said("here ") == []
    assert run.said("there ") == {"loss": 1.0, "jax": 0.0, "sqlalchemy": 0.0}
    assert run.end() == (0, "", "")


@pytest.mark.parametrize(
    ("resources", "seen"),
    [
        ({"gpus": 2}, ["0,1", "2,3"]),
        ({"gpus": 1}, ["0", "1"]),
        ({"gpus": 0.5}, ["0", "0"]),
        ({"gpus": 0}, ["", ""]),
        ({}, ["0", "1"]),
    ],
)
def test_each_worker_sees_the_gpus_that_it_is_to_have(resources, seen):
    asked = Resources.of(resources)
    asked.check(2, cores=8, gpus=["0", "1", "2", "3"])
    made = [
        worker_environment(slot, 2, cores=8, gpus=["0", "1", "2", "3"], base={}, resources=asked)
        for slot in range(2)
    ]
    assert [one["CUDA_VISIBLE_DEVICES"] for one in made] == seen


def test_each_worker_has_the_cores_that_it_is_to_have():
    asked = Resources(cores=3)
    made = worker_environment(0, 2, cores=8, gpus=[], base={}, resources=asked)
    assert {made[name] for name in THREADS} == {"3"}
    own = [worker_cores(slot, 2, cores=8, allowed=range(8), base={}, each=3) for slot in range(2)]
    assert own == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="the system does not bind processes")
def test_a_trial_runs_on_the_cores_that_it_asked_for(unset, space):
    def train(trial):
        return {"loss": float(len(os.sched_getaffinity(0))), "threads": float(os.environ["OMP_NUM_THREADS"])}

    best = tune(train, space, minimize="loss", trials=1, resources={"cores": 1, "gpus": 0}).best
    assert (best.value, best.metrics["threads"]) == (1, 1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"resources": {"cores": 10_000}}, r"workers=1 with 10000 each, and it has \d+"),
        ({"resources": {"gpus": 10_000}}, r"the GPUs that all workers ask for; .* and it has \d+"),
        ({"resources": {"cores": 1.5}}, "a whole number from 1; got 1.5"),
        ({"resources": {"gpus": 1.5}}, "or a fraction below 1; got 1.5"),
        ({"resources": {"cpu": 2}}, "got {'cpu': 2}. Write resources="),
        ({"resources": 2}, "got 2. Write resources="),
        ({"resources": {"cores": 1}, "workers": 0}, "with workers=0. Use workers=1"),
        ({"resources": {"cores": 1}, "workers": Ray()}, r"Write workers=st.Ray\(cpus=2, gpus=1\)"),
    ],
)
def test_resources_that_are_not_there_are_refused_in_one_line(options, words, space, tmp_path):
    place = tmp_path / "refused.study"
    with pytest.raises(InputError, match=words) as caught:
        tune(lambda trial: 0.0, space, minimize="loss", trials=1, study=place, **options)
    assert "\n" not in str(caught.value)
    assert not place.exists()
