"""One number of epochs for all trials of a study: what is said where another is asked for."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from sturgeon.errors import StudyError, option, options
from sturgeon.search import Record
from sturgeon.study.storage import MEMORY
from sturgeon.study.study import Study

_log = logging.getLogger("sturgeon")

_EPOCHS = "epochs"
"""The kind of a journal's entry that holds how many epochs each training of a function has."""
_AT_LEAST, _LOOKED_AT = 3, 16
"""So many trials that ended at one step are no chance; of so many the steps are looked at."""


def check_epochs(study: Study, asked: int | None, begun: int | None) -> None:
    """Refuse another number of epochs than a study was begun with, and offer the road.

    Args:
        study: The study that is resumed.
        asked: What is asked for now; None for what the study has.
        begun: What it was begun with; None where it does not keep that.

    Raises:
        StudyError: They differ.
    """
    if asked is None or begun is None or asked == begun:
        return
    raise StudyError(
        "the trials of a study have one number of epochs, as values after other numbers do not compare; got "
        f"{option('epochs', asked)} where {study.place!r} has {begun}: begin a study that starts from "
        f"the best of this one, with {offer_study(study, epochs=asked)}, and without "
        f"{option('resume')}."
    )


def keep_epochs(study: Study, train: Any) -> None:
    """Keep how many epochs a function's trainings have, where it says so as ``planned_epochs``.

    Raises:
        StudyError: The study was begun with another number.
    """
    planned = getattr(train, "planned_epochs", None)
    if not isinstance(planned, int) or study.place == MEMORY:
        return
    before = study.journal.read(kind=_EPOCHS)
    check_epochs(study, planned, before[-1].body.get("epochs") if before else None)
    if not before:
        study.journal.write(_EPOCHS, {"epochs": planned})


class CommonLength:
    """Says so, once, where trials train for another number of steps than all those before them did.

    Args:
        study: The study as it is when the run begins.
    """

    def __init__(self, study: Study) -> None:
        self._study = study
        # Read only where there is something to compare: curves of a long study take their time.
        self._begun_with = len(study.record)
        self._steps: int | None = None
        self._is_known = False

    def see(self, number: int, steps: int, *, is_all: bool) -> None:
        """Look at how many steps a trial trains for.

        Args:
            number: The trial's number.
            steps: How many are planned so far, or were made where none were planned.
            is_all: Whether no more can come, so that fewer than before are a difference too.
        """
        if not self._is_known:
            self._is_known = True
            self._steps = common_length(self._study.record, before=self._begun_with)
        known = self._steps
        if known is None or steps == known or (steps < known and not is_all):
            return
        self._steps = None
        _log.warning(
            "trial %d trains for %s epochs where all before this run trained for %d, so that their values do "
            "not compare; it goes on. To keep them apart, begin a study that starts from the best of these: "
            "%s.",
            number,
            steps if is_all else f"{steps} or more",
            known,
            offer_study(self._study),
        )


def common_length(record: Record, *, before: int | None = None) -> int | None:
    """The step at which all complete trials ended; None where they differ, or are too few to tell.

    Args:
        record: The trials; the last sixteen of the complete ones speak for all.
        before: Only trials of a lower number count; None for all.

    Example:
        >>> from sturgeon.search.record import Observation
        >>> ended = [Observation(n, {}, "complete", 0.5, ((19, 0.6), (20, 0.5))) for n in range(3)]
        >>> common_length(Record(ended)), common_length(Record(ended[:2]))
        (20, None)
    """
    complete = [one for one in record if one.state == "complete" and (before is None or one.number < before)]
    ends = [one.curve[-1][0] for one in complete[-_LOOKED_AT:] if one.curve]
    return ends[0] if len(ends) >= _AT_LEAST and len(set(ends)) == 1 else None


def offer_study(study: Study, **epochs: int) -> str:
    """The options that begin a study from the best of another, after those that say its epochs, if any do."""
    place, path, out = study.place, Path(study.place), study.about.get("out")
    if "://" in place or place == MEMORY:  # a URL may hold a password
        return options(**epochs, prior="THIS", study="ANOTHER")
    if out is None:
        return options(**epochs, prior=place, study=_another(path))
    if path.resolve().parent.name == Path(out).name:  # it may lie elsewhere by now
        folder = path.parent if path.parent.name else path.parent.resolve()
        return options(**epochs, prior=str(folder), out=_another(folder))
    return options(**epochs, prior=place, study=_another(path), out=_another(Path(out)))


def _another(path: Path) -> str:
    """A place beside one that is free."""
    count = 2
    while (other := path.with_name(f"{path.stem}-{count}{path.suffix}")).exists():
        count += 1
    return str(other)
