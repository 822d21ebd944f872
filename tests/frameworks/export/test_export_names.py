"""Names of an exported network's inputs."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from sturgeon.frameworks.export.names import input_names


@settings(max_examples=50, deadline=None)  # a busy machine is not slow code
@given(st.lists(st.text("abAB12_ -/é", max_size=6), unique=True, max_size=6))
def test_every_column_has_a_name_of_its_own_that_all_frameworks_take(columns):
    names = input_names(columns)
    assert list(names) == columns
    assert len({name.lower() for name in names.values()}) == len(columns)
    assert all(re.fullmatch("[A-Za-z][A-Za-z0-9_]*", name) for name in names.values())


def test_plain_names_stay_and_those_that_frameworks_use_do_not():
    assert input_names(["alcohol", "where", "Cast", "self", "class", "Alcohol", "naïve"]) == {
        "alcohol": "alcohol",
        "where": "where_column",
        "Cast": "Cast_column",
        "self": "self_column",
        "class": "class_column",
        "Alcohol": "Alcohol_2",
        "naïve": "na_ve",
    }
