"""Statements laid out as a formatter would: on one line where it fits."""

from __future__ import annotations

import re
from collections.abc import Sequence

WIDTH = 88
"""The formatters' own default."""

_LISTED = re.compile(r"\[[^\[\]]*\]|[^,\[\]]+")

_CALL = re.compile(r"([\w.]+)\(((?:[^()]|\([^()]*\)|\((?:[^()]|\([^()]*\))*\))*)\)")
"""One call, with brackets in its arguments, and nothing behind it."""


def call(indent: int, head: str, arguments: Sequence[str]) -> list[str]:
    """`head(arguments)` at an indent: on one line, or its arguments on one, or one each."""
    return _bracketed(indent, head, arguments, "")


def signature(indent: int, head: str, arguments: Sequence[str]) -> list[str]:
    """`head(arguments):` at an indent, laid out likewise."""
    return _bracketed(indent, head, arguments, ":")


def _bracketed(indent: int, head: str, arguments: Sequence[str], end: str) -> list[str]:
    space = " " * indent
    line = f"{space}{head}({', '.join(arguments)}){end}"
    if len(line) <= WIDTH or not arguments:
        return [line]
    inner = f"{space}    {', '.join(arguments)}"
    if len(inner) <= WIDTH:
        return [f"{space}{head}(", inner, f"{space}){end}"]
    rows = [row for argument in arguments for row in _item(indent + 4, argument)]
    return [f"{space}{head}(", *rows, f"{space}){end}"]


def repeated(
    indent: int, target: str, module: str, arguments: Sequence[str], copies: str
) -> list[str]:
    """Copies of a module one after the other; `i` in the arguments is the copy's number."""
    space = " " * indent
    word = "i" if any(re.search(r"\bi\b", one) for one in arguments) else "_"
    item, loop = f"{module}({', '.join(arguments)})", f"for {word} in range({copies})"
    head = f"{space}{target} = nn.Sequential("
    line = f"{head}*[{item} {loop}])"
    if len(line) <= WIDTH:
        return [line]
    inner = f"{space}    *[{item} {loop}]"
    if len(inner) <= WIDTH:
        return [head, inner, f"{space})"]
    rows = call(indent + 8, module, arguments)
    return [head, f"{space}    *[", *rows, f"{space}        {loop}", f"{space}    ]", f"{space})"]


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
    if len(line) <= WIDTH:
        return [line]
    if not sign and (whole := _CALL.fullmatch(value)):
        return call(indent, f"{target} = {whole[1]}", _arguments(whole[2]))
    if not sign and ")" not in value:
        return [line]
    if len(f"{space}    {value}") <= WIDTH:
        return [f"{space}{target} = (", f"{space}    {value}", f"{space})"]
    rows = value.replace(f" {sign} ", f"\n{space}    {sign} ").splitlines() if sign else [value]
    return [f"{space}{target} = (", f"{space}    {rows[0]}", *rows[1:], f"{space})"]


def _arguments(text: str) -> list[str]:
    """A call's arguments, apart at the commas outside all brackets."""
    found, depth = [""], 0
    for character in text:
        depth += (character in "([") - (character in ")]")
        if character == "," and not depth:
            found.append("")
        else:
            found[-1] += character
    return [one.strip() for one in found]
