"""Write what other counters print for a network, and why it differs from our connections."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cnncost.views.caption import some_of
from cnncost.views.page import Page, Remark, Results, Table, Title

if TYPE_CHECKING:
    from cnncost.costs.count import Report
    from cnncost.study.tool_counts import ToolCount

TITLES = ("tool", "prints", "unit")
REASONS = ("tool", "connections", "for")

MEASURED = (
    "For one example, by rules that give what each tool printed for networks of torchvision and "
    "single layers."
)
RANGES = (
    "A range: the first number where activations and pooling are functions (F.relu), the second "
    "where they are modules (nn.ReLU)."
)


def tools_results(report: Report, counts: Sequence[ToolCount], keras: int) -> Results:
    """Make the results; `keras` are the total parameters of its summary."""
    return Results(
        page=lambda: _build_tools_page(report, counts, keras),
        records=lambda: _list_tool_records(counts),
        data=lambda: _build_tools_data(report, counts, keras),
    )


def _build_tools_page(report: Report, counts: Sequence[ToolCount], keras: int) -> Page:
    rows = [
        (f"{one.tool.name} ({one.tool.version})", number_of(one), one.tool.unit) for one in counts
    ]
    ours = f"{report.totals.connections:,}"
    rows.insert(0, ("cnncost", ours if report.complete else f">= {ours}", "connections"))
    caption = [MEASURED, *([RANGES] if any(one.low != one.high for one in counts) else [])]
    unknown = dict.fromkeys(name for one in counts for name in one.unknown)
    if unknown:
        caption.append(f">=: a tool was not measured on {some_of(list(unknown))}.")
    blocks: list[Title | Table | Remark] = [
        Table(TITLES, rows, words=range(3)),
        Remark(" ".join(caption)),
    ]
    if reasons := list(_list_reasons(counts)):
        blocks += [Title("besides our connections, or without them")]
        blocks += [Table(REASONS, reasons, words=(0, 2))]
    blocks.append(Remark(_describe_parameters(report, keras)))
    return Page(blocks, report.network.name)


def number_of(count: ToolCount) -> str:
    """Write what a tool prints: a number, a range or a bound."""
    bound = ">= " if count.unknown else ""
    if count.low == count.high or count.unknown:
        return f"{bound}{count.low:,}"
    return f"{count.low:,} to {count.high:,}"


def _list_reasons(counts: Sequence[ToolCount]) -> Iterator[tuple[str, str, str]]:
    for one in counts:
        if one.tool.scale != 1:
            yield one.tool.name, f"x {one.tool.scale}", "two FLOPs for each connection"
        for difference in one.differences:
            only = ", as modules" if difference.modules else ""
            yield one.tool.name, f"{difference.amount:+,}", f"{difference.says}{only}"


def _describe_parameters(report: Report, keras: int) -> str:
    ours = report.totals.parameters
    if keras == ours:
        return f"Parameters: {ours:,}, in Keras' summary too."
    return (
        f"Parameters: {ours:,}; Keras' summary says {keras:,} in total: moving means and variances "
        f"of batch norms ({keras - ours:+,}), which are not learned, are among them."
    )


def _list_tool_records(counts: Sequence[ToolCount]) -> Iterator[Sequence[object]]:
    yield "tool", "version", "unit", "low", "high", "complete"
    for one in counts:
        tool = one.tool
        yield tool.name, tool.version, tool.unit, one.low, one.high, not one.unknown


def _build_tools_data(report: Report, counts: Sequence[ToolCount], keras: int) -> dict[str, object]:
    tools = [
        {
            "tool": one.tool.name,
            "version": one.tool.version,
            "unit": one.tool.unit,
            "low": one.low,
            "high": one.high,
            "unknown": list(one.unknown),
            "differences": [difference._asdict() for difference in one.differences],
        }
        for one in counts
    ]
    return {
        "schema_version": 1,
        "name": report.network.name,
        "connections": report.totals.connections,
        "parameters": report.totals.parameters,
        "keras_parameters": keras,
        "tools": tools,
    }
