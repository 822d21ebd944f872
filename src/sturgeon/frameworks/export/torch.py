"""A network for PyTorch: a folder with its weights, a description, and a plain module to load them into.

Why not TorchScript or ``torch.export``: see ``docs/decisions/0011-handing-on.md``.
"""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, final

import numpy as np

from sturgeon.errors import InputError
from sturgeon.frameworks.export.description import DESCRIPTION_FILE, Description
from sturgeon.frameworks.export.form import Form, Run
from sturgeon.frameworks.export.parts import Layers, NetworkParts

if TYPE_CHECKING:
    from torch import Tensor

WEIGHTS_FILE = "weights.pt"
MODULE_FILE = "network.py"


@final
class TorchForm(Form):
    """A folder with ``weights.pt``, ``sturgeon.json`` and ``network.py``."""

    name = "torch"
    title = "PyTorch"
    extra = "torch"
    modules = ("torch",)
    marker = WEIGHTS_FILE

    def write(self, parts: NetworkParts, description: Description, path: Path) -> None:
        """Fill the module's weights in, and save them beside its source."""
        import torch

        from sturgeon.frameworks.export import torch_network

        network = torch_network.TableNetwork(description.document)
        network.load_state_dict(_state(parts))
        path.mkdir()
        torch.save(network.state_dict(), path / WEIGHTS_FILE)
        (path / DESCRIPTION_FILE).write_text(description.to_json(), encoding="utf-8")
        shutil.copyfile(torch_network.__file__, path / MODULE_FILE)

    def open(self, path: Path, description: Description) -> Run:
        """Load the weights into Sturgeon's own copy of the module: the folder's is never run."""
        import torch

        from sturgeon.frameworks.export.torch_network import load

        try:
            network = load(path)
        except (OSError, ValueError, RuntimeError, pickle.UnpicklingError) as error:
            raise InputError(
                f"A folder for PyTorch must hold the weights that `sturgeon export` wrote; got {str(path)!r} "
                f"({str(error).splitlines()[0]}). Export the study again."
            ) from error

        def run(columns: Mapping[str, np.ndarray]) -> np.ndarray:
            with torch.no_grad():
                return network(*network.read(columns)).numpy()  # pyright: ignore[reportArgumentType]  (arrays are sequences)

        return run


def _state(parts: NetworkParts) -> dict[str, Tensor]:
    """The weights under the names that the module has for them; a weight is ``[out, in]`` there."""
    import torch

    names = ("fill", "chosen", "mean", "std", "low", "high")
    arrays = {name: getattr(parts.numbers, name) for name in names}
    if parts.pieces is not None:
        of_pieces = ("feature", "slope", "offset", "scale", "shift")
        arrays |= {f"pieces_{name}": getattr(parts.pieces, name) for name in of_pieces}
    scale, bounds = parts.scale, parts.bounds
    arrays["target_mean"] = np.float64(0.0 if scale is None else scale.mean)
    arrays["target_std"] = np.float64(1.0 if scale is None else scale.std)
    arrays["target_low"] = np.float64(-np.inf if bounds is None else bounds.low)
    arrays["target_high"] = np.float64(np.inf if bounds is None else bounds.high)
    for i, category in enumerate(parts.categories):
        arrays[f"rows.{i}.weight"] = category.rows
    for number, member in enumerate(parts.members):
        arrays |= _layers(member, "layers" if len(parts.members) == 1 else f"members.{number}")
    return {name: torch.tensor(np.array(array)) for name, array in arrays.items()}


def _layers(member: Layers, of: str) -> dict[str, np.ndarray]:
    """A network's weights, under names that begin with ``of``."""
    arrays = {}
    for i, layer in enumerate(member.hidden):
        dense, norm = f"{of}.{3 * i}", f"{of}.{3 * i + 1}"  # what is third is the activation
        arrays[f"{dense}.weight"] = layer.kernel.T
        arrays[f"{norm}.weight"], arrays[f"{norm}.bias"] = layer.gamma, layer.beta
        arrays[f"{norm}.running_mean"], arrays[f"{norm}.running_var"] = layer.mean, layer.variance
        arrays[f"{norm}.num_batches_tracked"] = np.array(0, np.int64)
    last = f"{of}.{3 * len(member.hidden)}"
    arrays[f"{last}.weight"], arrays[f"{last}.bias"] = member.last.T, member.bias
    return arrays
