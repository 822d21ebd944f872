"""A sweep over a command line, as a YAML file describes it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sturgeon.caviar.sweep.command import ALL, Command, check_placeholders
from sturgeon.caviar.sweep.wandb_words import check_choices, check_command, check_fields, check_parameter
from sturgeon.errors import InputError, SturgeonError
from sturgeon.search import Search, search_by_name
from sturgeon.space import Choice, Constant, Hyperparameter, Integer, Real, Space
from sturgeon.stopping import Stopping, stopping_by_name

EXAMPLE = """\
command: python train.py {args}
minimize: val_loss
trials: 32
parameters:
  learning_rate: {low: 0.0001, high: 1.0, scale: log}
  layers: {low: 2, high: 4}
  optimizer: [adam, momentum]
"""
_RUN = (
    "trials",
    "budget",
    "workers",
    "seed",
    "timeout",
    "attempts",
    "until",
    "max_failures",
    "repeats",
    "keep",
)
_GOALS = ("minimize", "maximize", "metrics")
_KNOWN = ("command", "parameters", "constraint", *_GOALS, "search", "stopping", "study", *_RUN)


@dataclass(frozen=True)
class Sweep:
    """What a file asks for.

    Attributes:
        command: What trains.
        space: What may vary.
        minimize: The metric, or metrics, to be minimised; or None.
        maximize: The metric, or metrics, to be maximised; or None.
        search: What suggests configurations; None for the default.
        stopping: Which trials end early; None for none.
        study: Where the study is kept, or None.
        options: The other arguments of ``tune``.
    """

    command: Command
    space: Space
    minimize: Any
    maximize: Any
    search: Search | None
    stopping: Stopping | None
    study: str | None
    options: dict[str, Any]


def read_sweep(path: str | os.PathLike[str]) -> Sweep:
    """Read a sweep from a YAML file; nothing in it is run, and no object but plain ones is made of it.

    Args:
        path: The file.

    Raises:
        InputError: It cannot be read, or breaks a rule; the message names what.
    """
    given = _load(Path(path))
    check_fields(given)
    unknown = [name for name in given if name not in _KNOWN]
    if unknown:
        raise InputError(
            f"A sweep's fields are {', '.join(_KNOWN)}; got {unknown[0]!r}. Remove or rename it."
        )
    for name in ("command", "parameters"):
        if name not in given:
            raise InputError(
                f"A sweep needs the field {name!r}; got {', '.join(given)}. For instance:\n{EXAMPLE}"
            )
    space = _space(given["parameters"], given.get("constraint"))
    minimize, maximize = given.get("minimize"), given.get("maximize")
    objectives = [*_texts(minimize, "minimize"), *_texts(maximize, "maximize")]
    metrics = tuple(dict.fromkeys([*objectives, *_texts(given.get("metrics"), "metrics")]))
    arguments = _arguments(given["command"], space)
    search, stopping = given.get("search"), given.get("stopping")
    check_choices(search, stopping)
    return Sweep(
        Command(arguments, metrics, tuple(objectives)),
        space,
        minimize,
        maximize,
        None if search is None else search_by_name(str(search)),
        None if stopping is None else stopping_by_name(str(stopping)),
        None if given.get("study") is None else str(given["study"]),
        {name: given[name] for name in _RUN if name in given},
    )


def _load(path: Path) -> dict[str, Any]:
    import yaml

    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"A sweep is a YAML file; {str(path)!r} cannot be read ({error.strerror})."
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        said = " ".join(str(error).split())
        raise InputError(f"A sweep is a YAML file; {str(path)!r} is none: {said[:300]}.") from None
    if not isinstance(given, dict) or not all(isinstance(name, str) for name in given):
        raise InputError(f"A sweep is a YAML file with fields such as `command`; {str(path)!r} has none.")
    return given


def _texts(given: Any, name: str) -> list[str]:
    texts = [] if given is None else given if isinstance(given, list) else [given]
    if not all(isinstance(text, str) for text in texts):
        raise InputError(f"`{name}` must be the name of a metric, or a list of names; got {given!r}.")
    return texts


def _arguments(given: Any, space: Space) -> tuple[str, ...]:
    try:
        arguments = shlex.split(given) if isinstance(given, str) else [str(one) for one in given]
    except (TypeError, ValueError) as error:
        raise InputError(f"`command` must be a command line, or a list; got {given!r} ({error}).") from None
    if not arguments:
        raise InputError(f"`command` must name a program; got {given!r}. Write: python train.py {ALL}")
    check_command(arguments)
    always = {name: not item.conditions for name, item in space.items()}
    unknown, missing, sometimes = check_placeholders(arguments, always)
    if unknown:
        raise InputError(
            f"A command may hold {ALL}, {{seed}}, {{number}}, {{folder}} and the parameters in braces; got "
            f"{{{unknown[0]}}}. The parameters are {', '.join(space)}."
        )
    if missing:
        raise InputError(
            f"A command must take every parameter; got none for {missing[0]!r}. Add {ALL} or "
            f"{{{missing[0]}}}."
        )
    if sometimes:
        raise InputError(
            f"A parameter with `when` is not always there; got {{{sometimes[0]}}} in the command. Use {ALL}."
        )
    return tuple(arguments)


def _space(given: Any, constraint: Any) -> Space:
    if not isinstance(given, Mapping):
        raise InputError(f"`parameters` must map names to ranges or lists; got {given!r}.")
    try:
        return Space(
            {str(name): _hyperparameter(str(name), one) for name, one in given.items()}, constraint=constraint
        )
    except TypeError as error:
        raise InputError(f"`parameters` breaks a rule: {error}.") from None


def _hyperparameter(name: str, given: Any) -> Hyperparameter:
    if isinstance(given, list):
        return Choice(tuple(map(_number, given)))
    if not isinstance(given, Mapping):
        return Constant(_number(given))
    check_parameter(name, given)
    fields = {str(key): _number(value) for key, value in given.items()}
    if "when" in fields and isinstance(given["when"], Mapping):
        fields["when"] = {str(of): wanted for of, wanted in given["when"].items()}
    kind: Any = Choice if "options" in fields else Constant if "value" in fields else None
    if kind is None:
        numbers = [fields.get(one) for one in ("low", "high", "step") if one in fields]
        kind = Integer if numbers and all(type(one) is int for one in numbers) else Real
    try:
        return kind(**fields)
    except TypeError:
        raise InputError(
            "A parameter has `low` and `high`, and perhaps `scale`, `step`, `around`, `default`, `priority`, "
            f"`when`; or `options`; or `value`; got {dict(given)!r} for {name!r}."
        ) from None
    except SturgeonError as error:
        raise type(error)(f"{error} (parameter {name!r})") from None


def _number(value: Any) -> Any:
    """YAML takes ``1e-4`` for a text, as it has no point."""
    if isinstance(value, str):
        try:
            return float(value) if any(one.isdigit() for one in value) else value
        except ValueError:
            return value
    return [_number(one) for one in value] if isinstance(value, list) else value
