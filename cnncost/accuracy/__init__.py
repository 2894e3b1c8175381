"""What a change of architecture costs in accuracy: one function of two networks.

Every network has an error potential, the sum of five parts (`potential`) of what each layer is
(`layer_terms`) and what it is to the network (`roles`). The damage of a change is the
difference of two potentials (`estimate`): an estimate of ln(error after / error before).
"""

from cnncost.accuracy.estimate import (
    Damage,
    DamagePart,
    are_comparable,
    compare_damages,
    compare_potentials,
    damage,
    estimate_damage,
)

__all__ = [
    "Damage",
    "DamagePart",
    "are_comparable",
    "compare_damages",
    "compare_potentials",
    "damage",
    "estimate_damage",
]
