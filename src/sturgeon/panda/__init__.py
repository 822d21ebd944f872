"""One training tended by hand: change it while it runs, go back, branch, and keep the whole story.

The room can be called, as ``st.panda(...)`` reads best::

    with st.panda(study="run.study", learning_rate=0.1, momentum=0.9) as run:
        for epoch in run.epochs(30):
            for batch in batches:
                train_step(batch, run.learning_rate, run.momentum)
                run.step()
            run.report(train_loss=..., val_loss=...)

From another terminal, a notebook or a script, ``st.Panda.attach("run.study").set(learning_rate=0.01)``.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from sturgeon.panda.beginning import panda

__all__ = ["panda"]


class _Room(ModuleType):
    """This module, which is called as its function is."""

    def __call__(self, *args: Any, **given: Any) -> Any:
        return panda(*args, **given)


sys.modules[__name__].__class__ = _Room
