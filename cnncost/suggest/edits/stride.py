"""Coarser maps: a stride doubled, a pool widened or added."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import log, prod
from typing import Any

from cnncost.network import Node
from cnncost.place import Place
from cnncost.spec.lines import Line
from cnncost.suggest.edits.edit_site import ACTIVATIONS
from cnncost.suggest.text import damage
from cnncost.suggest.text.edit import Choice
from cnncost.suggest.text.editable_spec import Draft, named
from cnncost.suggest.text.text_changes import Change, replaced

STRIDE, POOLING = "stride", "pooling"

STRIDE_EVIDENCE = damage.Evidence(
    "SqueezeNet's advice to downsample late; trained variants", "the square of the share downstream"
)
POOLING_EVIDENCE = damage.Evidence(
    "priced like a stride: SqueezeNet's advice to downsample late; trained variants",
    "the square of the share downstream",
)

SLIDING = ("conv", "depthwise_conv")
POOLS = ("maxpool", "avgpool")


def strides(draft: Draft, kept: Sequence[str]) -> Iterator[Choice]:
    """A choice for each line or call of which the stride can be doubled."""
    for line, nodes in _lines(draft).values():
        if any(named(node.name, kept) for node in nodes):
            continue
        yield from _doubled(draft, line, nodes)


def pools(draft: Draft, kept: Sequence[str]) -> Iterator[Choice]:
    """A choice for each pool that can be widened, and each place where one can be added."""
    for line, nodes in _lines(draft).values():
        word = line.word
        if any(named(node.name, kept) for node in nodes):
            continue
        if word in POOLS:
            yield from _widened(draft, line, nodes)
        elif word in ACTIVATIONS and _behind_convolution(draft, nodes):
            yield from _added(draft, line, nodes)


def _lines(draft: Draft) -> dict[int, tuple[Line, list[Node]]]:
    """The lines of layers, and the calls of blocks that take a stride, with their layers."""
    found: dict[int, tuple[Line, list[Node]]] = {}
    calls = draft.calls()
    for node in draft.network.layers:
        written = draft.spec.written[node.index]
        found.setdefault(written.line.start, (written.line, []))[1].append(node)
        call = written.call
        while call is not None:
            line = calls.get(call.place.start)
            if line is not None and line.block is not None:
                found.setdefault(line.start, (line, []))[1].append(node)
            call = call.outer
    return dict(sorted(found.items()))


def _doubled(draft: Draft, line: Line, nodes: Sequence[Node]) -> Iterator[Choice]:
    takes = line.word in SLIDING or (
        line.block is not None and any(p.name == "stride" for p in line.block.parameters[1:])
    )
    strided = [node for node in nodes if _strided(node)]
    if not takes or not strided or "repeat" in line.common:
        return
    fields: list[Any] = [node.layer for node in strided]
    old = max(max(layer.stride) for layer in fields)
    new = 2 * old
    # A 1x1 shortcut may skip positions that its block's kernel sees; nothing else may.
    if new > max(max(layer.kernel) for layer in fields):
        return
    change = _set(draft, line, "stride", old, new)
    if change is not None:
        label = _label(draft, line, nodes)
        yield _choice(draft, STRIDE, f"{label}: stride {old} to {new}", [change], strided[0])


def _strided(node: Node) -> bool:
    """Whether a layer slides: its stride may be the line's own, or the argument of its call."""
    return node.layer is not None and node.layer.word in SLIDING


def _set(draft: Draft, line: Line, key: str, old: int, new: int) -> Change | None:
    """The change of an argument, written or not; None where it is no whole number."""
    node = line.arguments.get(key)
    if node is None:
        return draft.sheet.with_key(line, key, str(new)) if old == 1 else None
    text = draft.sheet.text[node.start : node.end]
    return replaced(Place(node.start, node.end), str(new)) if text == str(old) else None


def _widened(draft: Draft, line: Line, nodes: Sequence[Node]) -> Iterator[Choice]:
    pool: Any = nodes[0].layer
    kernel, stride = max(pool.kernel), max(pool.stride)
    if stride == 1 or line.main is None or min(pool.stride) != stride:
        return
    changes = []
    if "stride" in line.arguments:
        change = _set(draft, line, "stride", stride, 2 * stride)
        changes.append(change)
    if kernel < 2 * stride:
        text = draft.sheet.text[line.main.start : line.main.end]
        plain = text == str(kernel)
        changes.append(replaced(line.main.place, str(2 * stride)) if plain else None)
    made = [change for change in changes if change is not None]
    if len(made) == len(changes) and made:
        label = _label(draft, line, nodes)
        what = f"{label}: stride {stride} to {2 * stride}"
        yield _choice(draft, POOLING, what, made, nodes[0])


def _behind_convolution(draft: Draft, nodes: Sequence[Node]) -> bool:
    for node in nodes:
        source = draft.network.nodes[node.reads[0]]
        while source.layer is not None and not source.layer.counted and len(source.reads) == 1:
            source = draft.network.nodes[source.reads[0]]
        if source.layer is None or source.layer.word != "conv":
            return False
    return all(not node.output.is_vector for node in nodes)


def _added(draft: Draft, line: Line, nodes: Sequence[Node]) -> Iterator[Choice]:
    following = [draft.network.nodes[index] for index in draft.readers[nodes[-1].index]]
    if any(n.layer is not None and n.layer.word in (*POOLS, "lrn", "dense") for n in following):
        return  # pooled already, or the head's own pool
    if len(nodes) > 1 or draft.spec.written[nodes[0].index].call is not None:
        return
    inserted = draft.sheet.inserted_after(line, "{maxpool: 2}")
    if inserted is not None:
        source = draft.network.nodes[nodes[0].reads[0]]
        what = f"maxpool 2 added behind {source.name}"
        yield _choice(draft, POOLING, what, [inserted], nodes[0], behind=True)


def _choice(
    draft: Draft, kind: str, phrase: str, changes: list[Change], node: Node, behind: bool = False
) -> Choice:
    share = _downstream(draft, node.index + behind)
    score = damage.phi_resolution(log(2)) * share * share
    because = f"phi_r(ln 2) x {share:.2f}^2"
    if _feeds_dense(draft):
        # The same reduction by a pool before the dense layers is priced so: no way around it.
        score, because = max(score, damage.POOL_HALF), f"{because}, at least a pool's .03"
    score = max(score, 0.0)
    return Choice(
        kind, phrase, damage.units(score) + damage.PER_EDIT, tuple(changes), because=because
    )


def _downstream(draft: Draft, index: int) -> float:
    """The share of the damage's weight from a node on."""
    shares = 0.0
    for group in draft.groups.groups.values():
        if not group.frozen:
            later = sum(writer >= index for writer in group.writers)
            shares += group.weight * later / len(group.writers)
    return min(1.0, shares)


def _feeds_dense(draft: Draft) -> bool:
    """Whether a dense layer reads a map of several positions: coarser maps shrink it."""
    return any(
        node.layer is not None
        and node.layer.word in ("dense", "flatten")
        and prod(node.inputs[0].extents) > 1
        for node in draft.network.layers
    )


def _label(draft: Draft, line: Line, nodes: Sequence[Node]) -> str:
    if line.block is not None and line.name:
        return line.name
    more = len(nodes) - 1
    return nodes[0].name + (f" and {more} more" if more and line.block is None else "")
