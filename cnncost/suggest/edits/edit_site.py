"""The lines that structural edits rewrite: which layers a line makes, and its parts as text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from cnncost.language.lines import Line
from cnncost.layers import Layer, layer_type, read_layer
from cnncost.network import Node
from cnncost.place import Place
from cnncost.shape import Shape
from cnncost.suggest.edits.inlined_call import (
    NAME,
    InlinedCall,
    TextPart,
    UnwritableCallError,
    is_leaf_block,
)
from cnncost.suggest.text.edit import PlacedLayer
from cnncost.suggest.text.editable_spec import EditableSpec, is_named
from cnncost.suggest.text.text_changes import TextChange

if TYPE_CHECKING:
    from cnncost.layers.kinds import Raw

NORMS = ("batchnorm", "layernorm", "instancenorm")
ACTIVATIONS = (
    *("relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "hardswish"),
    *("sigmoid", "hardsigmoid", "tanh", "softplus", "mish"),
)
COMMON = ("name", "from", "repeat", "frozen")
"""The keys of a line that a sequence in its place keeps."""

DEFAULTS = {"stride": "1", "padding": "0", "dilation": "1", "groups": "1", "bias": "true"}
"""What a convolution has where nothing is said."""


@dataclass(frozen=True)
class EditSite:
    """One line of the file and the layers that it makes, all of one type.

    Where the line stands in a block that several lines call, it is one call's layers: the call
    is written out then, and the other calls stay.
    """

    editable: EditableSpec
    line: Line
    nodes: tuple[Node, ...]
    inlined: InlinedCall | None = None
    """The call that is written out."""

    @property
    def layers(self) -> list[Layer]:
        return [layer for node in self.nodes if (layer := node.layer) is not None]

    @property
    def label(self) -> str:
        """The first layer, and how many more the line makes."""
        name, more = self.nodes[0].name, len(self.nodes) - 1
        if self.inlined is not None:
            name = name.rpartition(".")[0]  # the call's own
        return name + (f" and {more} more" if more else "")

    def given_argument(self, field: str) -> list[TextPart]:
        """`, field: VALUE` with the value as it is written; nothing where it is not given."""
        if field not in self.line.arguments:
            return []
        value = self.value_parts(field)
        return [] if self.inlined and value == [DEFAULTS.get(field)] else [f", {field}: ", *value]

    def value_parts(self, field: str) -> list[TextPart]:
        """An argument as it is written; at a call as it is meant there."""
        node = self.line.arguments[field]
        if self.inlined is None:
            return [Place(node.start, node.end)]
        parts = self.inlined.value_parts(node)
        meant = self.shared_field(field)
        if isinstance(meant, tuple) and not NAME.search(self.inlined.flat_text(parts)):
            numbers = dict.fromkeys(n for item in meant for n in _numbers_in(item))
            if len(numbers) == 1:  # 3 // 2 is said as 1
                return [str(next(iter(numbers)))]
        return parts

    def shared_field(self, field: str) -> object:
        """The value of a field that all the layers share; None where they differ."""
        values = {getattr(layer, field): None for layer in self.layers}
        return next(iter(values)) if len(values) == 1 else None

    @property
    def own_name(self) -> str:
        """What the replaced line or call is called where it stands; empty where copies differ."""
        names = [node.name for node in self.nodes]
        if self.inlined is not None:
            names = [name.rpartition(".")[0] for name in names]
        parts = {re.sub(r"(\.[0-9]+)+$", "", name).rpartition(".")[2]: None for name in names}
        return next(iter(parts)) if len(parts) == 1 else ""

    def number_name(self, number: int) -> str:
        """The name of one of the layers in its place: conv3_1; empty where it cannot be named."""
        own = self.own_name
        used = re.search(rf"\b{own}_[0-9]", self.editable.spec_text.text)
        return "" if not own else f"{own}_part{number}" if used else f"{own}_{number}"

    def replace_by_sequence(self, items: Sequence[Sequence[TextPart]]) -> TextChange:
        """The line as a sequence of these layers, under its own name.

        A line without a name gets the one that it was numbered by: the lines behind it keep theirs.
        """
        line = self.line if self.inlined is None else self.inlined.call
        named = "name" in line.common or not self.own_name
        parts: list[TextPart] = ["{"] if named else [f"{{name: {self.own_name}, "]
        for key in COMMON:
            if key in line.common:
                parts += [f"{key}: ", line.common[key].place, ", "]
        parts.append("sequence: [")
        above, below = self.inlined.lines_around(self.line) if self.inlined else ([], [])
        for position, item in enumerate([*above, *items, *below]):
            parts += [", "] * bool(position) + list(item)
        parts.append("]}")
        return TextChange(self.editable.spec_text.span(line), tuple(parts))

    def words_behind(self) -> tuple[str, ...] | None:
        """The norm and activation behind every one of the layers; None where they differ."""
        found = {_words_behind(self.editable, node): None for node in self.nodes}
        return next(iter(found)) if len(found) == 1 else None


def list_sites(editable: EditableSpec, word: str, kept: Sequence[str]) -> Iterator[EditSite]:
    """The lines that make layers of a type which structural edits may rewrite.

    A line in a block of plain layers that several lines call is taken call by call. Left out
    are lines that share parameters, and ones of which a layer is kept.
    """
    owners = {node.shares for node in editable.network.nodes if node.shares is not None}
    for line, call, nodes in _lines_with_layers(editable, word):
        shared = any(node.shares is not None or node.index in owners for node in nodes)
        held = any(is_named(node.name, kept) for node in nodes)
        if line.main is None or line.word != word or shared or held:
            continue
        if call is None:
            yield EditSite(editable, line, tuple(nodes))
        elif (inlined := _inline_call(editable, line, call, nodes)) is not None:
            yield EditSite(editable, line, tuple(nodes), inlined)


def _lines_with_layers(
    editable: EditableSpec, word: str
) -> Iterator[tuple[Line, Line | None, list[Node]]]:
    """Each line of a type with its layers; where several lines call its block, each call."""
    found: dict[int, dict[int, tuple[Line, Line | None, list[Node]]]] = {}
    for node in editable.network.layers:
        if node.layer is not None and node.layer.word == word:
            written = editable.spec.written[node.index]
            line, call = written.line, written.call.line if written.call else None
            calls = found.setdefault(line.start, {})
            at = call.start if call is not None else -1
            calls.setdefault(at, (line, call, []))[2].append(node)
    for calls in found.values():
        of_calls = list(calls.values())
        line, call, _ = of_calls[0]
        if len(of_calls) > 1 and call is not None and is_leaf_block(call, line):
            yield from of_calls
        else:
            yield line, None, [node for _, _, nodes in of_calls for node in nodes]


def _inline_call(
    editable: EditableSpec, line: Line, call: Line, nodes: Sequence[Node]
) -> InlinedCall | None:
    """The call written out; None where it cannot be, or its width is a number of the block's."""
    for node in nodes:
        origins = editable.spec.written[node.index].origins.values()
        width = [o.place for places in origins for o in places if o.role == "number"]
        if line.main is not None and any(place == line.main.place for place in width):
            return None
    if call.name and re.search(rf"\b{call.name}\.", editable.spec_text.text):
        return None  # a layer within it is referred to
    try:
        inlined = InlinedCall(editable.spec_text.text, call)
        inlined.lines_around(line)
        for node_of in line.arguments.values():
            inlined.value_parts(node_of)
    except UnwritableCallError:
        return None
    return inlined


def _numbers_in(item: object) -> tuple[int, ...]:
    """The numbers of a size: padding has two an axis."""
    if isinstance(item, tuple):
        return tuple(n for n in item if isinstance(n, int))
    return (item,) if isinstance(item, int) else ()


def _words_behind(editable: EditableSpec, node: Node) -> tuple[str, ...]:
    words: list[str] = []
    at = node.index
    for allowed in (NORMS, ACTIVATIONS):
        following = editable.readers[at]
        if len(following) != 1:
            break
        layer = editable.network.nodes[following[0]].layer
        if layer is not None and layer.word in allowed:
            words.append(layer.word)
            at = following[0]
    return tuple(words)


@lru_cache(maxsize=1 << 16)
def make_layer(word: str, arguments: tuple[tuple[str, Raw], ...], x: Shape) -> tuple[Layer, Shape]:
    """One layer and its output; the same ones stand in many combinations of options."""
    layer = read_layer(layer_type(word), dict(arguments), x)
    return layer, layer.infer_shape((x,))


def saves_costs(layers: Sequence[PlacedLayer], layer: Layer, xs: tuple[Shape, ...]) -> bool:
    """Whether layers in another's place have fewer weights or connections, and the same output."""
    y = layer.infer_shape(xs)
    last, inputs = layers[-1]
    if last.infer_shape(inputs) != y:
        return False
    outputs = [*(x for _, (x,) in layers[1:]), y]
    weights = sum(one.weights(x) for one, (x,) in layers)
    uses = sum(one.connections(x, z) for (one, (x,)), z in zip(layers, outputs, strict=True))
    return weights < layer.weights(xs[0]) or uses < layer.connections(xs[0], y)
