"""Layers of zeros that one window alone reads: its padding, done by hand where both ends differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

from cnncost.formats.graph import Op
from cnncost.formats.pads import add_pads

TAKE_IN = ("conv", "depthwise_conv")
"""Windows whose own padding is zeros."""


def absorb_paddings(
    ops: Sequence[Op], zeros: Collection[str], outputs: Sequence[str]
) -> tuple[Op, ...]:
    """The operations, each such layer as the padding of the window that reads it."""
    readers = Counter(read for op in ops for read in op.reads)
    made = {op.name: op for op in ops if op.name in zeros}
    gone: set[str] = set()
    found = []
    for op in ops:
        pad = made.get(op.reads[0]) if op.word in TAKE_IN else None
        inner = op.arguments.get("padding", 0)
        if pad is None or isinstance(inner, str) or readers[pad.name] > 1 or pad.name in outputs:
            found.append(op)
            continue
        amount = pad.arguments["amount"]
        assert isinstance(amount, tuple)  # a pair an axis, as they were read
        total = add_pads(inner, amount, len(amount))
        found.append(replace(op, arguments={**op.arguments, "padding": total}, reads=pad.reads))
        gone.add(pad.name)
    return tuple(op for op in found if op.name not in gone)
