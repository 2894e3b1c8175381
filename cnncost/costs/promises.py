"""What a spec promises, held against what it counts: published figures and budgets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from cnncost.costs.count import Convention, count_network
from cnncost.costs.metrics import Metrics, find_total
from cnncost.language import Spec


class ExpectedFigure(NamedTuple):
    """A published figure beside the computed one."""

    quantity: str
    published: int
    computed: int
    complete: bool = True
    """Whether all costs are known; a lower bound equals no published figure."""

    @property
    def holds(self) -> bool:
        return self.complete and self.published == self.computed


class Limit(NamedTuple):
    """A budget beside what the network takes."""

    metric: str
    budget: int
    computed: int
    complete: bool
    """Whether all costs are known; a lower bound within the budget proves nothing."""
    scale: str = ""
    """Of what bytes are, in words; empty for counts."""

    @property
    def holds(self) -> bool:
        return self.complete and self.computed <= self.budget


def compare_expected(spec: Spec) -> tuple[ExpectedFigure, ...]:
    """The spec's `expect`, each figure counted under the convention that it names."""
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
    """Each metric of a budget beside the network's, under the default convention.

    Raises:
        CnncostError: training is limited, and the network does not train.
    """
    if not budget:
        return ()
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
