"""The rule of every layer type: its forward and its backward equations.

A type's rule is one function from a `Use` to a `Rule`: `output` is what the layer computes, `kept`
are intermediate results of the forward pass, the other fields are gradients. A new type states
its equations in a module such as `map_rules`, whose table is added here.
"""

from __future__ import annotations

from cnncost.study.backward import (
    attention_rules,
    map_rules,
    pointwise_rules,
    weighted_gradients,
)
from cnncost.study.backward.layer_use import Rules

RULES: Rules = {
    **weighted_gradients.RULES,
    **map_rules.MAPS,
    **pointwise_rules.POINTWISE,
    **attention_rules.ATTENTION,
}
