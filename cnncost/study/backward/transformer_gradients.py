"""Gradients of what transformers have besides attention: root mean square norms and positions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncost.study.backward.gradient_expression import Expression, mean, number, operator, total
from cnncost.study.backward.layer_use import GradientStep, Rule, Rules, SymbolSizes, Use

if TYPE_CHECKING:
    from cnncost.layers.embedding import PositionEmbedding
    from cnncost.layers.normalisation import RmsNorm

ADDED = "0.00001"
"""What is added to the mean square."""


def derive_rmsnorm(use: Use[RmsNorm]) -> Rule:
    """y = γ ∘ x̂, x̂ = x / σ, σ the root of the channels' mean square (Zhang & Sennrich 2019)."""
    (x,), root, normal = use.x, use.own_symbol("σ"), use.own_symbol("x", "hat")
    sizes = SymbolSizes(use.shape.extents, tuple(range(1, len(use.shape.dims))))
    kept = (
        GradientStep(root, (mean("i", x * x) + number(ADDED)) ** "0.5", 0, sizes),
        GradientStep(normal, x / root),
    )
    g: Expression = use.dy
    output: Expression = normal
    parameters: tuple[GradientStep, ...] = ()
    if use.layer.affine:
        gamma = use.own_parameter("γ")
        into = use.dy * normal
        parameters = (GradientStep(gamma, into if use.shape.is_vector else total("p", into)),)
        g, output = gamma * g, gamma * normal
    back = (g - normal * mean("i", g * normal)) / root
    return Rule((back,), parameters, kept, output=output)


def derive_position_embedding(use: Use[PositionEmbedding]) -> Rule:
    """y = x + Pᵀ: each position's row of the table is added."""
    table, rows = use.own_parameter("P"), operator("table", str(use.layer.rows(use.shape)))
    output = use.x[0] + rows.T @ table
    return Rule((use.dy,), (GradientStep(table, rows @ use.dy),), output=output)


RULES: Rules = {"rmsnorm": derive_rmsnorm, "position_embedding": derive_position_embedding}
