"""Compiles the network's C code into the package, once for each instruction set.

Without a compiler the package is built all the same: networks then train through JAX.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packaging.tags import sys_tags

_FOLDER = Path("src/sturgeon/network/native")
_FLAGS = ["-std=gnu11", "-O3", "-fno-math-errno", "-fno-trapping-math", "-Wno-psabi", "-shared", "-fPIC"]
_LEVELS = {"baseline": [], "v3": ["-march=x86-64-v3"], "v4": ["-march=x86-64-v4"]}


class CompileNetwork(BuildHookInterface):
    """Adds the compiled libraries to a wheel, or to the source folder of an editable install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile; called by Hatch before it collects files."""
        if self.target_name != "wheel":
            return
        folder = Path(self.root) / _FOLDER
        for stale in folder.glob("network-*.so"):
            stale.unlink()
        made = [path for level in _levels() if (path := _compile(folder, level)) is not None]
        if made:
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{_platform_tag()}"
            build_data["artifacts"] += [str(path.relative_to(self.root)) for path in made]


def _levels() -> list[str]:
    return list(_LEVELS) if platform.machine().lower() in ("x86_64", "amd64") else ["baseline"]


def _compile(folder: Path, level: str) -> Path | None:
    """Compile for one instruction set; None where that cannot be done here."""
    compiler = (
        os.environ.get("CC", "").strip() or shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    )
    if compiler is None or sys.platform == "win32":
        _say("no C compiler was found; networks will train through JAX, which is slower")
        return None
    library = folder / f"network-{level}.so"
    flags = [*_FLAGS, *_LEVELS[level], f"-DSOURCES=0x{_sources(folder):08x}u"]
    command = [*compiler.split(), *flags, str(folder / "network.c"), "-o", str(library), "-lm"]
    try:
        subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        library.unlink(missing_ok=True)
        _say(f"{error} {getattr(error, 'stderr', '')}\nNetworks will train through JAX, which is slower")
        return None
    return library


def _sources(folder: Path) -> int:
    """What ``sources_now`` in the package's ``library.py`` makes of the same files."""
    texts = b"".join(path.read_bytes() for path in sorted(folder.glob("*.[ch]")))
    return int.from_bytes(hashlib.sha256(texts).digest()[:4], "big")


def _say(line: str) -> None:
    print(f"sturgeon: {line}", file=sys.stderr)


def _platform_tag() -> str:
    """This machine's: a library built here is not promised to run on older systems."""
    platforms = (tag.platform for tag in sys_tags())
    return next(name for name in platforms if not name.startswith(("manylinux", "musllinux")))
