"""The head: a pool before the first dense layer, a hidden dense layer less, or none at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

from cnncost.language.lines import Line
from cnncost.layers import Layer
from cnncost.network import Input, Node
from cnncost.plans.edits.edit import NO_EDIT, Decision, Edit, Evidence
from cnncost.plans.edits.editable_spec import EditableSpec, is_named
from cnncost.plans.edits.placed_layers import PlacedLayer, Substitute, remove_layer
from cnncost.plans.edits.replacement import NewLayer, place_layers
from cnncost.plans.edits.text_changes import TextChange, replace_span
from cnncost.shape import Shape

POOL_BEFORE_DENSE, GLOBAL_POOL_HEAD, DROP_DENSE = (
    "pool-before-dense",
    "global-pool-head",
    "drop-dense",
)

POOL_HEAD_EVIDENCE = Evidence(
    "CaffeNet's pooling windows (Mishkin et al. 2016), which lose a fifth of the estimate; trained "
    "variants: the sign depends on the task"
)

GLOBAL_POOL_EVIDENCE = Evidence(
    "Zeiler & Fergus 2014, Table 3 (both hidden dense layers removed: 40.5 to 44.8 % error); "
    "trained variants: the sign depends on the task"
)

DROP_EVIDENCE = Evidence(
    "Zeiler & Fergus 2014, Table 3 (one hidden dense layer removed: 40.5 to 40.0 % error)"
)

BETWEEN = ("relu", "relu6", "tanh", "sigmoid", "leaky_relu", "elu", "gelu", "dropout", "identity")
"""What may stand behind a hidden dense layer and goes with it."""


class _Hidden(NamedTuple):
    """A hidden dense layer and what belongs to it."""

    dense: Node
    nodes: tuple[Node, ...]
    """The layer with the activation and dropout behind it."""
    lines: tuple[Line, ...]


class _Head(NamedTuple):
    """The dense layers at the end of a network."""

    editable: EditableSpec
    entry: Node
    """The first layer that a pool would stand before: a flatten, or the first dense layer."""
    x: Shape
    """The map that enters."""
    hidden: tuple[_Hidden, ...]
    last: Node
    """The dense layer that is left without the hidden ones."""

    def put_pool(self, pool: NewLayer) -> tuple[dict[int, Substitute], dict[int, int]]:
        """Say what a pool before the entry puts in the places of layers, and which nodes read
        another input then: behind a flatten it is the dense layer that reads less."""
        found: dict[int, Substitute] = {self.entry.index: partial(_put_before, pool)}
        if self.entry.layer.word != "flatten":
            return found, {}
        dense = self.hidden[0].dense if self.hidden else self.last
        found[dense.index] = partial(_flatten_pooled, pool, self.entry.layer)
        return found, {dense.index: self.entry.index}


def head_decisions(
    editable: EditableSpec, kept: Sequence[str], forbidden: frozenset[str]
) -> Iterator[Decision]:
    """One decision for the whole head: its edits change the same few lines."""
    head = _find_head(editable, kept)
    if head is None:
        return
    fewer = (
        [_drop_dense(head, hidden) for hidden in head.hidden] if DROP_DENSE not in forbidden else []
    )
    drops = [edit for edit in fewer if edit is not None]
    pools = list(_pool_edits(head)) if POOL_BEFORE_DENSE not in forbidden else []
    both = [_combine_edits(pool, drop) for pool in pools for drop in drops]
    whole = [] if GLOBAL_POOL_HEAD in forbidden else [_global_pool(head)]
    options = [c for c in (*pools, *drops, *both, *whole) if c is not None]
    if options:
        yield Decision("head", (NO_EDIT, *options), head.entry.index, unread=True)


def _find_head(editable: EditableSpec, kept: Sequence[str]) -> _Head | None:
    """The head of a network that ends in dense layers behind a map; None for others."""
    nodes, readers = editable.network.nodes, _reader_of(editable)
    first = next((node for node in editable.network.layers if _enters_head(node)), None)
    if first is None or is_named(first.name, kept) or editable.spec.written[first.index].call:
        return None
    dense: Input | Node = first
    if first.layer.word == "flatten":
        behind = readers.get(first.index)
        if behind is None:
            return None
        dense = nodes[behind]
    hidden: list[_Hidden] = []
    while dense.layer is not None and dense.layer.word == "dense":
        one = _hidden_dense(editable, dense, readers)
        if one is None or any(is_named(node.name, kept) for node in one.nodes):
            break
        hidden.append(one)
        dense = nodes[readers[one.nodes[-1].index]]
    if dense.layer is None or dense.layer.word != "dense":
        return None
    return _Head(editable, first, first.inputs[0], tuple(hidden), dense)


def _enters_head(node: Node) -> bool:
    """Whether a layer makes a vector of a map of more than one position."""
    if node.layer is None or node.layer.word not in ("dense", "flatten"):
        return False
    x = node.inputs[0]
    return not x.is_vector and x.positions > 1


def _reader_of(editable: EditableSpec) -> dict[int, int]:
    """For each node that is read once: what reads it."""
    readers: dict[int, list[int]] = {}
    for node in editable.network.nodes:
        for index in node.reads:
            readers.setdefault(index, []).append(node.index)
    return {index: found[0] for index, found in readers.items() if len(found) == 1}


def _hidden_dense(editable: EditableSpec, dense: Node, readers: dict[int, int]) -> _Hidden | None:
    """A dense layer that feeds another through activations alone; None for the last one."""
    nodes, own = editable.network.nodes, [dense]
    while own[-1].index in readers:
        following = nodes[readers[own[-1].index]]
        assert following.layer is not None  # what reads another is no input
        if following.layer.word == "dense":
            lines = tuple(editable.spec.written[node.index].line for node in own)
            return _Hidden(dense, tuple(own), lines)
        if following.layer.word not in BETWEEN:
            return None
        own.append(following)
    return None


def _pool_edits(head: _Head) -> Iterator[Edit]:
    """Yield pools to half the map, a quarter and so on down to 1x1; none leaves a position out."""
    extents = head.x.extents
    line = head.editable.spec.written[head.entry.index].line
    largest = max(extents)
    size = largest // 2
    while size >= 1:
        outputs = tuple(max(1, min(n, n * size // largest)) for n in extents)
        stride = tuple(n // out for n, out in zip(extents, outputs, strict=True))
        kernel = tuple(
            n - (out - 1) * step for n, out, step in zip(extents, outputs, stride, strict=True)
        )
        word = "maxpool" if size == largest // 2 and size > 1 else "avgpool"
        pool = NewLayer(word, {"kernel": kernel, "stride": stride})
        inserted = head.editable.spec_text.insert_before(line, pool.text())
        if inserted is not None:
            shape = "x".join(map(str, outputs))
            substitutes, reads_instead = head.put_pool(pool)
            yield Edit(
                POOL_BEFORE_DENSE,
                f"{word} to {shape} before {head.entry.name}",
                changes=(inserted,),
                substitutes=substitutes,
                reads_instead=reads_instead,
            )
        size //= 2


def _put_before(new: NewLayer, layer: Layer, xs: tuple[Shape, ...]) -> list[PlacedLayer]:
    """Put a new layer between a layer and its input."""
    ((made, _),) = place_layers([new], layer, xs)
    return [(made, xs), (layer, (made.infer_shape(xs),))]


def _flatten_pooled(
    pool: NewLayer, flatten: Layer, layer: Layer, xs: tuple[Shape, ...]
) -> list[PlacedLayer]:
    """Put a dense layer over a map that was pooled and flattened."""
    ((made, _),) = place_layers([pool], layer, xs)
    pooled = made.infer_shape(xs)
    return [(layer, (flatten.infer_shape((pooled,)),))]


def _drop_dense(head: _Head, hidden: _Hidden) -> Edit | None:
    """Make the edit that drops a hidden dense layer, with its activation and dropout."""
    places = [head.editable.spec_text.whole_lines(line) for line in hidden.lines]
    first = hidden.dense is head.hidden[0].dense
    # Without the first dense layer its successor reads the map; a flatten stays before it.
    if any(place is None for place in places) or (first and head.entry is not hidden.dense):
        return None
    changes = tuple(replace_span(place, "") for place in places if place is not None)
    substitutes: dict[int, Substitute] = {node.index: remove_layer for node in hidden.nodes}
    following = _next_dense(head, hidden)
    return Edit(
        DROP_DENSE,
        f"{hidden.dense.name} dropped",
        changes=changes,
        substitutes=substitutes,
        reads_instead={following.index: hidden.dense.index},
    )


def _next_dense(head: _Head, hidden: _Hidden) -> Node:
    position = head.hidden.index(hidden)
    rest = head.hidden[position + 1 :]
    return rest[0].dense if rest else head.last


def _combine_edits(pool: Edit, drop: Edit) -> Edit | None:
    """Make one edit of a pool and a dense layer less; None where both change the input of one
    layer."""
    if set(pool.substitutes) & set(drop.substitutes):
        return None
    return Edit(
        pool.kind,
        f"{pool.phrase}, {drop.phrase}",
        changes=(*pool.changes, *drop.changes),
        substitutes={**pool.substitutes, **drop.substitutes},
        reads_instead={**pool.reads_instead, **drop.reads_instead},
    )


def _global_pool(head: _Head) -> Edit | None:
    """A global average pool in place of the hidden dense layers."""
    if not head.hidden or head.entry is not head.hidden[0].dense:
        return None
    lines = [line for hidden in head.hidden for line in hidden.lines]
    spec_text, pool = head.editable.spec_text, NewLayer("global_avgpool")
    places = [spec_text.whole_lines(line) for line in lines[1:]]
    if any(place is None for place in places):
        return None
    deleted = [replace_span(place, "") for place in places if place is not None]
    pooled: TextChange = replace_span(spec_text.span(lines[0]), pool.text())
    substitutes: dict[int, Substitute] = {
        n.index: remove_layer for h in head.hidden for n in h.nodes
    }
    substitutes[head.last.index] = partial(_put_before, pool)
    names = " and ".join(hidden.dense.name for hidden in head.hidden)
    return Edit(
        GLOBAL_POOL_HEAD,
        f"global average pool in place of {names}",
        changes=(pooled, *deleted),
        substitutes=substitutes,
        reads_instead={head.last.index: head.entry.index},
    )
