"""What was measured, kept as JSON beside the page, so that a second look measures nothing again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sturgeon.errors import InputError, option
from sturgeon.notes.finding import Finding
from sturgeon.notes.lab import Lab
from sturgeon.report.writing import write_whole

FORMAT = 1


def fingerprint(lab: Lab) -> str:
    """What decides the findings: the seed, the scale and the data."""
    whole = hashlib.sha256(f"{FORMAT} {lab.seed} {lab.quick}".encode())
    for table in lab.tables:
        whole.update(f"{table.name} {table.target} {table.split(0).fingerprint}".encode())
    return whole.hexdigest()


@dataclass(slots=True)
class Kept:
    """The findings of one page.

    Attributes:
        path: The file.
        key: See :func:`fingerprint`.
        findings: By the claim's number.
    """

    path: Path
    key: str
    findings: dict[str, Finding]

    @classmethod
    def open(cls, path: Path, lab: Lab) -> Kept:
        """Read what was kept of the same seed, scale and data; nothing where there is no file.

        Raises:
            InputError: The file is something else, or of another seed, scale or table.
        """
        key = fingerprint(lab)
        if not path.exists():
            return cls(path, key, {})
        try:
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            findings = {str(n): Finding.of_json(one) for n, one in found["findings"].items()}
            known = found["key"]
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise InputError(
                f"`{option('resume', True)}` goes on with what `sturgeon notes` kept; {str(path)!r} is "
                f"something else. Name another page with `{option('output')}`."
            ) from error
        if known != key:
            raise InputError(
                f"`{option('resume', True)}` needs the same seed, table and scale as before; "
                f"{str(path)!r} was measured with others. Name another page with `{option('output')}`."
            )
        return cls(path, key, findings)

    def keep(self, number: str, finding: Finding) -> None:
        """Add a finding, and write all."""
        self.findings[number] = finding
        found = {name: one.to_json() for name, one in self.findings.items()}
        text = json.dumps({"format": FORMAT, "key": self.key, "findings": found}, indent=1)
        write_whole(self.path, text.encode())
