"""Finds self-attention in what exporters write out: projections, two products by heads and a
softmax become one layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cnncost.formats.graph import Op
from cnncost.shape import Shape

VIEWS = ("permute", "reshape", "flatten", "slice", "identity", "dropout")
"""What may stand between the steps: numbers stay the same, and are only moved."""

WITHIN = {"matmul": 2, "softmax": 1}
"""What stands between the projections of the input and that of the output, and how often."""


def join_attention(ops: Sequence[Op], shapes: Mapping[str, Shape]) -> list[Op]:
    """Replace each operation that ends a self-attention by the attention; nothing reads the
    operations within it any more."""
    made = {op.name: op for op in ops}
    readers: dict[str, set[str]] = {}
    for op in ops:
        for read in op.reads:
            readers.setdefault(read, set()).add(op.name)
    found = []
    for op in ops:
        part = _collect_part(op, made) if op.word == "linear" and _has_own_bias(op) else None
        whole = part and _match_attention(op, part, shapes, made)
        closed = part and all(readers[name] <= {*part.within, op.name} for name in part.within)
        found.append(whole if whole and closed else op)
    return found


@dataclass
class _Part:
    """The operations before a projection, back to other projections."""

    within: dict[str, Op]
    """All of it, those others as well."""

    def operations_of(self, word: str) -> list[Op]:
        """Return the operations of a layer type."""
        return [op for op in self.within.values() if op.word == word]


def _collect_part(last: Op, made: Mapping[str, Op]) -> _Part | None:
    """Collect the operations that `last` depends on, back to the next linear layers; None if one of
    them is no part of an attention."""
    within: dict[str, Op] = {}
    todo = list(last.reads)
    while todo:
        op = made.get(todo.pop())
        if op is None or op.word not in (*VIEWS, *WITHIN, "linear"):
            return None
        if op.name not in within:
            within[op.name] = op
            todo += op.reads if op.word != "linear" else ()
    return _Part(within)


def _match_attention(
    last: Op, part: _Part, shapes: Mapping[str, Shape], made: Mapping[str, Op]
) -> Op | None:
    """Return the attention that these operations are, if each of its parts is there and the shapes
    fit."""
    projections, products = part.operations_of("linear"), part.operations_of("matmul")
    if any(len(part.operations_of(word)) != count for word, count in WITHIN.items()):
        return None
    sources = {op.reads[0] for op in projections}
    if len(sources) != 1 or not all(map(_has_own_bias, projections)):
        return None
    source = _as_shaped(sources.pop(), shapes[last.name], shapes, made)
    x, heads = shapes[source], products[0].arguments.get("groups", 1)
    features = [shapes[op.name].channels for op in projections]
    dim = sum(features) // 3
    fits = features in ([3 * dim], [dim] * 3) and shapes[last.name] == x
    if not fits or not isinstance(heads, int) or x.is_vector:
        return None
    p = x.positions
    expected = sorted([(heads * p, p), (dim, p)])
    alike = all(op.arguments.get("groups", 1) == heads for op in products)
    if not alike or sorted(shapes[op.name].dims for op in products) != expected:
        return None
    usual = {} if dim == x.channels else {"dim": dim}
    return Op(last.name, "attention", {"heads": heads, **usual}, (source,))


def _as_shaped(
    source: str, shape: Shape, shapes: Mapping[str, Shape], made: Mapping[str, Op]
) -> str:
    """Return what the projections read before its positions were put in another shape."""
    op = made.get(source)
    if op is None or op.word != "reshape" or shapes[source] == shape:
        return source
    before = shapes[op.reads[0]]
    same = (before.channels, before.positions) == (shape.channels, shape.positions)
    return op.reads[0] if same and shapes[source].channels == shape.channels else source


def _has_own_bias(op: Op) -> bool:
    return op.arguments.get("bias", True) is True and not op.shares
