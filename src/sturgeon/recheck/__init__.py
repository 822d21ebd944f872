"""Whether the chosen hyperparameters are still right on new data, why not, and how to put it right.

The room has the name of its front door, ``sturgeon.recheck(study, data)``; so it can be called itself.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Room(ModuleType):
    def __call__(self, *given: Any, **named: Any) -> Any:
        """See :func:`sturgeon.recheck.front.recheck`."""
        from sturgeon.recheck.front import recheck

        return recheck(*given, **named)


sys.modules[__name__].__class__ = _Room
