"""The server's tests are skipped without the extra ``dashboard``."""

import pytest

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")
