"""Gradients of what transformers have besides attention: root mean square norms and positions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncost.study.backward.gradient_expression import Expression, mean, number, operator, total
from cnncost.study.backward.layer_use import GradientStep, Rule, Rules, Use

if TYPE_CHECKING:
    from cnncost.layers.embedding import PositionEmbedding
    from cnncost.layers.normalisation import RmsNorm

ADDED = "0.00001"
"""What is added to the mean square."""


def derive_rmsnorm(use: Use[RmsNorm]) -> Rule:
    """y = γ ∘ x̂, x̂ = x / σ, σ the root of the channels' mean square (Zhang & Sennrich 2019)."""
    (x,), root, normal = use.x, use.own_symbol("σ"), use.own_symbol("x", "hat")
    kept = (
        GradientStep(root, (mean("i", x * x) + number(ADDED)) ** "0.5"),
        GradientStep(normal, x / root),
    )
    g: Expression = use.dy
    parameters: tuple[GradientStep, ...] = ()
    if use.layer.affine:
        gamma = use.own_parameter("γ")
        into = use.dy * normal
        parameters = (GradientStep(gamma, into if use.shape.is_vector else total("p", into)),)
        g = gamma * g
    return Rule(((g - normal * mean("i", g * normal)) / root,), parameters, kept)


def derive_position_embedding(use: Use[PositionEmbedding]) -> Rule:
    """y = x + Pᵀ: each position's row of the table is added."""
    into = operator("table", str(use.layer.rows(use.shape))) @ use.dy
    return Rule((use.dy,), (GradientStep(use.own_parameter("P"), into),))


RULES: Rules = {"rmsnorm": derive_rmsnorm, "position_embedding": derive_position_embedding}
