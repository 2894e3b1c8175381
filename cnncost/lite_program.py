"""The steps of a TensorFlow Lite file as they run: which tensors each reads and makes, and their
bytes."""

from __future__ import annotations

from typing import NamedTuple


class LiteTensor(NamedTuple):
    """A tensor that an interpreter needs memory for."""

    word: str
    """The type of its numbers."""
    units: int
    """How many they are, in the file's batch."""
    bytes: int


class LiteStep(NamedTuple):
    """One operator of the file."""

    op: str
    """TensorFlow Lite's name of it."""
    node: int
    """The node that it computes; else the one whose output it reads."""
    computes: bool
    fused: tuple[int, ...]
    """Further nodes that it computes."""
    reads: tuple[int, ...]
    """Tensors, by their places in the program; constants are left out."""
    makes: tuple[int, ...]
    padded: bool
    """Whether it pads its input by itself, where it has a window."""
    custom: bool = False


class LiteProgram(NamedTuple):
    """A file's main subgraph."""

    tensors: tuple[LiteTensor, ...]
    inputs: tuple[tuple[int, int], ...]
    """Each input's tensor and node."""
    outputs: tuple[int, ...]
    steps: tuple[LiteStep, ...]
    channels: int
    """Output channels of all convolutions, whose scales are kept one by one."""
    single: bool = True
    """Whether there are no further subgraphs."""
