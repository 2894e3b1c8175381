"""The error potential of a network: five parts, each an estimate of ln(error)."""

from __future__ import annotations

from math import exp, log1p
from typing import NamedTuple

from cnncost.accuracy import error_constants as constants
from cnncost.accuracy.layer_terms import (
    LayerTerms,
    add_terms,
    coarseness_of,
    input_terms,
    layer_terms,
)
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
        [
            input_terms([one.output for one in network.inputs]),
            *(
                layer_terms(node.layer, node.inputs[0], node.output, roles[node.index])
                for node in network.layers
                if node.index in roles
            ),
        ]
    )


def potential_of(terms: LayerTerms) -> Potential:
    """Return the parts of the potential from the sums over the layers.

    Averages over the layers carry width and groups: what is done to every layer costs the same
    in a network of any depth. Resolution is averaged over the extents that there are.
    """
    weight = terms.weight or 1.0
    depth = max(terms.depth, 0.0) + constants.LEAST_DEPTH
    width = exp(terms.log_widths / weight)
    return Potential(
        constants.WIDTH * log1p(constants.WIDE / width),
        constants.DEPTH / depth**constants.DEPTH_POWER,
        _mean_coarseness(terms) + terms.picture,
        terms.groups / weight,
        terms.dense,
    )


def _mean_coarseness(terms: LayerTerms) -> float:
    """Return the average of what the extents cost; an extent that few layers have counts less."""
    shares = {
        extent: weight / (weight + constants.MAP_LAYERS)
        for extent, weight in terms.maps.items()
        if weight > 0
    }
    coarse = sum(share * coarseness_of(extent) for extent, share in shares.items())
    return (terms.head_coarseness + coarse) / (terms.heads + sum(shares.values()) or 1.0)
