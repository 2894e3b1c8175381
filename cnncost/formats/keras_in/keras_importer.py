"""What reading a model gathers: operations in the words of a spec, and what each tensor is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncost.errors import Refused
from cnncost.formats.graph import Op
from cnncost.layers import layer_type, read_layer
from cnncost.shape import Shape

if TYPE_CHECKING:
    from cnncost.formats.graph import Value as Argument
    from cnncost.formats.keras_in.keras_model import KerasLayer
    from cnncost.formats.keras_in.ownership import Enclosing

Dims = tuple[int, ...]
"""Channels first, without the batch."""


class KerasInexpressible(Exception):
    """A layer that the language has no words for; the text says why."""


class KerasTensor(NamedTuple):
    """An activation: the operation that made it, and the shape that it is seen in.

    A pooled map that Keras hands on as a vector stays a map of one position until a layer
    needs the vector.
    """

    op: str
    made: Dims
    seen: Dims

    def reshape_to(self, dims: Dims) -> KerasTensor:
        return self._replace(seen=dims)


@dataclass
class KerasImporter:
    """Operations in order, with unique names; the one thing here that changes."""

    file: str
    channels_last: bool = True
    ops: dict[str, Op] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    notes: dict[str, int] = field(default_factory=dict)
    """What was read as something else of the same costs, and how often."""
    owners: dict[str, str] = field(default_factory=dict)
    """For each parameter set, by its Keras layer and part, the operation that has it."""
    prefix: str = ""
    """Of names: the model within the model."""
    owner: str = ""
    """The Keras layer whose call is being read, by its path, the same for each call of it."""
    around: list[Enclosing] = field(default_factory=list)
    """The models around the one that is read, the outermost first."""
    calls: int = 0
    """Calls of layers so far."""
    taken: set[str] = field(default_factory=set)
    numbers: dict[str, int] = field(default_factory=dict)
    """How often each name was wanted, so that a free one is found at once."""

    def emit_layer(
        self,
        layer: KerasLayer,
        word: str,
        reads: Sequence[KerasTensor],
        part: str = "",
        /,
        **arguments: Argument,
    ) -> KerasTensor:
        """Emit one operation; `part` names it where a Keras layer becomes several.

        Raises:
            Inexpressible: the layer type refuses such inputs or arguments.
        """
        names = tuple(self.emit_views(layer, tensor) for tensor in reads)
        inputs = tuple(_spec_shape(tensor.seen) for tensor in reads)
        try:
            cls = layer_type(word)
            made = read_layer(cls, dict(arguments), inputs[0])
            shape = made.infer_shape(inputs)
        except Refused as refused:
            raise KerasInexpressible(refused.what) from None
        usual = {k: v for k, v in arguments.items() if v != cls.kinds[k].default}
        name = self.take_name(f"{layer.name}.{part}" if part else layer.name)
        owns = cls.learns and made.parameters(inputs[0]) > 0
        shares = self._sharing_owner(f"{self.owner}.{part}", name) if owns else ""
        frozen = owns and layer.config.get("trainable") is False
        self.ops[name] = Op(name, word, usual, names, shares, frozen)
        return KerasTensor(name, shape.dims, shape.dims)

    def _sharing_owner(self, key: str, name: str) -> str:
        """The operation that has the parameters already; none for their first use."""
        owner = self.owners.setdefault(key, name)
        return "" if owner == name else owner

    def emit_views(self, layer: KerasLayer, tensor: KerasTensor) -> str:
        """The operation that makes just what is seen."""
        if tensor.made == tensor.seen:
            return tensor.op
        plain = tensor.reshape_to(tensor.made)
        if len(tensor.seen) == 1:
            return self.emit_layer(layer, "flatten", [plain], "flatten").op
        return self.emit_layer(layer, "reshape", [plain], "reshape", shape=tensor.seen).op

    def emit_opaque(
        self,
        layer: KerasLayer,
        reads: Sequence[KerasTensor],
        dims: Dims,
        why: str,
        learned: int | None,
    ) -> KerasTensor:
        """The layer as an operation of that shape; its costs are the numbers that it learned, or
        unknown."""
        label = "".join(c if c.isalnum() and c.isascii() else "_" for c in layer.kind) or "unknown"
        if learned is not None:
            self.add_note(f"{layer.kind} has no word, and only its numbers are counted: {why}")
            return self.emit_layer(
                layer, "opaque", reads, output=dims, op=label, weights=0, biases=0,
                extras=learned, connections=0,
            )  # fmt: skip
        made = self.emit_layer(layer, "opaque", reads, output=dims, op=label)
        self.unknown.append(f"{made.op}: {layer.kind}: {why}")
        return made

    def note_stand_in(self, what: str, word: str) -> None:
        """Note that something is written as another layer of the same costs."""
        self.add_note(f"{what} is written as {word}")

    def add_note(self, text: str) -> None:
        """Say something of the import in the spec's notes, once with how often."""
        self.notes[text] = self.notes.get(text, 0) + 1

    def forget_operations(self, kept: int) -> None:
        """Take back all operations but the first so many."""
        while len(self.ops) > kept:
            name, _ = self.ops.popitem()
            self.taken.discard(name)
            for key in [key for key, owner in self.owners.items() if owner == name]:
                del self.owners[key]

    def take_name(self, wanted: str) -> str:
        """A free name, that one if it is."""
        wanted = f"{self.prefix}{wanted}"
        name, number = wanted, self.numbers.get(wanted, 1)
        while name in self.taken:
            number += 1
            name = f"{wanted}_{number}"
        self.taken.add(name)
        self.numbers[wanted] = number
        return name

    # --- Keras' order of the axes ----------------------------------------------------------

    def convert_shape(self, shape: Sequence[object]) -> Dims | None:
        """Keras' shape with its batch as ours; none where a size is open."""
        sizes = [size for size in shape[1:] if isinstance(size, int)]
        if len(sizes) < len(shape) - 1 or not sizes or any(size < 1 for size in sizes):
            return None
        return self.order_channels_first(tuple(sizes))

    def order_channels_first(self, sizes: tuple[int, ...]) -> Dims:
        """Sizes without the batch, as Keras orders them, with the channels in front."""
        return (sizes[-1], *sizes[:-1]) if self.channels_last else sizes

    def convert_axis(self, axis: object, rank: int) -> int:
        """Keras' axis of a tensor of that rank (no batch), counted with the batch, as ours.

        Raises:
            Inexpressible: it is the batch, or no axis.
        """
        if isinstance(axis, list) and len(axis) == 1:
            axis = axis[0]
        if not isinstance(axis, int) or not -rank <= axis <= rank or axis == 0:
            raise KerasInexpressible(f"axis {axis}")
        at = axis % (rank + 1) - 1
        return (at + 1) % rank if self.channels_last else at


def refuse_adapters(layer: KerasLayer) -> None:
    """Refuse what Keras learns beside a kernel where it is told to (LoRA).

    Raises:
        Inexpressible: the layer has it.
    """
    if layer.config.get("lora_rank"):
        raise KerasInexpressible(f"lora_rank is {layer.config['lora_rank']!r:.40}")


def read_integer(layer: KerasLayer, key: str, default: int | None = None, least: int = 1) -> int:
    """A whole number of a layer's configuration.

    Raises:
        Inexpressible: there is none, or a smaller one.
    """
    value = layer.config.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise KerasInexpressible(f"{key} is {value!r:.40}")
    return value


def read_sizes(
    layer: KerasLayer, key: str, default: int | None, axes: int, least: int = 1
) -> list[int]:
    """A size for each axis, from one number or a list of them.

    Raises:
        Inexpressible: it is neither, or a size is smaller.
    """
    value = layer.config.get(key, default)
    listed = value if isinstance(value, list) else [value] * axes
    if len(listed) == 1:
        listed = listed * axes
    good = all(isinstance(n, int) and not isinstance(n, bool) and n >= least for n in listed)
    if len(listed) != axes or not good:
        raise KerasInexpressible(f"{key} is {value!r:.40}")
    return listed


def collapse_equal(listed: list[int]) -> Argument:
    """One number where all axes have the same, as a spec would have it."""
    return listed[0] if len(set(listed)) == 1 else tuple(listed)


def read_flag(layer: KerasLayer, key: str, *, usually: bool) -> bool:
    """A truth value of a layer's configuration."""
    value: Any = layer.config.get(key, usually)  # Any: what JSON holds
    return value if isinstance(value, bool) else usually


def _spec_shape(dims: Dims) -> Shape:
    return Shape(dims[0], dims[1:])
