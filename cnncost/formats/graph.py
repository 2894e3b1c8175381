"""A network as an import finds it: operations in the words of a spec, one after another."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction

    Value = int | Fraction | bool | str | tuple["Value", ...]
    """An argument as a spec would have it: a number, true or false, a keyword, a list."""


@dataclass(frozen=True)
class Op:
    """One operation: a layer type's word, its arguments, and what it reads.

    `arguments` holds every argument that differs from its default, the main one under its
    field's name (`filters` of conv); joins have none.
    """

    name: str
    """Unique in its graph; where the source has dotted or slashed paths, those, by dots."""
    word: str
    arguments: dict[str, Value]
    reads: tuple[str, ...]
    """Names of operations or inputs, in order."""
    shares: str = ""
    """The operation whose parameters it uses."""
    frozen: bool = False


@dataclass(frozen=True)
class Graph:
    """Operations in an order in which each comes after what it reads."""

    name: str
    inputs: dict[str, tuple[int, ...]]
    """Shapes by name, channels first, without the batch."""
    ops: tuple[Op, ...]
    outputs: tuple[str, ...]
    notes: str = ""
    source: str = ""
    """The citation of a spec."""
    published: tuple[tuple[str, str], ...] = ()
    """What the paper prints, figure by figure in its own words."""
    unknown: tuple[str, ...] = field(default=())
    """What could not be expressed and became opaque, a line each: name, operation, why."""
