"""Scripts that run one after the other in a process of their own: importing a framework takes longest."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

RUN_EACH = """
import contextlib, io, json, pathlib, runpy, sys, traceback
ran = {}
for path in map(pathlib.Path, sys.argv[2:]):
    out, err, error = io.StringIO(), io.StringIO(), None
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            runpy.run_path(str(path), run_name="__main__")
        except BaseException:
            error = traceback.format_exc()
    ran[path.name] = [error, out.getvalue(), err.getvalue()]
pathlib.Path(sys.argv[1]).write_text(json.dumps(ran))
"""


@dataclass(frozen=True)
class Ran:
    """What became of a script.

    Attributes:
        error: Its traceback; None where it ran to its end.
        out: What it printed.
        err: What it printed on stderr.
    """

    error: str | None
    out: str
    err: str


def run_scripts(scripts, folder, **environment) -> dict[str, Ran]:
    """Run scripts in a folder; what became of each, by its file's name."""
    told = folder / "ran.json"
    ran = subprocess.run(
        [sys.executable, "-c", RUN_EACH, told, *map(Path, scripts)],
        cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return {name: Ran(*of_script) for name, of_script in json.loads(told.read_text()).items()}
