"""What the operations that layers stand for keep and allocate, measured: one entry per operation.

The temporaries of a backward pass are what PyTorch allocates on a CPU besides the gradients: maps
of the output's size, and masks of one byte per number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncost.costs.memory.traits_of_types import Bytes, Grad, Keep, Makes, Traits

if TYPE_CHECKING:
    from cnncost.network import Node


def _temporaries(maps: int, masks: int = 0) -> Bytes:
    def work(node: Node, batch: int, size: int) -> int:
        return (maps * size + masks) * batch * node.output.units

    return work


def _by(keeps: Keep, maps: int = 0, masks: int = 0) -> Traits:
    return Traits(keeps, scratch_backward=_temporaries(maps, masks))


UNKNOWN = Traits(makes=Makes.VIEW, grad=Grad.ALIAS, measured=False)
"""The traits of any other operation: nothing is known of what it allocates and keeps."""

COMPUTED_WEIGHTS = "computed_weights"
"""What an import's last layer stands for if weights are computed from parameters; not in the
table, so its traits are UNKNOWN."""

STAND_INS: dict[str, Traits] = {
    "exp": _by(Keep.OUTPUT),
    "sqrt": _by(Keep.OUTPUT, 1),
    "rsqrt": _by(Keep.OUTPUT, 2),
    "reciprocal": _by(Keep.OUTPUT, 2),
    **dict.fromkeys(("log", "hardshrink", "threshold", "hardtanh"), _by(Keep.INPUT)),
    **dict.fromkeys(("abs", "sin"), _by(Keep.INPUT, 1)),
    **dict.fromkeys(("cos", "square", "pow"), _by(Keep.INPUT, 2)),
    "erf": _by(Keep.INPUT, 4),
    "clamp": _by(Keep.INPUT, 0, 2),
    **dict.fromkeys(("clamp_min", "clamp_max"), _by(Keep.INPUT, 0, 1)),
    "neg": Traits(),
    "shift": Traits(grad=Grad.ALIAS),
    "factor": Traits(),
    "factor_": Traits(makes=Makes.VIEW),
    "doubled": Traits(),
    "squared": _by(Keep.INPUT, 1),
    "sub": Traits(grad=Grad.FIRST_ALIAS),
    "rsub": Traits(grad=Grad.SECOND_ALIAS),
    "div": _by(Keep.OPERANDS, 2),
    **dict.fromkeys(("maximum", "minimum"), _by(Keep.OPERANDS, 1, 2)),
    # Seen in part or repeated: nothing is allocated, the gradient fills what was seen.
    "slice": Traits(makes=Makes.VIEW, turned=True),
    "expand": Traits(makes=Makes.VIEW, turned=True),
    **dict.fromkeys(("reflect", "replicate"), Traits(Keep.INPUT)),
    "constant": Traits(),
}
"""Traits by the operation that a layer stands for."""
