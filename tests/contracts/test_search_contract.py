"""What every search must do, run on each of them."""

import pytest

from sturgeon.errors import SpaceError
from sturgeon.search import SEARCHES, Record, Search, search_by_name, search_from_json
from sturgeon.space import Choice, Real, Space
from sturgeon.testing import SearchContract
from sturgeon.testing.search_contract import generator


class TestSearches(SearchContract):
    @pytest.fixture(params=sorted(SEARCHES))
    def search(self, request) -> Search:
        # A grid has an end of its own; a fine one has it beyond what these tests ask for.
        return (
            search_from_json({"name": "grid", "points": 20})
            if request.param == "grid"
            else search_by_name(request.param)
        )


@pytest.mark.parametrize("name", sorted(SEARCHES.keys() - {"grid"}))
def test_a_constraint_that_nothing_satisfies_is_named(name):
    space = Space(
        a=Real(0.0, 1.0), b=Real(0.0, 1.0, priority=1), c=Choice(("x", "y")), constraint="a + b > 3"
    )
    with pytest.raises(SpaceError, match="must satisfy the constraint"):
        search_by_name(name).suggest(space, Record(), 2, generator(0))
