"""The equations of attention (Vaswani et al. 2017, sec. 3.2), forward and backward."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncost.study.backward.gradient_expression import (
    by_head,
    call,
    root,
    total,
)
from cnncost.study.backward.layer_use import GradientStep, Rule, Rules, SymbolSizes, Use

if TYPE_CHECKING:
    from cnncost.layers.attention import Attention


def derive_attention(use: Use[Attention]) -> Rule:
    """H = V A, A = softmax(Kᵀ Q / √d), one column per query; y = WO H + bO."""
    x, heads, dim = use.x[0], use.layer.heads, use.layer.dim
    q, k, v, a, h, s = (use.own_symbol(letter) for letter in "QKVAHS")
    into = {letter: use.own_parameter(f"W{letter}") for letter in "QKVO"}
    added = {letter: use.own_parameter(f"b{letter}") for letter in "QKVO"}
    width = root(dim // heads)
    p = use.shape.positions
    projection = use.shape.channels * dim * p  # one of the four
    product = p * p * dim  # every pair of positions, over all heads
    inner = SymbolSizes((dim, *use.shape.extents))
    square = SymbolSizes((heads, p, p), heads=True)
    kept = (
        *(GradientStep(m, into[m.word] @ x + added[m.word], projection, inner) for m in (q, k, v)),
        GradientStep(a, call("softmax", by_head(k.T, q, heads) / width), product, square),
        GradientStep(h, by_head(v, a, heads), product, inner),
    )
    steps = (
        GradientStep(h.bar, into["O"].T @ use.dy, projection, inner),
        GradientStep(v.bar, by_head(h.bar, a.T, heads), product, inner),
        GradientStep(a.bar, by_head(v.T, h.bar, heads), product, square),
        GradientStep(s.bar, a * (a.bar - total("i", a * a.bar)), 0, square),
        GradientStep(q.bar, by_head(k, s.bar, heads) / width, product, inner),
        GradientStep(k.bar, by_head(q, s.bar.T, heads) / width, product, inner),
    )
    outer = (("O", use.dy, h), ("V", v.bar, x), ("Q", q.bar, x), ("K", k.bar, x))
    parameters: list[GradientStep] = []
    for letter, gradient, read in outer:
        parameters.append(GradientStep(into[letter], gradient @ read.T, projection))
        parameters.append(GradientStep(added[letter], total("p", gradient)))
    back = into["Q"].T @ q.bar + into["K"].T @ k.bar + into["V"].T @ v.bar
    output = into["O"] @ h + added["O"]
    return Rule((back,), tuple(parameters), kept, steps, 3 * projection, output, projection)


ATTENTION: Rules = {"attention": derive_attention}
