"""A smaller element type: bytes only, off unless it is allowed, and shown apart from plans.

It is no change of the file, which names no element type: so it is no edit of a plan either.
"""

from __future__ import annotations

from typing import NamedTuple

from cnncost.costs.memory import DTYPES
from cnncost.network import Network
from cnncost.suggest.search.plan import Plan
from cnncost.suggest.text.meter import Measures
from cnncost.suggest.text.scores import units

FP16, INT8, INT8_MOBILE = 0.0, 0.01, 0.05
"""What a precision adds to a score; int8 costs more where convolutions are depthwise.
Judgement."""


class PrecisionPlan(NamedTuple):
    """The best plan at another element type."""

    dtype: str
    price: int
    """What the precision itself scores."""
    before: Measures
    plan: Plan | None
    """None where none was found, or none is needed."""
    met: bool
    """Whether the budgets hold already."""

    @property
    def score(self) -> int | None:
        """The precision's and the plan's together; None where the budgets are not held."""
        if self.met:
            return self.price
        return None if self.plan is None else self.price + self.plan.score


def smaller_dtypes(dtype: str) -> tuple[str, ...]:
    """The element types below another: half precision, then int8."""
    return tuple(word for word in ("fp16", "int8") if DTYPES[word] < DTYPES[dtype])


def precision_score(dtype: str, network: Network) -> int:
    """What an element type scores on a network."""
    if dtype != "int8":
        return units(FP16)
    mobile = any(getattr(node.layer, "groups", 1) == node.inputs[0].channels > 1
                 for node in network.layers)  # fmt: skip
    words = [node.layer.word for node in network.layers if node.layer]
    return units(INT8_MOBILE if mobile or "depthwise_conv" in words else INT8)
