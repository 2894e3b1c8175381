"""The entries of a spec that are no layers: mappings of names, plain values, texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cnncost.errors import make_printable
from cnncost.language.nodes import Node, Pairs, Scalar
from cnncost.language.problems import Problems
from cnncost.language.values import BoundValue, Misread, Reading, UnknownValue

if TYPE_CHECKING:
    from cnncost.layers.kinds import Raw


_EXAMPLES = {
    "params": "alpha: 1.0",
    "expect": "weights: 20M",
    "budget": "weights: 20M",
    "published": "parameters: '60 million (abstract)'",
}


def read_pairs(node: Node | None, what: str, problems: Problems) -> list[tuple[Scalar, Node]]:
    """The entries of a mapping that may be missing; `what` says whose they are."""
    if node is None or (isinstance(node, Scalar) and node.is_null):
        return []
    if not isinstance(node, Pairs):
        problems.add(node.start, f"{what} is no mapping", f"as in {what}: {{{_EXAMPLES[what]}}}")
        return []
    return node.pairs


def plain_value(node: Node, problems: Problems, env: Mapping[str, BoundValue | None]) -> Raw | None:
    """The value that stands outside all lines; None where it was refused."""
    try:
        return Reading(env).evaluate_node(node)
    except Misread as trouble:
        problems.add(trouble.offset, trouble.what, trouble.hint)
    except UnknownValue:
        pass  # said where it was refused
    return None


def plain_text(node: Node | None, problems: Problems) -> str:
    """A text on one line, safe to show wherever it is shown; empty where there is none."""
    if node is None:
        return ""
    if not isinstance(node, Scalar):
        problems.add(node.start, "a text is due, not a list or mapping", "quote it")
        return ""
    return make_printable(" ".join(node.text.split()))
