"""A smaller input: its extents, or the parameter that sets them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from cnncost.language.nodes import Node, Scalar
from cnncost.layers import Layer
from cnncost.layers.windowed import Windowed
from cnncost.network import Network
from cnncost.place import Place
from cnncost.shape import Shape
from cnncost.suggest.text import scores
from cnncost.suggest.text.edit import Edit
from cnncost.suggest.text.editable_spec import EditableSpec
from cnncost.suggest.text.text_changes import replace_span

KIND = "resolution"

EVIDENCE = scores.Evidence("the resolution tables of MobileNet v1 and v2, 34 points, R^2 = .995")

PARTS = tuple(Fraction(*pair) for pair in ((7, 8), (6, 7), (3, 4), (4, 7), (1, 2)))
BEYOND = (Fraction(3, 8), Fraction(1, 4))
MODULUS = 32
"""Sizes of maps keep their remainder modulo this, so that every halving still comes out the
same; lengths of sequences that of the network's own total stride."""


def resolution_edits(
    editable: EditableSpec, *, extrapolate: bool, kept: Sequence[str]
) -> Iterator[Edit]:
    """An option for each smaller size, of all inputs alike."""
    places = _extents(editable)
    if places is None or "input" in kept:
        return
    largest = max(size for _, size in places)
    modulus = _modulus_of(editable.network)
    seen: list[tuple[int, ...]] = []
    for part in PARTS + (BEYOND if extrapolate else ()):
        sizes = tuple(nearest(size, part, modulus) for _, size in places)
        ratio = largest / max(sizes)
        if sizes in seen or ratio <= 1 or (1 / ratio < scores.COARSEST and not extrapolate):
            continue
        seen.append(sizes)
        smaller = {place: n for (place, _), n in zip(places, sizes, strict=True)}
        yield Edit(
            KIND,
            f"input: {largest} to {max(sizes)} positions a side",
            changes=tuple(replace_span(place, str(n)) for place, n in smaller.items()),
            resized=_resize_inputs(editable, smaller),
        )


def _resize_inputs(editable: EditableSpec, smaller: Mapping[Place, int]) -> dict[int, Shape]:
    """The shapes of the inputs with smaller extents; none where layers use these numbers too."""
    origins = (o for written in editable.spec.written.values() for o in written.origins.values())
    if any(origin.place in smaller for own in origins for origin in own):
        return {}
    found = {}
    shapes = editable.spec_text.inputs().values()
    for one, items in zip(editable.network.inputs, shapes, strict=True):
        places = [_scalar_of(editable, item).place for item in items.items[1:]]
        pairs = zip(places, one.output.extents, strict=True)
        extents = tuple([smaller.get(place, extent) for place, extent in pairs])
        found[one.index] = Shape(one.output.channels, extents)
    return found


def _scalar_of(editable: EditableSpec, item: Node) -> Node:
    """What an item of an input's shape stands for: a param, or itself."""
    params = editable.spec_text.params()
    return params.get(item.text, item) if isinstance(item, Scalar) else item


def nearest(size: int, part: Fraction, modulus: int = MODULUS) -> int:
    """The size nearest to a part of another, with the same remainder modulo `modulus`; a small
    one is rounded plainly.

    >>> nearest(224, Fraction(3, 4)), nearest(227, Fraction(3, 4))
    (160, 163)
    >>> nearest(16000, Fraction(1, 2), 256)  # 62 x 256 + 128, then 31 x 256 + 128
    8064
    """
    if size < 2 * modulus:
        return max(1, round(size * part))
    rest = size % modulus
    return max(modulus, round((size * part - rest) / modulus) * modulus + rest)


def _narrows(layer: Layer) -> bool:
    return isinstance(layer, Windowed) and layer.word != "conv_transpose"


def _modulus_of(network: Network) -> int:
    """Return what sizes keep their remainder by: of sequences, all strides on the way down."""
    if any(len(one.output.extents) != 1 for one in network.inputs):
        return MODULUS
    strides = [1] * len(network.nodes)
    for node in network.layers:
        own = getattr(node.layer, "stride", (1,)) if _narrows(node.layer) else (1,)
        strides[node.index] = max(strides[i] for i in node.reads) * max(own)
    return max(strides)


def _extents(editable: EditableSpec) -> list[tuple[Place, int]] | None:
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
