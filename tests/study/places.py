"""Where studies are kept in tests: the fixtures that the study's test modules share."""

import importlib.util
import itertools
import os
import sys
from pathlib import Path

import pytest

from sturgeon.search import Random
from sturgeon.space import Choice, Integer, Real, Space
from sturgeon.study import Study

_counter = itertools.count()


def load(name):
    """Load a helper that lies beside this file, once in a process."""
    key = f"sturgeon_tests_{name}"
    if key not in sys.modules:
        spec = importlib.util.spec_from_file_location(key, Path(__file__).parent / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules[key] = module
        spec.loader.exec_module(module)
    return sys.modules[key]


def postgres():
    """Give the running server; skip without its programs, unless on CI, where they must be there."""
    server = load("postgres_server").shared_server()
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
