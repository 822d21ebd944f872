"""Where the trials of a run keep their checkpoints: a folder each, removed when nobody needs it any more.

They lie beside the study's file. Those of a study in memory are gone with it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import weakref
from collections.abc import Collection
from pathlib import Path

from sturgeon.caviar.population.asides import GENERATION, TRIAL, Asides
from sturgeon.errors import InputError, MissingExtra, RunError, option
from sturgeon.study import MEMORY, Study


class TrialFolders(Asides):
    """The folders of a study's trials, none of which is made before something is put there.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as root:
        ...     folders = TrialFolders(Path(root))
        ...     for number in (0, 1, 2):
        ...         Path(folders.of(number)).mkdir()
        ...     folders.remove([0, 2])
        ...     sorted(os.listdir(root))
        ['trial-1']
    """

    def of(self, number: int) -> str:
        """Name a trial's folder, which may not be there yet."""
        return str(self._root / f"{TRIAL}{number}")

    def numbers(self) -> list[int]:
        """Tell which trials have a folder."""
        names = self._names_there()
        numbers = [name.removeprefix(TRIAL) for name in names if name.startswith(TRIAL)]
        return sorted(int(number) for number in numbers if number.isdecimal())

    def _names_there(self) -> list[str]:
        try:
            return self._names()
        except FileNotFoundError:
            return []

    def _names(self) -> list[str]:
        return os.listdir(self._root)  # noqa: PTH208  the quickest way, as it is done after each trial

    def remove(self, numbers: Collection[int]) -> None:
        """Remove the folders of these trials."""
        for number in numbers:
            self._remove(self.of(number))

    def _remove(self, folder: str) -> None:
        shutil.rmtree(folder, ignore_errors=True)


class RemoteFolders(TrialFolders):
    """The same on any file system that fsspec knows, such as ``s3://bucket/wine``: all nodes reach it.

    Raises:
        MissingExtra: fsspec, or what it needs for this kind of place, is not installed.
        InputError: There is no such kind of place, or it cannot be read.
    """

    def __init__(self, url: str) -> None:
        """Take the URL of the folder that they are in; look into it."""
        if "@" in url.partition("://")[2].partition("/")[0]:
            raise InputError(
                f"`{option('checkpoints')}` must hold no password, as the study keeps checkpoints' paths: "
                "leave it to the environment, or to the service's own file of keys."
            )
        try:
            import fsspec

            self._files, self._path = fsspec.core.url_to_fs(url)
        except ImportError as error:
            raise MissingExtra(
                f"`{option('checkpoints')}` at {url!r} needs a package that is not installed ({error}): pip "
                'install "fsspec" and what it names, such as s3fs or gcsfs.'
            ) from None
        except ValueError as error:
            raise InputError(
                f"`{option('checkpoints')}` must be a folder or a URL; got {url!r} ({error})."
            ) from None
        self._url = url.rstrip("/")
        try:
            self.numbers()
        except Exception as error:  # of the service: each has kinds of its own
            raise InputError(
                f"`{option('checkpoints')}` must be a place that can be read; {url!r} cannot be ({error}). "
                "Check its name and your rights."
            ) from error

    def of(self, number: int) -> str:
        """Name a trial's folder, which may not be there yet."""
        return f"{self._url}/{TRIAL}{number}"

    def _names(self) -> list[str]:
        self._files.invalidate_cache()  # other nodes write there
        return [path.rstrip("/").rpartition("/")[2] for path in self._files.ls(self._path, detail=False)]

    def set_aside(self, reference: str, number: int, generation: int) -> str:
        """Copy a trial's checkpoint for others to begin from, as the trial may write over its own."""
        if not reference.startswith(f"{self._url}/"):
            return reference
        name = reference.rstrip("/").rpartition("/")[2]
        copy = f"{self._url}/{GENERATION}{generation}/{TRIAL}{number}/{name}"
        if not self._files.exists(copy):
            try:
                self._files.copy(reference, copy, recursive=self._files.isdir(reference))
            except OSError as error:
                raise RunError(
                    f"the checkpoint of trial {number} cannot be copied for others: {error}. "
                    "A checkpoint must stay where it was handed over."
                ) from error
        return copy

    def keep_aside(self, wanted: Collection[str], until: int) -> None:
        """Remove the copies of whole generations of which nobody goes on any more."""
        for name in self._names_there():
            number = name.removeprefix(GENERATION)
            if name == number or not number.isdecimal() or int(number) > until:
                continue
            if not any(one.startswith(f"{self._url}/{name}/") for one in wanted):
                self._remove(f"{self._url}/{name}")

    def _remove(self, folder: str) -> None:
        with contextlib.suppress(Exception):  # what is left is removed at the next turn
            self._files.rm(folder, recursive=True)


def check_place(place: object) -> None:
    """Check that something can name where checkpoints lie.

    Raises:
        InputError: It is neither a path nor a URL.
    """
    named = place is None or isinstance(place, str | os.PathLike)
    if not named or (isinstance(place, os.PathLike) and not isinstance(os.fspath(place), str)):
        raise InputError(
            f"`{option('checkpoints')}` must be a folder or a URL; got {place!r}. Write "
            f"{option('checkpoints', 'checkpoints')}."
        )


def folders_of(study: Study, place: str | os.PathLike[str] | None = None) -> TrialFolders:
    """Say where the trials of a study keep their checkpoints.

    Args:
        place: A folder, or a URL that fsspec knows; None for the usual place.
        study: A study in a file, on a server (then it is a folder of this one's working directory), or in
            memory (then it is a temporary folder, for as long as the study is there).
    """
    if place is not None:
        text = os.fspath(place)
        return RemoteFolders(text) if "://" in text else TrialFolders(Path(text).absolute())
    if study.place == MEMORY:
        root = tempfile.mkdtemp(prefix="sturgeon-")
        weakref.finalize(study, shutil.rmtree, root, ignore_errors=True)
        return TrialFolders(Path(root))
    beside = f"{study.name}.study" if "://" in study.place else study.place
    return TrialFolders(Path(f"{beside}.checkpoints").absolute())
