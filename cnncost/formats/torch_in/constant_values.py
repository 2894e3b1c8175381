"""What a program computes from parameters and buffers alone, without any input."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncost.formats.tensor_value import Constant, StoragePlace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor, fx

    from cnncost.formats.torch_in.torch_importer import TorchCall

COPIES = (
    *("reshape", "flatten", "contiguous", "clone", "to", "_to_copy", "type_as", "float", "detach"),
    *("lift_fresh_copy", "alias", "view_as", "reshape_as", "unflatten", "copy"),
)
"""Views and copies that keep all numbers, each once."""
PRODUCTS = ("mm", "matmul", "bmm", "addmm", "baddbmm", "linear", "conv1d", "conv2d", "conv3d")
"""What uses numbers of one constant once per number of another."""


class Work(NamedTuple):
    """Multiply-accumulates that a constant takes: the operation's own name, and how many."""

    node: str
    connections: int


def place_of(tensor: Tensor) -> StoragePlace:
    """Return where a tensor's numbers lie in its storage; numbers in a row have one axis."""
    place = StoragePlace(tuple(tensor.shape), tuple(tensor.stride()), int(tensor.storage_offset()))
    return StoragePlace((place.size,), (1,), place.offset) if place.is_dense else place


def fold_call(call: TorchCall, node: fx.Node) -> Any:  # Any: one constant, or a list of them
    """Return what an operation without activations makes."""
    given = call.read_constants()
    made = node.meta.get("val")
    several = list(made) if isinstance(made, list | tuple) else [made]
    parts = tuple(dict.fromkeys(part for c in given for part in c.parts))
    work = frozenset(w for c in given for w in c.work) | _count_work(call, given, node)
    found = [
        Constant(tuple(t.shape), parts, _trace_place(call, node, given, t), work)
        for t in several
        if hasattr(t, "shape")
    ]
    if isinstance(made, list | tuple):
        return found
    return found[0] if found else None


def _trace_place(
    call: TorchCall, node: fx.Node, given: Sequence[Constant], made: Tensor
) -> StoragePlace | None:
    """Return where the numbers stem from: those of a view; those that all changed each by
    itself."""
    if len(call.read_sources()) != 1:
        return None
    if len(given) == 1 and given[0].place and _is_view(node):
        before = given[0].place
        if call.target not in COPIES or before.is_dense:
            return place_of(made)
        return before
    size = prod(made.shape)
    same = [c.place for c in given if c.place and c.place.size == size and c.size == size]
    return same[0] if same else None


def _is_view(node: fx.Node) -> bool:
    schema = getattr(node.target, "_schema", None)
    if schema is None:
        return False
    marks = [result.alias_info for result in schema.returns]
    return bool(marks) and marks[0] is not None and not marks[0].is_write


def _count_work(call: TorchCall, given: Sequence[Constant], node: fx.Node) -> frozenset[Work]:
    if call.target not in PRODUCTS or not call.shapes or not call.read_sources():
        return frozenset()
    first = {"addmm": "mat1", "baddbmm": "batch1", "linear": "input"}.get(call.target, "self")
    one = call.arguments.get("weight" if "conv" in call.target else first)
    if not isinstance(one, Constant) or len(call.shape) < 2:
        return frozenset()  # of a vector: part of a norm, as its sums are
    uses = prod(one.shape[1:]) if "conv" in call.target else one.shape[-1]
    return frozenset((Work(node.name, prod(call.shape) * uses),))
