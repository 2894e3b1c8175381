"""Decisions of a plan, and the edits that are the options of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from cnncost.layers import Layer
from cnncost.shape import Shape
from cnncost.suggest.text.text_changes import TextChange

PlacedLayer = tuple[Layer, tuple[Shape, ...]]
"""A layer and the shapes of its inputs."""

Substitute = Callable[[Layer, tuple[Shape, ...]], list[PlacedLayer]]
"""Takes a layer and the shapes of its inputs, and returns the layers that replace it."""

WidthTrial = Mapping[int, PlacedLayer]
"""One width changed alone: for each node that this changes, its layer and what it reads."""


@dataclass(frozen=True)
class Edit:
    """One way to change the text, or to leave it as it is."""

    kind: str
    """The name of its kind; empty for `NO_EDIT`."""
    phrase: str
    score: int = 0
    """Its price in units of 1e-5, the constant for an edit included; 0 until it is priced."""
    changes: tuple[TextChange, ...] = ()
    substitutes: Mapping[int, Substitute] = field(default_factory=dict)
    """For each node that it replaces, by index: what returns the layers in its place."""
    reads_instead: Mapping[int, int] = field(default_factory=dict)
    """For a node whose input changes, by index: the node whose input it reads instead."""
    resized: Mapping[int, Shape] = field(default_factory=dict)
    """For each input whose extents change, by index: its shape then, where nothing else follows
    from the number."""
    convolutions: int = 0
    """How many convolutions a structural replacement touches."""

    @property
    def made(self) -> int:
        """1 for an edit, 0 for leaving the text as it is: what a plan's edits are counted by."""
        return int(bool(self.kind))

    part: Fraction = Fraction(1)
    """Of a width: what part of the old one the new one is."""


NO_EDIT = Edit("", "")


def remove_layer(layer: Layer, inputs: tuple[Shape, ...]) -> list[PlacedLayer]:
    """Put nothing in a layer's place."""
    return []


@dataclass(frozen=True)
class Decision:
    """A plan picks exactly one of its options; the first leaves the text as it is."""

    label: str
    options: tuple[Edit, ...]
    first: int
    """The first node that it touches: the order of decisions and of a plan's steps."""
    group: bool = False
    """Whether its options are widths, whose effects reach other layers."""
    unread: bool = False
    """Whether only the edited text tells which of its options make a network, and their prices."""
