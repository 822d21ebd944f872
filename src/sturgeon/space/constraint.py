"""Constraints: which combinations of values are allowed.

An expression such as ``"batch_size <= 4 * hidden_units"`` is parsed against a list of allowed forms
and evaluated without running code, so it travels in JSON and a stranger's study is safe to open.

An inactive hyperparameter has no value, so a comparison that names it is neither true nor false. It
is *unknown* (Kleene's three-valued logic), and what stays unknown in the end counts as satisfied: in
``"momentum < 0.95 and layers < 4"`` the second half still holds for an Adam without momentum.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from sturgeon.errors import SpaceError
from sturgeon.space.config import Config

Constraint: TypeAlias = Callable[[Config], bool]
_Evaluator: TypeAlias = Callable[[Mapping[str, Any]], Any]

LONGEST = 1000
DEEPEST = 50
MOST_BITS = 1024

_UNKNOWN = object()

_COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.In: lambda value, options: value in options,
    ast.NotIn: lambda value, options: value not in options,
}


def _power(base: Any, exponent: Any) -> Any:
    if isinstance(base, int) and isinstance(exponent, int) and base.bit_length() * exponent > MOST_BITS:
        raise OverflowError(f"a power of more than {MOST_BITS} bits")
    result = base**exponent
    if isinstance(result, complex):
        raise ValueError("a root of a negative number")
    return result


_ARITHMETIC: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: _power,
}


class Expression:
    """A constraint written as a text over hyperparameter names.

    Args:
        text: Comparisons, ``+ - * / // % **``, ``and``, ``or``, ``not``, numbers, texts, names, and
            ``in`` with a tuple; at most 1,000 characters. A name that is no identifier, such as
            ``max-depth``, stands in backticks.
        absent: Names that the space has dropped; they count as inactive.

    Attributes:
        compares: Whether it is a comparison, or several joined by ``and``, ``or`` and ``not``: then it is
            true or false wherever all names stand for numbers.

    Raises:
        SpaceError: The text holds anything else.

    Example:
        >>> fits = Expression("batch_size <= 4 * hidden_units")
        >>> fits({"batch_size": 256, "hidden_units": 50})
        False
        >>> fits({"batch_size": 256})
        True
    """

    def __init__(self, text: str, absent: tuple[str, ...] = ()) -> None:
        self.text = text
        self.absent = tuple(sorted(absent))
        plain, self._quoted = _without_backticks(text)
        tree = _parse(plain)
        found = (node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
        self.compares = _compares(tree)
        self.names = frozenset(self._quoted.get(name, name) for name in found)
        try:
            self._evaluate = _build(_renamed(tree, self._quoted), 0)
        except RecursionError:
            raise SpaceError(f"A constraint must be simpler; got {text[:40]!r}…. Give a function.") from None

    def __call__(self, config: Mapping[str, Any]) -> bool:
        """Judge a configuration.

        Raises:
            SpaceError: The expression has no truth value here: it compares a text with a number,
                divides by zero or grows too large.
        """
        try:
            result = self._evaluate(config)
            return result is _UNKNOWN or _truth(result)
        except (TypeError, ValueError, ArithmeticError) as error:
            raise SpaceError(
                f"A constraint must be true or false for every configuration; {self.text!r} "
                f"gave {type(error).__name__} ({error}) for {dict(config)!r}. Rewrite the constraint."
            ) from None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Expression):
            return NotImplemented
        return (self.text, self.absent) == (other.text, other.absent)

    def __hash__(self) -> int:
        return hash((self.text, self.absent))

    def __reduce__(self) -> tuple[Any, ...]:
        return Expression, (self.text, self.absent)

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"


def holds(constraint: Constraint, config: Config, names: frozenset[str]) -> bool:
    """Judge a configuration by a constraint of either form.

    A function that looks up an inactive hyperparameter by ``config[name]`` gets a KeyError; as in an
    expression, that counts as satisfied.

    Args:
        constraint: An Expression or a function from a configuration to a bool.
        config: The configuration; the function gets this very dict.
        names: The names of the space's hyperparameters.

    Raises:
        SpaceError: The constraint gave something other than True or False, or raised an error.
    """
    if isinstance(constraint, Expression):
        return constraint(config)
    try:
        return _truth(constraint(config))
    except KeyError as error:
        if error.args and error.args[0] in names - config.keys():
            return True
        raise SpaceError(_failed(constraint, error, config)) from error
    except Exception as error:  # a user's function may raise anything
        raise SpaceError(_failed(constraint, error, config)) from error


def callable_name(constraint: Constraint) -> str:
    """Name a constraint that is a function, for messages and for JSON."""
    return getattr(constraint, "__qualname__", type(constraint).__qualname__)


def _failed(constraint: Constraint, error: Exception, config: Config) -> str:
    return (
        f"A constraint must give True or False for every configuration; {callable_name(constraint)} gave "
        f"{type(error).__name__} ({error}) for {config!r}. Correct the function; "
        "inactive hyperparameters are absent from a configuration."
    )


def _truth(result: Any) -> bool:
    if type(result).__name__ not in ("bool", "bool_"):
        raise TypeError(f"not a truth value: {result!r}")
    return bool(result)


def _without_backticks(text: object) -> tuple[Any, dict[str, str]]:
    """Put identifiers for names in backticks, and tell which name each stands for."""
    quoted: dict[str, str] = {}
    if not isinstance(text, str):
        return text, quoted

    def stand_in(found: re.Match[str]) -> str:
        word = next(
            word for count in range(len(quoted), 10**6) if (word := f"name_{count}_") not in str(text)
        )
        quoted[word] = found[1]
        return word

    return re.sub(r"`([^`]+)`", stand_in, text), quoted


def _renamed(tree: ast.expr, quoted: Mapping[str, str]) -> ast.expr:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = quoted.get(node.id, node.id)
    return tree


def _parse(text: str) -> ast.expr:
    if not isinstance(text, str) or len(text) > LONGEST:
        raise SpaceError(
            f"A constraint must be a text of at most {LONGEST} characters, or a function; "
            f"got {str(text)[:40]!r}…. Shorten it, or give a function."
        )
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise SpaceError(
            f"A constraint must be an expression such as 'batch_size <= 4 * hidden_units'; got {text!r} "
            f"({type(error).__name__}). Correct the expression."
        ) from None


def _build(node: ast.expr, depth: int) -> _Evaluator:
    """Turn a node into a function of a configuration, or refuse it."""
    depth += 1
    if depth > DEEPEST:
        raise SpaceError(
            f"A constraint must be nested at most {DEEPEST} deep; got more. Simplify it, or give a function."
        )
    match node:
        case ast.Constant(value=value) if type(value) in (int, float, str, bool, type(None)):
            return lambda config: value
        case ast.Name(id=name):
            return lambda config: config.get(name, _UNKNOWN)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _negation(_build(operand, depth))
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=operand):
            zero = ast.BinOp(ast.Constant(0), ast.Sub() if isinstance(sign, ast.USub) else ast.Add(), operand)
            return _build(zero, depth)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
            return _arithmetic(_ARITHMETIC[type(op)], _build(left, depth), _build(right, depth))
        case ast.BoolOp(op=op, values=parts):
            return _combination([_build(part, depth) for part in parts], decisive=isinstance(op, ast.Or))
        case ast.Compare() if all(type(op) in _COMPARISONS for op in node.ops):
            return _comparison(node, depth)
        case _:
            raise SpaceError(
                "A constraint may hold comparisons, + - * / // % **, and, or, not, numbers, texts, names "
                f"and `in` with a tuple; got {ast.unparse(node)!r} ({type(node).__name__}). "
                "Rewrite it, or give a function."
            )


def _compares(node: ast.expr) -> bool:
    """Tell whether an expression of numbers is true or false: a comparison, or several joined."""
    match node:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _compares(operand)
        case ast.BoolOp(values=parts):
            return all(map(_compares, parts))
        case _:
            return isinstance(node, ast.Compare)


def _negation(operand: _Evaluator) -> _Evaluator:
    def evaluate(config: Mapping[str, Any]) -> Any:
        value = operand(config)
        return value if value is _UNKNOWN else not _truth(value)

    return evaluate


def _arithmetic(operation: Callable[[Any, Any], Any], left: _Evaluator, right: _Evaluator) -> _Evaluator:
    def evaluate(config: Mapping[str, Any]) -> Any:
        first, second = left(config), right(config)
        if first is _UNKNOWN or second is _UNKNOWN:
            return _UNKNOWN
        # Texts know * and % too, and "a" * 10**9 would fill the memory.
        for value in (first, second):
            if not isinstance(value, int | float):
                raise TypeError(f"arithmetic with {value!r}")
        return operation(first, second)

    return evaluate


def _combination(parts: list[_Evaluator], decisive: bool) -> _Evaluator:
    """Join by ``or`` (True decides) or ``and`` (False decides); unknown parts decide nothing."""

    def evaluate(config: Mapping[str, Any]) -> Any:
        unknown = False
        for part in parts:
            value = part(config)
            if value is _UNKNOWN:
                unknown = True
            elif _truth(value) is decisive:
                return decisive
        return _UNKNOWN if unknown else not decisive

    return evaluate


def _comparison(node: ast.Compare, depth: int) -> _Evaluator:
    links: list[_Evaluator] = []
    left = node.left
    for op, right in zip(node.ops, node.comparators, strict=True):
        links.append(_link(_build(left, depth), _COMPARISONS[type(op)], _right_side(op, right, depth)))
        left = right
    return links[0] if len(links) == 1 else _combination(links, decisive=False)


def _link(left: _Evaluator, compare: Callable[[Any, Any], Any], right: _Evaluator) -> _Evaluator:
    def evaluate(config: Mapping[str, Any]) -> Any:
        first, second = left(config), right(config)
        return _UNKNOWN if first is _UNKNOWN or second is _UNKNOWN else compare(first, second)

    return evaluate


def _right_side(op: ast.cmpop, node: ast.expr, depth: int) -> _Evaluator:
    if not isinstance(op, ast.In | ast.NotIn):
        return _build(node, depth)
    if not isinstance(node, ast.Tuple | ast.List):
        raise SpaceError(
            f"`in` needs a tuple in a constraint; got {ast.unparse(node)!r}. "
            "Write for instance `layers in (2, 4)`."
        )
    parts = [_build(part, depth) for part in node.elts]

    def evaluate(config: Mapping[str, Any]) -> Any:
        values = [part(config) for part in parts]
        return _UNKNOWN if any(value is _UNKNOWN for value in values) else values

    return evaluate
