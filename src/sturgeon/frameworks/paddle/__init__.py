"""PaddlePaddle: a callback that reports a trial, ends it early, and keeps its checkpoints."""

from __future__ import annotations

import warnings

from sturgeon.frameworks.common.extras import import_extra

with warnings.catch_warnings():
    # PaddlePaddle looks for a cache of C++ compilers when it is imported; nothing is compiled here.
    warnings.filterwarnings("ignore", message="No ccache found")
    import_extra("paddle", "paddle", "PaddlePaddle")  # before those that import it, for the message

from sturgeon.frameworks.paddle.checkpoint import load_weights
from sturgeon.frameworks.paddle.panda import Panda
from sturgeon.frameworks.paddle.report import Report

__all__ = ["Panda", "Report", "load_weights"]
