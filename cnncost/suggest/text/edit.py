"""What a plan chooses among: variables, the choices of each, and what a choice does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from cnncost.layers import Layer
from cnncost.shape import Shape
from cnncost.suggest.text.text_changes import TextChange

PlacedLayer = tuple[Layer, tuple[Shape, ...]]
"""A layer and what it reads."""

Substitute = Callable[[Layer, tuple[Shape, ...]], list[PlacedLayer]]
"""What stands in a layer's place once it is edited: the layers that its costs are those of."""

WidthTrial = Mapping[int, PlacedLayer]
"""One width changed alone: for each node that this changes, its layer and what it reads."""


@dataclass(frozen=True)
class Edit:
    """One way to leave or change a variable."""

    kind: str
    """The edit's kind; empty for the variable as it is."""
    phrase: str
    score: int
    """In units of 1e-5, the constant for an edit included."""
    changes: tuple[TextChange, ...] = ()
    substitutes: Mapping[int, Substitute] = field(default_factory=dict)
    """For each node that it replaces, by index."""
    reads_instead: Mapping[int, int] = field(default_factory=dict)
    """For a node that reads something else: the node whose input it reads now."""
    convolutions: int = 0
    """How many convolutions a structural replacement touches."""
    part: Fraction = Fraction(1)
    """Of a width: what part of the old one the new one is."""
    head: bool = False
    """Whether its score depends on the task so much that it carries an interval."""
    because: str = ""
    """How the score came about, in figures."""


NO_EDIT = Edit("", "", 0)


@dataclass(frozen=True)
class Decision:
    """One thing that a plan decides; its first choice leaves it as it is."""

    label: str
    options: tuple[Edit, ...]
    first: int
    """The first node that it touches: the order of variables and of a plan's steps."""
    group: bool = False
    """Whether its choices are widths, whose effects reach other layers."""
    unread: bool = False
    """Whether only the edited text tells which of its choices make a network."""
