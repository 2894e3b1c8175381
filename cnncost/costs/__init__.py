"""Costs: count a network's units, weights and connections exactly, under a stated convention."""

from cnncost.costs.count import Convention, LayerCount, Report, Totals, count_layer, count_network

__all__ = [
    "Convention",
    "LayerCount",
    "Report",
    "Totals",
    "count_layer",
    "count_network",
]
