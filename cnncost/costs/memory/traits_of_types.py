"""The words in which memory rules are told: what is kept, where an output and a gradient lie."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple

from cnncost.network import Node


class Keep(Enum):
    """Which storages an operation keeps until its backward pass."""

    NOTHING = "nothing"
    INPUT = "input"
    INPUT_FOR_WEIGHTS = "input, for the gradient of its weights alone"
    OUTPUT = "output"
    OPERANDS = "each input, for the gradient of the others"


class Makes(Enum):
    """Where the output lies."""

    NEW = "storage of its own"
    VIEW = "its input's storage"
    VIEW_IN_INFERENCE = "its input's storage, but in training its own"


class Grad(Enum):
    """Where the gradient of an input lies."""

    NEW = "storage of its own"
    ALIAS = "the output gradient's storage"
    NARROW = "a part of the output gradient's storage"
    FIRST_ALIAS = "the first input's as ALIAS, the second's as NEW"
    SECOND_ALIAS = "the second input's as ALIAS, the first's as NEW"


Bytes = Callable[[Node[Any], int, int], int]  # Any: each rule names its layer type
"""Bytes from a node, the batch and the bytes of an element."""


def nothing(node: Node, batch: int, size: int) -> int:
    """No bytes."""
    return 0


class Traits(NamedTuple):
    """How a layer type treats memory (PyTorch's operations, measured)."""

    keeps: Keep = Keep.NOTHING
    makes: Makes = Makes.NEW
    grad: Grad = Grad.NEW
    extra: Bytes = nothing
    """Kept besides, shared with nobody."""
    scratch: Bytes = nothing
    """Allocated while it runs, kept or not."""
    scratch_backward: Bytes = nothing
    """Allocated in its backward pass besides the gradients."""
    sums: bool = False
    """Gradients of what it repeats over positions are made at the output's size, then summed."""
    turned: bool = False
    """Its output is another tensor seen in part or turned: a layer that worked in place on it
    would need copies of the whole in its backward pass, so none does."""
    clones: bool = False
    """In place, its input is kept as a clone."""
    by_output: bool = False
    """In place, its output is kept and not its input."""
    folds: bool = False
    """Whether a microcontroller's kernels do it unit by unit, within the layer before."""
    measured: bool = True
    """Whether these rules are measured; else its memory is a lower bound."""
