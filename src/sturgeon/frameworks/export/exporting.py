"""Export a tuned network: write it, run it in its own framework, and keep it only if both agree."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sturgeon.caviar.table.saved import SavedModel
from sturgeon.data import NumericTarget
from sturgeon.errors import InputError, RunError, option
from sturgeon.frameworks.export.description import describe
from sturgeon.frameworks.export.exported import ExportedModel
from sturgeon.frameworks.export.form import Form
from sturgeon.frameworks.export.forms import form_at, form_by_name
from sturgeon.frameworks.export.parts import take_apart
from sturgeon.frameworks.export.tuned import CheckRows, open_tuned, rows_to_check

TOLERANCE = 1e-4


@dataclass(frozen=True, slots=True)
class Export:
    """What was exported. Its fields are the JSON that ``sturgeon export --json`` prints.

    Attributes:
        study: Where the study lies.
        format: The name of the format.
        path: The file or folder.
        trial: The number of the trial whose network it is; the best one's, of an ensemble.
        networks: How many networks answer together; 1 for a single one.
        rows: How many rows it was checked on.
        checked_on: ``test`` for the study's test rows, ``data`` for all rows of a table that was given.
        largest_difference: Between a prediction of the network and of the export, over these rows.
        unit: In what: ``probability``, or ``standard deviation`` of the target.
        tolerance: What the difference may be at most.
    """

    study: str
    format: str
    path: str
    trial: int
    networks: int
    rows: int
    checked_on: str
    largest_difference: float
    unit: str
    tolerance: float


def export_study(
    study: str | Path, path: Path, *, form: str, data: Path | None = None, force: bool = False
) -> Export:
    """Write a tuned network in another framework's format, and check that it predicts the same there.

    Args:
        study: A folder that ``sturgeon tune`` wrote, or the study's file or URL.
        path: The file or folder to write; it is there when all agrees, whole, or not at all.
        form: ``"keras"``, ``"savedmodel"``, ``"onnx"`` or ``"torch"``.
        data: The table that the study was begun with, if it lies elsewhere now, or other rows like its own to
            check on.
        force: Replace an export that is there.

    Returns:
        What was done, with the largest difference seen.

    Raises:
        InputError: No such study, format or table; no network yet; a path that is taken or cannot be written.
        MissingExtra: The framework is not installed.
        RunError: The export predicts something else; nothing was left.
    """
    if path.name in ("", ".."):  # a directory that is not named, such as "."
        path = path.resolve()
    writer = form_by_name(form)
    writer.check_installed()
    _check_path(writer, path, force)
    tuned = open_tuned(study)
    rows = rows_to_check(tuned, data)
    parts = take_apart(tuned.model)
    description = describe(tuned.model, parts, form)
    with _fresh_beside(path) as fresh:
        writer.write(parts, description, fresh)
        difference = _difference(tuned.model, ExportedModel.load(fresh), rows)
        unit = "standard deviation" if parts.scale else "probability"
        if not difference <= TOLERANCE:
            raise RunError(
                f"An export must predict within {TOLERANCE:g} of the network ({unit}); this one is "
                f"{difference:.3g} away, so nothing was written. Choose another format."
            )
        _put_in_place(fresh, path)
    return Export(
        study=tuned.study,
        format=form,
        path=str(path),
        trial=tuned.model.trial,
        networks=len(parts.members),
        rows=len(rows.table),
        checked_on="test" if rows.are_test_rows else "data",
        largest_difference=difference,
        unit=unit,
        tolerance=TOLERANCE,
    )


def _difference(model: SavedModel, exported: ExportedModel, rows: CheckRows) -> float:
    """The largest difference of a prediction, in probability or in standard deviations of the target."""
    ours, theirs = (each.answers(rows.table, rows.source) for each in (model, exported))
    target = model.preprocessing.target
    unit = target.scale.std if isinstance(target, NumericTarget) else 1.0
    return float(np.abs(theirs - ours).max()) / unit


def _check_path(form: Form, path: Path, force: bool) -> None:
    if form.ending and not path.name.endswith(form.ending):
        raise InputError(
            f"A network in the form of {form.title} is a file that ends in {form.ending}; got {str(path)!r}. "
            f"Write -o {path.name}{form.ending}."
        )
    if not path.parent.is_dir():
        raise InputError(
            f"An export goes to a directory that exists; got {str(path.parent)!r}. Make it first."
        )
    if not path.exists():
        return
    there = form_at(path)
    if there is None or not there.is_ours(path):
        raise InputError(
            f"Only another export may be replaced; {str(path)!r} exists and is none. Name another path."
        )
    if not force:
        raise InputError(
            f"An export that exists is replaced only when asked to; {str(path)!r} exists. "
            f"Add `{option('force', True)}`, or name another path."
        )


@contextmanager
def _fresh_beside(path: Path) -> Iterator[Path]:
    """A path of the same name in a hidden folder beside, which is gone in the end."""
    folder = path.with_name(f".{path.name}.new")
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        yield folder / path.name
    except OSError as error:
        raise InputError(
            f"An export goes where it can be written; got {str(path)!r} ({error.strerror or error}). "
            "Make room, or name another with `-o`."
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _put_in_place(fresh: Path, path: Path) -> None:
    """Move what was written to its place; what was there goes away with the hidden folder."""
    if not path.exists() or (path.is_file() and fresh.is_file()):
        fresh.replace(path)
        return
    old = path.replace(fresh.with_name("replaced"))
    try:
        fresh.replace(path)
    except OSError:
        old.replace(path)
        raise
