"""Gather what reading a Keras model finds: operations in the words of a spec, and what stands for
each tensor."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncost.formats.graph import Op
from cnncost.formats.importing import (
    FreeNames,
    ImportNotes,
    Inexpressible,
    express_layer,
    opaque_label,
)
from cnncost.shape import Shape

if TYPE_CHECKING:
    from cnncost.formats.graph import Value as Argument
    from cnncost.formats.keras_in.keras_model import KerasLayer, KerasModel

Dims = tuple[int, ...]
"""Channels first, without the batch."""


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


class Enclosing(NamedTuple):
    """A model around the one that is read, and its path."""

    path: str
    model: KerasModel


@dataclass
class KerasImporter:
    """Operations in order, with unique names; the one thing here that changes."""

    file: str
    channels_last: bool = True
    ops: dict[str, Op] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)
    """The opaque operations of unknown costs, and what each is."""
    notes: ImportNotes = field(default_factory=ImportNotes)
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
    zeros: set[str] = field(default_factory=set)
    """The layers of padding that add zeros."""
    names: FreeNames = field(default_factory=FreeNames)

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
        inputs = [Shape(tensor.seen[0], tensor.seen[1:]) for tensor in reads]
        made, shape, given = express_layer(word, arguments, inputs)
        wanted = f"{layer.name}.{part}" if part else layer.name
        name = self.names.take(f"{self.prefix}{wanted}")
        owns = made.learns and made.parameters(inputs[0]) > 0
        shares = self._sharing_owner(f"{self.owner}.{part}", name) if owns else ""
        frozen = owns and layer.config.get("trainable") is False
        self.ops[name] = Op(name, word, given, names, shares, frozen)
        return KerasTensor(name, shape.dims, shape.dims)

    def _sharing_owner(self, key: str, name: str) -> str:
        """Return the operation that has the parameters already; empty at their first use."""
        owner = self.owners.setdefault(key, name)
        return "" if owner == name else owner

    def emit_views(self, layer: KerasLayer, tensor: KerasTensor) -> str:
        """Emit the view that a tensor takes; returns the operation that makes just what is seen."""
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
        """Emit the layer as an opaque operation of that shape; its costs are the numbers that it
        learned, or unknown."""
        label = opaque_label(layer.kind)
        if learned is not None:
            self.notes.add(f"{layer.kind} has no word, and only its numbers are counted: {why}")
            return self.emit_layer(
                layer, "opaque", reads, output=dims, op=label, weights=0, biases=0,
                extras=learned, connections=0,
            )  # fmt: skip
        made = self.emit_layer(layer, "opaque", reads, output=dims, op=label)
        self.unknown[made.op] = f"{layer.kind}: {why}"
        return made

    def forget_operations(self, kept: int) -> None:
        """Take back all operations but the first `kept`."""
        while len(self.ops) > kept:
            name, _ = self.ops.popitem()
            self.names.release(name)
            for key in [key for key, owner in self.owners.items() if owner == name]:
                del self.owners[key]

    # --- Keras' order of the axes ----------------------------------------------------------

    def convert_shape(self, shape: Sequence[object]) -> Dims | None:
        """Return Keras' shape, which has a batch, as ours; None if a size is open."""
        sizes = [size for size in shape[1:] if isinstance(size, int)]
        if len(sizes) < len(shape) - 1 or not sizes or any(size < 1 for size in sizes):
            return None
        return self.order_channels_first(tuple(sizes))

    def order_channels_first(self, sizes: tuple[int, ...]) -> Dims:
        """Put the channels of sizes without a batch in front, from where Keras has them."""
        return (sizes[-1], *sizes[:-1]) if self.channels_last else sizes

    def convert_axis(self, axis: object, rank: int) -> int:
        """Return Keras' axis, counted with the batch, as ours of a tensor of that rank without the
        batch.

        Raises:
            Inexpressible: it is the batch, or no axis.
        """
        if isinstance(axis, list) and len(axis) == 1:
            axis = axis[0]
        if not isinstance(axis, int) or not -rank <= axis <= rank or axis == 0:
            raise Inexpressible(f"axis {axis}")
        at = axis % (rank + 1) - 1
        return (at + 1) % rank if self.channels_last else at


def find_owner(layer: KerasLayer, model: KerasModel, around: list[Enclosing], path: str) -> str:
    """Return the path of the layer whose parameters a layer has: its own, or that of a layer
    further out.

    A file names objects, and does not say which are one. Keras numbers the names that it gives
    itself, so that a layer of such a name, class, configuration and shape in both models is one
    object where the models start from the same input.
    """
    for outer in around:
        if _input_names(outer.model) & _input_names(model):
            for other in outer.model.layers:
                if other.name == layer.name and _is_same(other, layer):
                    return f"{outer.path}/{layer.name}"
    return f"{path}/{layer.name}"


def _input_names(model: KerasModel) -> set[str]:
    return {ref.layer for ref in model.inputs}


def _is_same(a: KerasLayer, b: KerasLayer) -> bool:
    alike = (a.kind, a.registered, a.config, a.built) == (b.kind, b.registered, b.config, b.built)
    return alike and re.fullmatch(rf"{_default_name(a.kind)}(_\d+)?", a.name) is not None


def _default_name(kind: str) -> str:
    """Return the name that Keras gives a layer of that class: `conv2d_transpose`."""
    word = re.sub(r"\W+", "", kind)
    word = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", word)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", word).lower()


def refuse_adapters(layer: KerasLayer) -> None:
    """Refuse what Keras learns beside a kernel where it is told to (LoRA).

    Raises:
        Inexpressible: the layer has it.
    """
    if layer.config.get("lora_rank"):
        raise Inexpressible(f"lora_rank is {layer.config['lora_rank']!r:.40}")


def read_integer(layer: KerasLayer, key: str, default: int | None = None, least: int = 1) -> int:
    """Return a whole number of a layer's configuration.

    Raises:
        Inexpressible: there is none, or a smaller one.
    """
    value = layer.config.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise Inexpressible(f"{key} is {value!r:.40}")
    return value


def read_sizes(
    layer: KerasLayer, key: str, default: int | None, axes: int, least: int = 1
) -> list[int]:
    """Return a size for each axis, from one number or a list of them.

    Raises:
        Inexpressible: it is neither, or a size is smaller.
    """
    value = layer.config.get(key, default)
    listed = value if isinstance(value, list) else [value] * axes
    if len(listed) == 1:
        listed = listed * axes
    good = all(isinstance(n, int) and not isinstance(n, bool) and n >= least for n in listed)
    if len(listed) != axes or not good:
        raise Inexpressible(f"{key} is {value!r:.40}")
    return listed


def read_flag(layer: KerasLayer, key: str, *, usually: bool) -> bool:
    """Return a truth value of a layer's configuration."""
    value: Any = layer.config.get(key, usually)  # Any: what JSON holds
    return value if isinstance(value, bool) else usually
