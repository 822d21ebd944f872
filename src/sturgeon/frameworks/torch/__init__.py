"""PyTorch: a report that keeps a training loop's checkpoints, and changes its optimiser's settings live."""

from __future__ import annotations

from sturgeon.frameworks.common.extras import import_extra

import_extra("torch", "torch", "PyTorch")  # before those that import it, for the message

from sturgeon.frameworks.torch.checkpoint import load_checkpoint  # noqa: E402
from sturgeon.frameworks.torch.panda import Panda  # noqa: E402
from sturgeon.frameworks.torch.report import Report  # noqa: E402

__all__ = ["Panda", "Report", "load_checkpoint"]
