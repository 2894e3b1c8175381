"""The words of memory rules: what is kept, and in which storage outputs and gradients lie."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple

from cnncost.network import Node


class Keep(Enum):
    """Which tensors an operation keeps until its backward pass."""

    NOTHING = "nothing"
    INPUT = "input"
    INPUT_FOR_WEIGHTS = "input, for the gradient of its weights alone"
    OUTPUT = "output"
    OPERANDS = "each input, for the gradient of the others"


class Makes(Enum):
    """In which storage the output lies."""

    NEW = "storage of its own"
    VIEW = "its input's storage"
    VIEW_IN_INFERENCE = "its input's storage, but in training its own"


class Grad(Enum):
    """In which storage the gradient of an input lies."""

    NEW = "storage of its own"
    ALIAS = "the output gradient's storage"
    NARROW = "a part of the output gradient's storage"
    FIRST_ALIAS = "the first input's as ALIAS, the second's as NEW"
    SECOND_ALIAS = "the second input's as ALIAS, the first's as NEW"


Bytes = Callable[[Node[Any], int, int], int]  # Any: each rule names its layer type
"""From a node, the batch and the bytes of an element to a number of bytes."""


def count_no_bytes(node: Node, batch: int, size: int) -> int:
    """Return 0: no bytes."""
    return 0


class Traits(NamedTuple):
    """How a layer type treats memory (PyTorch's operations, measured)."""

    keeps: Keep = Keep.NOTHING
    makes: Makes = Makes.NEW
    grad: Grad = Grad.NEW
    extra: Bytes = count_no_bytes
    """Bytes that it keeps besides `keeps`; no other layer shares them."""
    scratch: Bytes = count_no_bytes
    """Bytes that it allocates while it runs, kept or not."""
    scratch_backward: Bytes = count_no_bytes
    """Bytes that it allocates in its backward pass besides the gradients."""
    sums: bool = False
    """Whether the gradients of numbers that it repeats over positions are first computed at the
    output's size and then summed."""
    turned: bool = False
    """Whether its output is another tensor seen in part or turned. No layer works in place on
    such an output: its backward pass would need copies of the whole tensor."""
    clones: bool = False
    """Whether it keeps a clone of its input when it works in place."""
    by_output: bool = False
    """Whether it keeps its output in place of its input when it works in place."""
    folds: bool = False
    """Whether a microcontroller computes it unit by unit as part of the layer before."""
    measured: bool = True
    """Whether these rules are measured. If not, its memory is a lower bound."""
