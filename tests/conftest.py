"""Where the studies of tests are kept, and the scripts of frameworks."""

import pytest

import places
from framework_scripts import ran_in

__all__ = ["ran_in"]


@pytest.fixture(params=["file", "memory", "postgres"])
def where(request, tmp_path):
    """A new place for a study, of each kind."""
    return places.place(request.param, tmp_path)


@pytest.fixture(params=["file", "postgres"])
def lasting(request, tmp_path):
    """A new place for a study that can be opened again, of each kind."""
    return places.place(request.param, tmp_path)
