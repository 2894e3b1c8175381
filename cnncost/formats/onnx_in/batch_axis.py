"""What the first axis of an input is, which a file does not say."""

from __future__ import annotations

from enum import Enum


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
