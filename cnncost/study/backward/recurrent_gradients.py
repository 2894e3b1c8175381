"""Gradients of recurrent layers, through time: a map has a column per position, and an equation
that reads its own symbol `earlier` or `later` is computed one column after another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from cnncost.study.backward.gradient_expression import (
    Expression,
    Symbol,
    call,
    has_named_parts,
    operator,
    slope,
)
from cnncost.study.backward.layer_use import GradientStep, Rule, Rules, SymbolSizes, Use
from cnncost.study.backward.recurrent_lane import Lane, LaneRule, state_step, sum_of

if TYPE_CHECKING:
    from cnncost.layers.recurrent import Gru, Lstm, Recurrent, Rnn


LaneWriter = Callable[[Lane, Expression], LaneRule]
"""From a lane and the gradient that arrives at its states from above."""


def _write_lstm_lane(lane: Lane, arriving: Expression) -> LaneRule:
    """C = F ∘ C before + I ∘ G, H = O ∘ tanh(C) (Hochreiter & Schmidhuber 1997, Gers 2000)."""
    i, f, g, o, c, h = (lane.symbol(letter) for letter in "IFGOCH")
    gates = {gate: lane.symbol(f"A{gate}") for gate in "IFGO"}
    made, projects = lane.symbol("Q"), lane.use.layer.state != lane.use.layer.hidden
    read = lane.channels + lane.use.layer.state
    kept = [
        lane.keep(a, lane.weighted(gate, lane.before(h)), read=read) for gate, a in gates.items()
    ]
    kept += [
        lane.keep(lane.symbol(gate), call("tanh" if gate == "G" else "sigmoid", a))
        for gate, a in gates.items()
    ]
    kept.append(lane.keep(c, f * lane.before(c) + i * g))
    kept.append(lane.keep(made if projects else h, o * call("tanh", c)))
    steps = [state_step(lane, [arriving, *lane.sent_back("IFGO")], 4)]
    parameters: list[GradientStep] = []
    out = h.bar
    if projects:
        p, size = lane.parameter("P"), lane.use.layer.state * lane.use.layer.hidden * lane.steps
        sizes = SymbolSizes((lane.use.layer.state, *lane.use.shape.extents))
        kept.append(GradientStep(h, p @ made, size, sizes))
        steps.append(GradientStep(made.bar, p.T @ h.bar, size))
        parameters.append(GradientStep(p, h.bar @ made.T, size))
        out = made.bar
    steps += [
        GradientStep(c.bar, out * o * slope("tanh", c) + lane.behind(c.bar * f)),
        GradientStep(gates["I"].bar, c.bar * g * slope("sigmoid", gates["I"])),
        GradientStep(gates["F"].bar, c.bar * lane.before(c) * slope("sigmoid", gates["F"])),
        GradientStep(gates["G"].bar, c.bar * i * slope("tanh", gates["G"])),
        GradientStep(gates["O"].bar, out * call("tanh", c) * slope("sigmoid", gates["O"])),
    ]
    for gate, a in gates.items():
        parameters += lane.parameter_steps(gate, a.bar, lane.before(h), a.bar)
    return LaneRule(kept, steps, parameters)


def _write_gru_lane(lane: Lane, arriving: Expression) -> LaneRule:
    """H = N + Z ∘ (H before - N), N = tanh(WN x + bN + R ∘ (UN H before + cN)) (Cho et al. 2014;
    in PyTorch's form, which resets behind UN)."""
    r, z, n, v, h = (lane.symbol(letter) for letter in "RZNVH")
    ar, az, an = (lane.symbol(f"A{gate}") for gate in "RZN")
    past = lane.before(h)
    reset: Expression = lane.parameter("UN") @ past
    if lane.use.layer.bias:
        reset = reset + lane.parameter("cN")
    kept = [
        *_reset_and_update(lane),
        lane.keep(v, reset, read=lane.use.layer.state),
        lane.keep(an, sum_of([*lane.weighted("N", None).operands, r * v]), read=lane.channels),
        lane.keep(n, call("tanh", an)),
        lane.keep(h, n + z * (past - n)),
    ]
    back = [arriving, lane.behind(h.bar * z), *lane.sent_back("RZ")]
    back.append(lane.parameter("UN").T @ lane.behind(v.bar))
    steps = [
        state_step(lane, back, 3),
        GradientStep(an.bar, (h.bar - h.bar * z) * slope("tanh", an)),
        GradientStep(v.bar, an.bar * r),
        GradientStep(ar.bar, an.bar * v * slope("sigmoid", ar)),
        GradientStep(az.bar, h.bar * (past - n) * slope("sigmoid", az)),
    ]
    parameters = lane.parameter_steps("R", ar.bar, past, ar.bar)
    parameters += lane.parameter_steps("Z", az.bar, past, az.bar)
    return LaneRule(kept, steps, parameters + lane.parameter_steps("N", an.bar, past, v.bar))


def _write_early_gru_lane(lane: Lane, arriving: Expression) -> LaneRule:
    """As above, with N = tanh(WN x + UN (R ∘ H before) + bN): the paper's own form."""
    r, z, n, d, h = (lane.symbol(letter) for letter in "RZNDH")
    ar, az, an = (lane.symbol(f"A{gate}") for gate in "RZN")
    past, un = lane.before(h), lane.parameter("UN")
    kept = [
        *_reset_and_update(lane),
        lane.keep(d, r * past),
        lane.keep(an, lane.weighted("N", d), read=lane.channels + lane.use.layer.state),
        lane.keep(n, call("tanh", an)),
        lane.keep(h, n + z * (past - n)),
    ]
    layer = lane.use.layer
    each = layer.hidden * layer.state * lane.steps
    back = [arriving, lane.behind(h.bar * z), lane.behind(d.bar * r), *lane.sent_back("RZ")]
    steps = [
        state_step(lane, back, 2),
        GradientStep(an.bar, (h.bar - h.bar * z) * slope("tanh", an)),
        GradientStep(d.bar, un.T @ an.bar, each),
        GradientStep(ar.bar, d.bar * past * slope("sigmoid", ar)),
        GradientStep(az.bar, h.bar * (past - n) * slope("sigmoid", az)),
    ]
    parameters = lane.parameter_steps("R", ar.bar, past, ar.bar)
    parameters += lane.parameter_steps("Z", az.bar, past, az.bar)
    return LaneRule(kept, steps, parameters + lane.parameter_steps("N", an.bar, d, an.bar))


def _reset_and_update(lane: Lane) -> list[GradientStep]:
    past, read, found = lane.before(lane.symbol("H")), lane.channels + lane.use.layer.state, []
    for gate in "RZ":
        before = lane.symbol(f"A{gate}")
        found.append(lane.keep(before, lane.weighted(gate, past), read=read))
        found.append(lane.keep(lane.symbol(gate), call("sigmoid", before)))
    return found


def _rnn_writer(function: str) -> LaneWriter:
    def write_rnn_lane(lane: Lane, arriving: Expression) -> LaneRule:
        """H = tanh(W x + U H before + b) (Elman 1990)."""
        a, h = lane.symbol("A"), lane.symbol("H")
        past = lane.before(h)
        read = lane.channels + lane.use.layer.state
        kept = [lane.keep(a, lane.weighted("", past), read=read), lane.keep(h, call(function, a))]
        steps = [
            state_step(lane, [arriving, *lane.sent_back("")], 1),
            GradientStep(a.bar, h.bar * slope(function, a)),
        ]
        return LaneRule(kept, steps, lane.parameter_steps("", a.bar, past, a.bar))

    return write_rnn_lane


# Lanes put together


def _make_lanes(use: Use[Recurrent]) -> list[list[Lane]]:
    """Make the lanes, layer by layer."""
    layer = use.layer
    named = has_named_parts(layer.tensor_shapes(use.shape))
    found = []
    for depth in range(layer.layers):
        x = use.own_symbol("X", part=f".l{depth}") if depth else use.x[0]
        channels = layer.directions * layer.state if depth else use.shape.channels
        parts = [f".l{depth}{end}" if named else "" for end in ("", "_reverse")]
        sides = (False, True)[: layer.directions]
        found.append([Lane(use, depth, side, parts[side], x, channels) for side in sides])
    return found


def _find_arriving(lane: Lane, above: Symbol) -> Expression:
    """Write the gradient that arrives at a lane's states: its channels of what both directions give
    together, at its last position if nothing else is given on."""
    layer, state = lane.use.layer, lane.use.layer.state
    own: Expression = above
    if layer.directions > 1:
        start = state if lane.reverse else 0
        own = Expression("channels", (above,), options=f"{start}:{start + state}")
    if above is lane.use.dy and layer.last:
        return operator("first" if lane.reverse else "last").T @ own
    return own


def _put_together(use: Use[Recurrent], gates: str, write: LaneWriter) -> Rule:
    """Write all lanes of a layer, the last layer's first, each with what the one above sends."""
    every, above = _make_lanes(use), use.dy
    whole = LaneRule([], [], [])
    for lanes in reversed(every):
        rules = [write(lane, _find_arriving(lane, above)) for lane in lanes]
        kept = [step for rule in rules for step in rule.kept]
        back, used = _send_back(use, lanes, gates)
        for rule in rules:
            whole.steps.extend(rule.steps)
            whole.parameters.extend(rule.parameters)
        if lanes[0].number:
            kept.insert(0, _join_states(lanes[0].x, every[lanes[0].number - 1]))
            above = lanes[0].x.bar
            whole.steps.append(GradientStep(above, back, used))
        whole.kept[:0] = kept
    parts = tuple(whole.parameters), tuple(whole.kept), tuple(whole.steps)
    return Rule((back,), *parts, used, _write_output(every[-1]))


def _join_states(x: Symbol, lanes: list[Lane]) -> GradientStep:
    """Write what a layer reads: the states of all directions of the layer before."""
    layer, shape = lanes[0].use.layer, lanes[0].use.shape
    sizes = SymbolSizes((layer.directions * layer.state, *shape.extents))
    return GradientStep(x, _concat([lane.symbol("H") for lane in lanes]), 0, sizes)


def _write_output(lanes: list[Lane]) -> Expression:
    """Write what the whole layer gives: the states of the last of its layers, or each direction's
    last one."""
    if not lanes[0].use.layer.last:
        return _concat([lane.symbol("H") for lane in lanes])
    ends = [operator("first" if lane.reverse else "last") @ lane.symbol("H") for lane in lanes]
    return _concat(ends)


def _concat(parts: Sequence[Expression]) -> Expression:
    return parts[0] if len(parts) == 1 else call("concat", *parts)


def _send_back(use: Use[Recurrent], lanes: list[Lane], gates: str) -> tuple[Expression, int]:
    """Write the gradient of what a layer reads, and count its connections."""
    terms = [
        lane.parameter(f"W{gate}").T @ lane.symbol(f"A{gate}").bar
        for lane in lanes
        for gate in gates or ("",)
    ]
    units = use.layer.directions * use.layer.gates * use.layer.hidden
    return sum_of(terms), units * lanes[0].channels * use.shape.positions


def derive_lstm(use: Use[Lstm]) -> Rule:
    """Four gates per lane."""
    return _put_together(use, "IFGO", _write_lstm_lane)


def derive_gru(use: Use[Gru]) -> Rule:
    """Three gates per lane, in one of two forms."""
    write = _write_early_gru_lane if use.layer.resets_before else _write_gru_lane
    return _put_together(use, "RZN", write)


def derive_rnn(use: Use[Rnn]) -> Rule:
    """One gate per lane, which is the state."""
    return _put_together(use, "", _rnn_writer(use.layer.activation))


RULES: Rules = {
    "lstm": derive_lstm,
    "gru": derive_gru,
    "rnn": derive_rnn,
}
