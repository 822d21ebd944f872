"""PyTorch: a report that keeps a training loop's checkpoints, and changes its optimiser's settings live."""

from __future__ import annotations

from sturgeon.frameworks.torch.report import Report, load_checkpoint

__all__ = ["Report", "load_checkpoint"]
