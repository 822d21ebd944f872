"""Functions from wherever users write them."""

import os
import subprocess
import sys
import textwrap
import threading

import pytest

from sturgeon.caviar.tuning import tune
from sturgeon.caviar.workers.function import check_function, pack, unpack
from sturgeon.errors import InputError, RunError


def test_a_script_needs_no_guard_and_is_not_run_again(script):
    run = script(
        """
        import json, pickle
        import sturgeon as st

        print("script runs")
        SCALE = 2.0

        class Net:
            def __init__(self, units):
                self.units = units

        def scaled(x):
            return SCALE * x

        def train(trial):
            net = pickle.loads(pickle.dumps(Net(3)))  # pickle finds the script's classes
            assert isinstance(net, Net)
            return scaled(trial.config["x"])

        space = st.Space(x=st.Real(0, 1))
        study = st.tune(train, space, minimize="loss", trials=3, workers=2, progress=False)
        print("values", json.dumps([t.value == 2 * t.config["x"] for t in study.trials]))
        """
    )
    code, out, err = run.end()
    assert out.splitlines() == ["script runs", "values [true, true, true]"]
    assert (code, err) == (0, "")


def test_a_function_of_an_interactive_session_that_no_file_holds(tmp_path):
    session = """
        import sturgeon as st
        offset = 1.0
        def train(trial):
            return trial.config["x"] + offset

        study = st.tune(train, st.Space(x=st.Real(0, 1)), minimize="loss", trials=2)
        print([t.value == t.config["x"] + 1 for t in study.trials])
        """
    done = subprocess.run(
        [sys.executable, "-i"], input=textwrap.dedent(session), capture_output=True, text=True, cwd=tmp_path
    )
    assert done.stdout.strip() == "[True, True]"


def test_a_function_of_a_module_beside_the_script(script, tmp_path):
    (tmp_path / "training.py").write_text(
        "import helper\n\n\ndef train(trial):\n    return helper.value(trial)\n"
    )
    (tmp_path / "helper.py").write_text("def value(trial):\n    return trial.config['x']\n")
    run = script(
        """
        import sturgeon as st
        import training

        space = st.Space(x=st.Real(0, 1))
        study = st.tune(training.train, space, minimize="loss", trials=2, progress=False)
        print(study.counts()["complete"])
        """
    )
    assert run.end() == (0, "2\n", "")


def test_closures_methods_and_callable_objects(space):
    offset = 2.0

    def closure(trial):
        return trial.config["x"] + offset

    class Trainer:
        def __init__(self, offset):
            self.offset = offset

        def train(self, trial):
            return trial.config["x"] + self.offset

        __call__ = train

    for train in (closure, Trainer(2.0).train, Trainer(2.0)):
        study = tune(train, space, minimize="loss", trials=1)
        assert study.best.value == study.best.config["x"] + 2.0


def test_an_importable_function_goes_by_name():
    assert unpack(pack(check_function)) is check_function
    assert len(pack(check_function)) < 200


@pytest.mark.parametrize(
    ("train", "words"),
    [
        (3, "must be a function of one trial; got 3"),
        (lambda: 1.0, r"can be called with one trial; got <lambda>\(\)"),
        (lambda trial, model: 1.0, r"got <lambda>\(trial, model\)"),
    ],
)
def test_what_cannot_be_called_with_a_trial_is_refused(space, train, words):
    with pytest.raises(InputError, match=words):
        tune(train, space, minimize="loss")


def test_what_cannot_be_sent_is_named_and_no_study_is_made(space, tmp_path):
    lock = threading.Lock()

    def train(trial):
        with lock:
            return 1.0

    where = tmp_path / "a.study"
    with pytest.raises(
        InputError, match=r"got 'train', which uses 'lock', a lock \(TypeError: cannot pickle"
    ):
        tune(train, space, minimize="loss", study=where)
    assert not where.exists()
    assert tune(train, space, minimize="loss", trials=1, workers=0).best.value == 1.0


class Reduced:
    """Does, when it is loaded, what it is told."""

    def __init__(self, *call):
        self.call = call

    def __call__(self, trial):
        return 1.0

    def __reduce__(self):
        return self.call


def import_what_is_missing():
    import sturgeon_does_not_exist  # noqa: F401  # pyright: ignore[reportMissingImports]


def test_what_cannot_be_loaded_in_a_worker_is_said_and_no_study_is_made(space, tmp_path):
    where = tmp_path / "a.study"
    with pytest.raises(InputError, match=r"can load; it got ModuleNotFoundError.*sturgeon_does_not_exist"):
        tune(Reduced(import_what_is_missing, ()), space, minimize="loss", study=where)
    assert not where.exists()


def test_a_worker_that_dies_while_it_loads_is_given_up(space):
    with pytest.raises(RunError, match="3 in a row did not: its worker process ended with exit code 7"):
        tune(Reduced(os._exit, (7,)), space, minimize="loss")
