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
    width = exp(terms.log_widths / weight)
    stream = terms.streams / (terms.attentions or 1.0)
    return Potential(
        constants.WIDTH * log1p(constants.WIDE / width) + stream,
        _shallowness(terms.depth),
        _mean_coarseness(terms) + terms.picture,
        terms.groups / weight,
        terms.dense,
    )


def _shallowness(layers: float) -> float:
    """Return what it costs to have so few layers, each with a non-linearity.

    With n = layers + LEAST_DEPTH it is D / n^p, whose derivative is -p D / n^(p + 1); fewer layers
    than FEWEST_LAYERS are on the tangent there.
    """
    power = constants.DEPTH_POWER
    n = max(layers, constants.FEWEST_LAYERS) + constants.LEAST_DEPTH
    cost: float = constants.DEPTH / n**power
    missing = max(constants.FEWEST_LAYERS - layers, 0.0)
    return cost + cost * power * missing / n


def _mean_coarseness(terms: LayerTerms) -> float:
    """Return the average of what the extents cost; an extent that few layers have counts less."""
    shares = {
        extent: weight / (weight + constants.MAP_LAYERS)
        for extent, weight in terms.maps.items()
        if weight > 0
    }
    coarse = sum(share * coarseness_of(extent) for extent, share in shares.items())
    return (terms.head_coarseness + coarse) / (terms.heads + sum(shares.values()) or 1.0)
