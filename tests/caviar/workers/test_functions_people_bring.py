"""Training functions as people write them: each trains in a worker process, or is refused in one line."""

import asyncio
import contextvars
import dataclasses
import enum
import functools
import io
import os
import random
import threading
from collections import defaultdict, namedtuple

import numpy as np
import pytest

from sturgeon.caviar.tuning import tune
from sturgeon.caviar.workers.function import check_function, pack
from sturgeon.errors import InputError
from sturgeon.search import Grid
from sturgeon.space import Choice, Space
from sturgeon.study import Study


def value(trial):
    return 2.0


class Called:
    def __init__(self, factor):
        self.factor = factor

    def __call__(self, trial):
        return self.factor

    def method(self, trial):
        return self.factor

    @classmethod
    def of_class(cls, trial):
        return 2.0

    @staticmethod
    def static(trial):
        return 2.0


@dataclasses.dataclass(frozen=True)
class Settings:
    factor: float = 2.0

    def __call__(self, trial):
        return self.factor


class Kind(enum.Enum):
    TWO = 2.0


Pair = namedtuple("Pair", "first second")


def logged(function):
    @functools.wraps(function)
    def inner(*arguments, **named):
        return function(*arguments, **named)

    return inner


@logged
def decorated(trial):
    return 2.0


class Lazy:
    @functools.cached_property
    def factor(self):
        return 2.0

    def train(self, trial):
        return self.factor

    @classmethod
    def of_class(cls, trial):
        return cls().factor


def of_a_class_that_goes_by_value():
    class Local:
        @functools.cached_property
        def factor(self):
            return 2.0

        def train(self, trial):
            return self.factor

    return Local().train


def yielding(trial):
    yield 2.0


async def waiting(trial):
    return 2.0


@functools.lru_cache(maxsize=8)
def cached(number):
    return number


def with_default(trial, factor=2.0):
    return factor


def with_star(*arguments):
    return 2.0


def with_keywords(trial, **named):
    return 2.0


def with_type(trial: "Nonsense") -> "float":  # noqa: F821  (an annotation that means nothing)
    return 2.0


def recursive(trial, depth=3):
    return recursive(trial, depth - 1) if depth else 2.0


def by_loop(trial):
    for epoch in trial.epochs(3):
        trial.report(loss=1.0 + epoch / 3)


def by_steps(trial):
    for step in (10, 20):
        trial.report(step=step, loss=2.0)


def as_dict(trial):
    return {"loss": np.float32(2.0), "other": np.array([7])}


def as_array(trial):
    return np.array(2.0)


def as_integer(trial):
    return 2


def as_bool_metric(trial):
    trial.report(loss=np.int64(2))


def printing(trial):
    print("printed", file=io.StringIO())
    return 2.0


def threaded(trial):
    found = []
    worker = threading.Thread(target=lambda: found.append(2.0))
    worker.start()
    worker.join()
    return found[0]


def coroutine_inside(trial):
    async def train():
        return 2.0

    return asyncio.run(train())


def generator_inside(trial):
    return sum(1.0 for _ in range(2))


def seeds(trial):
    random.seed(trial.seed)
    np.random.default_rng(trial.seed)
    return 2.0


def changes_its_configuration(trial):
    trial.config["extra"] = [1]
    return 2.0


def changes_the_environment(trial):
    os.environ["ANYTHING"] = "1"
    return 2.0


def imports_inside(trial):
    import json

    return json.loads("2.0")


def context(trial):
    return contextvars.copy_context().run(lambda: 2.0)


def nested_class(trial):
    class Net:
        value = 2.0

    return Net().value


def closure_of(factor):
    rows = np.full(3, factor)

    def train(trial):
        return float(rows.mean())

    return train


FUNCTIONS = {
    "a function": value,
    "a lambda": lambda trial: 2.0,
    "a closure over an array": closure_of(2.0),
    "a partial": functools.partial(with_default, factor=2.0),
    "a partial of a partial": functools.partial(functools.partial(with_default, factor=3.0), factor=2.0),
    "an object that can be called": Called(2.0),
    "a bound method": Called(2.0).method,
    "a class method": Called.of_class,
    "a static method": Called.static,
    "a frozen dataclass": Settings(),
    "a decorated function": decorated,
    "a helper with a cache": lambda trial: cached(2.0),
    "a method with a cached property": Lazy().train,
    "a class method with a cached property": Lazy.of_class,
    "a method of a local class with a cached property": of_a_class_that_goes_by_value(),
    "a default argument": with_default,
    "star arguments": with_star,
    "keywords": with_keywords,
    "an annotation that means nothing": with_type,
    "recursion": recursive,
    "reports in a loop": by_loop,
    "reports at steps": by_steps,
    "a dict of NumPy numbers": as_dict,
    "an array of one number": as_array,
    "an integer": as_integer,
    "a NumPy integer reported": as_bool_metric,
    "prints": printing,
    "a thread": threaded,
    "a coroutine inside": coroutine_inside,
    "a generator inside": generator_inside,
    "seeds everything": seeds,
    "changes its configuration": changes_its_configuration,
    "changes the environment": changes_the_environment,
    "imports inside": imports_inside,
    "a context": context,
    "a class inside": nested_class,
    "an enum and a named tuple": lambda trial: Pair(Kind.TWO, 1).first.value,
    "a defaultdict": functools.partial(lambda table, trial: table["two"], defaultdict(lambda: 2.0)),
}


def two_arguments(trial, rows):
    return 2.0


def no_argument():
    return 2.0


REFUSED = {
    "nothing": (None, "function of one trial"),
    "a number": (2.0, "function of one trial"),
    "the name of a script": ("train.py", "function of one trial"),
    "two arguments": (two_arguments, "called with one trial"),
    "no argument": (no_argument, "called with one trial"),
    "a generator": (yielding, "which yields"),
    "a partial of a generator": (functools.partial(yielding), "which yields"),
    "a coroutine": (waiting, "which is async"),
    "a keyword that is needed": (lambda trial, *, rows: rows, "called with one trial"),
}

UNSENDABLE = {
    "a thread": lambda: (lambda kept: lambda trial: kept)(threading.Thread()),
    "a lock": lambda: (lambda kept: lambda trial: kept)(threading.Lock()),
    "a study": lambda: (lambda kept: lambda trial: kept)(
        Study.create(":memory:", Space(x=Choice((1,))), minimize="loss")
    ),
    "a generator": lambda: (lambda kept: lambda trial: next(kept))(iter(x for x in range(3))),
}


def test_each_trains_in_a_worker_process(tmp_path):
    space = Space(which=Choice(tuple(FUNCTIONS)))
    study = tune(
        lambda trial: FUNCTIONS[trial.config["which"]](trial),
        space,
        minimize="loss",
        trials=len(FUNCTIONS),
        search=Grid(2),
        study=tmp_path / "functions.study",
        progress=False,
    )
    wrong = {one.config["which"]: (one.value, one.error) for one in study.trials if one.value != 2.0}
    assert not wrong
    assert {one.config["which"] for one in study.trials} == set(FUNCTIONS)
    assert all(set(one.config) == {"which"} for one in study.trials)


@pytest.mark.parametrize(("train", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_called_with_a_trial_is_refused(train, words):
    with pytest.raises(InputError, match=words) as caught:
        check_function(train)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("make", UNSENDABLE.values(), ids=UNSENDABLE)
def test_what_cannot_be_sent_to_a_worker_is_named(make):
    with pytest.raises(InputError, match=r"sent to a worker process.*'kept'.*inside the function") as caught:
        pack(make())
    assert "\n" not in str(caught.value)
