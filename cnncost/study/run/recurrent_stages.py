"""Recurrent layers, step by step: the gates of every unit, its cell and its state.

The symbols are those of `explain --backward`: AI is what the gate I is the sigmoid of. Before the
first step all states are zero, so it has no products with them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cnncost.study.run.number_map import Map, Number, Tensors, split_rows
from cnncost.study.run.unit_formulas import (
    UnitSum,
    Worked,
    WorkingLedger,
    WriteNumber,
    write_difference,
    write_sum,
)
from cnncost.study.run.unit_functions import FUNCTIONS

if TYPE_CHECKING:
    from cnncost.layers.recurrent import Recurrent
    from cnncost.network import Node

Vector = list[Number]


@dataclass(frozen=True)
class LaneWork:
    """One direction of one layer, and where its numbers are kept."""

    layer: Any  # a Recurrent: each rule names its fields
    own: dict[str, tuple[Number, ...]]
    """Its tensors, by the beginning of PyTorch's names."""
    part: str
    """What its symbols have behind the layer's name, as in `explain --backward`."""
    ledger: WorkingLedger

    def enter(self, letter: str, unit: int, step: int, formula: UnitSum | Worked) -> Number:
        return self.ledger.enter(f"{letter}@{self.part}", (unit, step), formula)

    def rows_of_gate(self, tensor: str, gate: int) -> list[tuple[Number, ...]]:
        """Return a gate's rows of a matrix: PyTorch has the gates one below the other."""
        hidden = self.layer.hidden
        rows = split_rows(self.own[tensor], len(self.own[tensor]) // (self.layer.gates * hidden))
        return rows[gate * hidden : (gate + 1) * hidden]

    def biases_of_gate(self, tensor: str, gate: int) -> list[tuple[Number, ...]]:
        """Return what is added to each unit of a gate, none where there is no such tensor."""
        hidden = self.layer.hidden
        if tensor not in self.own:
            return [()] * hidden
        return [(bias,) for bias in self.own[tensor][gate * hidden : (gate + 1) * hidden]]

    def weighted(self, gate: int, x: Sequence[Number], state: Vector | None) -> list[UnitSum]:
        """Return W x + U (state) + b + c of each unit of a gate."""
        ours, theirs = self.weighted_input(gate, x), self.weighted_state(gate, state)
        return [
            UnitSum((*one.products, *other.products), (*one.added, *other.added))
            for one, other in zip(ours, theirs, strict=True)
        ]

    def weighted_input(self, gate: int, x: Sequence[Number]) -> list[UnitSum]:
        """Return W x + b of each unit of a gate."""
        rows, biases = self.rows_of_gate("weight_ih", gate), self.biases_of_gate("bias_ih", gate)
        return [
            UnitSum(tuple(zip(row, x, strict=True)), bias)
            for row, bias in zip(rows, biases, strict=True)
        ]

    def weighted_state(self, gate: int, state: Vector | None) -> list[UnitSum]:
        """Return U (state) + c of each unit of a gate; c alone if there is no state yet."""
        rows, biases = self.rows_of_gate("weight_hh", gate), self.biases_of_gate("bias_hh", gate)
        return [
            UnitSum(() if state is None else tuple(zip(row, state, strict=True)), bias)
            for row, bias in zip(rows, biases, strict=True)
        ]

    def enter_gate(self, word: str, letter: str, step: int, sums: list[UnitSum]) -> Vector:
        """Keep a function of sums, and the sums, of every unit; return the function's values."""
        inside = [self.enter(f"A{letter}", unit, step, one) for unit, one in enumerate(sums)]
        return [
            self.enter(letter or "H", unit, step, function_of(word, value))
            for unit, value in enumerate(inside)
        ]


def function_of(word: str, value: Number) -> Worked:
    """Return a function of one number as a formula."""
    return Worked(FUNCTIONS[word](value), lambda write: [f"{word}({write(value)})"])


StepRule = Callable[[LaneWork, int, Sequence[Number], "LaneState | None"], "LaneState"]
"""From a lane, the number of a step, what it reads and the state before to the state behind it."""


@dataclass(frozen=True)
class LaneState:
    """What one step hands on to the next."""

    h: Vector
    c: Vector


def step_rnn(lane: LaneWork, step: int, x: Sequence[Number], before: LaneState | None) -> LaneState:
    """H = tanh(W x + U H before + b) (Elman 1990)."""
    sums = lane.weighted(0, x, before.h if before else None)
    return LaneState(lane.enter_gate(lane.layer.activation, "", step, sums), [])


def step_lstm(
    lane: LaneWork, step: int, x: Sequence[Number], before: LaneState | None
) -> LaneState:
    """C = F C before + I G, H = O tanh(C) (Hochreiter & Schmidhuber 1997, Gers et al. 2000)."""
    past = before.h if before else None
    i, f, g, o = (
        lane.enter_gate("tanh" if letter == "G" else "sigmoid", letter, step,
                        lane.weighted(gate, x, past))
        for gate, letter in enumerate("IFGO")
    )  # fmt: skip
    cells, made = [], []
    for unit in range(lane.layer.hidden):
        kept = ((f[unit], before.c[unit]),) if before else ()
        cells.append(lane.enter("C", unit, step, UnitSum((*kept, (i[unit], g[unit])))))
    projects = lane.layer.state != lane.layer.hidden
    for unit, cell in enumerate(cells):
        made.append(lane.enter("Q" if projects else "H", unit, step, _open_cell(o[unit], cell)))
    if not projects:
        return LaneState(made, cells)
    rows = split_rows(lane.own["weight_hr"], lane.layer.hidden)
    sums = [UnitSum(tuple(zip(row, made, strict=True))) for row in rows]
    return LaneState([lane.enter("H", at, step, one) for at, one in enumerate(sums)], cells)


def _open_cell(gate: Number, cell: Number) -> Worked:
    curve = math.tanh(cell)

    def write_steps(write: WriteNumber) -> list[str]:
        return [f"{write(gate)} x tanh({write(cell)})", f"{write(gate)} x {write(curve)}"]

    return Worked(gate * curve, write_steps)


def step_gru(lane: LaneWork, step: int, x: Sequence[Number], before: LaneState | None) -> LaneState:
    """H = N + Z (H before - N); N = tanh(WN x + bN + R (UN H before + cN)) as in PyTorch, or with
    the state reset before UN multiplies it (Cho et al. 2014)."""
    past = before.h if before else None
    r, z = (
        lane.enter_gate("sigmoid", letter, step, lane.weighted(gate, x, past))
        for gate, letter in enumerate("RZ")
    )
    if lane.layer.resets_before:
        reset = None
        if past is not None:
            pairs = enumerate(zip(r, past, strict=True))
            reset = [lane.enter("D", at, step, UnitSum((pair,))) for at, pair in pairs]
        sums = lane.weighted(2, x, reset)
    else:
        theirs = lane.weighted_state(2, past)
        sent = [lane.enter("V", unit, step, one) for unit, one in enumerate(theirs)]
        sums = [
            UnitSum((*one.products, (r[unit], sent[unit])), one.added)
            for unit, one in enumerate(lane.weighted_input(2, x))
        ]
    new = lane.enter_gate("tanh", "N", step, sums)
    old: Vector = past or [0] * len(new)
    mixed = [_mix_states(*parts) for parts in zip(new, z, old, strict=True)]
    return LaneState([lane.enter("H", at, step, one) for at, one in enumerate(mixed)], [])


def _mix_states(new: Number, gate: Number, old: Number) -> Worked:
    def write_steps(write: WriteNumber) -> list[str]:
        apart = write_difference(old, new, write)
        change = write_sum([new, gate * (old - new)], write)
        return [f"{write(new)} + {write(gate)} x ({apart})", change]

    return Worked(new + gate * (old - new), write_steps)


def _recurrent_rule(step_rule: StepRule) -> Callable[..., Map]:
    def evaluate(
        node: Node[Recurrent], own: Tensors, reads: list[Map], ledger: WorkingLedger
    ) -> Map:
        layer, (x,) = node.layer, reads
        rows = [list(column) for column in x.split_columns()]
        sides = ("", "_reverse")[: layer.directions]
        named = layer.layers * layer.directions > 1
        ends: list[Vector] = []
        for number in range(layer.layers):
            made = []
            for side in sides:
                behind = f"_l{number}{side}"
                tensors = {k.removesuffix(behind): v for k, v in own.items() if k.endswith(behind)}
                part = f".l{number}{side}" if named else ""
                lane = LaneWork(layer, tensors, part, ledger)
                made.append(_run_lane(lane, step_rule, rows, reverse=side != ""))
            ends = [made[0][-1], *(states[0] for states in made[1:])]
            rows = [[v for part in parts for v in part] for parts in zip(*made, strict=True)]
        if layer.last:
            return Map(node.output, tuple(v for end in ends for v in end))
        channels = zip(*rows, strict=True)
        return Map(node.output, tuple(v for channel in channels for v in channel))

    return evaluate


def _run_lane(
    lane: LaneWork, step_rule: StepRule, rows: list[Vector], *, reverse: bool
) -> list[Vector]:
    """Compute the states of all steps; those of the way back from the last to the first."""
    order = range(len(rows))
    states: dict[int, Vector] = {}
    state: LaneState | None = None
    for step in reversed(order) if reverse else order:
        state = step_rule(lane, step, rows[step], state)
        states[step] = state.h
    return [states[step] for step in order]


RECURRENT: dict[str, Callable[..., Map]] = {
    "lstm": _recurrent_rule(step_lstm),
    "gru": _recurrent_rule(step_gru),
    "rnn": _recurrent_rule(step_rnn),
}
