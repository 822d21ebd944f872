"""N13: the same network in five frameworks gives the same answers."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sturgeon.network.trained import TrainedNetwork
from sturgeon.notes import forward_passes
from sturgeon.notes.finding import Claim, Finding, Told, Translate
from sturgeon.notes.lab import Lab, answers, train_all
from sturgeon.notes.pictures import draw_bars
from sturgeon.space import notes_space

if TYPE_CHECKING:
    import plotly.graph_objects as go

CLOSE = 1e-4
"""How far answers may differ, as a share of their spread."""
FRAMEWORKS = {
    "JAX": ("jax", ""),
    "PyTorch": ("torch", "torch"),
    "Keras": ("keras", "keras"),
    "PaddlePaddle": ("paddle", "paddle"),
}
"""By name, the package and the extra that brings it."""
PATIENCE = 600
"""Seconds that one framework may take: a minute or two where the machine is busy."""
AT_ONCE = 2
"""Frameworks that are loaded side by side."""


def tell(_: Translate) -> Told:
    """What the claim says."""
    return Told(
        _("Use a framework"),
        _(
            "The notes end with TensorFlow. A network that was trained here is rebuilt from its weights in "
            "NumPy (the reference), JAX, PyTorch, Keras on TensorFlow and PaddlePaddle, and answers the "
            "same rows."
        ),
        _("largest difference / standard deviation of the answers"),
        _("It holds if no framework differs by more than {most:.0e} of the answers' spread.").format(
            most=CLOSE
        ),
    )


def measure(lab: Lab) -> Finding:
    """The largest difference of each framework from NumPy in float64, over tables."""
    tables = lab.fitting(60, most=1)
    data = tables[0].split(lab.seed)
    (run,) = train_all(data, [notes_space().default()], [lab.seed], epochs=5)
    if run.network is None:
        return Finding("not_run", reason="The default network diverged on this table.")
    wanted = answers(run.network, data.x_validation, own=False)
    found: dict[str, float] = {}
    missing: dict[str, str] = {}
    there = {name: package for name, (package, _extra) in FRAMEWORKS.items() if _is_there(name)}
    ask = partial(_answered, network=run.network, x=data.x_validation)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answered = dict(zip(there, pool.map(ask, there.values()), strict=True))
    for name, (_package, extra) in FRAMEWORKS.items():
        given = answered.get(name)
        if given is None:
            upgrade = "--upgrade " if name in there else ""
            missing[name] = f'pip install {upgrade}"sturgeon[{extra}]"'
        else:
            found[name] = float(np.abs(given - wanted).max() / wanted.std())
    if not found:
        return Finding("not_run", reason="; ".join(missing.values()))
    worst = max(found.values())
    verdict = "does_not_show" if worst > CLOSE else "only_under" if missing else "holds"
    numbers = {"differences": found, "missing": missing}
    return Finding(verdict, worst, min(found.values()), worst, (tables[0].name,), numbers)


def _is_there(name: str) -> bool:
    """Whether a framework is installed; of Keras, the TensorFlow under it too."""
    packages = (FRAMEWORKS[name][0], *(("tensorflow",) if name == "Keras" else ()))
    return all(importlib.util.find_spec(package) is not None for package in packages)


def _answered(package: str, *, network: TrainedNetwork, x: np.ndarray) -> np.ndarray | None:
    """A framework's answers, from a process of its own, since some get on badly; None where it fails.

    It is run as a file, since what else this room imports would take longer than the answers.
    """
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        network.save(place / "network.npz")
        np.save(place / "x.npy", x, allow_pickle=False)
        command = [sys.executable, "-P", forward_passes.__file__, package, str(place)]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE)
            return np.load(place / "y.npy", allow_pickle=False)
        except (OSError, subprocess.SubprocessError, ValueError):
            return None


def say(found: Finding, _: Translate) -> str:
    """What was found, in a sentence."""
    count = len(found.numbers["differences"]) + 1
    said = _(
        "NumPy and {others} frameworks: the largest difference is {worst:.1e} of the answers' spread."
    ).format(others=count - 1, worst=found.estimate)
    missing = found.numbers["missing"]
    if not missing:
        return said
    remedies = "; ".join(f"{name}: {remedy}" for name, remedy in missing.items())
    return said + " " + _("Not there: {remedies}.").format(remedies=remedies)


def draw(found: Finding, _: Translate) -> list[go.Figure]:
    """The pictures of what was found."""
    differences = found.numbers["differences"]
    bars = {_("difference"): (list(differences), list(differences.values()))}
    return [
        draw_bars(
            _("Largest difference from NumPy in float64"), "", _("share of the spread"), bars, log_y=True
        )
    ]


CLAIM = Claim(
    "N13", tell, measure, say, draw, "sturgeon export DIR --format keras\nsturgeon export DIR --format torch"
)
