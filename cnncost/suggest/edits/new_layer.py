"""Layers that an edit puts in another's place: stated once, as text and as what is counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cnncost.accuracy.roles import WEIGHTED
from cnncost.layers import Layer
from cnncost.shape import Shape
from cnncost.suggest.edits.edit_site import EditSite, make_layer
from cnncost.suggest.edits.inlined_call import TextPart
from cnncost.suggest.text.edit import PlacedLayer
from cnncost.suggest.text.text_changes import TextChange

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
            (name, getattr(layer, name) if value == KEPT else value)
            for name, value in self.arguments.items()
        )


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
        Refused: one cannot take its input.
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
