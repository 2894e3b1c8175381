"""Blocks: read each one's signature, `conv_bn(filters, kernel=1)`, and the lines it stands for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cnncost.errors import quote_text
from cnncost.language.line import Block, BlockParameter, Line
from cnncost.language.lines import LineReader
from cnncost.language.names import check_name
from cnncost.language.nodes import Items, Node, Pairs, Scalar, parse_yaml
from cnncost.language.problems import Problems
from cnncost.language.values import NAME

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_MOST_PARAMETERS = 100
"""The most parameters of one block: a call takes as many steps."""


def read_blocks(node: Node, params: Collection[str], problems: Problems) -> dict[str, Block]:
    """Read all blocks of a spec, with their bodies, by name."""
    blocks: dict[str, Block] = {}
    if not isinstance(node, Pairs):
        if not (isinstance(node, Scalar) and node.is_null):
            problems.add(node.start, "blocks is no mapping", "write name(parameters): [layers]")
        return blocks
    for key, body in node.pairs:
        block = _read_signature(key, body, params, problems)
        if block is None:
            continue
        if block.name in blocks:
            where = problems.source.locate_offset(blocks[block.name].start)
            problems.add(key.start, f"block {block.name!r} is defined twice", f"first at {where}")
            continue
        blocks[block.name] = block
    for block in blocks.values():
        _read_body(block, blocks, params, problems)
    _refuse_recursion(blocks, problems)
    return blocks


def _read_signature(
    key: Scalar, body: Node, params: Collection[str], problems: Problems
) -> Block | None:
    match = re.fullmatch(r"\s*([^()\s]*)\s*(?:\((.*)\))?\s*", key.text, re.S)
    if match is None or not match.group(1):
        problems.add(
            key.start,
            f"{quote_text(key.text)} is no block's signature",
            "write name(width, stride=1)",
        )
        return None
    name, inside = match.groups(default="")
    start = key.start + (0 if key.plain else 1)
    if problems.source.text[start : start + len(key.text)] != key.text:
        what = f"the signature {quote_text(key.text)} is not written as it reads"
        problems.add(key.start, what, "write it on one line, without escapes")
        return None
    if not check_name(problems, Scalar(name, start, start, plain=True), "a block"):
        return None
    parameters: list[BlockParameter] = []
    for text, offset in _split_signature(inside):
        parameter = _read_parameter(text, start + key.text.find("(") + 1 + offset, params, problems)
        if parameter is None:
            continue
        if len(parameters) == _MOST_PARAMETERS:
            problems.add(
                parameter.start, f"more than {_MOST_PARAMETERS} parameters", "params hold for all"
            )
            break
        if any(parameter.name == other.name for other in parameters):
            problems.add(parameter.start, f"parameter {parameter.name!r} is given twice")
            continue
        if parameter.default is None and any(p.default is not None for p in parameters[1:]):
            problems.add(
                parameter.start, f"parameter {parameter.name!r} has no default behind one that has",
                "those without a default come first",
            )  # fmt: skip
        parameters.append(parameter)
    return Block(name, parameters, key.start, body)


def _split_signature(text: str) -> Iterator[tuple[str, int]]:
    """Split a signature at the commas outside all brackets; give each part with its offset."""
    if not text.strip():
        return
    depth = start = 0
    for position, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            yield text[start:position], start
            start = position + 1
    yield text[start:], start


def _read_parameter(
    text: str, start: int, params: Collection[str], problems: Problems
) -> BlockParameter | None:
    name, equals, default = text.partition("=")
    start += len(name) - len(name.lstrip())
    at = Scalar(name.strip(), start, start + len(name.strip()), plain=True)
    if not check_name(problems, at, "a parameter", also=("channels", "input")):
        return None
    if at.text in params:
        problems.add(start, f"parameter {at.text!r} is already one of params", "rename one")
    if not equals:
        return BlockParameter(at.text, None, start)
    node = _read_default(default, start + text.strip().index("=") + 1, problems)
    return None if node is None else BlockParameter(at.text, node, start)


def _read_default(text: str, start: int, problems: Problems) -> Node | None:
    """Read a default as YAML; its node has its place in the file."""
    start += len(text) - len(text.lstrip())
    node = _plain_scalar(text.strip()) or parse_yaml(text.strip(), Problems(problems.source))
    if node is None or isinstance(node, Pairs):
        problems.add(
            start, f"{quote_text(text.strip())} is no default", "a number, word or list is"
        )
        return None
    _shift_node(node, start)
    return node


def _plain_scalar(text: str) -> Scalar | None:
    """Read a number or word without the parser; None for anything else."""
    return Scalar(text, 0, len(text), plain=True) if re.fullmatch(r"[\w.]+", text, re.A) else None


def _shift_node(node: Node, by: int) -> None:
    node.start += by
    node.end += by
    if isinstance(node, Items):
        for item in node.items:
            _shift_node(item, by)


def _read_body(
    block: Block, blocks: dict[str, Block], params: Collection[str], problems: Problems
) -> None:
    parameters = [parameter.name for parameter in block.parameters]
    used = block.used
    reader = LineReader(blocks, {*params, *parameters}, problems)
    block.body = reader.read_lines(block.body_node, block.taken, f"block {block.name}")
    if isinstance(block.body_node, Items) and not block.body_node.items:
        problems.add(block.start, f"block {block.name!r} has no layers", "identity is one")
    block.used = used  # a call of itself is no use
    defaults = [parameter.default for parameter in block.parameters if parameter.default]
    words = {word for node in (block.body_node, *defaults) for word in _list_names(node)}
    for parameter in block.parameters:
        if parameter.name not in words:
            problems.warn(
                parameter.start, f"parameter {parameter.name!r} of {block.name} is never used"
            )


def _list_names(node: Node) -> Iterator[str]:
    """List all names that occur in the scalars of a node."""
    if isinstance(node, Scalar):
        yield from NAME.findall(node.text)
    elif isinstance(node, Items):
        for item in node.items:
            yield from _list_names(item)
    else:
        for _, value in node.pairs:
            yield from _list_names(value)


def _list_calls(lines: list[Line]) -> Iterator[tuple[Line, Block]]:
    """List the lines that call a block, those inside structures too, each with its block."""
    for line in lines:
        if line.block is not None:
            yield line, line.block
        for body in line.bodies:
            yield from _list_calls(body)


def _refuse_recursion(blocks: dict[str, Block], problems: Problems) -> None:
    """Refuse each cycle of calls once, at the call that closes it; that call counts as unsound."""
    done: set[str] = set()
    for root in blocks.values():
        if root.name in done:
            continue
        path = {root.name: None}  # a dict for its order
        stack = [_list_calls(root.body)]
        while stack:
            step = next(stack[-1], None)
            if step is None:
                done.add(path.popitem()[0])
                stack.pop()
                continue
            line, block = step
            if block.name in path:
                line.sound = False
                names = [*path]
                cycle = " calls ".join([*names[names.index(block.name) :][:9], block.name])
                problems.add(
                    line.start, f"a block that calls itself: {cycle}",
                    "blocks cannot recur; repeat makes several copies of a line",
                )  # fmt: skip
            elif block.name not in done:
                path[block.name] = None
                stack.append(_list_calls(block.body))
