"""The formats there are, by name."""

from __future__ import annotations

from pathlib import Path

from sturgeon.errors import InputError
from sturgeon.frameworks.export.form import Form
from sturgeon.frameworks.export.keras import KerasForm
from sturgeon.frameworks.export.onnx import OnnxForm
from sturgeon.frameworks.export.savedmodel import SavedModelForm
from sturgeon.frameworks.export.torch import TorchForm

FORMS: dict[str, Form] = {
    form.name: form for form in (KerasForm(), SavedModelForm(), OnnxForm(), TorchForm())
}
"""Every format by what ``--format`` calls it."""


def form_by_name(name: str) -> Form:
    """Look a format up.

    Raises:
        InputError: There is none of that name.
    """
    if name not in FORMS:
        raise InputError(
            f"A network is exported to one of {', '.join(FORMS)}; got {name!r}. Name one of them."
        )
    return FORMS[name]


def form_at(path: Path) -> Form | None:
    """The format that a path looks like; None if like none."""
    return next((form for form in FORMS.values() if form.is_at(path)), None)
