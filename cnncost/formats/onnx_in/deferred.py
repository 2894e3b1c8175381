"""Tensors that are not emitted yet: elementwise steps held back, and what has no known shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from cnncost.formats.onnx_in.onnx_activation_curves import Curve
from cnncost.formats.onnx_in.onnx_model import OnnxNode
from cnncost.formats.tensor_value import Value


@dataclass(eq=False)
class Pending:
    """An elementwise step, held back until it is known which activation it is part of."""

    step: OnnxNode
    parents: tuple[str, ...]
    """The activations that it reads, by tensor."""
    curves: dict[str, Curve]
    """For each tensor that it may be a function of, nearest last, its values."""
    depth: int = 1
    """Steps held back in a row, this one included."""
    value: Value | None = None


class Shapeless(NamedTuple):
    """A tensor of unknown dimensions: what it is made of is read as one with what reads it."""

    reads: tuple[str, ...]
    """The activations that it depends on."""
    step: OnnxNode
    """The first step of those whose shape nobody knows."""
    why: str = ""
    learned: tuple[str, ...] = ()
    """The constants that they read."""
