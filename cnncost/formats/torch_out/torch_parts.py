"""The parts of a class: one per line of its forward pass, of a layer or of a block's call."""

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
"""The names of a module's positional arguments, by the beginning of its class's name."""

_USUAL = {"stride": "1", "padding": "0", "dilation": "1", "groups": "1"}
"""A convolution's defaults, in order; they are filled in so that calls can be compared."""

_WIDTHS = ("channels", "filters", "units", "groups", "dim")


class Argument(NamedTuple):
    """One argument of a module."""

    name: str
    value: str
    """The value, as an expression of Python."""
    kind: str = ""
    """Only arguments of one kind can be one parameter: a stride of 2 is not 2 filters."""
    usual: str | None = None
    """The default, which need not be written."""
    keyword: bool = False

    @property
    def text(self) -> str:
        return f"{self.name}={self.value}" if self.keyword else self.value


class ClassPart(NamedTuple):
    """One line of a forward pass, and the module that it calls."""

    name: str
    """The spec's name without the class around it; it has dots if a call is written out."""
    node: int
    """The node whose output it computes, by index."""
    reads: tuple[int, ...]
    module: str
    arguments: tuple[Argument, ...]
    call: str
    """The expression, as in `CodePiece`."""
    extra: str = ""
    frozen: bool = False
    shares: int | None = None
    tensors: tuple[str, ...] = ()
    """The names of the layer's tensors, if it shares them."""
    unit: Unit | None = None
    """The call that it stands for; None for a layer, and once the call has a class."""
    copies: str = ""
    """How many copies of it form a row; empty if there is one."""
    holder: str = "nn.Sequential"
    """The class of the module that holds the copies."""

    @property
    def written_arguments(self) -> list[str]:
        """The arguments of its module that differ from the defaults."""
        return [one.text for one in self.arguments if one.value != one.usual]


class Unit(NamedTuple):
    """One call of a block that can be a module: it returns one tensor and reads few."""

    call: BlockCall
    sources: tuple[int, ...]
    """The nodes that it reads, by index; the first is what its first layer reads."""
    output: int
    nodes: range
    parts: tuple[ClassPart, ...]


def leaf_part(node: Node, piece: CodePiece, name: str = "") -> ClassPart:
    """Make the part of one layer."""
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
    """Return the kind of an argument, given its name: widths are of one kind."""
    return "width" if name in _WIDTHS else name


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
