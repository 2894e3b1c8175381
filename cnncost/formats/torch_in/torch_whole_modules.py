"""Modules that a program takes apart, though the language has a word for what they make."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from math import prod
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncost.formats.importing import as_map_shape
from cnncost.formats.tensor_value import Constant, Value
from cnncost.formats.torch_in.export import DROPS
from cnncost.formats.torch_in.torch_importer import TorchCall, TorchImporter
from cnncost.formats.torch_in.torch_windows import one_or_each

if TYPE_CHECKING:
    from torch import fx, nn


class Called(NamedTuple):
    """One call of such a module: all its operations are one layer."""

    builder: TorchImporter
    call: TorchCall
    """Its path, and the shape of what it makes."""
    module: nn.Module
    x: Value
    alone: bool
    """Whether it reads that value only, and nobody reads more of it than its last result."""

    def learned_parameters(self, *names: str) -> list[Constant | None]:
        """Its parameters of these names; its weight and its bias."""
        path = self.call.path
        pairs = [
            (f"{path}.{name}", attrgetter(name)(self.module))
            for name in names or ("weight", "bias")
        ]
        return [
            None if p is None else Constant.from_parameter(tuple(p.shape), name)
            for name, p in pairs
        ]

    def emit_layer(
        self,
        word: str,
        learned: list[Constant | None] | None = None,
        **arguments: Any,  # Any: the arguments of every word
    ) -> Value:
        x, dims = self.x.reshape_to(as_map_shape(self.x.shape)), as_map_shape(self.call.shape)
        made = self.builder.emit_layer(
            self.call, word, [x], dims, learned=learned or (), **arguments
        )
        return made.reshape_to(self.call.shape)


Reader = Callable[[Called], Value | None]
"""None where the module is used in a way that the language has no word for."""


def read_whole_module(
    builder: TorchImporter,
    node: fx.Node,
    known: dict[fx.Node, Any],  # Any: values, constants, numbers
    module: nn.Module,
    path: str,
) -> Value | None:
    """Read what the module that a node stands in makes, where it is one of these; the node is the
    first of its operations."""
    name = _class_name(node)
    if name not in READERS:
        return None
    own = module.get_submodule(path)
    entering = list(_entering_values(node, known))
    if not entering or not all(hasattr(own, field) for field in FIELDS[name]):
        return None
    last = _last_operation(node)
    inner = all(
        module_call_key(user) == module_call_key(node)
        for n in _operations_within(node)
        if n is not last
        for user in n.users
    )
    alone = inner and len(dict.fromkeys(entering)) == 1
    call = TorchCall(name, {}, path, (tuple(last.meta["val"].shape),))
    return READERS[name](Called(builder, call, own, entering[0], alone))


def module_call_key(node: fx.Node) -> str:
    """Return the call of a module that a node stands in; each further call has its own."""
    return next(reversed(node.meta.get("nn_module_stack", {})), "")


def _class_name(node: fx.Node) -> str:
    stack = list(node.meta.get("nn_module_stack", {}).values())
    return str(stack[-1][1]).rpartition(".")[2] if stack else ""


def _operations_within(node: fx.Node) -> Iterator[fx.Node]:
    """Return the operations of the call, from this one on."""
    at = node
    while at.op != "output":
        if module_call_key(at) == module_call_key(node):
            yield at
        at = at.next


def _entering_values(node: fx.Node, known: dict[fx.Node, Any]) -> Iterator[Value]:
    for one in _operations_within(node):
        for source in one.all_input_nodes:
            if module_call_key(source) != module_call_key(node) and isinstance(
                known.get(source), Value
            ):
                yield known[source]


def _last_operation(node: fx.Node) -> fx.Node:
    *_, last = _operations_within(node)
    return last


def _read_lrn(one: Called) -> Value:
    return one.emit_layer("lrn", size=int(one.module.size))


def _read_mapped_conv(one: Called) -> Value:
    """A convolution whose filters see some of the maps, as our own PyTorch code writes it."""
    own: Any = one.module  # its fields are the written class's
    axes = own.weight.dim() - 1
    given = {name: one_or_each(own.options[name], 1, axes) for name in ("stride", "dilation")}
    return one.emit_layer(
        "conv", one.learned_parameters(), filters=len(own.maps),
        kernel=one_or_each(own.weight.shape[1:], 1, axes),
        padding=one_or_each(own.options["padding"], 0, axes), bias=own.bias is not None,
        connects=tuple(tuple(seen) for seen in own.maps), **given,
    )  # fmt: skip


def _read_subsample(one: Called) -> Value:
    own: Any = one.module  # its fields are the written class's
    return one.emit_layer(
        "subsample", one.learned_parameters(), kernel=one_or_each(own.kernel, 1, len(own.kernel))
    )


def _read_attention(one: Called) -> Value | None:
    """Self-attention over positions, which stand before the channels here."""
    own: Any = one.module  # torch.nn.MultiheadAttention, which is not imported here
    bias = own.in_proj_bias is not None
    if own.in_proj_weight is None or not one.alone or own.bias_k is not None or own.add_zero_attn:
        return None
    shape = one.x.shape
    batch = 1 if len(shape) == 2 else shape[0 if own.batch_first else 1]
    if one.call.shape != shape or batch != 1:
        return None
    names = ("in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias")
    learned = one.learned_parameters(*(n for n in names if bias or "bias" not in n))
    given = {} if bias else {"bias": False}
    x = one.x.reshape_to((prod(shape[:-1]), shape[-1])).permute_axes((1, 0))
    made = one.builder.emit_layer(
        one.call, "attention", [x], x.shape,
        learned=learned, heads=int(own.num_heads), dim=int(own.embed_dim), **given,
    )  # fmt: skip
    return made.permute_axes((1, 0)).reshape_to(shape)


def _read_recurrence(one: Called) -> Value:
    """A recurrent layer with one bias per gate, as our own PyTorch code writes it."""
    own: Any = one.module  # its fields are the written class's
    given = {
        "layers": (own.layers, 1),
        "bidirectional": (own.directions == 2, False),
        "last": (own.last, False),
        "projection": (own.projection, 0),
        "activation": (own.activation, "tanh"),
    }
    other = {key: value for key, (value, usual) in given.items() if value != usual}
    learned = one.learned_parameters(*(name for name, _ in own.named_parameters()))
    return one.emit_layer(own.kind, learned, hidden=own.hidden, single_bias=True, **other)


def _read_position_embedding(one: Called) -> Value:
    """A learned vector per position, as our own PyTorch code writes it."""
    own: Any = one.module  # its fields are the written class's
    learned = one.learned_parameters("weight")
    return one.emit_layer("position_embedding", learned, length=int(own.weight.shape[0]))


def _drop_path(one: Called) -> Value:
    """Emit drop path, which drops a branch in training, for each example by itself."""
    rate = getattr(one.module, DROPS[one.call.target])
    return one.emit_layer("drop_path", rate=Fraction(str(rate)))


READERS: dict[str, Reader] = {
    **dict.fromkeys(DROPS, _drop_path),
    "LocalResponseNorm": _read_lrn,
    "MultiheadAttention": _read_attention,
    "MappedConv": _read_mapped_conv,
    "Subsample": _read_subsample,
    "Recurrence": _read_recurrence,
    "PositionEmbedding": _read_position_embedding,
}
"""By the class's name: PyTorch's own, and those that our PyTorch code brings along."""

FIELDS = {
    **{name: (field,) for name, field in DROPS.items()},
    "LocalResponseNorm": ("size",),
    "MultiheadAttention": (
        *("batch_first", "in_proj_weight", "in_proj_bias", "bias_k", "add_zero_attn"),
        *("num_heads", "embed_dim", "out_proj"),
    ),
    "MappedConv": ("maps", "options", "weight", "bias"),
    "Subsample": ("kernel", "weight", "bias"),
    "PositionEmbedding": ("weight",),
    "Recurrence": (
        *("kind", "hidden", "layers", "directions", "projection", "last", "activation"),
    ),
}
"""What such a module has: another class of the same name has not all of it."""
