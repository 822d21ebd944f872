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


def test_whatever_in_a_script_can_be_called_can_be_trained(script):
    run = script(
        """
        import enum, functools, json, pickle
        from collections import namedtuple
        from dataclasses import dataclass
        import sturgeon as st

        class Net:
            pass

        class Kind(enum.Enum):
            DEEP = 2

        @dataclass(frozen=True)
        class Setting:
            scale: float = 2.0

        Pair = namedtuple("Pair", "a b")

        def value(trial):
            for one in (Net(), Kind.DEEP, Setting(), Pair(1, 2)):  # pickle finds the script's classes
                assert type(pickle.loads(pickle.dumps(one))) is type(one)
            return 2 * trial.config["x"]

        class Trainer:
            def __init__(self, scale):
                self.scale = scale
            def __call__(self, trial):
                assert pickle.loads(pickle.dumps(self)).scale == 2
                return value(trial)
            def method(self, trial):
                return value(trial)
            @classmethod
            def of_class(cls, trial):
                return cls(2)(trial)
            @staticmethod
            def static(trial):
                return value(trial)

        class Constructed(float):
            def __new__(cls, trial):
                return float.__new__(cls, value(trial))

        class decorated:
            def __init__(self, function):
                functools.update_wrapper(self, function)
            def __call__(self, trial):
                return self.__wrapped__(trial)

        @decorated
        def train(trial):
            return value(trial)

        @functools.lru_cache(maxsize=None)
        def fibonacci(n):
            return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)

        @functools.singledispatch
        def scale(given):
            raise TypeError
        scale.register(int, lambda given: 2)

        def with_helpers(trial):
            assert fibonacci(90) == 2880067194370816120 and fibonacci.cache_info().misses == 91
            return scale(1) * trial.config["x"]

        @functools.cache
        def cached(trial):
            return value(trial)

        def of_a_class(trial, kind):
            assert type(pickle.loads(pickle.dumps(kind()))) is kind
            return 2 * trial.config["x"]

        space = st.Space(x=st.Real(0, 1))
        each = {
            "object": Trainer(2), "method": Trainer(2).method, "class method": Trainer.of_class,
            "static method": Trainer.static, "class": Constructed, "class decorator": train,
            "helpers": with_helpers, "cached": cached, "partial": functools.partial(of_a_class, kind=Net),
            "lambda": lambda trial: value(trial),
        }
        for name, one in each.items():
            study = st.tune(one, space, minimize="loss", trials=1, progress=False)
            assert study.best.value == 2 * study.best.config["x"], name
        print("done", len(each))
        """
    )
    assert run.end() == (0, "done 10\n", "")


@pytest.mark.parametrize(
    ("method", "guard"), [("spawn", "if True:"), ("forkserver", 'if __name__ == "__main__":')]
)
def test_processes_that_a_training_starts_find_what_is_in_the_script(script, method, guard):
    run = script(
        f"""
        import multiprocessing
        import sturgeon as st

        class Item:
            def __init__(self, x):
                self.x = x

        def double(item):
            return Item(2 * item.x)

        def train(trial):
            with multiprocessing.get_context("{method}").Pool(1) as pool:
                return pool.map(double, [Item(trial.config["x"])])[0].x

        {guard}
            space = st.Space(x=st.Real(0, 1))
            study = st.tune(train, space, minimize="loss", trials=1, progress=False)
            print(study.best.value == 2 * study.best.config["x"])
        """
    )
    assert run.end() == (0, "True\n", "")


def test_processes_that_a_training_starts_find_what_is_in_a_module_run_as_script(tmp_path):
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "jobs.py").write_text(
        textwrap.dedent(
            """
            from concurrent.futures import ProcessPoolExecutor
            from multiprocessing import get_context
            import sturgeon as st

            def double(x):
                return 2 * x

            def train(trial):
                with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                    return pool.submit(double, trial.config["x"]).result()

            study = st.tune(train, st.Space(x=st.Real(0, 1)), minimize="loss", trials=1, progress=False)
            print(study.best.value == 2 * study.best.config["x"])
            """
        )
    )
    done = subprocess.run(
        [sys.executable, "-m", "package.jobs"], capture_output=True, text=True, cwd=tmp_path, timeout=300
    )
    assert (done.stdout, done.stderr) == ("True\n", "")


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


def fail_with_a_remedy():
    raise RuntimeError("It cannot be. Leave it out.")


def test_what_an_error_says_that_ends_in_a_full_stop_has_one(space):
    with pytest.raises(InputError, match=r"RuntimeError: It cannot be. Leave it out. Make what is missing"):
        tune(Reduced(fail_with_a_remedy, ()), space, minimize="loss")


def test_a_module_that_tunes_when_it_is_imported_starts_no_workers_of_workers(tmp_path):
    (tmp_path / "tunes_itself.py").write_text(
        "import sturgeon as st\n"
        "def train(trial):\n"
        "    return 1.0\n"
        "st.tune(train, st.Space(x=st.Real(0, 1)), minimize='loss', trials=1)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", "import tunes_itself"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("sturgeon.errors.InputError: The module that `train` is in must not tune when")


def test_a_worker_that_dies_while_it_loads_is_given_up(space):
    with pytest.raises(RunError, match="3 in a row did not: its worker process ended with exit code 7"):
        tune(Reduced(os._exit, (7,)), space, minimize="loss")
