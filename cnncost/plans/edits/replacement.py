"""New layers in the place of a line's layers: each stated once, for the text and for the counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cnncost.accuracy.roles import WEIGHTED
from cnncost.errors import CnncostError
from cnncost.layers import Layer, layer_type, read_layer
from cnncost.network import Node
from cnncost.plans.edits.edit import NO_EDIT, Decision, Edit
from cnncost.plans.edits.edit_site import EditSite, TextPart, list_sites
from cnncost.plans.edits.editable_spec import EditableSpec
from cnncost.plans.edits.placed_layers import PlacedLayer
from cnncost.plans.edits.text_changes import TextChange
from cnncost.shape import Shape

if TYPE_CHECKING:
    from cnncost.layers.kinds import Raw

KEPT: Final = "as the line has it"
"""An argument that the new layer takes over from the layer that it replaces."""


@dataclass(frozen=True)
class NewLayer:
    """A layer type with its arguments, the main one first: values, or `KEPT`.

    >>> NewLayer("maxpool", {"kernel": (2, 2), "stride": (2, 1)}).text()
    '{maxpool: 2, stride: [2, 1]}'
    """

    word: str
    arguments: Mapping[str, Raw] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash((self.word, tuple(self.arguments)))

    def text(self) -> str:
        """Return the layer as an item of a list; nothing of it is kept."""
        return "".join([part for part in self.parts() if isinstance(part, str)])

    def parts(self, site: EditSite | None = None, name: str = "") -> list[TextPart]:
        """Return the layer as an item of a list, with what the line at the site says."""
        if not self.arguments:
            return [self.word]
        parts: list[TextPart] = [f"{{name: {name}, {self.word}: " if name else f"{{{self.word}: "]
        for position, (name, value) in enumerate(self.arguments.items()):
            if site is not None and value == KEPT:
                parts += site.given_argument(name) if position else site.value_parts(name)
            else:
                before = f", {name}: " if position else ""
                parts.append(before + _format_value(value))
        return [*parts, "}"]

    def values(self, layer: Layer) -> tuple[tuple[str, Raw], ...]:
        """Return the arguments in numbers, where the layer is the one that is replaced."""
        return tuple(
            [(name, getattr(layer, name)) if kept else (name, value)
             for name, value, kept in self._given]
        )  # fmt: skip

    @cached_property
    def _given(self) -> tuple[tuple[str, Raw, bool], ...]:
        """The arguments, each with whether it is taken over."""
        return tuple([(name, value, value == KEPT) for name, value in self.arguments.items()])


@dataclass(frozen=True)
class LayersInstead:
    """A substitute that puts new layers one behind the other: equal ones put the same there."""

    new: tuple[NewLayer, ...]

    def __call__(self, layer: Layer, inputs: tuple[Shape, ...]) -> list[PlacedLayer]:
        return place_layers(self.new, layer, inputs)


def replace_line(site: EditSite, new: Sequence[NewLayer]) -> TextChange:
    """Write new layers in the place of a line; those that learn are named after it."""
    items, number = [], 0
    for one in new:
        number += (learns := one.word in WEIGHTED)
        items.append(one.parts(site, site.number_name(number) if learns else ""))
    return site.replace_by_sequence(items)


def place_layers(
    new: Sequence[NewLayer], layer: Layer, inputs: tuple[Shape, ...]
) -> list[PlacedLayer]:
    """Put new layers one behind the other in a layer's place.

    Raises:
        CnncostError: one cannot take its input.
    """
    placed: list[PlacedLayer] = []
    for one in new:
        made, output = make_layer(one.word, one.values(layer), inputs[0])
        placed.append((made, inputs))
        inputs = (output,)
    return placed


def _format_value(value: Raw) -> str:
    """Write a value as a spec does; sizes that are the same on every axis as one number."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return str(value[0]) if len(dict.fromkeys(value)) == 1 else str(list(value))
    return str(value)


@lru_cache(maxsize=1 << 14)
def make_layer(word: str, arguments: tuple[tuple[str, Raw], ...], x: Shape) -> tuple[Layer, Shape]:
    """Make a layer and its output shape; remembered, for many combinations of options ask for the
    same."""
    layer = read_layer(layer_type(word), dict(arguments), x)
    return layer, layer.infer_shape((x,))


def saves_costs(layers: Sequence[PlacedLayer], layer: Layer, xs: tuple[Shape, ...]) -> bool:
    """Whether layers in another's place have fewer weights or connections, and the same output
    shape."""
    y = layer.infer_shape(xs)
    last, inputs = layers[-1]
    if last.infer_shape(inputs) != y:
        return False
    outputs = [*(x for _, (x,) in layers[1:]), y]
    weights = sum(one.weights(x) for one, (x,) in layers)
    uses = sum(one.connections(x, z) for (one, (x,)), z in zip(layers, outputs, strict=True))
    return weights < layer.weights(xs[0]) or uses < layer.connections(xs[0], y)


FEW_CHANNELS = 16
"""Fewer than these an input's first convolution is not made through as few: `conv1` of 32 filters
over one channel cost .38 in training as a depthwise layer and a 1x1, .30 as two kernels."""


class LayerReplacement(NamedTuple):
    """One way to replace all the layers of a line."""

    kind: str
    what: str
    """What the phrase says of it."""
    layers: Sequence[NewLayer]
    """What stands in each layer's place."""


ReplacementRule = Callable[[EditSite], Iterator[LayerReplacement]]


def replacement_decisions(
    editable: EditableSpec,
    kept: Sequence[str],
    rules: Sequence[ReplacementRule],
    of_groups: Sequence[ReplacementRule],
    of_first: Sequence[ReplacementRule],
) -> Iterator[Decision]:
    """A decision for each line of convolutions, with the replacements that save.

    Convolutions in groups take only the replacements of `of_groups`, and those that read an
    input of few channels, of which all else is made, only those of `of_first`.
    """
    for site in list_sites(editable, "conv", kept):
        if any(_is_unusual(layer) for layer in site.layers):
            continue
        plain = site.shared_field("groups") == 1
        first = any(_reads_picture(editable, node) for node in site.nodes)
        fitting = [
            rule
            for rule in rules
            if (plain or rule in of_groups) and (not first or rule in of_first)
        ]
        found = chain.from_iterable(rule(site) for rule in fitting)
        options = [edit for one in found if (edit := make_replacement(site, one)) is not None]
        if options:
            # Behind the copies of a line that one of the layers may go with: what goes takes
            # along what stands in its place.
            yield Decision(site.label, (NO_EDIT, *options), site.nodes[-1].index)


def _reads_picture(editable: EditableSpec, node: Node) -> bool:
    source = editable.network.nodes[node.reads[0]]
    return source.layer is None and source.output.channels < FEW_CHANNELS


def _is_unusual(layer: Layer) -> bool:
    conv: Any = layer  # the fields of a convolution
    return bool(conv.connects) or max(conv.kernel) == 1


def make_replacement(site: EditSite, one: LayerReplacement) -> Edit | None:
    """Make the edit of a replacement; None where it saves no weights and no connections."""
    substitute = LayersInstead(tuple(one.layers))
    try:
        for node, layer in zip(site.nodes, site.layers, strict=True):
            if not saves_costs(substitute(layer, node.inputs), layer, node.inputs):
                return None
    except CnncostError:
        return None
    return Edit(
        one.kind,
        f"{site.label}: {one.what}",
        changes=(replace_line(site, one.layers),),
        substitutes={node.index: substitute for node in site.nodes},
        convolutions=len(site.nodes) * (site.line.word == "conv"),
    )


def layers_between(site: EditSite) -> list[NewLayer]:
    """The norm and activation to put between two new convolutions: the original's own."""
    return [NewLayer(word) for word in site.words_behind() or ()]


def shared_kernel(site: EditSite) -> tuple[int, ...] | None:
    """The kernel that all the layers share."""
    kernel = site.shared_field("kernel")
    return kernel if isinstance(kernel, tuple) else None


def is_centred(site: EditSite) -> bool:
    """Whether padding keeps the extents, but for the stride: half the kernel, or `same`."""
    kernel, padding = shared_kernel(site), site.shared_field("padding")
    if kernel is None or padding is None or site.shared_field("dilation") != (1,) * len(kernel):
        return False
    return padding == "same" or padding == tuple((k // 2, k // 2) for k in kernel)


def conv_fields(layer: Layer) -> Any:  # Any: the fields of a convolution
    """A convolution's fields."""
    return layer
