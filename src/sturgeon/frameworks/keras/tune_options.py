"""What ``keras.tune`` may be told, and how it is checked before anything is begun."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from sturgeon.caviar.workers.function import check_function
from sturgeon.errors import InputError
from sturgeon.frameworks.keras.trial_function import HYPERPARAMETERS, NO_EPOCHS, Fit, check_arguments
from sturgeon.search import Search
from sturgeon.space import Space
from sturgeon.stopping import Stopping
from sturgeon.study import Study

_OF_WORKERS = ("workers", "timeout", "attempts", "until", "max_failures", "repeats")


class KerasOptions(TypedDict, total=False):
    """What else ``keras.tune`` may be told; each is as for ``st.tune``, where more is said.

    Attributes:
        maximize: The metric to be maximised, in place of ``minimize``.
        trials: How many trials the study is to have in the end; 64 without a budget.
        budget: How long, in seconds or as ``"10m"``.
        study: A file or a PostgreSQL URL; by default in memory.
        search: What suggests configurations.
        stopping: Which trials to stop or pause early.
        workers: How many processes, 1 by default; 0 trains in this one. Not with ``fused``.
        seed: Where all randomness starts.
        resume: Go on with the study if it exists.
        prior: An earlier study, also one of fewer epochs: its trials count as far as they predict the new.
        timeout: How long an attempt at a trial may take. Not with ``fused``.
        attempts: How often a trial is begun before a lost worker makes it fail. Not with ``fused``.
        until: Stop when the best value is as good as this. Not with ``fused``.
        max_failures: The share of trials that may fail. Not with ``fused``.
        repeats: How often each configuration is trained, each time with another seed: a trial's value is the
            mean. ``result.best.model`` is the one that was trained first, by the trial's own seed. Not with
            ``fused``.
        progress: Whether to print a line on stderr now and then, from two seconds on.
    """

    maximize: str | Sequence[str] | None
    trials: int | None
    budget: str | float | None
    study: str | os.PathLike[str] | None
    search: Search | None
    stopping: Stopping | None
    workers: int
    seed: int | None
    resume: bool
    prior: Study | str | os.PathLike[str] | None
    timeout: str | float | None
    attempts: int
    until: float | None
    max_failures: float
    repeats: int
    progress: bool


def check_options(options: KerasOptions, fused: bool) -> None:
    """Check what else ``keras.tune`` was told.

    Raises:
        InputError: An option is unknown, or not for ``fused``.
    """
    unknown = [name for name in options if name not in KerasOptions.__annotations__]
    if unknown:
        known = ", ".join(KerasOptions.__annotations__)
        raise InputError(
            f"`keras.tune` has no option {unknown[0]!r}; it has {known}. Arguments of Keras's fit go into "
            "`fit`."
        )
    left_out = [name for name in _OF_WORKERS if fused and name in options]
    if left_out:
        raise InputError(
            f"With fused=True all trials train in one process; got {left_out[0]}={options[left_out[0]]!r}. "
            "Leave it out, or leave out `fused`."
        )


def check_build(build: object) -> None:
    """Check that a builder can be called with a configuration.

    Raises:
        InputError: It cannot, or is a model.
    """
    keras = sys.modules.get("keras")
    if keras is not None and isinstance(build, keras.Model):
        raise InputError(
            f"`build` must be a function that makes a new model for a configuration; got a "
            f"{type(build).__name__} itself. Write def build(config): ... return model"
        )
    try:
        check_function(build)
    except InputError as error:
        raise InputError(
            f"`build` must be a function of a configuration; got {build!r}. Write def build(config): ..."
        ) from error


def check_fixed(space: Space, fixed: Mapping[str, Any], fit: Fit) -> None:
    """Check arguments of ``fit`` that are the same for all trials.

    Raises:
        InputError: One breaks a rule, is given twice, or `epochs` is given nowhere.
    """
    for name, value in fixed.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise InputError(f"`{name}` must be a whole number from 1; got {value!r}.")
    known = {} if callable(fit) else fit
    if not callable(fit):
        check_arguments(fit)
    both = [name for name in (*fixed, *known) if name in space or (name in fixed and name in known)]
    if both:
        raise InputError(
            f"An argument of fit is fixed or varies; {both[0]!r} is given twice. Leave it out of the space, "
            "or give it there only."
        )
    if not callable(fit) and not any("epochs" in place for place in (fixed, known, space)):
        raise InputError(NO_EPOCHS)


def check_lanes(space: Space, fit: Fit | None) -> None:
    """Check that trials can train in lanes as they are to.

    Raises:
        InputError: They cannot.
    """
    if fit:
        raise InputError(
            f"With fused=True there is no `fit` to give arguments to; got fit={fit!r}. Leave it out, or "
            "leave out `fused`."
        )
    varied = [name for name in HYPERPARAMETERS if name in space and name != "batch_size"]
    if varied:
        raise InputError(
            f"With fused=True only `batch_size` varies of what fit takes; the space has {varied[0]!r}. Give "
            "it one value, or leave out `fused`."
        )


def check_backend() -> None:
    """Check that worker processes will have the backend that Keras has here.

    Raises:
        InputError: They will not.
    """
    loaded, wanted = sys.modules.get("keras"), os.environ.get("KERAS_BACKEND")
    if loaded is None or wanted is None:
        return
    here = loaded.backend.backend()
    if here != wanted:
        raise InputError(
            f"A process has one Keras backend for good, chosen when Keras is imported; it is {here!r} here, "
            f"and KERAS_BACKEND is {wanted!r} since. Set it before Keras is imported."
        )
