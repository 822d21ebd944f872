"""Tests of a search, a stopping rule or a storage of your own: what every one of them must do; for pytest.

Subclass the contract in a test file, and say in a fixture what is to be tested::

    from sturgeon.testing import SearchContract

    class TestAnnealing(SearchContract):
        @pytest.fixture
        def search(self):
            return Annealing(temperature=0.5)

pytest runs every test of the contract on it. Sturgeon's own searches, rules and storages are tested so too.
It needs pytest and Hypothesis, which Sturgeon itself does not: ``pip install pytest hypothesis``.
"""

import pytest

pytest.register_assert_rewrite(
    *(f"sturgeon.testing.{name}_contract" for name in ("search", "stopping", "storage"))
)

from sturgeon.testing.search_contract import SearchContract  # noqa: E402
from sturgeon.testing.stopping_contract import StoppingContract  # noqa: E402
from sturgeon.testing.storage_contract import StorageContract  # noqa: E402

__all__ = ["SearchContract", "StoppingContract", "StorageContract"]
