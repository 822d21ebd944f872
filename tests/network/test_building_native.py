"""How the compiled network is built, and which library is taken."""

import runpy
import shutil
from pathlib import Path

import numpy as np
import pytest

from sturgeon.network.judging import judge
from sturgeon.network.native import library as libraries

HERE = Path(libraries.__file__).parent
HOOK = Path(__file__).parents[2] / "hatch_build.py"


@pytest.fixture
def hook():
    pytest.importorskip("hatchling", reason="the package's build tool is not installed")
    return runpy.run_path(str(HOOK))


@pytest.fixture
def folder(tmp_path):
    for source in HERE.glob("*.[ch]"):
        shutil.copy(source, tmp_path)
    return tmp_path


@pytest.mark.parametrize("compiler", ["no-such-compiler", "false"])
def test_a_compiler_that_fails_leaves_no_library(hook, folder, monkeypatch, capsys, compiler):
    monkeypatch.setenv("CC", compiler)
    (folder / "network-baseline.so").write_bytes(b"of an earlier build")
    assert hook["_compile"](folder, "baseline") is None
    assert not list(folder.glob("*.so"))
    assert "through JAX" in capsys.readouterr().err


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler is here")
def test_an_empty_cc_is_none_and_a_library_knows_its_sources(hook, folder, monkeypatch):
    monkeypatch.setenv("CC", " ")
    path = hook["_compile"](folder, "baseline")
    assert path == folder / "network-baseline.so"
    library = libraries.open_library(path)
    assert library is not None
    assert library.sturgeon_sources() == libraries.sources_now(folder)
    (folder / "network.c").write_text("/* edited */")
    assert library.sturgeon_sources() != libraries.sources_now(folder)


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_an_output_that_is_not_finite_has_diverged(bad):
    logits = np.zeros((3, 2), np.float32)
    logits[1, 0] = bad
    assert np.isnan(list(judge(logits, np.array([0, 1, 0])).values())).all()
    assert np.isnan(list(judge(logits[:, :1], np.zeros(3, np.float32)).values())).all()


def test_an_error_too_large_to_square_has_diverged():
    assert np.isnan(judge(np.array([[1e30]], np.float32), np.zeros(1, np.float32))["loss"])
