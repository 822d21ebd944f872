"""A study in each kind of place."""

import pytest

import places


@pytest.fixture
def study(where):
    with places.make_study(where, seed=3) as made:
        yield made
