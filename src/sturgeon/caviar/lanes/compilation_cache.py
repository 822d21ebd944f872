"""Compiled programs are kept on disk from one run to the next, in a folder of the user's own."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import sys
from pathlib import Path

import jax

# Seconds. What compiles sooner is compiled again: there are thousands of those.
_WORTH_KEEPING = 0.2
_MOST_BYTES = 2**29


def keep_programs_on_disk() -> None:
    """Tell JAX where to keep programs, unless it was told already; no folder is no harm.

    JAX can bound the folder by itself, but then looks at every file of it whenever it adds one: with
    thousands of them, writing takes longer than compiling. So it is bounded here, once in a process.
    """
    if jax.config.values["jax_compilation_cache_dir"] is not None:
        return
    folder = _folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return
    if not os.access(folder, os.W_OK):
        return
    remove_oldest(folder, _MOST_BYTES)
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_compilation_cache_max_size", -1)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", _WORTH_KEEPING)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def remove_oldest(folder: Path, most: int) -> None:
    """Remove the files that were written first, until half of the bytes allowed are left.

    Args:
        folder: Holds files only.
        most: Bytes; with no more than these, nothing is removed.
    """
    with contextlib.suppress(OSError):  # another process removes them too
        found = [(entry.stat(), entry.path) for entry in os.scandir(folder)]
        left = sum(stat.st_size for stat, _ in found)
        if left <= most:
            return
        for stat, path in sorted(found, key=lambda pair: pair[0].st_mtime_ns):
            if left <= most // 2:
                return
            Path(path).unlink(missing_ok=True)
            left -= stat.st_size


def _folder() -> Path:
    """A folder per user, JAX version and processor type: a program compiled for another may not run."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home()))
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    processor = hashlib.sha256(_processor().encode()).hexdigest()[:12]
    return base / "sturgeon" / "compiled" / f"jax-{jax.__version__}-{processor}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine() + platform.processor()
    return "".join(sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))}))
