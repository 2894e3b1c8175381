"""The backward pass over a network: apply each layer's gradient rule, last layer first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from cnncost.costs.gradients import find_gradients
from cnncost.network import Input, Network, Node
from cnncost.study.backward.equation import Equation
from cnncost.study.backward.forward_pass import derive_forward
from cnncost.study.backward.gradient_expression import Expression, ParameterSymbol, Symbol, Symbols
from cnncost.study.backward.gradient_rules import RULES
from cnncost.study.backward.layer_use import GradientStep, Rule, Use


class BackwardPass(NamedTuple):
    """The whole backward pass of a network."""

    network: Network
    given: tuple[Symbol, ...]
    """The derivatives of the loss by the outputs, from which the pass starts."""
    forward: tuple[Equation, ...]
    """The forward pass: the output of every layer, and the intermediate results before it."""
    equations: tuple[Equation, ...]
    """All equations, in the order in which they are computed."""
    parameters: tuple[ParameterSymbol, ...]
    """What the symbols of parameters, trained or not, stand for."""
    values: tuple[Symbol, ...]
    """The symbol of each node's output, by index."""


def derive_equations(network: Network) -> BackwardPass:
    """Derive a network's gradient equations from the derivatives of the loss by its outputs."""
    work = _PassWork(network)
    for node in reversed(network.nodes):
        work.visit_node(node)
    symbols = work.symbols
    used = {part for equation in work.equations for part in equation.right.walk()}
    return BackwardPass(
        network,
        tuple(work.given),
        derive_forward(network, symbols, used),
        tuple(work.equations),
        tuple(p for node in network.layers for p in symbols.list_parameters(node)),
        tuple(symbols.output_symbol(node) for node in network.nodes),
    )


class _Term(NamedTuple):
    """What one of the layers that read a node adds to the gradient of the node's output."""

    value: Expression
    connections: int | None


class _PassWork:
    """The state of the pass: the terms that have arrived at each node, and the equations so far."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.symbols = Symbols(network)
        self.flow = find_gradients(network)
        self.on = _way_on(network, self.flow.outputs)
        self.arrived: dict[int, list[_Term]] = {}
        self.shared: dict[Symbol, list[_Term]] = {}
        self.given: list[Symbol] = []
        self.equations: list[Equation] = []

    def is_needed(self, index: int) -> bool:
        return self.flow.outputs[index] or self.on[index]

    def visit_node(self, node: Input | Node) -> None:
        """Add the gradient of a node's output, and then the gradients that its layer passes on."""
        if not self.is_needed(node.index):
            return
        dy = self._add_output_gradient(node)
        if node.layer is None:
            return
        x = tuple(self.symbols.output_symbol(self.network.nodes[i]) for i in node.reads)
        rule = RULES[node.layer.word](
            Use(node, x, self.symbols.output_symbol(node), dy, self.symbols)
        )
        self.equations.extend(self._make_lines(node, rule.steps))
        if self.flow.parameters[node.index]:
            self._add_parameter_gradients(node, rule.parameters)
        self._pass_to_inputs(node, rule)

    def _add_output_gradient(self, node: Input | Node) -> Symbol:
        """Return the symbol of a node's output gradient; add its equation if it needs one."""
        terms = self.arrived.pop(node.index, None)
        bar = self.symbols.output_symbol(node).bar
        if terms is None:
            self.given.append(bar)
            return bar
        # Readers were visited last first; a sum reads in the order of the file.
        line = _sum_terms(bar, node, reversed(terms))
        same = isinstance(line.right, Symbol)
        needed = self.flow.outputs[node.index]
        self.equations.append(line._replace(passed=True, needed=needed, same=same))
        return line.right if isinstance(line.right, Symbol) else bar

    def _make_lines(self, node: Node, steps: Iterable[GradientStep]) -> Iterable[Equation]:
        needed = self.flow.outputs[node.index]
        for step in steps:
            symbol, value, connections, sizes = step
            yield Equation(symbol, value, connections, node, needed=needed, sizes=sizes)

    def _add_parameter_gradients(self, node: Node, steps: Iterable[GradientStep]) -> None:
        """Add a layer's parameter gradients. Each use of shared parameters adds a term; the layer
        that owns them is visited last."""
        for step in steps:
            terms = self.shared.setdefault(step.symbol, [])
            terms.append(_Term(step.value, step.connections))
            if node.shares is None:
                total = self.shared.pop(step.symbol)
                self.equations.append(_sum_terms(step.symbol.bar, node, total))

    def _pass_to_inputs(self, node: Node, rule: Rule) -> None:
        cost = None if node.layer.word == "opaque" else rule.input_connections
        terms = list(zip(node.reads, rule.inputs, strict=True))
        for index, value in reversed(terms):
            if self.is_needed(index):
                self.arrived.setdefault(index, []).append(_Term(value, cost))


def _sum_terms(left: Symbol, node: Input | Node, terms: Iterable[_Term]) -> Equation:
    values, costs = zip(*terms, strict=True)
    known = [cost for cost in costs if cost is not None]
    value = Expression("+", values) if len(values) > 1 else values[0]
    return Equation(left, value, sum(known) if len(known) == len(costs) else None, node)


def _way_on(network: Network, needed: tuple[bool, ...]) -> tuple[bool, ...]:
    """Find the nodes whose gradients only lead to an input, so that training does not need them.

    The search stops at frozen parameters: nothing below them is asked for.
    """
    stops = [_stops_gradients(node, needed) for node in network.nodes]
    leads: list[bool] = []
    for node in network.nodes:
        below = node.layer is None or any(leads[i] for i in node.reads)
        leads.append(below and not stops[node.index])
    on = [a and not b for a, b in zip(leads, needed, strict=True)]
    for node in reversed(network.nodes):
        for i in node.reads:
            on[i] = on[i] and not stops[node.index] and (needed[node.index] or on[node.index])
    return tuple(on)


def _stops_gradients(node: Input | Node, needed: tuple[bool, ...]) -> bool:
    """Whether a layer has parameters, and neither it nor anything below it is trained."""
    layer = node.layer
    if layer is None or not layer.learns or needed[node.index]:
        return False
    return layer.parameters(node.inputs[0]) > 0
