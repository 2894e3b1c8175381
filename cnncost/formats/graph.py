"""A network as an import finds it: operations in the words of a spec, one after another."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
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
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """What the source itself records or infers for an operation's result, by the operation's
    name, where it does: channels first, without the batch."""
    held: Mapping[str, int] = field(default_factory=dict)
    """The learned numbers that the source holds, by their owner's name, each owner once; empty
    where the source holds none, or nobody counted."""
    unread: tuple[str, ...] = ()
    """The owners of which no operation reads all numbers."""
    unused: tuple[str, ...] = ()
    """The owners that provably no output depends on: they are no part of the network's cost."""
    stop: str = ""
    """Why and where reading ended before the source does, in one line; empty where it did not."""
    audit: tuple[str, ...] = ()
    """What the audit found: a line on numbers that are not in the graph."""


def needed_operations(ops: Mapping[str, Op], outputs: Iterable[str]) -> list[Op]:
    """The operations, by name, that some output depends on or shares parameters with, in order."""
    needed, todo = set(outputs), list(outputs)
    while todo:
        op = ops.get(todo.pop())
        for name in (*op.reads, *([op.shares] if op.shares else [])) if op else ():
            if name not in needed:
                needed.add(name)
                todo.append(name)
    return [op for name, op in ops.items() if name in needed]
