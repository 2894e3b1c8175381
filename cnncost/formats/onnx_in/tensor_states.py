"""Holds what is known of tensors that no layer makes yet (elementwise steps held back, norms
written out, tensors without a shape) and of an input's first axis."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from cnncost.formats.importing import Inexpressible
from cnncost.formats.onnx_in.onnx_activation_curves import Curve
from cnncost.formats.onnx_in.onnx_model import OnnxNode
from cnncost.formats.tensor_value import Shape, Value


@dataclass(eq=False)
class Pending:
    """An elementwise step, held back until it is known which activation it is part of."""

    step: OnnxNode
    parents: tuple[str, ...]
    """The activations that it reads, by tensor."""
    curves: dict[str, Curve]
    """For each tensor that it may be a function of, nearest last, its values."""
    emit: Callable[[], Value]
    """Emits it, when something reads it."""
    depth: int = 1
    """Steps held back in a row, this one included."""
    value: Value | None = None


@dataclass(frozen=True)
class Norm:
    """What a norm by parts reads, and the constants that it learns."""

    x: str
    mean: OnnxNode
    learned: tuple[str, ...]
    """Scale and shift, or one of them, or neither."""
    within: set[str] = field(default_factory=set)
    """The tensors between, which nothing else reads."""


class Shapeless(NamedTuple):
    """A tensor of unknown dimensions: what it is made of is read as one with what reads it."""

    reads: tuple[str, ...]
    """The activations that it depends on."""
    step: OnnxNode
    """The first step of those whose shape nobody knows."""
    why: str = ""
    learned: tuple[str, ...] = ()
    """The constants that they read."""


class Batch(Enum):
    """What the first axis of an input is: of a batch, one example is read."""

    CERTAIN = 1
    """A batch, and all that is made of it grows with it."""
    NONE = 2
    """An axis like others."""
    MIXED = 3
    """A batch, whose examples some step mixes."""


class NoBatch(Exception):
    """The first axis of an input is no batch: what is made of it grows with more than that."""


def elementwise_shape(dims: list[Shape]) -> Shape:
    """Return the dimensions of an elementwise result.

    Raises:
        Inexpressible: they do not go together.
    """
    rank = max(map(len, dims))
    padded = [pad_rank(d, rank) for d in dims]
    out = []
    for sizes in zip(*padded, strict=True):
        wide = {n for n in sizes if n != 1}
        if len(wide) > 1:
            raise Inexpressible(f"dimensions {sorted(wide)} do not go together")
        out.append(wide.pop() if wide else 1)
    return tuple(out)


def broadest_shape(dims: list[Shape]) -> Shape:
    """Return the same, or the first dimensions if they do not go together."""
    try:
        return elementwise_shape(dims)
    except Inexpressible:
        return dims[0]


def pad_rank(dims: Shape, rank: int) -> Shape:
    """Return the dimensions with axes of one in front, `rank` in all."""
    return (1,) * (rank - len(dims)) + dims
