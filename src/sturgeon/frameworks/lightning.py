"""Lightning: a callback that reports a trial's validation, ends it early, and keeps its checkpoints."""

from __future__ import annotations

from sturgeon.frameworks.common.extras import import_extra

import_extra("lightning", "lightning", "Lightning")  # which brings PyTorch

from sturgeon.frameworks.torch.lightning import Report  # noqa: E402
from sturgeon.frameworks.torch.lightning_panda import Panda  # noqa: E402

__all__ = ["Panda", "Report"]
