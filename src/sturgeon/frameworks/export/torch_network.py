"""A network that Sturgeon tuned, in PyTorch: a plain module, which needs no Sturgeon.

    network = load("the exported folder")
    with torch.no_grad():
        print(network(*network.read({"length": [81.5, None], "river": ["Elbe", "Volga"]})))

Its weights are in ``weights.pt``, read without running any code; how columns are read, in ``sturgeon.json``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

FARTHEST = 1e9
LEAST = 1.1754943508222875e-38  # the least probability of which a logarithm is taken
BOUNDS = ("low", "high", "target_low", "target_high")  # an older export has none


class TableNetwork(nn.Module):
    """From raw columns to probabilities, or to the target in its own unit.

    Args:
        described: What ``sturgeon.json`` says.
    """

    fill: Tensor
    chosen: Tensor
    mean: Tensor
    std: Tensor
    low: Tensor
    high: Tensor
    pieces_feature: Tensor
    pieces_slope: Tensor
    pieces_offset: Tensor
    pieces_scale: Tensor
    pieces_shift: Tensor
    target_mean: Tensor
    target_std: Tensor
    target_low: Tensor
    target_high: Tensor

    def __init__(self, described: Mapping[str, Any]) -> None:
        super().__init__()
        sizes = described["network"]
        self.numbers = [each["column"] for each in described["inputs"] if each["kind"] == "number"]
        texts = {each["column"]: each["texts"] for each in described["inputs"] if each["kind"] == "category"}
        self.places = {name: {text: i for i, text in enumerate(of, 1)} for name, of in texts.items()}
        self.is_classes = described["output"]["kind"] == "probabilities"
        count, wide = len(self.numbers), torch.float64
        self.cycles = [(int(place), str(cycle)) for place, cycle in sizes.get("cycles", ())]
        self.register_buffer("fill", torch.zeros(count, dtype=wide))
        self.register_buffer("chosen", torch.zeros(sizes["number_features"], dtype=torch.int64))
        self.register_buffer("mean", torch.zeros(sizes["number_features"], dtype=wide))
        self.register_buffer("std", torch.ones(sizes["number_features"], dtype=wide))
        self.register_buffer("low", torch.full_like(self.mean, -torch.inf))
        self.register_buffer("high", torch.full_like(self.mean, torch.inf))
        self.pieces = sizes.get("pieces", 0)  # an older export has none
        if self.pieces:
            self.register_buffer("pieces_feature", torch.zeros(self.pieces, dtype=torch.int64))
            for name in ("slope", "offset", "scale", "shift"):
                self.register_buffer(f"pieces_{name}", torch.zeros(self.pieces))
        self.register_buffer("target_mean", torch.zeros((), dtype=wide))
        self.register_buffer("target_std", torch.ones((), dtype=wide))
        self.register_buffer("target_low", torch.full((), -torch.inf, dtype=wide))
        self.register_buffer("target_high", torch.full((), torch.inf, dtype=wide))
        widths = sizes["category_features"]
        sized = zip(self.places.values(), widths, strict=True)
        self.rows = nn.ModuleList(nn.Embedding(1 + len(places), width) for places, width in sized)
        self.rows.requires_grad_(False)
        features = sizes["number_features"] + sum(widths) + self.pieces
        members = sizes.get("members")
        self.weights = [1.0] if members is None else [float(each["weight"]) for each in members]
        self.temperature = float(sizes.get("temperature", 1.0))  # an older export has none
        if members is None:
            self.layers = _layers(sizes, features, sizes["outputs"])
        else:
            self.members = nn.ModuleList(_layers(each, features, sizes["outputs"]) for each in members)

    def read(self, columns: Mapping[str, Sequence[Any]]) -> tuple[Tensor, Tensor]:
        """Turn raw columns into tensors.

        Args:
            columns: n cells by column, under the names that the table has: numbers, a date's being seconds
                since 1970 in UTC, a time's since midnight, None or NaN where missing; or text, None where
                missing.

        Returns:
            Numbers, float64 ``[n, numeric columns]``, and places, int64 ``[n, categorical columns]``, 0 for a
            text that training never had.

        Raises:
            ValueError: A column is missing.
        """
        needed = [*self.numbers, *self.places]
        missing = [name for name in needed if name not in columns]
        if missing:
            raise ValueError(
                f"Columns go by the names that the table has, {', '.join(map(repr, needed))}; got "
                f"{', '.join(map(repr, columns)) or 'none'}. Add {missing[0]!r}."
            )
        rows = len(next(iter(columns.values())))
        numbers = torch.full((rows, len(self.numbers)), torch.nan, dtype=torch.float64)
        for i, name in enumerate(self.numbers):
            cells = [torch.nan if cell is None else float(cell) for cell in columns[name]]
            numbers[:, i] = torch.tensor(cells, dtype=torch.float64)
        places = torch.zeros((rows, len(self.places)), dtype=torch.int64)
        for i, (name, place_of) in enumerate(self.places.items()):
            found = [place_of.get("" if cell is None else str(cell), 0) for cell in columns[name]]
            places[:, i] = torch.tensor(found, dtype=torch.int64)
        return numbers, places

    def forward(self, numbers: Tensor, places: Tensor) -> Tensor:
        """Predict.

        Args:
            numbers: float64 ``[n, numeric columns]``, NaN where missing.
            places: int64 ``[n, categorical columns]``, as :meth:`read` gives them.

        Returns:
            Probabilities ``[n, classes]``, or the target in its own unit, float64 ``[n, 1]``.
        """
        missing = torch.isnan(numbers)
        filled = torch.where(missing, self.fill, numbers)
        angles = [2 * math.pi * _phase(filled[:, [place]], cycle) for place, cycle in self.cycles]
        known = [filled, missing.to(numbers.dtype), *map(torch.sin, angles), *map(torch.cos, angles)]
        both = torch.cat(known, dim=1)
        chosen = both[:, self.chosen]
        inside = torch.clamp(chosen, self.low, self.high)  # the range that training rows had
        excess = torch.clamp((chosen - inside) / self.std, -FARTHEST, FARTHEST)
        normal = ((inside - self.mean) / self.std + excess / torch.sqrt(1 + excess**2)).float()
        features = torch.cat([normal, *(rows(places[:, i]) for i, rows in enumerate(self.rows))], dim=1)
        if self.pieces:
            share = features[:, self.pieces_feature] * self.pieces_slope + self.pieces_offset
            share = torch.clamp(share, 0, 1) * self.pieces_scale + self.pieces_shift
            features = torch.cat([features, share], dim=1)
        networks = self.members if hasattr(self, "members") else [self.layers]
        outputs = torch.zeros(())
        for weight, layers in zip(self.weights, networks, strict=True):
            raw = layers(features)
            outputs = outputs + weight * (torch.softmax(raw, dim=1) if self.is_classes else raw)
        if self.temperature != 1:
            outputs = torch.softmax(torch.log(torch.clamp(outputs, LEAST)) / self.temperature, dim=1)
        if self.is_classes:
            return outputs
        predicted = outputs.double() * self.target_std + self.target_mean
        return torch.clamp(predicted, self.target_low, self.target_high)


def _layers(sizes: Mapping[str, Any], features: int, outputs: int) -> nn.Sequential:
    """One network: hidden layers with batch norm, and a last one."""
    layers: list[nn.Module] = []
    for _ in range(sizes["layers"]):
        norm = nn.BatchNorm1d(
            sizes["hidden_units"], eps=sizes["norm_epsilon"], momentum=1 - sizes["norm_momentum"]
        )
        activation = {"relu": nn.ReLU, "tanh": nn.Tanh}[sizes["activation"]]()
        layers += [nn.Linear(features, sizes["hidden_units"], bias=False), norm, activation]
        features = sizes["hidden_units"]
    return nn.Sequential(*layers, nn.Linear(features, outputs))


def _phase(seconds: Tensor, cycle: str) -> Tensor:
    """How far a cycle has come, from 0 to below 1, at moments in seconds since the beginning of 1970."""
    floor = torch.floor
    days = floor(seconds / 86_400)
    if cycle == "hour":
        return (seconds - days * 86_400) / 86_400
    if cycle == "day of week":  # 1970 began on a Thursday
        return (days + 3 - floor((days + 3) / 7) * 7) / 7
    # Howard Hinnant's civil_from_days: years begin in March, 400 of them are an era
    of_era = days + 719_468 - floor((days + 719_468) / 146_097) * 146_097
    leaps = floor(of_era / 1460) - floor(of_era / 36_524) + floor(of_era / 146_096)
    year = floor((of_era - leaps) / 365)
    of_year = of_era - (year * 365 + floor(year / 4) - floor(year / 100))
    month = floor((of_year * 5 + 2) / 153)
    day = of_year - floor((month * 153 + 2) / 5)
    if cycle == "day of month":
        return day / 31
    return (month + 2 - floor((month + 2) / 12) * 12 + day / 31) / 12


def load(folder: str | Path) -> TableNetwork:
    """Read a network from its folder, ready to predict. Runs no code from it.

    Args:
        folder: What ``sturgeon export --format torch`` wrote.
    """
    network = TableNetwork(json.loads(Path(folder, "sturgeon.json").read_text(encoding="utf-8")))
    weights = torch.load(Path(folder, "weights.pt"), weights_only=True)
    unbounded = {name: getattr(network, name) for name in BOUNDS if name not in weights}
    network.load_state_dict(weights | unbounded)
    return network.eval()
