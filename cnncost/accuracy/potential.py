"""The error potential of a network: five parts, each an estimate of ln(error)."""

from __future__ import annotations

from typing import NamedTuple

from cnncost.accuracy import error_constants as constants
from cnncost.accuracy.layer_terms import LayerTerms, add_terms, layer_terms
from cnncost.accuracy.roles import find_roles
from cnncost.network import Network


class Potential(NamedTuple):
    """The parts of ln(error), each up to a constant that no difference sees."""

    width: float
    depth: float
    resolution: float
    groups: float
    dense: float


def network_terms(network: Network) -> LayerTerms:
    """Return the sums over all layers of a network."""
    roles = find_roles(network)
    return add_terms(
        layer_terms(node.layer, node.inputs[0], node.output, roles[node.index])
        for node in network.layers
        if node.index in roles
    )


def potential_of(terms: LayerTerms) -> Potential:
    """Return the parts of the potential from the sums over the layers.

    Averages over the layers carry width, groups and extent: what is done to every layer costs
    the same in a network of any depth.
    """
    weight, map_weight = terms.weight or 1.0, terms.map_weight or 1.0
    depth = max(terms.depth, 0.0) + constants.LEAST_DEPTH
    return Potential(
        -constants.WIDTH * terms.log_widths / weight,
        constants.DEPTH / depth**constants.DEPTH_POWER,
        terms.coarseness / map_weight,
        constants.GROUPS * terms.log_groups / weight,
        terms.dense,
    )
