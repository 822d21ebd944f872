"""What successive halving saves is simulated before a run."""

from __future__ import annotations

import pytest

from sturgeon.caviar.table.planning.halving import halving_parts


@pytest.mark.parametrize("epochs", [1, 2, 9, 30, 100])
def test_halving_spends_a_share_of_a_trainings_epochs(epochs):
    first, *others = halving_parts(epochs, 60)
    assert first == 1
    assert all(part > 0 for part in others)
    assert (sum(others) < len(others)) == (epochs > 2)
    assert max(others) == 1 or epochs > 2
