"""What other counters print for a network, each difference from our connections by its rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from cnncost.layers.kinds import ITSELF
from cnncost.study.tool_rules import TOOLS, Tool, ToolRule

if TYPE_CHECKING:
    from cnncost.costs.count import LayerCount, Report


class ToolDifference(NamedTuple):
    """What one rule adds up to, in connections."""

    says: str
    amount: int
    modules: bool
    """Whether it is there only where these layers are modules."""


class ToolCount(NamedTuple):
    """What one tool prints, in its own unit."""

    tool: Tool
    low: int
    """Where activations and pooling are functions."""
    high: int
    """Where they are modules."""
    differences: tuple[ToolDifference, ...]
    unknown: tuple[str, ...]
    """The layers that no measurement covers, by name: the tool's number is at least `low`."""


def list_tool_counts(report: Report) -> list[ToolCount]:
    """List what each tool prints for one example."""
    return [count_as_tool(tool, report.layers) for tool in TOOLS]


def count_as_tool(tool: Tool, rows: Sequence[LayerCount]) -> ToolCount:
    """Count some layers as a tool does; those that no measurement covers count nothing."""
    covered = [row for row in rows if _is_covered(tool, row)]
    found: dict[ToolRule, int] = {}
    for row in covered:
        for rule in _rules_of(tool, row):
            found[rule] = found.get(rule, 0) + rule.factor * rule.amount(row)
    plain = sum(row.connections for row in covered)
    sure = sum(amount for rule, amount in found.items() if not rule.modules)
    extra = sum(amount for rule, amount in found.items() if rule.modules)
    differences = tuple(
        ToolDifference(rule.says, amount, rule.modules)
        for rule in tool.rules
        if (amount := found.get(rule, 0))
    )
    names = {row.name for row in covered}
    return ToolCount(
        tool, tool.scale * (plain + sure), tool.scale * (plain + sure + extra), differences,
        tuple(row.name for row in rows if row.name not in names),
    )  # fmt: skip


def _rules_of(tool: Tool, row: LayerCount) -> Iterator[ToolRule]:
    return (rule for rule in tool.rules if row.word in rule.words)


def _is_covered(tool: Tool, row: LayerCount) -> bool:
    """Whether the tool was measured on layers of this type and form."""
    stood = getattr(row.node.layer, "stands_for", ITSELF)
    if not row.known or stood != ITSELF or getattr(row.node.layer, "connects", None):
        return False
    if row.node.shares is not None and not row.counted:
        return False  # of what is shared, layers with weights alone were measured
    rules = list(_rules_of(tool, row))
    return all(rule.covers(row) for rule in rules) if rules else row.word in tool.plain


def count_keras_parameters(report: Report) -> int:
    """Count what Keras' summary calls total parameters: batch norms' moving means and variances,
    which are not learned, are among them."""
    norms = [row for row in report.layers if row.word == "batchnorm"]
    return report.totals.parameters + sum(2 * row.node.output.channels for row in norms)


def name_tools(rows: Sequence[LayerCount], number: int, step: int = 1) -> Iterator[str]:
    """Name the tools that print this number, or one that rounds to it by such steps, for some
    layers of which every one is measured."""

    def is_meant(count: int) -> bool:
        return 2 * abs(count - number) <= (step if step > 1 else 0)

    plain = sum(row.connections for row in rows)
    for tool in TOOLS:
        count = count_as_tool(tool, rows)
        if count.unknown or is_meant(plain) or not (is_meant(count.low) or is_meant(count.high)):
            continue
        told = [one.says for one in count.differences if is_meant(count.high) or not one.modules]
        if told:
            yield f"what {tool.name} counts: {', '.join(told)}"
