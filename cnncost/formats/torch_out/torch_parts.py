"""The parts of a class: one per line of its forward pass, of a layer or of a block's call;
copies of a call as one part."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
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
    **dict.fromkeys(("nn.LSTM", "nn.GRU", "nn.RNN"), ("channels", "units")),
    "Recurrence": ("kind", "channels", "units"),
    "nn.Embedding": ("vocabulary", "channels"),
    "Attention": ("channels", "dim", "heads"),
    "GroupedAttention": ("channels", "dim", "heads", "kv_heads"),
    "nn.RMSNorm": ("channels",),
    "PositionEmbedding": ("length", "channels"),
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


_COPY = re.compile(r"(.+)\.(\d+)")


def merge_copies(parts: Sequence[ClassPart], outputs: set[int]) -> list[ClassPart]:
    """Merge each row of copies of a call into one part that has the number of copies."""
    readers = Counter(i for part in parts for i in part.reads)
    found: list[ClassPart] = []
    start = 0
    while start < len(parts):
        end = start + 1
        if _is_first_copy(parts[start]):
            base = parts[start].name.removesuffix(".1")
            while end < len(parts) and parts[end].name == f"{base}.{end - start + 1}":
                last = parts[end - 1]
                if (
                    last.node in outputs
                    or readers[last.node] > 1
                    or not _is_next_copy(last, parts[end])
                ):
                    break
                end += 1
            found += _merge_run(parts[start:end])
        else:
            found.append(parts[start])
        start = end
    return found


def _is_first_copy(part: ClassPart) -> bool:
    match = _COPY.fullmatch(part.name)
    return part.unit is not None and match is not None and match[2] == "1"


def _is_next_copy(last: ClassPart, part: ClassPart) -> bool:
    """Whether a part is like the last one, and reads only that."""
    return part.reads == (last.node,) and (part.module, part.frozen) == (last.module, last.frozen)


def _merge_run(run: Sequence[ClassPart]) -> Sequence[ClassPart]:
    """Merge a run of copies whose arguments are the same or grow evenly into one part.

    If the first copy differs, as it often does, it stands alone.
    """
    base = run[0].name.removesuffix(".1")
    if (whole := merge_into_one(run, base)) is not None:
        return [whole]
    if len(run) > 2 and (rest := merge_into_one(run[1:], f"{base}.rest")) is not None:
        return [run[0]._replace(name=f"{base}.first"), rest]
    return run


def merge_into_one(run: Sequence[ClassPart], name: str) -> ClassPart | None:
    """Make one part of this name for copies whose arguments are the same or grow evenly; None for
    others."""
    arguments: list[Argument] = []
    for same in zip(*(part.arguments for part in run), strict=True):
        value = _even_expression([one.value for one in same])
        if value is None:
            return None
        arguments.append(same[0]._replace(value=value))
    reads, copies = run[0].reads, str(len(run))
    return run[-1]._replace(name=name, reads=reads, arguments=tuple(arguments), copies=copies)


def _even_expression(values: Sequence[str]) -> str | None:
    """Return one expression for the values of copies `i`: the common value, or start + step * i."""
    if len(set(values)) == 1:
        return values[0]
    if len(values) < 3 or not all(value.isdigit() for value in values):
        return None
    numbers = [int(value) for value in values]
    step = numbers[1] - numbers[0]
    if step <= 0 or any(b - a != step for a, b in pairwise(numbers)):
        return None
    return f"{numbers[0]} + {step} * i"


# Copies that each read all before them


def gather_dense_copies(parts: Sequence[ClassPart], outputs: set[int]) -> list[ClassPart]:
    """Merge the copies of a dense structure, with their concatenations, into one part: a `Dense`
    that holds the copies' modules."""
    readers = Counter(i for part in parts for i in part.reads)
    readers.update(outputs)
    found: list[ClassPart] = []
    for part in parts:
        found.append(part)
        length = 2 * (len(part.reads) - 1)
        if part.call.startswith("torch.cat") and 2 < length <= len(found):
            whole = _gather_copies(found[-length:], readers)
            found[-length:] = [whole] if whole else found[-length:]
    return found


def _gather_copies(run: Sequence[ClassPart], readers: Counter[int]) -> ClassPart | None:
    """Make one part of copies with a concatenation behind each; None if there are no such."""
    copies, joins = run[::2], run[1::2]
    last = joins[-1]
    names = [f"{last.name}.{number}" for number in range(1, len(copies) + 1)]
    if [part.name for part in copies] != names or any(part.unit is None for part in copies):
        return None
    if any((part.module, part.frozen) != (copies[0].module, copies[0].frozen) for part in copies):
        return None
    entering = copies[0].reads
    for number, (copy, join) in enumerate(zip(copies, joins, strict=True), 1):
        if copy.reads != entering or readers[copy.node] != len(copies) - number + 1:
            return None
        if not _joins_copies(join, last, number, readers):
            return None
        entering = (join.node,)
    whole = merge_into_one(copies, last.name)
    if whole is None:
        return None
    # No unit any more: were it a copy in a repeat, it would be held with the others as one.
    return whole._replace(node=last.node, extra="Dense", holder="Dense", unit=None)


def _joins_copies(join: ClassPart, last: ClassPart, number: int, readers: Counter[int]) -> bool:
    """Whether a part joins the input and the first `number` copies, and only the next copy reads
    it."""
    alone = join is last or readers[join.node] == 1
    return join.call == last.call and alone and join.reads == last.reads[: number + 1]
