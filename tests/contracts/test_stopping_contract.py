"""What every stopping rule must do, run on each of them."""

import pytest

from sturgeon.stopping import STOPPINGS, Patience, Stopping, stopping_by_name
from sturgeon.testing import StoppingContract


class TestPatience(StoppingContract):
    stops_plateaus = True

    @pytest.fixture
    def rule(self) -> Stopping:
        return Patience()


class TestOtherRules(StoppingContract):
    @pytest.fixture(params=sorted(STOPPINGS.keys() - {"patience"}))
    def rule(self, request) -> Stopping:
        return stopping_by_name(request.param)
