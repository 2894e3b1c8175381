"""Statements laid out as a formatter would: on one line where it fits."""

from __future__ import annotations

import re
from collections.abc import Sequence

WIDTH = 100
_LISTED = re.compile(r"\[[^\[\]]*\]|[^,\[\]]+")


def call(indent: int, head: str, arguments: Sequence[str]) -> list[str]:
    """`head(arguments)` at an indent: on one line, or its arguments on one, or one each."""
    space = " " * indent
    line = f"{space}{head}({', '.join(arguments)})"
    if len(line) <= WIDTH or not arguments:
        return [line]
    inner = f"{space}    {', '.join(arguments)}"
    if len(inner) <= WIDTH:
        return [f"{space}{head}(", inner, f"{space})"]
    rows = [row for argument in arguments for row in _item(indent + 4, argument)]
    return [f"{space}{head}(", *rows, f"{space})"]


def _item(indent: int, text: str) -> list[str]:
    """One argument on its line, or, if it is a list that does not fit, an item a line."""
    space = " " * indent
    if len(space + text) < WIDTH or not text.startswith("["):
        return [f"{space}{text},"]
    items = [item.strip() for item in _LISTED.findall(text[1:-1]) if item.strip()]
    return [f"{space}[", *(row for item in items for row in _item(indent + 4, item)), f"{space}],"]


def statement(indent: int, target: str, value: str, sign: str = "") -> list[str]:
    """`target = value` at an indent; operands of `sign` stand on lines of their own if need be."""
    space = " " * indent
    line = f"{space}{target} = {value}"
    if len(line) <= WIDTH or not sign:
        return [line]
    if len(f"{space}    {value}") <= WIDTH:
        return [f"{space}{target} = (", f"{space}    {value}", f"{space})"]
    rows = value.replace(f" {sign} ", f"\n{space}    {sign} ").splitlines()
    return [f"{space}{target} = (", f"{space}    {rows[0]}", *rows[1:], f"{space})"]
