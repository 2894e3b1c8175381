"""The gradient rule of every layer type."""

from __future__ import annotations

from cnncost.study.backward import (
    attention_gradients,
    map_gradients,
    pointwise_gradients,
    weighted_gradients,
)
from cnncost.study.backward.layer_use import Rules

RULES: Rules = {
    **weighted_gradients.RULES,
    **map_gradients.RULES,
    **pointwise_gradients.RULES,
    **attention_gradients.RULES,
}
