"""What every format of an exported network does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import numpy as np

from sturgeon.errors import MissingExtra
from sturgeon.frameworks.export.description import DESCRIPTION_FILE, Description
from sturgeon.frameworks.export.parts import NetworkParts

Run = Callable[[Mapping[str, np.ndarray]], np.ndarray]
"""From raw columns by name, each of n cells, to outputs ``[n, outputs]``: probabilities, or the target."""


class Form(ABC):
    """A format: how a network is written in it, and run from it.

    Attributes:
        name: What ``--format`` calls it.
        title: What people call it.
        extra: Which extra of Sturgeon installs what it needs.
        modules: What it needs.
        ending: How a file of it ends; empty for a folder.
        marker: A file that is in every folder of it; empty for a file.
        description: Where in such a folder the description is.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    extra: ClassVar[str]
    modules: ClassVar[tuple[str, ...]]
    ending: ClassVar[str] = ""
    marker: ClassVar[str] = ""
    description: ClassVar[str] = DESCRIPTION_FILE

    @abstractmethod
    def write(self, parts: NetworkParts, description: Description, path: Path) -> None:
        """Write a network to a path where nothing is yet."""

    def describe(self, path: Path) -> str | None:
        """The description that was written along, as JSON; None where there is none."""
        file = path / self.description
        return file.read_text(encoding="utf-8") if file.is_file() else None

    @abstractmethod
    def open(self, path: Path, description: Description) -> Run:
        """Read a network from its file or folder alone, to be run by its framework."""

    def is_at(self, path: Path) -> bool:
        """Whether a path looks like this format."""
        if self.ending:
            return path.name.endswith(self.ending) and path.is_file()
        return (path / self.marker).is_file()

    def is_ours(self, path: Path) -> bool:
        """Whether what is there says that Sturgeon wrote it."""
        self.check_installed()
        return self.describe(path) is not None

    def check_installed(self) -> None:
        """See that the framework is there, without loading it.

        Raises:
            MissingExtra: It is not installed.
        """
        missing = next((module for module in self.modules if find_spec(module) is None), None)
        if missing is not None:
            raise MissingExtra(
                f"A network in the form of {self.title} needs {missing}, which is not installed; "
                f'run: pip install "sturgeon[{self.extra}]".'
            )
