"""Where studies are kept in tests: the fixtures that the study's test modules share."""

import itertools
import os

import pytest

import postgres_server
from sturgeon.search import Random
from sturgeon.space import Choice, Integer, Real, Space
from sturgeon.study import Study

_counter = itertools.count()


def postgres():
    """Give the running server; skip without its programs, unless on CI, where they must be there."""
    server = postgres_server.shared_server()
    if server is None:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail("CI must have PostgreSQL's server programs (initdb, postgres)")
        pytest.skip("PostgreSQL's server programs (initdb, postgres) are not installed")
    return server


def place(kind, tmp_path):
    """Give a new place for a study of a kind: ``"file"``, ``"memory"`` or ``"postgres"``."""
    if kind == "memory":
        return ":memory:"
    if kind == "postgres":
        return postgres().url(f"study{os.getpid()}-{next(_counter)}")
    return tmp_path / f"study{next(_counter)}.study"


def make_space():
    return Space(
        learning_rate=Real(1e-4, 1.0, scale="log", priority=1),
        hidden_units=Integer(50, 100),
        optimizer=Choice(["adam", "momentum"]),
        momentum=Real(0.9, 0.999, scale="reverse_log", when={"optimizer": "momentum"}),
    )


def make_study(where, **settings):
    goal = {} if "maximize" in settings or "minimize" in settings else {"minimize": "loss"}
    return Study.create(
        where, settings.pop("space", None) or make_space(), search=Random(), **goal, **settings
    )


def finish(study, trial, loss):
    """Report two steps of a trial and end it with a value."""
    study.report(trial, step=1, loss=loss + 1, accuracy=0.5)
    study.report(trial, step=2, loss=loss, accuracy=0.6)
    return study.tell(trial, loss=loss)
