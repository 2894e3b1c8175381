"""Sums in place that need no more memory where they are plain: then a spec need not say it.

Beside the sum's operands, a plain sum has its result. The step before it made one operand out of
a tensor that nothing else reads, no smaller than the result: it had as much alive. And in training
the gradient of the result, which is as large, lives while all is kept that was by then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from math import prod

from cnncost.formats.graph import Op
from cnncost.formats.tensor_value import Shape

MAKERS = ("conv", "depthwise_conv", "batchnorm", "groupnorm", "dense")
"""Types that make a tensor of their own."""


def without_idle_flags(
    ops: Sequence[Op], shapes: Mapping[str, Shape], outputs: Sequence[str]
) -> tuple[Op, ...]:
    """The operations; sums are in place only where that may need less."""
    made = {op.name: op for op in ops}
    readers = Counter([*(read for op in ops for read in op.reads), *outputs])
    plain = set()
    for before, op in pairwise(ops):
        if op.word != "add" or before.name not in op.reads or before.word not in MAKERS:
            continue
        source = made.get(before.reads[0])
        if source is None or source.word not in (*MAKERS, "relu"):
            continue
        dies = readers[source.name] == 1 and readers[before.name] == 1
        if dies and prod(shapes[source.name]) >= prod(shapes[op.name]):
            plain.add(op.name)
    return tuple(_plain(op) if op.name in plain else op for op in ops)


def _plain(op: Op) -> Op:
    given = {key: value for key, value in op.arguments.items() if key != "inplace"}
    return replace(op, arguments=given)
