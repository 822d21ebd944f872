"""Scripts that run one after the other in a process of their own: importing a framework takes longest."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

RUN_EACH = """
import contextlib, gc, io, json, pathlib, runpy, sys, traceback
gc.set_threshold(100_000, 20, 50)  # frameworks make a million objects that stay
ran = {}
for path in map(pathlib.Path, sys.argv[1:]):
    sys.path[0] = str(path.parent)
    out, err, error = io.StringIO(), io.StringIO(), None
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            runpy.run_path(str(path), run_name="__main__")
        except BaseException:  # also SystemExit: any end of a script is told
            error = traceback.format_exc()
    ran[path.name] = error, out.getvalue(), err.getvalue()
pathlib.Path("ran.json").write_text(json.dumps(ran))
"""


LEAN_KERAS = os.pathsep.join(
    filter(None, (str(Path(__file__).parent / "lean_keras"), os.environ.get("PYTHONPATH")))
)
"""``PYTHONPATH`` of processes that load Keras, and of those that they start."""


class Ran(NamedTuple):
    """What became of a script: its traceback, or None, and what it printed."""

    error: str | None
    out: str
    err: str


def run_scripts(scripts, folder, **environment) -> dict[str, Ran]:
    """Run scripts in a folder; what became of each, by its file's name."""
    command = [sys.executable, "-c", RUN_EACH, *scripts]
    ran = subprocess.run(
        command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return {name: Ran(*told) for name, told in json.loads((folder / "ran.json").read_text()).items()}
