"""The equations of attention (Vaswani et al. 2017, sec. 3.2), forward and backward."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncost.study.backward.gradient_expression import (
    Expression,
    by_head,
    call,
    operator,
    root,
    total,
)
from cnncost.study.backward.layer_use import GradientStep, Rule, Rules, SymbolSizes, Use

if TYPE_CHECKING:
    from cnncost.layers.attention import Attention


def derive_attention(use: Use[Attention]) -> Rule:
    """H = V A, A = softmax(Kᵀ Q / √d), one column per query; y = WO H + bO. Heads that have keys
    and values in common read copies of them."""
    x, heads, dim = use.x[0], use.layer.heads, use.layer.dim
    q, k, v, a, h, s = (use.own_symbol(letter) for letter in "QKVAHS")
    into = {letter: use.own_parameter(f"W{letter}") for letter in "QKVO"}
    added = {letter: use.own_parameter(f"b{letter}") for letter in "QKVO"}
    width = root(dim // heads)
    p = use.shape.positions
    projection = use.shape.channels * dim * p  # of the queries, and of the output
    narrow = use.shape.channels * use.layer.kv_dim * p  # of the keys, and of the values
    product = p * p * dim  # every pair of positions, over all heads
    inner = SymbolSizes((dim, *use.shape.extents))
    few = SymbolSizes((use.layer.kv_dim, *use.shape.extents))
    square = SymbolSizes((heads, p, p), heads=True)
    scores = by_head(_copies(use, k).T, q, heads) / width
    kept = (
        GradientStep(q, _project(use, "Q", x), projection, inner),
        GradientStep(k, _project(use, "K", x), narrow, few),
        GradientStep(v, _project(use, "V", x), narrow, few),
        GradientStep(a, call("softmax", scores), product, square),
        GradientStep(h, by_head(_copies(use, v), a, heads), product, inner),
    )
    steps = (
        GradientStep(h.bar, into["O"].T @ use.dy, projection, inner),
        GradientStep(v.bar, _add_copies(use, by_head(h.bar, a.T, heads)), product, few),
        GradientStep(a.bar, by_head(_copies(use, v).T, h.bar, heads), product, square),
        GradientStep(s.bar, a * (a.bar - total("i", a * a.bar)), 0, square),
        GradientStep(q.bar, by_head(_copies(use, k), s.bar, heads) / width, product, inner),
        GradientStep(k.bar, _add_copies(use, by_head(q, s.bar.T, heads)) / width, product, few),
    )
    outer = (
        *(("O", use.dy, h, projection), ("V", v.bar, x, narrow)),
        *(("Q", q.bar, x, projection), ("K", k.bar, x, narrow)),
    )
    parameters: list[GradientStep] = []
    for letter, gradient, read, used in outer:
        parameters.append(GradientStep(into[letter], gradient @ read.T, used))
        if use.layer.bias:
            parameters.append(GradientStep(added[letter], total("p", gradient)))
    back = into["Q"].T @ q.bar + into["K"].T @ k.bar + into["V"].T @ v.bar
    output, sent = _project(use, "O", h), projection + 2 * narrow
    return Rule((back,), tuple(parameters), kept, steps, sent, output, projection)


def _project(use: Use[Attention], letter: str, x: Expression) -> Expression:
    product = use.own_parameter(f"W{letter}") @ x
    return product + use.own_parameter(f"b{letter}") if use.layer.bias else product


def _copy_options(use: Use[Attention]) -> str:
    return f"h={use.layer.kv_heads},g={use.layer.heads // use.layer.kv_heads}"


def _copies(use: Use[Attention], x: Expression) -> Expression:
    """Write a copy of each head's keys or values for each head that reads them."""
    shared = use.layer.kv_heads < use.layer.heads
    return operator("copies", _copy_options(use)) @ x if shared else x


def _add_copies(use: Use[Attention], gradient: Expression) -> Expression:
    """Write the sum of the gradients of those copies."""
    shared = use.layer.kv_heads < use.layer.heads
    return operator("copies", _copy_options(use)).T @ gradient if shared else gradient


ATTENTION: Rules = {"attention": derive_attention}
