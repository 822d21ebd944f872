"""Snapshots of the studies that the pictures are tested on, read once."""

import pytest

from drawn_studies import make_drawn, make_hostile, make_two_goals
from sturgeon.figures import take_snapshot


@pytest.fixture(scope="session")
def drawn():
    with make_drawn() as study:
        return take_snapshot(study)


@pytest.fixture(scope="session")
def two_goals():
    with make_two_goals() as study:
        return take_snapshot(study)


@pytest.fixture(scope="session")
def hostile(tmp_path_factory):
    with make_hostile(tmp_path_factory.mktemp("hostile") / "evil.study") as study:
        return take_snapshot(study)
