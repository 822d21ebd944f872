"""What an exported network says of itself, as JSON: its inputs, its outputs, and where it came from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sturgeon.caviar.table.saved import SavedModel
from sturgeon.data import ClassTarget, Preprocessing
from sturgeon.errors import InputError
from sturgeon.frameworks.export.names import input_names
from sturgeon.frameworks.export.parts import Layers, NetworkParts

DESCRIPTION_FILE = "sturgeon.json"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Description:
    """What goes along with an exported network.

    Attributes:
        inputs: Column to the name of the network's input, numbers first.
        preprocessing: The columns and the target.
        document: The whole JSON document: ``version``, ``format``, ``trial``, ``config``, ``trained_on``,
            ``inputs``, ``network`` (its sizes, or those of an ensemble's ``members``), ``output`` and
            ``preprocessing``.
    """

    inputs: dict[str, str]
    preprocessing: Preprocessing
    document: dict[str, Any]

    def to_json(self) -> str:
        """Write it down; :meth:`from_json` reads it."""
        return json.dumps(self.document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str | None, place: str) -> Description:
        """Read what :meth:`to_json` wrote.

        Args:
            text: The JSON; None where there is none.
            place: Where it was, for the message.

        Raises:
            InputError: It is not such JSON, or of another version.
        """
        try:
            document = json.loads(text or "")
            version = document["version"]
            inputs = {str(each["column"]): str(each["name"]) for each in document["inputs"]}
            preprocessing = Preprocessing.from_json(json.dumps(document["preprocessing"]))
        except (ValueError, KeyError, TypeError):
            raise InputError(
                f"An exported network must be one that `sturgeon export` wrote; {place!r} lacks its "
                "description. Export the study again."
            ) from None
        if version != VERSION:
            raise InputError(
                f"An exported network must be of version {VERSION}; {place!r} is of version {version!r}. "
                "Export the study again."
            )
        return cls(inputs, preprocessing, document)


def describe(model: SavedModel, parts: NetworkParts, form: str) -> Description:
    """Describe a network that is about to be exported.

    Args:
        model: The network.
        parts: The same taken apart.
        form: The name of the format.
    """
    names = input_names((*parts.numbers.columns, *(category.column for category in parts.categories)))
    inputs = [{"column": c, "name": names[c], "kind": "number"} for c in parts.numbers.columns]
    inputs += [
        {"column": c.column, "name": names[c.column], "kind": "category", "texts": list(c.texts)}
        for c in parts.categories
    ]
    target = model.preprocessing.target
    is_classes = isinstance(target, ClassTarget)
    output = {"column": target.name, "labels": list(target.labels)} if is_classes else {"column": target.name}
    document = {
        "version": VERSION,
        "format": form,
        "trial": model.trial,
        "config": model.config,
        "trained_on": model.trained_on,
        "inputs": inputs,
        "output": {"kind": "probabilities" if is_classes else "number", **output},
        "network": {
            **(_sizes(parts.members[0]) if len(parts.members) == 1 else _members(parts.members)),
            "outputs": parts.outputs,
            **({} if parts.temperature == 1 else {"temperature": parts.temperature}),
            "number_features": len(parts.numbers.chosen),
            **({"cycles": [list(each) for each in parts.numbers.cycles]} if parts.numbers.cycles else {}),
            "category_features": [category.rows.shape[1] for category in parts.categories],
            **({} if parts.pieces is None else {"pieces": len(parts.pieces.feature)}),
        },
        "preprocessing": json.loads(model.preprocessing.to_json()),
    }
    return Description(names, model.preprocessing, document)


def _sizes(layers: Layers) -> dict[str, Any]:
    return {
        "activation": layers.activation,
        "norm_epsilon": layers.norm_epsilon,
        "norm_momentum": layers.norm_momentum,
        "hidden_units": layers.units,
        "layers": len(layers.hidden),
    }


def _members(members: Sequence[Layers]) -> dict[str, Any]:
    return {"members": [{"weight": layers.weight, **_sizes(layers)} for layers in members]}
