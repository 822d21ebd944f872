"""What every place that keeps studies must do, run on a file and on PostgreSQL."""

import pytest

from sturgeon.testing import StorageContract


class TestStorages(StorageContract):
    @pytest.fixture
    def place(self, lasting):
        return lasting
