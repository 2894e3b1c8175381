"""Gradients of recurrent layers, through time: a map has a column per position, and an equation
that reads its own symbol `earlier` or `later` is computed one column after another."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cnncost.study.backward.gradient_expression import (
    Expression,
    Symbol,
    call,
    has_named_parts,
    operator,
    slope,
)
from cnncost.study.backward.layer_use import GradientStep, Rule, Rules, Use
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
    kept = [GradientStep(a, lane.weighted(gate, lane.before(h))) for gate, a in gates.items()]
    kept += [
        GradientStep(lane.symbol(gate), call("tanh" if gate == "G" else "sigmoid", a))
        for gate, a in gates.items()
    ]
    kept.append(GradientStep(c, f * lane.before(c) + i * g))
    kept.append(GradientStep(made if projects else h, o * call("tanh", c)))
    steps = [state_step(lane, [arriving, *lane.sent_back("IFGO")], 4)]
    parameters: list[GradientStep] = []
    out = h.bar
    if projects:
        p, size = lane.parameter("P"), lane.use.layer.state * lane.use.layer.hidden * lane.steps
        kept.append(GradientStep(h, p @ made))
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
        GradientStep(v, reset),
        GradientStep(an, sum_of([*lane.weighted("N", None).operands, r * v])),
        GradientStep(n, call("tanh", an)),
        GradientStep(h, n + z * (past - n)),
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
        GradientStep(d, r * past),
        GradientStep(an, lane.weighted("N", d)),
        GradientStep(n, call("tanh", an)),
        GradientStep(h, n + z * (past - n)),
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
    past, found = lane.before(lane.symbol("H")), []
    for gate in "RZ":
        before = lane.symbol(f"A{gate}")
        found.append(GradientStep(before, lane.weighted(gate, past)))
        found.append(GradientStep(lane.symbol(gate), call("sigmoid", before)))
    return found


def _rnn_writer(function: str) -> LaneWriter:
    def write_rnn_lane(lane: Lane, arriving: Expression) -> LaneRule:
        """H = tanh(W x + U H before + b) (Elman 1990)."""
        a, h = lane.symbol("A"), lane.symbol("H")
        past = lane.before(h)
        kept = [GradientStep(a, lane.weighted("", past)), GradientStep(h, call(function, a))]
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
    return Rule((back,), tuple(whole.parameters), tuple(whole.kept), tuple(whole.steps), used)


def _join_states(x: Symbol, lanes: list[Lane]) -> GradientStep:
    """Write what a layer reads: the states of all directions of the layer before."""
    states = [lane.symbol("H") for lane in lanes]
    return GradientStep(x, states[0] if len(states) == 1 else call("concat", *states))


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
