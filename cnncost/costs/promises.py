"""A spec's published figures and budgets, compared with what its network counts."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

from cnncost.costs.count import Convention, count_network
from cnncost.costs.duration import PER_SECOND, NetworkTime
from cnncost.costs.metrics import Metrics, find_total
from cnncost.language import Spec


class ExpectedFigure(NamedTuple):
    """A published figure beside the computed one."""

    quantity: str
    published: int
    computed: int
    complete: bool
    """Whether all costs are known. If not, the count is a lower bound and equals no figure."""

    @property
    def holds(self) -> bool:
        return self.complete and self.published == self.computed


class Limit(NamedTuple):
    """A budget beside what the network takes."""

    metric: str
    budget: int
    computed: int
    complete: bool
    """Whether all costs are known. If not, a figure within the budget proves nothing."""
    scale: str = ""
    """What bytes refer to, as in `batch 8, fp16`; empty for counts."""

    @property
    def holds(self) -> bool:
        return self.complete and self.computed <= self.budget


class TimeLimit(NamedTuple):
    """A budget of time beside the estimated time."""

    budget: Fraction
    """In seconds."""
    found: NetworkTime

    @property
    def holds(self) -> bool:
        return self.found.complete and self.found.picoseconds <= PER_SECOND * self.budget


def compare_expected(spec: Spec) -> tuple[ExpectedFigure, ...]:
    """Compare each figure of the spec's `expect`, counted under the convention that it names."""
    if spec.expect is None:
        return ()
    convention = Convention(spec.expect.biases, spec.expect.exclude_padding)
    report = count_network(spec.network, convention)
    return tuple(
        ExpectedFigure(quantity, published, find_total(report.totals, quantity), report.complete)
        for quantity, published in spec.expect.totals.items()
    )


def compare_budget(
    spec: Spec,
    budget: Mapping[str, int],
    *,
    batch: int = 1,
    dtype: str = "fp32",
    optimizer: str = "sgd",
) -> tuple[Limit, ...]:
    """Compare each metric of a budget with the network's, under the default convention.

    Raises:
        CnncostError: the budget limits training, and the network does not train.
    """
    metrics = Metrics(spec.network, batch=batch, dtype=dtype, optimizer=optimizer)
    return tuple(
        Limit(
            metric,
            most,
            metrics.compute_figure(metric),
            metrics.is_exact(metric),
            metrics.describe_scale(metric),
        )
        for metric, most in budget.items()
    )
