"""The front door: recheck a study, of a table or of a function."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sturgeon.caviar.interrupt import no_interrupt_lost, stop_on_signal
from sturgeon.errors import InputError, option
from sturgeon.recheck.outcome import RecheckResult
from sturgeon.study import Study
from sturgeon.study.storage.result_folder import study_of


@no_interrupt_lost()
def recheck(
    study: Study | str | os.PathLike[str],
    data: Any = None,
    *,
    train: Callable[..., Any] | None = None,
    budget: int | str | None = None,
    old: Any = None,
    time_column: str | None = None,
    window: str | int | None = None,
    retune: bool = False,
    out: str | os.PathLike[str] | None = None,
    trials: int | None = None,
    workers: int = 1,
    progress: bool = True,
) -> RecheckResult:
    """Say whether the configuration that a study chose is still right on new data.

    The incumbent, its closest rivals in the record, a neighbour, the defaults and a random configuration are
    trained on the new data in pairs: with the same seed, on the same rows, judged on rows that neither saw. A
    gambler bets that a challenger is better; on data that does not change, the chance that a study is ever
    called stale is at most 5 %, over all its rechecks together and whenever one looks. The result is added
    to the study's history, ``study.journal.read(kind="recheck")``.

    Args:
        study: A study, its file or URL, or the folder that ``sturgeon tune`` wrote to.
        data: The new rows: a file, a data frame or a pair of arrays; for a function anything that it takes.
        train: For a study of a function, the function: of one ``LiveTrial``, and of ``data`` where that is
            given. It is called with pairs of equal ``trial.seed``: whatever is random in it, such as which
            rows are for validation, should come from that.
        budget: How much to train: epochs, each one network's, or a time such as ``"10m"``. None for a fifth
            of what the study took. For a function, trials.
        old: The data that the study was tuned on, where it is not where it was.
        time_column: A column that says when a row was; rows are then in its order, and networks learn from
            earlier rows and are judged on later ones.
        window: How far back networks look in order of time: rows, or days such as ``"30d"``. None for all.
        retune: Whether to tune anew where the study is stale, with the old record as prior evidence; or,
            where only the network in use is outdated, to train it again on the new rows.
        out: Where that goes: for a table a folder, by default beside the old one; for a function a study's
            file or URL, which it needs.
        trials: How many trials that has; None for 40 % of the old study's.
        workers: For a function, how many processes train; 0 for this one.
        progress: Whether to print a line on stderr now and then, from two seconds on.

    Returns:
        The verdict, and the numbers behind it.

    Raises:
        InputError: The study, the data or an option breaks a rule.
    """
    with ExitStack() as stack:
        folder = None
        if not isinstance(study, Study):
            place, folder = find_place(study)
            study = stack.enter_context(Study.open(place))
        if train is not None or study.about.get("job") != "table":
            from sturgeon.recheck.function import recheck_function, retune_function

            if retune:
                out = _check_place(out, trials)
            found = recheck_function(study, train, data, budget=budget, workers=workers, progress=progress)
            if not retune or out is None:
                return found
            return retune_function(
                study, train, data, found, out, trials=trials, workers=workers, progress=progress
            )
        if data is None:
            raise InputError("A recheck needs new data; got none. Name a table: recheck(study, data).")
        from sturgeon.recheck.retune import RetuneOptions, retune_table
        from sturgeon.recheck.table import RecheckOptions, recheck_table

        options = RecheckOptions(budget, old, time_column, window, progress)
        asked = RetuneOptions(None if out is None else Path(out), trials)
        if retune:
            asked.check()
        with stop_on_signal() as stop:
            result = recheck_table(study, data, options, stop, folder=folder)
        if not retune:
            return result
        return retune_table(study, folder, data, result, asked)


def _check_place(out: str | os.PathLike[str] | None, trials: int | None) -> str | os.PathLike[str]:
    """The place of a new study of a function, before anything is trained."""
    from sturgeon.recheck.retune import check_trials

    check_trials(trials)
    if out is None:
        raise InputError(
            "Tuning a function anew needs a place for the new study; got none. Give out='new.study'."
        )
    if "://" not in os.fspath(out) and Path(out).exists():
        raise InputError(
            f"A new tuning needs a study of its own; there is a file at {os.fspath(out)!r}. Give another "
            f"`{option('out')}`."
        )
    return out


def find_place(study: str | os.PathLike[str]) -> tuple[str, Path | None]:
    """Where a study lies, of its file, its URL or its folder; and the folder, where one was named.

    Example:
        >>> find_place("postgresql://host/db?study=wine")
        ('postgresql://host/db?study=wine', None)
    """
    named = os.fspath(study)
    folder = Path(named)
    is_folder = "://" not in named and folder.is_dir()
    return study_of(named), folder if is_folder else None
