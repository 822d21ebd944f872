"""Lightning: a callback that reports a trial's validation, ends it early, and keeps its checkpoints."""

from __future__ import annotations

from sturgeon.frameworks.torch.lightning import Report
from sturgeon.frameworks.torch.lightning_panda import Panda

__all__ = ["Panda", "Report"]
