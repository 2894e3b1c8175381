"""How the lines of a spec are set: short lists within one line, long ones a line an item."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

WIDTH = 100
"""Columns of a line that is not one layer."""

MARGIN = 12
"""Columns that a list in a structure of a block stands in."""


class LayoutItem(NamedTuple):
    """An entry of a list: its text within a line, where it has one, and as lines of its own."""

    flow: str
    """Empty if it takes more lines than one."""
    lines: list[str]
    """Without the dash."""


def lay_mapping(keys: list[str], *, wraps: bool) -> LayoutItem:
    """A line of keys with their values, over several lines if it may and is long; a single word
    as it is."""
    if len(keys) == 1 and ": " not in keys[0]:
        return LayoutItem(keys[0], keys)
    text = "{" + ", ".join(keys) + "}"
    return LayoutItem(text, _wrap_mapping(keys) if wraps and len(text) > WIDTH else [text])


def lay_structure(
    above: list[str], parts: list[tuple[str, LayoutItem]], below: list[str]
) -> LayoutItem:
    """Keys with lists behind them, and further keys above and below."""
    flow = ""
    if all(item.flow for _, item in parts) and len(parts) == 1:
        keys = [*above, *(f"{key}: {item.flow}" for key, item in parts), *below]
        flow = "{" + ", ".join(keys) + "}"
    flow = flow if len(flow) <= WIDTH - MARGIN else ""
    if flow and (above or below):
        return LayoutItem(flow, [flow])
    lines = list(above)
    for key, item in parts:
        within = f"{key}: {item.flow}"
        if item.flow and len(within) <= WIDTH - MARGIN:
            lines.append(within)
        else:
            lines += [f"{key}:", *(f"  {line}" for line in item.lines)]
    lines += below
    return LayoutItem(flow, lines)


def lay_list(items: Iterable[LayoutItem]) -> LayoutItem:
    """A list; within a line if it is short."""
    entries = list(items)
    flow = f"[{', '.join(item.flow for item in entries)}]"
    short = all(item.flow for item in entries) and len(flow) <= WIDTH - MARGIN
    return LayoutItem(flow if short else "", [line for item in entries for line in dash_item(item)])


def dash_item(item: LayoutItem) -> list[str]:
    """An item as an entry of a list."""
    first, *others = item.lines
    return [f"- {first}", *(f"  {line}" for line in others)]


def lay_branch(item: LayoutItem) -> LayoutItem:
    """A list as an entry of a list: within a line if it fits."""
    return LayoutItem(item.flow, [item.flow]) if item.flow else item


def _wrap_mapping(keys: list[str]) -> list[str]:
    """A mapping over as many lines as it needs."""
    lines = ["{" + keys[0]]
    for key in keys[1:]:
        if len(lines[-1]) + len(key) + 2 <= WIDTH - MARGIN:
            lines[-1] += f", {key}"
        else:
            lines[-1] += ","
            lines.append(f" {key}")
    lines[-1] += "}"
    return lines
