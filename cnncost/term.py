"""Numbers that remember how they came to be: a formula run over them yields its working."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from cnncost.shape import AXES, Shape

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

L = TypeVar("L", bound="DataclassInstance")


class Term(int):
    """An int that knows its name (a leaf) or the operation and operands it came from.

    Formulas need not know of it: every operator gives the right int, and a plain
    0 added or 1 multiplied leaves no trace. `working` is what a named result was
    computed from.
    """

    op: str
    args: tuple[int, ...]
    name: str
    working: Term | None

    def __new__(cls, value: int, op: str = "", args: tuple[int, ...] = (), name: str = "") -> Term:
        term = super().__new__(cls, value)
        term.op, term.args, term.name, term.working = op, args, name, None
        return term

    def __add__(self, other: int) -> Term:
        if other == 0:
            return self
        return _as_term(other) if self == 0 else Term(int(self) + int(other), "+", (self, other))

    def __radd__(self, other: int) -> Term:
        if other == 0:
            return self
        return _as_term(other) if self == 0 else Term(int(other) + int(self), "+", (other, self))

    def __sub__(self, other: int) -> Term:
        return Term(int(self) - int(other), "-", (self, other)) if other != 0 else self

    def __rsub__(self, other: int) -> Term:
        return Term(int(other) - int(self), "-", (other, self)) if self != 0 else _as_term(other)

    def __mul__(self, other: int) -> Term:
        return self if _is_one(other) else Term(int(self) * int(other), "*", (self, other))

    def __rmul__(self, other: int) -> Term:
        return self if _is_one(other) else Term(int(other) * int(self), "*", (other, self))

    def __floordiv__(self, other: int) -> Term:
        return Term(int(self) // int(other), "floor", (self, other))

    def __rfloordiv__(self, other: int) -> Term:
        return Term(int(other) // int(self), "floor", (other, self))

    def __neg__(self) -> Term:
        if self.op == "floor" and isinstance(self.args[0], Term) and self.args[0].op == "neg":
            # -(-a // b), the ceiling of a / b, is written as one.
            return Term(-int(self), "ceil", (self.args[0].args[0], self.args[1]))
        return Term(-int(self), "neg", (self,))

    def as_leaf(self, name: str) -> Term:
        """Return this number as a leaf of that name, which keeps its working."""
        leaf = Term(int(self), name=name)
        leaf.working = self
        return leaf


def _is_one(number: int) -> bool:
    return number == 1 and not isinstance(number, Term)


def _as_term(number: int) -> Term:
    return number if isinstance(number, Term) else Term(number)


def exact_quotient(a: int, b: int) -> int:
    """Divide a by b, which divides it: written as a division, not as a floor."""
    if isinstance(a, Term) or isinstance(b, Term):
        return Term(int(a) // int(b), "/", (a, b)) if b != 1 else a
    return a // b


def trace_layer(layer: L) -> L:
    """Return the same layer with terms for numbers: each field is a term of its name, and each of
    its quantities, when asked for, a leaf of its own name."""
    cls = type(layer)
    traced = _TRACED.get(cls)
    if traced is None:
        formulas = {
            name: _name_result(getattr(cls, name)) for name in FORMULAS if hasattr(cls, name)
        }
        traced = _TRACED[cls] = type(cls.__name__, (cls,), formulas)
    terms = {f.name: _name_numbers(getattr(layer, f.name), f.name) for f in fields(layer)}
    copy = replace(layer, **terms)
    object.__setattr__(copy, "__class__", traced)
    return copy


def trace_shape(x: Shape) -> Shape:
    """Return the same shape with terms for numbers, each with its axis' name."""
    axes = AXES.get(len(x.extents), ())
    extents = (Term(int(n), name=axis) for n, axis in zip(x.extents, axes, strict=True))
    return Shape(Term(int(x.channels), name="channels"), tuple(extents))


def name_extents(x: Shape) -> Shape:
    """Return a shape whose worked-out extents are leaves of their axes' names; plain numbers stay
    as they are."""
    axes = AXES.get(len(x.extents), ())
    extents = (
        n.as_leaf(axis) if isinstance(n, Term) and n.op else n
        for n, axis in zip(x.extents, axes, strict=True)
    )
    return Shape(x.channels, tuple(extents))


FORMULAS = (
    "weights",
    "biases",
    "extras",
    "parameters",
    "connections",
    "inside_connections",
    "bias_connections",
)
"""The methods of a layer that state a quantity."""

_TRACED: dict[type, type] = {}


def _name_numbers(value: Any, name: str) -> Any:  # Any: a field holds ints, tuples, words
    if isinstance(value, tuple):
        return tuple(_name_numbers(item, name) for item in value)
    if isinstance(value, int) and not isinstance(value, bool) and not callable(value):
        return Term(value, name=name)
    return value


def _name_result(formula: Callable[..., int]) -> Callable[..., int]:
    @wraps(formula)
    def compute_named(*args: Any) -> int:  # Any: a formula takes the layer and its shapes
        result = formula(*args)
        return result.as_leaf(formula.__name__) if isinstance(result, Term) else result

    return compute_named
