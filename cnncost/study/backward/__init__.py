"""The backward pass as equations: every gradient that training needs, in order, with its cost."""

from __future__ import annotations

from cnncost.study.backward.passing import Equation, Pass, backward

__all__ = ["Equation", "Pass", "backward"]
