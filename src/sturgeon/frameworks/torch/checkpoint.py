"""Checkpoints of PyTorch: written with tensors and plain values only, read without running any code."""

from __future__ import annotations

import os
import re
from typing import Any

import torch

from sturgeon.errors import InputError
from sturgeon.frameworks.common.random_states import host_random, restore_host_random


def load_checkpoint(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a checkpoint, to the CPU. Runs no code from the file.

    Args:
        path: A file that ``torch.save`` wrote, such as ``study.best.checkpoint``.

    Returns:
        Its state by part, such as ``["model"]``, for ``load_state_dict``.

    Raises:
        InputError: It is missing, damaged, or holds other things than tensors and plain values.
    """
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise InputError(
            f"A checkpoint must be where it was saved; {os.fspath(path)!r} is gone. The best trial's "
            "stays, and with keep=3 those of the best three: put it back, or start a new study."
        ) from None
    except Exception as error:  # what a damaged file may raise is not written down anywhere
        raise InputError(
            f"A checkpoint must hold tensors and plain values only; {os.fspath(path)!r} {_trouble(error)}. "
            "Keep what you can as numbers, text, lists and dicts."
        ) from error


def random_states() -> dict[str, Any]:
    """Say where the random generators stand: PyTorch's, CUDA's, NumPy's and Python's."""
    devices = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    return {"torch": torch.get_rng_state(), "cuda": devices, **host_random()}


def restore_random_states(states: dict[str, Any]) -> None:
    """Set the random generators to where they stood; those of GPUs only where there are as many."""
    torch.set_rng_state(states["torch"])
    if states["cuda"] and torch.cuda.is_available() and torch.cuda.device_count() == len(states["cuda"]):
        torch.cuda.set_rng_state_all(states["cuda"])
    restore_host_random(states)


def _trouble(error: Exception) -> str:
    """Say what is wrong with a file, in a few words."""
    other = re.search(r"GLOBAL ([\w.]+)", str(error))
    return f"holds a {other.group(1)}" if other else f"cannot be read ({one_line(error)[:200]})"


def one_line(error: Exception) -> str:
    """An error in one line, with its type."""
    return " ".join(f"{type(error).__name__}: {error}".split())
