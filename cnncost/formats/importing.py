"""What the readers of ONNX files, Keras models and PyTorch programs do alike: layers checked as
they are written, names given once, notes, opaque layers, outputs, a convolution's type, padding."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from cnncost.errors import Refused
from cnncost.formats.graph import needed_operations
from cnncost.language.inputs import unknown_input
from cnncost.layers import Layer, layer_type, read_layer
from cnncost.shape import Shape

if TYPE_CHECKING:
    from cnncost.formats.graph import Op, Value

    Pairs = tuple[tuple[int, int], ...]


AXES = 4
"""Axes of a spec's largest map: the channels and up to three extents."""


def fold_axes(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape with one axis at least and at most four; where there are more, the last are
    one.

    >>> fold_axes(()), fold_axes((8, 5, 4, 3, 2))
    ((1,), (8, 5, 4, 6))
    """
    return shape or (1,) if len(shape) <= AXES else (*shape[: AXES - 1], prod(shape[AXES - 1 :]))


def as_map_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return a tensor's shape as a spec's map has it: without the batch of one, with at most four
    axes."""
    return fold_axes(shape[1:] if len(shape) > 1 and shape[0] == 1 else shape)


class Inexpressible(Exception):
    """A step of a source that the language has no words for; the text says why."""


class Expressed(NamedTuple):
    """A layer over its inputs."""

    layer: Layer
    output: Shape
    arguments: dict[str, Value]
    """Those that differ from their defaults."""


def express_layer(word: str, arguments: Mapping[str, Value], inputs: Sequence[Shape]) -> Expressed:
    """Make the layer of that type and these arguments over inputs of these shapes.

    Raises:
        Inexpressible: the type refuses them.
    """
    try:
        cls = layer_type(word)
        layer = read_layer(cls, dict(arguments), inputs[0])
        output = layer.infer_shape(tuple(inputs))
    except Refused as refused:
        raise Inexpressible(refused.what) from None
    unusual = {k: v for k, v in arguments.items() if v != cls.kinds[k].default}
    return Expressed(layer, output, unusual)


@dataclass
class FreeNames:
    """Names that are given once; a wanted one that is taken gets the next free number.

    >>> names = FreeNames()
    >>> [names.take("stem"), names.take("stem"), names.take_numbered("relu")]
    ['stem', 'stem_2', 'relu1']
    """

    taken: set[str] = field(default_factory=set)
    _numbers: dict[str, int] = field(default_factory=dict)
    """The last number of each stem, so that a free one is found at once."""

    def take(self, wanted: str) -> str:
        """Give a name: the wanted one if it is free, else with a number from 2 behind it."""
        return self._take(wanted, f"{wanted}_")

    def take_numbered(self, word: str) -> str:
        """Give a layer type's word with a number from 1, as layers without a name have in a
        spec."""
        return self._take(f"{word}1", word)

    def release(self, name: str) -> None:
        """Take back a name that was given, so that it is free again."""
        self.taken.discard(name)
        self._numbers.pop(name.rstrip("0123456789"), None)

    def _take(self, name: str, stem: str) -> str:
        number = self._numbers.get(stem, 1)
        while name in self.taken:
            number += 1
            name = f"{stem}{number}"
        self._numbers[stem] = number
        self.taken.add(name)
        return name


@dataclass
class ImportNotes:
    """What a spec's notes say of its import, each once, and how often it is the case."""

    counts: dict[str, int] = field(default_factory=dict)

    def add(self, text: str) -> None:
        """Add a note, or count it once more."""
        self.counts[text] = self.counts.get(text, 0) + 1

    def add_stand_in(self, what: str, word: str) -> None:
        """Note that something is written as another layer of the same costs."""
        self.add(f"{what} is written as {word}")

    def count_lines(self) -> str:
        """List one line for each note, with how often it is the case."""
        return "\n".join(
            f"{note} ({count} times)" if count > 1 else note for note, count in self.counts.items()
        )


def match_shapes(
    file: str, names: Sequence[str], given: Mapping[str, tuple[int, ...]]
) -> dict[str, tuple[int, ...]]:
    """Match the shapes that a user gives with the inputs of these names; the only one's needs no
    name.

    Raises:
        CnncostError: no input has such a name.
    """
    alone = len(names) == 1
    shapes = {name or (names[0] if alone else ""): shape for name, shape in given.items()}
    for name in shapes:
        if name not in names:
            raise unknown_input(file, name, names)
    return shapes


def list_unknown(unknown: Mapping[str, str], ops: Iterable[Op]) -> tuple[str, ...]:
    """List one line for each opaque layer of unknown costs among the operations; `unknown` says by
    operation what it is."""
    alive = {op.name for op in ops}
    return tuple(f"{name}: {what}" for name, what in unknown.items() if name in alive)


TAKE_IN = ("conv", "depthwise_conv")
"""Windows whose own padding is zeros."""


def absorb_paddings(
    ops: Sequence[Op], zeros: Collection[str], outputs: Collection[str]
) -> tuple[Op, ...]:
    """Return the operations without the layers of zeros (`zeros` names them) that one window alone
    reads: they become that window's padding, so that connections to it are told apart."""
    readers = Counter(read for op in ops for read in op.reads)
    made = {op.name: op for op in ops if op.name in zeros}
    gone: set[str] = set()
    found = []
    for op in ops:
        pad = made.get(op.reads[0]) if op.word in TAKE_IN else None
        inner = op.arguments.get("padding", 0)
        if pad is None or isinstance(inner, str) or readers[pad.name] > 1 or pad.name in outputs:
            found.append(op)
            continue
        total = add_pads(inner, pad.arguments["amount"])
        found.append(replace(op, arguments={**op.arguments, "padding": total}, reads=pad.reads))
        gone.add(pad.name)
    return tuple(op for op in found if op.name not in gone)


def copy_read_outputs(
    ops: Mapping[str, Op], outputs: Sequence[str], emit_identity: Callable[[str], str]
) -> tuple[str, ...]:
    """Return the outputs, each once. Behind one that a layer reads, or that is an input, stands
    what `emit_identity` makes of it: in a spec the outputs are what no layer reads."""
    names = list(dict.fromkeys(outputs))
    read = {read for op in needed_operations(ops, names) for read in op.reads}
    return tuple(emit_identity(name) if name in read or name not in ops else name for name in names)


def opaque_label(name: str) -> str:
    """Return what an opaque layer says of the operation or class that it stands for."""
    return re.sub(r"[^A-Za-z0-9_]", "_", name) or "unknown"


def dims_text(dims: Iterable[int]) -> str:
    """Write dimensions as a message has them: `3x224x224`."""
    return "x".join(map(str, dims))


def classify_convolution(channels: int, filters: int, groups: int) -> tuple[str, dict[str, int]]:
    """Return a convolution's type and the arguments that say how wide it is.

    With a group for each of several channels it is depthwise, whatever it comes from:

    >>> classify_convolution(channels=8, filters=16, groups=8)
    ('depthwise_conv', {'multiplier': 2})
    >>> classify_convolution(channels=8, filters=16, groups=4)
    ('conv', {'filters': 16, 'groups': 4})
    """
    if groups == channels > 1 and filters % channels == 0:
        return "depthwise_conv", {"multiplier": filters // channels}
    return "conv", {"filters": filters} | ({"groups": groups} if groups > 1 else {})


def one_or_all(sizes: Sequence[int]) -> int | tuple[int, ...]:
    """Return one number where every axis has the same, else all of them."""
    return sizes[0] if len(set(sizes)) == 1 else tuple(sizes)


def shorten_pads(pads: Pairs) -> Value:
    """Return pairs of padding in the shortest form that a spec can have."""
    if any(before != after for before, after in pads):
        return pads
    return one_or_all([before for before, _ in pads])


def add_pads(inner: Value, outer: Value) -> Value:
    """Add the padding of a window and that of a layer of zeros before it.

    >>> add_pads(1, ((0, 1), (0, 1))), add_pads(0, 3)
    (((1, 2), (1, 2)), 3)
    """
    axes = next((len(value) for value in (inner, outer) if isinstance(value, tuple)), 1)
    sides = zip(_pad_pairs(inner, axes), _pad_pairs(outer, axes), strict=True)
    return shorten_pads(tuple((a + c, b + d) for (a, b), (c, d) in sides))


def _pad_pairs(value: Value, axes: int) -> list[tuple[int, int]]:
    items = value if isinstance(value, tuple) else (value,) * axes
    return [
        (item[0], item[1]) if isinstance(item, tuple) else (item, item)  # type: ignore[misc]  # whole numbers
        for item in items
    ]
