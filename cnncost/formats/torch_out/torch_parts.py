"""Parts of a class in the making: a line of its forward pass each, a layer's or a block's."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cnncost.formats.torch_out.torch_layer_code import CodePiece
    from cnncost.language.scope import BlockCall
    from cnncost.network import Node

_PLACES = {
    "nn.Conv": ("channels", "filters", "kernel"),
    "nn.BatchNorm": ("channels",),
    "nn.LayerNorm": ("channels",),
    "nn.GroupNorm": ("groups", "channels"),
    "nn.InstanceNorm": ("channels",),
    "nn.Linear": ("channels", "units"),
    "nn.MaxPool": ("kernel",),
    "nn.AvgPool": ("kernel",),
    "nn.Dropout": ("rate",),
    "DropPath": ("rate",),
    "Scale": ("channels", "axes"),
    "Attention": ("channels", "dim", "heads"),
}
"""What a module's arguments by place are called, by how its class begins."""

_USUAL = {"stride": "1", "padding": "0", "dilation": "1", "groups": "1"}
"""A convolution's defaults, in its order: filled in, that calls can be compared."""

_KINDS = {"stride": "stride", "kernel": "window", "padding": "window", "dilation": "window"}
_SIZES = ("channels", "filters", "units", "groups", "dim")


class Argument(NamedTuple):
    """One argument of a module."""

    name: str
    value: str
    """An expression of Python."""
    kind: str = "other"
    """Only arguments of one kind may be one parameter: a stride of 2 is no pair of filters."""
    usual: str | None = None
    """The value that need not be written."""
    keyword: bool = False

    @property
    def text(self) -> str:
        return f"{self.name}={self.value}" if self.keyword else self.value


class ClassPart(NamedTuple):
    """One line of a forward pass and what stands behind it."""

    name: str
    """As in the spec, from the class it lies in: with dots where a call is written out."""
    node: int
    """What it gives, by index."""
    reads: tuple[int, ...]
    module: str
    arguments: tuple[Argument, ...]
    call: str
    """As a Piece's."""
    extra: str = ""
    frozen: bool = False
    shares: int | None = None
    tensors: tuple[str, ...] = ()
    """The names of the layer's tensors, where it shares them."""
    unit: Unit | None = None
    """The call that it stands for, until that has a class."""
    copies: str = ""
    """How many of it follow one another; empty for one that stands alone."""
    holder: str = "nn.Sequential"
    """The class of what holds the copies."""

    @property
    def written_arguments(self) -> list[str]:
        """Its module's arguments, without those that need not be written."""
        return [one.text for one in self.arguments if one.value != one.usual]


class Unit(NamedTuple):
    """One call of a block that can be a module: it gives one tensor, and reads few."""

    call: BlockCall
    sources: tuple[int, ...]
    """What it reads, by index: first what its first layer reads."""
    output: int
    nodes: range
    parts: tuple[ClassPart, ...]


def leaf_part(node: Node, piece: CodePiece, name: str = "") -> ClassPart:
    """The part of one layer."""
    learns = node.layer.learns and node.shares is None
    tensors: tuple[str, ...] = ()
    if node.shares is not None:
        tensors = tuple(node.layer.tensor_shapes(node.inputs[0]))
    return ClassPart(
        name=name or node.name,
        node=node.index,
        reads=node.reads,
        module=piece.module,
        arguments=_name_arguments(piece),
        call=piece.call,
        extra=piece.extra,
        frozen=node.frozen and learns,
        shares=node.shares,
        tensors=tensors,
    )


def kind_of(name: str) -> str:
    """The kind of an argument by its name."""
    return "size" if name in _SIZES else _KINDS.get(name, "other")


def _name_arguments(piece: CodePiece) -> tuple[Argument, ...]:
    names = next((names for start, names in _PLACES.items() if piece.module.startswith(start)), ())
    placed: list[Argument] = []
    given: dict[str, str] = {}
    for i, text in enumerate(piece.arguments):
        key, equals, value = text.partition("=")
        if equals and key.isidentifier():
            given[key] = value
        else:
            name = names[i] if i < len(names) else "number"
            placed.append(Argument(name, text, kind_of(name)))
    usual = _USUAL if piece.module[:-2] == "nn.Conv" else {}
    keys = [*usual, *(key for key in given if key not in usual)]
    return (
        *placed,
        *(
            Argument(key, given.get(key, usual.get(key, "")), kind_of(key), usual.get(key), True)
            for key in keys
        ),
    )
