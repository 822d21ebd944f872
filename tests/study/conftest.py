import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import places


@pytest.fixture(params=["file", "memory", "postgres"])
def where(request, tmp_path):
    """A new place for a study, of each kind."""
    return places.place(request.param, tmp_path)


@pytest.fixture(params=["file", "postgres"])
def lasting(request, tmp_path):
    """A new place for a study that can be opened again, of each kind."""
    return places.place(request.param, tmp_path)
