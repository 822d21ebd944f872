"""What a release says of itself is the same everywhere."""

import re
import runpy
import tomllib
from pathlib import Path

import pytest
import yaml

import sturgeon

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text())


def test_the_version_is_the_same_everywhere():
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest is not None
    assert {PROJECT["version"], CITATION["version"], newest[1]} == {sturgeon.__version__}


def test_authors_and_licence_are_the_same_everywhere():
    assert CITATION["authors"] == PROJECT["authors"]
    assert CITATION["license"] == PROJECT["license"]


@pytest.mark.parametrize("extra", PROJECT["optional-dependencies"])
def test_every_dependency_has_one_oldest_version(extra):
    extras = [] if extra in ("all", "dev") else [extra]
    bounds = runpy.run_path(str(ROOT / "scripts" / "oldest"))["lower_bounds"](extras)
    assert bounds
    assert all(re.fullmatch(r"[\w.-]+==[\d.]+( ; .+)?", line) for line in bounds)


def test_every_python_that_is_supported_is_said():
    said = [line.rsplit(" ", 1)[1] for line in PROJECT["classifiers"] if "Python :: 3." in line]
    assert PROJECT["requires-python"] == f">={said[0]}"
    assert [int(one.split(".")[1]) for one in said] == list(range(11, 11 + len(said)))
