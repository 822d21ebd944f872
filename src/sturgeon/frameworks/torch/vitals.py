"""How large an optimiser's steps and gradients are beside the weights, looked at now and then."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

import torch

from sturgeon.panda.coach.vitals import Vitals

_EVERY = 64  # steps between two looks, once so many were taken; before, at every power of two


class StepWatch:
    """Measures one step in 64 of an optimiser, by its hooks; vectors, such as biases, are left out.

    Args:
        optimizers: Those of the training.
    """

    def __init__(self, optimizers: Sequence[torch.optim.Optimizer]) -> None:
        self._count = 0
        self._before: list[tuple[torch.Tensor, torch.Tensor]] = []
        self._gradients = self._updates = torch.zeros(0)
        if len(optimizers) != 1:  # as of generator and discriminator: their steps are no one training's
            return
        ours = weakref.ref(self)  # an optimiser that lives on watches no longer

        def before(optimizer: torch.optim.Optimizer, *_: Any) -> None:
            if (watch := ours()) is not None:
                watch._look(optimizer)

        def after(*_: Any) -> None:
            if (watch := ours()) is not None:
                watch._compare()

        optimizers[0].register_step_pre_hook(before)
        optimizers[0].register_step_post_hook(after)

    def vitals(self) -> Vitals | None:
        """What was measured last; None before the first step."""
        if not len(self._updates):
            return None
        return Vitals(gradients=tuple(self._gradients.tolist()), updates=tuple(self._updates.tolist()))

    @torch.no_grad()
    def _look(self, optimizer: torch.optim.Optimizer) -> None:
        self._count += 1
        self._before = []
        if self._count % _EVERY and self._count & (self._count - 1):
            return
        weights = [w for group in optimizer.param_groups for w in group["params"] if w.ndim > 1]
        self._before = [(w, w.detach().clone()) for w in weights if w.grad is not None]
        if self._before:
            self._gradients = torch.stack([_rms(w.grad) for w, _ in self._before])

    @torch.no_grad()
    def _compare(self) -> None:
        if self._before:
            shares = [_rms(w.detach() - old) / _rms(old).clamp(min=1e-12) for w, old in self._before]
            self._updates, self._before = torch.stack(shares), []


def _rms(values: torch.Tensor | None) -> torch.Tensor:
    assert values is not None
    return values.detach().double().square().mean().sqrt().cpu()
