"""Edits that change maps: another size of the input, a stride doubled, a pool widened or added."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any

from cnncost.language.lines import Line
from cnncost.language.nodes import Node as YamlNode
from cnncost.language.nodes import Scalar
from cnncost.layers import Layer
from cnncost.layers.sliding_window import Windowed
from cnncost.network import Network, Node
from cnncost.place import Place
from cnncost.plans.edits.edit import COARSEST, POOLING, STRIDE, AllowedEdits, Edit, Evidence
from cnncost.plans.edits.editable_spec import EditableSpec, is_named
from cnncost.plans.edits.placed_layers import PlacedLayer
from cnncost.plans.edits.replacement import NewLayer, place_layers
from cnncost.plans.edits.serial_layers import ACTIVATIONS
from cnncost.plans.edits.text_changes import TextChange, replace_span
from cnncost.shape import Shape

RESOLUTION = "resolution"

RESOLUTION_EVIDENCE = Evidence(
    "the resolution tables of MobileNet v1 and v2, alone and with widths: 29 pairs; vision "
    "transformers at 384 and 224"
)

RESOLUTION_PARTS = tuple(Fraction(*pair) for pair in ((7, 8), (6, 7), (3, 4), (4, 7), (1, 2)))

RESOLUTION_BEYOND = (Fraction(3, 8), Fraction(1, 4))

LARGER_INPUTS = tuple(Fraction(*pair) for pair in ((8, 7), (9, 7), (10, 7), (12, 7)))
"""Of 224 positions a side: 256, 288, 320 and 384."""

LARGER_BEYOND = (Fraction(2), Fraction(3))

MODULUS = 32
"""Sizes of maps keep their remainder modulo this, so that every halving comes out the same; small
ones, lengths of sequences and what strides do not divide it that of the network's total stride."""


def resolution_edits(editable: EditableSpec, allowed: AllowedEdits) -> Iterator[Edit]:
    """An option for each smaller size, of all inputs alike; for each larger one where plans may
    grow."""
    places = _input_extents(editable)
    if places is None or "input" in allowed.kept:
        return
    largest = max(size for _, size in places)
    stride = _total_stride(editable.network)
    flat = any(len(one.output.extents) != 1 for one in editable.network.inputs)
    large = flat and min(size for _, size in places) >= 2 * MODULUS
    modulus = MODULUS if large and MODULUS % stride == 0 else stride
    seen: list[tuple[int, ...]] = []
    larger, smaller = (LARGER_INPUTS, LARGER_BEYOND), (RESOLUTION_PARTS, RESOLUTION_BEYOND)
    known, beyond = larger if allowed.grow else smaller
    for part in known + beyond * allowed.extrapolate:
        sizes = tuple(nearest(size, part, modulus) for _, size in places)
        ratio = Fraction(max(sizes), largest)
        turned = ratio == 1 or (ratio > 1) != allowed.grow
        if sizes in seen or turned or (ratio < COARSEST and not allowed.extrapolate):
            continue
        seen.append(sizes)
        new = {place: n for (place, _), n in zip(places, sizes, strict=True)}
        yield Edit(
            RESOLUTION,
            f"input: {_name_sizes([size for _, size in places], sizes)}",
            changes=tuple(replace_span(place, str(n)) for place, n in new.items()),
            resized=_resize_inputs(editable, new),
            grows=ratio > 1,
        )


def _resize_inputs(editable: EditableSpec, new: Mapping[Place, int]) -> dict[int, Shape]:
    """The shapes of the inputs with new extents; none where layers use these numbers too."""
    origins = (o for written in editable.spec.written.values() for o in written.origins.values())
    if any(origin.place in new for own in origins for origin in own):
        return {}
    found = {}
    shapes = editable.spec_text.inputs().values()
    for one, items in zip(editable.network.inputs, shapes, strict=True):
        places = [_scalar_of(editable, item).place for item in items.items[1:]]
        pairs = zip(places, one.output.extents, strict=True)
        extents = tuple([new.get(place, extent) for place, extent in pairs])
        found[one.index] = Shape(one.output.channels, extents)
    return found


def _scalar_of(editable: EditableSpec, item: YamlNode) -> YamlNode:
    """What an item of an input's shape stands for: a param, or itself."""
    params = editable.spec_text.params()
    return params.get(item.text, item) if isinstance(item, Scalar) else item


def _name_sizes(old: Sequence[int], new: Sequence[int]) -> str:
    if len(set(old)) == len(set(new)) == 1:
        return f"{old[0]} to {new[0]} positions a side"
    return " to ".join("x".join(map(str, sizes)) for sizes in (old, new))


def nearest(size: int, part: Fraction, modulus: int) -> int:
    """The size nearest to a part of another, with the same remainder modulo `modulus`; a small one
    is rounded plainly.

    >>> nearest(224, Fraction(3, 4), 32), nearest(227, Fraction(3, 4), 32)
    (160, 163)
    >>> nearest(32, Fraction(6, 7), 4), nearest(5, Fraction(6, 7), 4)
    (28, 4)
    """
    step, rest = (modulus, size % modulus) if size >= 2 * modulus else (1, 0)
    return max(step, round((size * part - rest) / step) * step + rest)


def _total_stride(network: Network) -> int:
    """Return the product of all strides on the way down."""
    strides = [1] * len(network.nodes)
    for node in network.layers:
        narrows = isinstance(node.layer, Windowed) and node.layer.word != "conv_transpose"
        own = getattr(node.layer, "stride", (1,)) if narrows else (1,)
        strides[node.index] = max(strides[i] for i in node.reads) * max(own)
    return max(strides)


def _input_extents(editable: EditableSpec) -> list[tuple[Place, int]] | None:
    """The scalars that set the inputs' extents, each once; None where one is an expression.

    Frames stay: an axis before the map's own two that is of another extent than they are.
    """
    found: dict[Place, int] = {}
    for shape in editable.spec_text.inputs().values():
        sizes: list[tuple[Place, int]] = []
        for item in shape.items[1:]:
            node = _scalar_of(editable, item)
            if not isinstance(node, Scalar) or not node.text.isdigit():
                return None
            sizes.append((node.place, int(node.text)))
        frames = len(sizes) == 3 and sizes[0][1] != sizes[1][1]
        found.update(sizes[1:] if frames else sizes)
    return list(found.items()) or None


COARSER_EVIDENCE = Evidence(
    "as the maps behind it: the tables of MobileNets; ResNet-D dilated; trained variants"
)

SLIDING = ("conv", "depthwise_conv")

POOLS = ("maxpool", "avgpool")

ADDED_POOL = NewLayer("maxpool", {"kernel": 2})
"""What is put behind a convolution."""


def stride_edits(editable: EditableSpec, kept: Sequence[str]) -> Iterator[Edit]:
    """An option for each line or call of which the stride can be doubled."""
    for line, nodes in _lines(editable).values():
        if any(is_named(node.name, kept) for node in nodes):
            continue
        yield from _double_stride(editable, line, nodes)


def pool_edits(editable: EditableSpec, kept: Sequence[str]) -> Iterator[Edit]:
    """An option for each pool that can be widened, and each place where one can be added."""
    for line, nodes in _lines(editable).values():
        word = line.word
        if any(is_named(node.name, kept) for node in nodes):
            continue
        if word in POOLS:
            yield from _widen_pool(editable, line, nodes)
        elif word in ACTIVATIONS and _is_behind_convolution(editable, nodes):
            yield from _add_pool(editable, line, nodes)


def _lines(editable: EditableSpec) -> dict[int, tuple[Line, list[Node]]]:
    """The lines of layers, and the calls of blocks that take a stride, with their layers."""
    found: dict[int, tuple[Line, list[Node]]] = {}
    calls = editable.block_calls()
    for node in editable.network.layers:
        written = editable.spec.written[node.index]
        found.setdefault(written.line.start, (written.line, []))[1].append(node)
        call = written.call
        while call is not None:
            line = calls.get(call.place.start)
            if line is not None and line.block is not None:
                found.setdefault(line.start, (line, []))[1].append(node)
            call = call.outer
    return dict(sorted(found.items()))


def _double_stride(editable: EditableSpec, line: Line, nodes: Sequence[Node]) -> Iterator[Edit]:
    takes = line.word in SLIDING or (
        line.block is not None and any(p.name == "stride" for p in line.block.parameters[1:])
    )
    strided = [node for node in nodes if _slides(node)]
    if not takes or not strided or "repeat" in line.common:
        return
    conv_fields: list[Any] = [node.layer for node in strided]
    old = max(max(layer.stride) for layer in conv_fields)
    new = 2 * old
    # A 1x1 shortcut may skip positions that its block's kernel sees; nothing else may.
    if new > max(max(layer.kernel) for layer in conv_fields):
        return
    change = _set_argument(editable, line, "stride", old, new)
    if change is not None:
        label = _site_label(editable, line, nodes)
        # What a call makes of its stride only its text tells.
        own = nodes if line.block is None else []
        placed = {node.index: partial(_slide, axes={"stride": new}) for node in own}
        what = f"{label}: stride {old} to {new}"
        yield Edit(STRIDE, what, changes=(change,), substitutes=placed)


def _slides(node: Node) -> bool:
    """Whether a layer slides: its stride may be the line's own, or the argument of its call."""
    return node.layer is not None and node.layer.word in SLIDING


def _set_argument(
    editable: EditableSpec, line: Line, key: str, old: int, new: int
) -> TextChange | None:
    """The change of an argument, written or not; None where it is no whole number."""
    node = line.arguments.get(key)
    if node is None:
        return editable.spec_text.add_argument(line, key, str(new)) if old == 1 else None
    text = editable.spec_text.text[node.start : node.end]
    return replace_span(Place(node.start, node.end), str(new)) if text == str(old) else None


def _widen_pool(editable: EditableSpec, line: Line, nodes: Sequence[Node]) -> Iterator[Edit]:
    pool: Any = nodes[0].layer
    kernel, stride = max(pool.kernel), max(pool.stride)
    if stride == 1 or line.main is None or min(pool.stride) != stride:
        return
    changes = []
    axes = {"stride": 2 * stride}
    if "stride" in line.arguments:
        change = _set_argument(editable, line, "stride", stride, 2 * stride)
        changes.append(change)
    if kernel < 2 * stride:
        axes["kernel"] = 2 * stride
        text = editable.spec_text.text[line.main.start : line.main.end]
        plain = text == str(kernel)
        changes.append(replace_span(line.main.place, str(2 * stride)) if plain else None)
    made = [change for change in changes if change is not None]
    if len(made) == len(changes) and made:
        label = _site_label(editable, line, nodes)
        what = f"{label}: stride {stride} to {2 * stride}"
        placed = {node.index: partial(_slide, axes=axes) for node in nodes}
        yield Edit(POOLING, what, changes=tuple(made), substitutes=placed)


def _slide(layer: Layer, inputs: tuple[Shape, ...], axes: Mapping[str, int]) -> list[PlacedLayer]:
    """Put a layer that slides otherwise in its own place: each field alike on every axis."""
    fields: Any = layer  # the fields of a layer with a window
    alike = {name: (size,) * len(fields.stride) for name, size in axes.items()}
    return [(replace(fields, **alike), inputs)]


def _pool_behind(layer: Layer, inputs: tuple[Shape, ...]) -> list[PlacedLayer]:
    """Put a pool behind a layer."""
    return [(layer, inputs), *place_layers([ADDED_POOL], layer, (layer.infer_shape(inputs),))]


def _is_behind_convolution(editable: EditableSpec, nodes: Sequence[Node]) -> bool:
    for node in nodes:
        source = editable.network.nodes[node.reads[0]]
        while source.layer is not None and not source.layer.counted and len(source.reads) == 1:
            source = editable.network.nodes[source.reads[0]]
        if source.layer is None or source.layer.word != "conv":
            return False
    return all(not node.output.is_vector for node in nodes)


def _add_pool(editable: EditableSpec, line: Line, nodes: Sequence[Node]) -> Iterator[Edit]:
    following = [
        editable.network.nodes[index] for index in editable.network.readers[nodes[-1].index]
    ]
    if any(n.layer is not None and n.layer.word in (*POOLS, "lrn", "dense") for n in following):
        return  # pooled already, or the head's own pool
    if len(nodes) > 1 or editable.spec.written[nodes[0].index].call is not None:
        return
    inserted = editable.spec_text.insert_after(line, ADDED_POOL.text())
    if inserted is not None:
        source = editable.network.nodes[nodes[0].reads[0]]
        what = f"maxpool 2 added behind {source.name}"
        placed = {nodes[0].index: _pool_behind}
        yield Edit(POOLING, what, changes=(inserted,), substitutes=placed)


def _site_label(editable: EditableSpec, line: Line, nodes: Sequence[Node]) -> str:
    if line.block is not None and line.name:
        return line.name
    more = len(nodes) - 1
    return nodes[0].name + (f" and {more} more" if more and line.block is None else "")
