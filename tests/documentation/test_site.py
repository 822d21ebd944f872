"""The documentation is built as a site without a warning."""

import subprocess
import sys
from pathlib import Path

import pytest

import sturgeon as st

ROOT = Path(__file__).parent.parent.parent


def test_the_site_is_built_without_a_warning(tmp_path):
    pytest.importorskip("furo")
    site = tmp_path / "site"
    build = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-d", str(tmp_path / "trees")]
    ended = subprocess.run(
        [*build, str(ROOT / "docs"), str(site)], capture_output=True, text=True, timeout=600
    )
    assert ended.returncode == 0, ended.stderr
    page = (site / "reference" / "python.html").read_text(encoding="utf-8")
    assert [name for name in st.__all__ if f'id="sturgeon.{name}"' not in page] == []
