import json

from sturgeon.network.portfolio import PORTFOLIO_FILE, portfolio
from sturgeon.network.settings import check_network_space
from sturgeon.space import (
    Constant,
    Integer,
    Real,
    Space,
    config_key,
    network_space,
    notes_space,
    standard_space,
)


def test_it_begins_with_the_default_and_holds_different_configurations_of_the_space():
    space = standard_space()
    found = portfolio(space)
    assert found[0] == space.default() == json.loads(PORTFOLIO_FILE.read_text())[0]
    assert len({config_key(config) for config in found}) == len(found) == 8
    for config in found:
        space.validate(config)


def test_what_is_fixed_stays_fixed_and_what_is_out_of_range_is_left_out():
    space = standard_space().replace(dropout=Constant(0.4), learning_rate=Real(0.01, 0.03, scale="log"))
    found = portfolio(space)
    assert {config["dropout"] for config in found} == {0.4}
    assert all(0.01 <= config["learning_rate"] <= 0.03 for config in found)
    assert 1 <= len(found) < 8
    for config in found:
        space.validate(config)


def test_other_spaces_begin_with_their_default_alone():
    for space in (notes_space(), Space(hidden_units=Integer(8, 16))):
        assert portfolio(space) == [space.default()]


def test_both_spaces_are_of_the_network():
    for name in ("standard", "notes"):
        check_network_space(network_space(name))
