"""How the compiled network is built, and which library is taken."""

import os
import runpy
import shutil
from pathlib import Path

import numpy as np
import pytest

from sturgeon.data.metrics import judge_outputs
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


@pytest.fixture
def quick_compiler(tmp_path_factory, monkeypatch):
    """The C compiler that is here, but without optimisation, which takes most of its time."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler is here")
    own = tmp_path_factory.mktemp("compiler") / "cc"
    own.write_text(f'#!/bin/sh\nexec {compiler} "$@" -O0\n')
    own.chmod(0o755)
    monkeypatch.setenv("PATH", f"{own.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.delenv("CFLAGS", raising=False)


@pytest.mark.parametrize("compiler", ["no-such-compiler", "false"])
def test_a_compiler_that_fails_leaves_no_library(hook, folder, monkeypatch, capsys, compiler):
    monkeypatch.setenv("CC", compiler)
    (folder / "network-baseline.so").write_bytes(b"of an earlier build")
    assert hook["_compile"](folder, "baseline", folder) is None
    assert not list(folder.glob("*.so"))
    assert "by NumPy or JAX" in capsys.readouterr().err


def test_a_release_insists_on_being_compiled(hook, folder, monkeypatch):
    monkeypatch.setenv("STURGEON_REQUIRE_COMPILED", "1")
    monkeypatch.setenv("CC", "false")
    with pytest.raises(RuntimeError, match="STURGEON_REQUIRE_COMPILED=1"):
        hook["_compile"](folder, "baseline", folder)
    monkeypatch.setenv("CC", "")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RuntimeError, match="no C compiler was found"):
        hook["_compile"](folder, "baseline", folder)


def test_cc_and_cflags_are_read_as_a_shell_reads_them(hook, folder, monkeypatch, tmp_path_factory):
    compiler = tmp_path_factory.mktemp("a place") / "compiler"
    compiler.write_text('#!/bin/sh\nfor each in "$@"; do echo "$each"; done > "$0.seen"\n')
    compiler.chmod(0o755)
    monkeypatch.setenv("CC", f"'{compiler}' --first")
    monkeypatch.setenv("CFLAGS", "-g '-DNAME=two words'")
    hook["_compile"](folder, "v3", folder)
    seen = compiler.with_suffix(".seen").read_text().splitlines()
    assert seen[:3] == ["--first", "-g", "-DNAME=two words"]
    assert "-march=x86-64-v3" in seen[3:]


def test_a_wheel_leaves_no_library_among_the_sources(hook, tmp_path, monkeypatch, quick_compiler):
    monkeypatch.setitem(hook["_compile"].__globals__, "_levels", lambda: ["baseline"])
    sources = tmp_path / "src" / "sturgeon" / "network" / "native"
    sources.mkdir(parents=True)
    for source in HERE.glob("*.[ch]"):
        shutil.copy(source, sources)
    build = hook["CompileNetwork"](str(tmp_path), {}, None, None, str(tmp_path), "wheel")
    data = {"force_include": {}}
    build.initialize("standard", data)
    assert not list(sources.glob("*.so"))
    assert "sturgeon/network/native/network-baseline.so" in data["force_include"].values()
    assert all(Path(made).exists() for made in data["force_include"])
    build.finalize("standard", data, "")
    assert not any(Path(made).exists() for made in data["force_include"])
    build.initialize("editable", data)
    assert (sources / "network-baseline.so").exists()


def test_an_empty_cc_is_none_and_a_library_knows_its_sources(hook, folder, monkeypatch, quick_compiler):
    monkeypatch.setenv("CC", " ")
    path = hook["_compile"](folder, "baseline", folder)
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
    assert np.isnan(list(judge_outputs(logits, np.array([0, 1, 0])).values())).all()
    assert np.isnan(list(judge_outputs(logits[:, :1], np.zeros(3, np.float32)).values())).all()


def test_an_error_too_large_to_square_has_diverged():
    assert np.isnan(judge_outputs(np.array([[1e30]], np.float32), np.zeros(1, np.float32))["loss"])


def test_what_was_compiled_alike_is_kept_and_compiled_anew_otherwise(
    hook, folder, monkeypatch, tmp_path_factory
):
    compiler = tmp_path_factory.mktemp("counts") / "cc"
    compiler.write_text(
        '#!/bin/sh\necho run >> "$0.runs"\nwhile [ "$1" != -o ]; do shift; done; echo made > "$2"\n'
    )
    compiler.chmod(0o755)
    monkeypatch.setenv("CC", str(compiler))
    library = folder / "network-v3.so"
    changes = (
        lambda: None,
        lambda: monkeypatch.setenv("CFLAGS", "-g"),
        lambda: (folder / "network.c").write_text("/* edited */"),
        lambda: os.utime(compiler, ns=(1, 1)),
        library.unlink,
    )
    for runs, change in enumerate(changes, start=1):
        change()
        for _ in range(2):
            assert hook["_compile"](folder, "v3", folder) == library
            assert compiler.with_suffix(".runs").read_text().count("run") == runs
