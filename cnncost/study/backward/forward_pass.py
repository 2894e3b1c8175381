"""The forward pass as equations, in the symbols that the backward pass uses."""

from __future__ import annotations

from collections.abc import Collection

from cnncost.network import Network, Node
from cnncost.study.backward.equation import Equation
from cnncost.study.backward.gradient_expression import Expression, Symbol, Symbols, call
from cnncost.study.backward.gradient_rules import RULES
from cnncost.study.backward.layer_use import Rule, Use


def derive_forward(
    network: Network, symbols: Symbols, used: Collection[Expression]
) -> tuple[Equation, ...]:
    """Derive the equations of every layer's output, in the order of the file.

    Args:
        network: the network.
        symbols: the symbols of its tensors.
        used: the symbols that gradient equations use. The output of a layer that only an `add`
            reads stands within that sum unless they use it: `h = tanh(z) + x`.
    """
    rules = {node.index: _derive_rule(network, node, symbols) for node in network.layers}
    kept = {part for rule in rules.values() for step in rule.kept for part in step.value.walk()}
    within = _find_summands(network, symbols, {*used, *kept})
    found: list[Equation] = []
    outputs: dict[int, Equation] = {}
    for node in network.layers:
        rule = rules[node.index]
        found += (
            Equation(s.symbol, s.value, s.connections, node, sizes=s.sizes) for s in rule.kept
        )
        parts = [outputs[i] for i in node.reads if i in within and node.layer.word == "add"]
        outputs[node.index] = _output_equation(node, rule, symbols, parts)
        found.append(outputs[node.index]._replace(same=node.index in within))
    return tuple(found)


def _derive_rule(network: Network, node: Node, symbols: Symbols) -> Rule:
    x = tuple(symbols.output_symbol(network.nodes[i]) for i in node.reads)
    y = symbols.output_symbol(node)
    return RULES[node.layer.word](Use(node, x, y, y.bar, symbols))


def _output_equation(node: Node, rule: Rule, symbols: Symbols, parts: list[Equation]) -> Equation:
    """Write a layer's output; the outputs of `parts` are replaced by their values."""
    left = symbols.output_symbol(node)
    if node.layer.word == "opaque":
        return Equation(left, rule.output or call("opaque"), None, node)
    right = rule.output
    if right is None:
        x = (symbols.output_symbol(symbols.network.nodes[i]) for i in node.reads)
        right = call(node.layer.word, *x)
    if parts:
        values = {part.left: part.right for part in parts}
        right = Expression("+", tuple(values.get(x, x) for x in right.operands))  # type: ignore[call-overload]  # any expression may be no symbol
    costs = [rule.output_connections, *(part.connections for part in parts)]
    known = [cost for cost in costs if cost is not None]
    return Equation(left, right, sum(known) if len(known) == len(costs) else None, node)


def _find_summands(network: Network, symbols: Symbols, used: Collection[Expression]) -> set[int]:
    """Find the layers whose output stands within the one sum that reads it."""
    readers: dict[int, list[Node]] = {}
    for node in network.layers:
        for i in node.reads:
            readers.setdefault(i, []).append(node)
    return {
        node.index
        for node in network.layers
        if [reader.layer.word for reader in readers.get(node.index, ())] == ["add"]
        and node.index not in network.outputs
        and _is_left_out(symbols.output_symbol(node), used)
    }


def _is_left_out(symbol: Symbol, used: Collection[Expression]) -> bool:
    return bool(symbol.of) and symbol not in used
