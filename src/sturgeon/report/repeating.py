"""How to repeat a study: the command that began it, and how to read it."""

from __future__ import annotations

import shlex
from typing import Any

from sturgeon.figures.common.snapshot import Snapshot
from sturgeon.space import Choice, Constant, Hyperparameter, Integer, Real, Space, standard_space
from sturgeon.study.trial import TrialState


def commands(seen: Snapshot) -> list[str]:
    """Give shell commands: what began the study, where that is known, what goes on with it, what uses it."""
    table = seen.about.get("table") if seen.about.get("job") == "table" else None
    found = [f"pip install sturgeon=={_version()}"]
    if isinstance(table, dict) and table.get("data"):
        found.append(tune_command(seen, table))
    if seen.folder is not None and (seen.folder / "best").is_dir():
        found.append(f"sturgeon predict {_quote(seen.folder)} NEW_TABLE.csv -o predictions.csv")
    found.append(f"sturgeon show {_quote(seen.folder or seen.place)}")
    return found


def tune_command(seen: Snapshot, table: dict[str, Any]) -> str:
    """The call of ``sturgeon tune`` that began a study.

    Args:
        seen: The study.
        table: What it keeps of the table: ``data``, ``test``, and how its columns were read.
    """
    about = seen.about
    parts = ["sturgeon", "tune", str(table["data"]), "--target", str(about.get("target"))]
    parts += [f"--{seen.objective.direction}", seen.metric]
    for option in ("test", "task"):
        if table.get(option):
            parts += [f"--{option}", str(table[option])]
    for option in ("numeric", "categorical", "drop"):
        for column in table.get(option) or ():
            parts += [f"--{option}", str(column)]
    if table.get("time_order"):
        parts.append("--time-order")
    counts = {"trials": about.get("trials") or _ended(seen), "epochs": about.get("epochs")}
    counts |= {"folds": about.get("folds"), "repeats": about.get("repeats"), "seed": seen.seed}
    for option, value in counts.items():
        if value or option == "seed":
            parts += [f"--{option}", str(value)]
    if seen.search is not None:
        parts += ["--search", seen.search.name]
    parts += changes(seen.space)
    return " ".join(_quote(part) for part in parts)


def changes(space: Space) -> list[str]:
    """What ``--vary`` and ``--fix`` make of the standard space to have this one."""
    standard, parts = standard_space(), []
    for name in space.names:
        item = space[name]
        if name in standard.names and item == standard[name]:
            continue
        parts += ["--fix" if isinstance(item, Constant) else "--vary", f"{name}={_range(item)}"]
    return parts


def reading(seen: Snapshot) -> str:
    """A few lines of Python that open the study."""
    opened = f"study = st.Study.open({seen.place!r})"
    return "\n".join(("import sturgeon as st", "", opened, "print(study.best.config)", "study.plot()"))


def _range(item: Hyperparameter) -> str:
    if isinstance(item, Real | Integer):
        return f"{item.low!r}:{item.high!r}:{item.scale}"
    if isinstance(item, Choice):
        return ",".join(str(option) for option in item.options)
    assert isinstance(item, Constant)
    return str(item.value)


def _ended(seen: Snapshot) -> int:
    ended: tuple[TrialState, ...] = ("complete", "stopped", "failed")
    return sum(one.state in ended for one in seen.trials)


def _quote(text: object) -> str:
    return shlex.quote(str(text))


def _version() -> str:
    from sturgeon import __version__

    return __version__
