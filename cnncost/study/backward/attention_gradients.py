"""Gradients of attention (Vaswani et al. 2017, sec. 3.2), head by head."""

from __future__ import annotations

from cnncost.study.backward.gradient_expression import by_head, call, root, total
from cnncost.study.backward.layer_use import GradientStep, Rule, Rules, Use


def derive_attention(use: Use) -> Rule:
    """H = V A, A = softmax(Kᵀ Q / √d): a column a query; y = WO H + bO."""
    x, heads, dim = use.x[0], use.read_field("heads"), use.read_field("dim")
    q, k, v, a, h, s = (use.own_symbol(letter) for letter in "QKVAHS")
    into = {letter: use.own_parameter(f"W{letter}") for letter in "QKVO"}
    added = {letter: use.own_parameter(f"b{letter}") for letter in "QKVO"}
    width = root(dim // heads)
    p = use.shape.positions
    projection = use.shape.channels * dim * p  # one of the four
    product = p * p * dim  # every pair of positions, over all heads
    kept = (
        *(GradientStep(m, into[m.word] @ x + added[m.word]) for m in (q, k, v)),
        GradientStep(a, call("softmax", by_head(k.T, q, heads) / width)),
        GradientStep(h, by_head(v, a, heads)),
    )
    steps = (
        GradientStep(h.bar, into["O"].T @ use.dy, projection),
        GradientStep(v.bar, by_head(h.bar, a.T, heads), product),
        GradientStep(a.bar, by_head(v.T, h.bar, heads), product),
        GradientStep(s.bar, a * (a.bar - total("i", a * a.bar))),
        GradientStep(q.bar, by_head(k, s.bar, heads) / width, product),
        GradientStep(k.bar, by_head(q, s.bar.T, heads) / width, product),
    )
    outer = (("O", use.dy, h), ("V", v.bar, x), ("Q", q.bar, x), ("K", k.bar, x))
    parameters: list[GradientStep] = []
    for letter, gradient, read in outer:
        parameters.append(GradientStep(into[letter], gradient @ read.T, projection))
        parameters.append(GradientStep(added[letter], total("p", gradient)))
    back = into["Q"].T @ q.bar + into["K"].T @ k.bar + into["V"].T @ v.bar
    return Rule((back,), tuple(parameters), kept, steps, 3 * projection)


RULES: Rules = {"attention": derive_attention}
