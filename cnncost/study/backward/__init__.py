"""The backward pass as equations: every gradient that training needs, in order, with its cost."""

from __future__ import annotations

from cnncost.study.backward.backward_pass import BackwardPass, Equation, derive_equations

__all__ = ["Equation", "BackwardPass", "derive_equations"]
