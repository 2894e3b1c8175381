"""The gradient rule of every layer type."""

from __future__ import annotations

from cnncost.study.backward import attending, mapping, pointwise, weighted
from cnncost.study.backward.use import Rules

RULES: Rules = {**weighted.RULES, **mapping.RULES, **pointwise.RULES, **attending.RULES}
