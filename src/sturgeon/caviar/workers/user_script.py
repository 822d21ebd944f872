"""The user's script in processes that a training starts by ``multiprocessing``: by spawn or forkserver.

Such a process unpickles what the training hands it, and finds a class or a function of the script only if it
runs the script again, as ``__mp_main__``. It is told by the process that starts it which script that is; so a
worker process, whose own ``__main__`` is no script, stands in for the script here. Where the script has no
``if __name__ == "__main__"``, it is run as far as its call of ``tune``: that is enough for what a training
needs, and nothing is tuned twice.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from multiprocessing import current_process
from pathlib import Path
from typing import Any

from sturgeon.errors import InputError

_VARIABLE = "STURGEON_USER_SCRIPT"
_THIS_MODULE = "sturgeon.caviar.workers.user_script"


_LOADS: list[str] = []
"""Holds something while this process, a worker, loads the function that it is to train."""


class ScriptOver(BaseException):
    """Ends a script that is run again: it has come to its call of ``tune``."""


def user_script() -> str | None:
    """Name the script of this process: a path, or ``-m`` and a module's name; None where there is none."""
    main = sys.modules["__main__"]
    module = getattr(getattr(main, "__spec__", None), "name", None)
    if module == _THIS_MODULE or getattr(main, "__name__", None) == "__mp_main__":
        return os.environ.get(_VARIABLE)
    if module is not None:
        return None if module.rpartition(".")[2] == "__main__" else f"-m {module}"
    path = getattr(main, "__file__", None)
    if path is None or Path(path).stem == "ipython" or not Path(path).is_file():
        return None
    return os.path.abspath(path)  # noqa: PTH100  what the user called it, links and all


def stand_in_for(script: str | None) -> None:
    """Let processes that this worker starts find what is in the user's script."""
    if script is None:
        os.environ.pop(_VARIABLE, None)
        return
    os.environ[_VARIABLE] = script
    main = sys.modules["__main__"]
    main.__spec__ = ModuleSpec(_THIS_MODULE, None)
    if not script.startswith("-m "):
        main.__file__ = script


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """Within the block this process, a worker, loads the function; what that imports may tune nothing."""
    _LOADS.append(_THIS_MODULE)
    try:
        yield
    finally:
        _LOADS.pop()


def check_not_loading() -> None:
    """Check that this process is not a worker that loads its function: its own workers would do so again.

    Raises:
        InputError: It is.
    """
    if _LOADS:
        raise InputError(
            "The module that `train` is in must not tune when it is imported, as workers import it; it calls "
            'st.tune. Put that under if __name__ == "__main__":'
        )


def end_a_script_run_again() -> None:
    """Leave the script if it is only run again for its classes and functions.

    Raises:
        ScriptOver: It is.
    """
    if getattr(current_process(), "_inheriting", False) and _VARIABLE in os.environ:
        raise ScriptOver


def run_again(names: dict[str, Any]) -> None:
    """Run the user's script in a namespace, up to its call of ``tune`` where that is not guarded."""
    script = os.environ[_VARIABLE]
    if script.startswith("-m "):
        spec = find_spec(script.removeprefix("-m "))
        assert spec is not None
        assert spec.loader is not None
        code = spec.loader.get_code(spec.name)  # pyright: ignore[reportAttributeAccessIssue]
        names.update(__file__=spec.origin, __spec__=spec, __package__=spec.parent)
    else:
        code = compile(Path(script).read_bytes(), script, "exec", dont_inherit=True)
        names.update(__file__=script, __spec__=None, __package__=None)
    with contextlib.suppress(ScriptOver):
        exec(code, names)


if __name__ == "__mp_main__":
    from sturgeon.caviar.workers import user_script as _this

    for _name in [_one for _one in globals() if not _one.startswith("__") and _one != "_this"]:
        del globals()[_name]
    _this.run_again(globals())
