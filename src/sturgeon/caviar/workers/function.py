"""Carry a training function to a worker process.

A function of a module that a worker can import goes by its name. One of a script, a notebook cell or an
interactive session, a lambda and a closure go by value, with what they refer to; cloudpickle does that. So a
script needs no ``if __name__ == "__main__"``, since workers do not run it again. The bytes go from the
user's process to workers it started itself, over a pipe, and are never stored.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import io
import os
import pickle
import sys
from collections.abc import Callable
from difflib import get_close_matches
from importlib.machinery import ModuleSpec
from types import CodeType, FunctionType, ModuleType
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import cloudpickle

from sturgeon.caviar.workers.training import Train
from sturgeon.errors import InputError, option


def check_function(train: object) -> None:
    """Check that something can be called with a trial.

    Raises:
        InputError: It cannot.

    Example:
        >>> check_function(lambda trial: 0.0)
    """
    if not callable(train):
        raise InputError(
            f"`train` must be a function of one trial; got {train!r}. Write def train(trial): ..."
        )
    _check_returns(train)
    try:
        signature = inspect.signature(train)
    except (TypeError, ValueError):  # some callables written in C have none
        return
    try:
        signature.bind(None)
    except TypeError:
        raise InputError(
            f"`train` must be a function that can be called with one trial; got "
            f"{name_of(train)}{signature}. Write def {name_of(train)}(trial): ..."
        ) from None


def _check_returns(train: Any) -> None:
    """Refuse what, when it is called, makes something that would still have to be run."""
    while isinstance(train, functools.partial):
        train = train.func
    for one in (train, getattr(type(train), "__call__", None)):  # noqa: B004  an object's own method
        if inspect.isgeneratorfunction(one) or inspect.isasyncgenfunction(one):
            raise InputError(
                f"`train` must return when its training is over; got {name_of(train)!r}, which yields. Write "
                "trial.report(...) in the place of yield."
            )
        if inspect.iscoroutinefunction(one):
            raise InputError(
                f"`train` must return when its training is over; got {name_of(train)!r}, which is async. "
                "Write def train(trial): return asyncio.run(...)."
            )


def pack(train: Callable[..., Any], *, name: str = "train", instead: str = "workers=0") -> bytes:
    """Write a function down for a worker.

    Args:
        train: The function.
        name: The name of the argument that it was given as, for the message.
        instead: What to write where it cannot be sent.

    Raises:
        InputError: It refers to something that cannot be sent, such as an open file.
    """
    module = sys.modules.get(getattr(train, "__module__", None) or "")
    by_value = module is not None and module.__name__ != "__main__" and not _can_be_imported(module)
    try:
        if not by_value:
            return _dump(train)
        cloudpickle.register_pickle_by_value(module)
        try:
            return _dump(train)
        finally:
            cloudpickle.unregister_pickle_by_value(module)
    except Exception as error:  # objects pickle themselves by code of their own, which may raise anything
        raise InputError(
            f"`{name}` must be something that can be sent to a worker process; got {name_of(train)!r}"
            f"{_culprit(train)} ({_one_line(error)}). Make it inside the function, or use {instead}."
        ) from error


def unpack(function: bytes) -> Train:
    """Read what ``pack`` wrote; only ever in a worker, from the process that started it."""
    unpickler = _Unpickler(io.BytesIO(function))
    train: Any = unpickler.load()
    # A class of the user's script calls itself __main__.Name; so that pickle (torch.save, say) finds it
    # there, what came by value is put there: the classes, and the names that the functions know.
    main = vars(sys.modules["__main__"])
    for made in unpickler.made:
        if getattr(made, "__module__", None) != "__main__":
            continue
        if isinstance(made, FunctionType):
            known = {name: value for name, value in made.__globals__.items() if not name.startswith("__")}
            main.update(known)
        if made.__qualname__ == made.__name__:  # not within another
            main.setdefault(made.__name__, made)
    return train


class _Unpickler(pickle.Unpickler):
    """Unpickles, and keeps the functions and the classes that came by value."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.made: list[Any] = []

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        found = super().find_class(module_name, global_name)
        if module_name.partition(".")[0] != "cloudpickle" or not callable(found):
            return found

        @functools.wraps(found)
        def make(*arguments: Any, **named: Any) -> Any:
            made = found(*arguments, **named)
            if isinstance(made, FunctionType | type):
                self.made.append(made)
            return made

        return make


def _reduce_code(code: CodeType) -> Any:
    """Reduce code as cloudpickle does, but with its file's name, by which a traceback finds the lines."""
    rebuild, parts, *rest = cloudpickle.Pickler.dispatch_table[CodeType](code)
    return rebuild, tuple(code.co_filename if part == "<dynamic-code>" else part for part in parts), *rest


def _reduce_cached(cached: Any) -> Any:
    """Reduce what ``functools.lru_cache`` made: as its name where a worker can import it, else by value."""
    name, module = cached.__qualname__, getattr(cached, "__module__", None)
    by_value = module == "__main__" or module in cloudpickle.list_registry_pickle_by_value()
    if module in sys.modules and not by_value and "<locals>" not in name:
        return name
    given = ("__wrapped__", "cache_parameters")
    attributes = {key: value for key, value in vars(cached).items() if key not in given}
    return _cached, (cached.__wrapped__, cached.cache_parameters(), attributes)


def _cached(function: Any, parameters: dict[str, Any], attributes: dict[str, Any]) -> Any:
    made = functools.lru_cache(**parameters)(function)
    vars(made).update(attributes)
    return made


def _cached_property(function: Any, name: str) -> Any:
    made = functools.cached_property(function)
    made.attrname = name  # its class is made without telling it so
    return made


class _Pickler(cloudpickle.Pickler):
    dispatch_table: ClassVar = {
        **cloudpickle.Pickler.dispatch_table,
        CodeType: _reduce_code,
        functools._lru_cache_wrapper: _reduce_cached,
        functools.cached_property: lambda cached: (  # before Python 3.12 one has a lock
            _cached_property,
            (cached.func, cached.attrname),
        ),
        WeakKeyDictionary: lambda weak: (
            WeakKeyDictionary,
            (dict(weak),),
        ),  # functools.singledispatch has one
    }


def _dump(train: Callable[..., Any]) -> bytes:
    buffer = io.BytesIO()
    _Pickler(buffer).dump(train)
    return buffer.getvalue()


def name_of(train: object) -> str:
    """Name a function for messages."""
    return getattr(train, "__name__", None) or type(train).__name__


def source_of(train: object) -> str | None:
    """Give the source of a function, or of the class of an object; None where there is none to read.

    Example:
        >>> source_of(functools.partial(check_function)).startswith("def check_function")
        True
    """
    while isinstance(train, functools.partial):
        train = train.func
    for candidate in (train, type(train)):
        try:
            return inspect.getsource(candidate)  # pyright: ignore[reportArgumentType]
        except (TypeError, OSError):
            continue
    return None


def _can_be_imported(module: ModuleType) -> bool:
    """Tell whether another process with our path finds this very module under its name."""
    path = None
    spec: ModuleSpec | None = None
    parts = module.__name__.split(".")
    for count in range(1, len(parts) + 1):
        spec = _find(".".join(parts[:count]), path)
        if spec is None:
            return False
        path = spec.submodule_search_locations
    assert spec is not None
    return spec.origin == getattr(module, "__file__", spec.origin)


def _find(name: str, path: Any) -> ModuleSpec | None:
    # Not importlib.util.find_spec, which answers from the modules that this process has already.
    for finder in sys.meta_path:
        find_spec = getattr(finder, "find_spec", None)
        spec = find_spec(name, path) if find_spec is not None else None
        if spec is not None:
            return spec
    return None


def _culprit(train: Callable[..., Any]) -> str:
    """Name the variable that cannot be sent, if it is one the function uses directly."""
    try:
        found = inspect.getclosurevars(train)
    except (TypeError, ValueError):
        return ""
    for name, value in {**found.globals, **found.nonlocals}.items():
        try:
            cloudpickle.dumps(value)
        except Exception:  # objects pickle themselves by code of their own
            return f", which uses {name!r}, a {type(value).__name__}"
    return ""


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]


def named_function(name: str) -> Callable[..., Any]:
    """Import a function by its module and its name there, from the working directory or Python's path.

    Args:
        name: Such as ``"package.module:train"``.

    Raises:
        InputError: There is none, or it cannot be called with one trial.

    Example:
        >>> named_function("sturgeon.caviar.workers.function:name_of").__name__
        'name_of'
    """
    module_name, colon, path = name.partition(":")
    if not (colon and module_name and path):
        raise InputError(f"`{option('function')}` must be MODULE:NAME, such as training:train; got {name!r}.")
    here = os.getcwd()  # noqa: PTH109  what Python's path has in it is text
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found: Any = importlib.import_module(module_name)
    except Exception as error:  # whatever an import may raise
        raise InputError(
            f"`{option('function')}` must be one that can be imported; got {name!r} ({_one_line(error)}). "
            "Start the worker where the module lies, or set PYTHONPATH."
        ) from error
    for part in path.split("."):
        if not hasattr(found, part):
            raise InputError(
                f"`{option('function')}` must be in its module; {module_name!r} was found and has no "
                f"{part!r}. {_remedy(part, found)}"
            )
        found = getattr(found, part)
    check_function(found)
    return found


def _remedy(name: str, owner: object) -> str:
    """Say what was perhaps meant by a name that something does not have."""
    close = get_close_matches(name, [one for one in dir(owner) if not one.startswith("_")], n=1)
    return f"Did you mean {close[0]!r}?" if close else "Correct the name."
