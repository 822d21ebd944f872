"""Compiled programs are kept on disk: a second process compiles nothing anew; no folder is no harm."""

import os
import subprocess
import sys
from pathlib import Path

from sturgeon.caviar.lanes.compilation_cache import remove_oldest

TRAIN = """
from lane_runs import job, regression_table, run
curves, networks, _ = run(regression_table(), [job(0, layers=1)], epochs=1)
print(curves[0])
"""
ADD = """
import jax
from sturgeon.caviar.lanes.devices import lane_devices
lane_devices()
print(jax.jit(lambda x: x + 1)(1.0), jax.config.jax_compilation_cache_dir)
"""


def run(code, cache):
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "XDG_CACHE_HOME": str(cache)},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout


def programs(cache):
    """Names and contents: a program that was compiled anew would be written again."""
    kept = (path for path in cache.rglob("*-cache") if path.is_file())
    return {path.relative_to(cache): path.stat().st_mtime_ns for path in kept}


def test_a_second_process_compiles_nothing_anew(tmp_path):
    printed = run(TRAIN, tmp_path)
    first = programs(tmp_path)
    assert len(first) >= 1
    assert all(path.parts[:2] == ("sturgeon", "compiled") for path in first)
    assert run(TRAIN, tmp_path) == printed
    assert first.items() <= programs(tmp_path).items()


def test_a_folder_that_cannot_be_made_does_no_harm(tmp_path):
    (tmp_path / "file").write_text("no folder")
    assert run(ADD, tmp_path / "file") == "2.0 None\n"
    assert (tmp_path / "file").read_text() == "no folder"


def test_the_oldest_programs_make_room(tmp_path):
    for number in range(10):
        file = tmp_path / f"{number}-cache"
        file.write_bytes(bytes(100))
        os.utime(file, ns=(number, number))
    remove_oldest(tmp_path, 1000)
    assert len(list(tmp_path.iterdir())) == 10
    remove_oldest(tmp_path, 999)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{number}-cache" for number in range(6, 10)]
