"""PaddlePaddle: a callback that reports a trial, ends it early, and keeps its checkpoints."""

from __future__ import annotations

from sturgeon.frameworks.paddle.report import Report, load_weights

__all__ = ["Report", "load_weights"]
