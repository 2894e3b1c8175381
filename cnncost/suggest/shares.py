"""What of a network its layers hold, and how wide most of them are."""

from __future__ import annotations

from cnncost.costs import count_network
from cnncost.suggest.damage import NARROW_CHANNELS
from cnncost.suggest.draft import Draft


def held_shares(draft: Draft) -> dict[str, dict[str, float]]:
    """Where a network's weights and connections are."""
    report = count_network(draft.network)
    shares: dict[str, dict[str, float]] = {}
    for metric in ("weights", "connections"):
        total = getattr(report.totals, metric) or 1
        shares[metric] = {}
        for row in report.layers:
            family = _FAMILIES.get(row.word, "other layers")
            held = getattr(row, metric) / total
            shares[metric][family] = shares[metric].get(family, 0.0) + held
    return shares


_FAMILIES = {
    **dict.fromkeys(("conv", "depthwise_conv", "conv_transpose"), "convolutions"),
    "dense": "dense layers",
    "linear": "linear layers",
    "attention": "attention layers",
}
"""What the layers that hold most of a metric are called together."""


def mostly_narrow(draft: Draft) -> bool:
    """Whether most groups of channels are so narrow that scores are too low."""
    groups = [g for g in draft.groups.groups.values() if not g.frozen and g.role != "dense"]
    return 2 * sum(group.width < NARROW_CHANNELS for group in groups) > len(groups)
