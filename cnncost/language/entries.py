"""Entries of a spec that are no layers: params, mappings of names, plain values, texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cnncost.errors import CnncostError, did_you_mean, make_printable, quote_text
from cnncost.language.names import check_name
from cnncost.language.nodes import Node, Pairs, Scalar
from cnncost.language.problems import Problems
from cnncost.language.values import BoundValue, Misread, Origin, Reading, UnknownValue
from cnncost.layers.kinds import spell_value

if TYPE_CHECKING:
    from fractions import Fraction

    from cnncost.layers.kinds import Raw


_EXAMPLES = {
    "params": "alpha: 1.0",
    "expect": "weights: 20M",
    "budget": "weights: 20M",
    "published": "parameters: '60 million (abstract)'",
    "types": "activations: int8, weights: int8, biases: int32",
}


def read_pairs(node: Node | None, what: str, problems: Problems) -> list[tuple[Scalar, Node]]:
    """List the entries of a mapping, which may be missing; messages call it `what`."""
    if node is None or (isinstance(node, Scalar) and node.is_null):
        return []
    if not isinstance(node, Pairs):
        problems.add(node.start, f"{what} is no mapping", f"as in {what}: {{{_EXAMPLES[what]}}}")
        return []
    return node.pairs


def plain_value(node: Node, problems: Problems, env: Mapping[str, BoundValue | None]) -> Raw | None:
    """Read a value that stands outside all lines; None if it was refused, which is reported."""
    try:
        return Reading(env).evaluate_node(node)
    except Misread as trouble:
        problems.add(trouble.offset, trouble.what, trouble.hint)
    except UnknownValue:
        pass  # said where it was refused
    return None


def plain_text(node: Node | None, problems: Problems) -> str:
    """Read a text as one printable line; empty if there is none."""
    if node is None:
        return ""
    if not isinstance(node, Scalar):
        problems.add(node.start, "a text is due, not a list or mapping", "quote it")
        return ""
    return make_printable(" ".join(node.text.split()))


# Params: plain numbers for expressions, which options can set

_MOST = 1000
"""The most params: each call of a block can use all of them."""


def read_params(node: Node | None, problems: Problems) -> dict[str, BoundValue]:
    """Read the params with the values that the file has."""
    params: dict[str, BoundValue] = {}
    for key, value in read_pairs(node, "params", problems):
        if len(params) == _MOST:
            problems.add(key.start, f"more than {_MOST:,} params", "a spec needs few")
            break
        if not check_name(problems, key, "a parameter"):
            continue
        if key.text in params:
            problems.add(key.start, f"key {quote_text(key.text)} is given twice", "keep one")
        number = plain_value(value, problems, {})
        if isinstance(number, (bool, str, tuple)):
            problems.add(
                value.start, f"params: {key.text} is {spell_value(number)}, not a plain number",
                "params are numbers for expressions: alpha: 0.5",
            )  # fmt: skip
            number = None
        if number is None:
            number = 1  # to go on with
        params[key.text] = BoundValue(number, (Origin(value.place, "param"),))
    return params


def set_params(
    params: dict[str, BoundValue], values: Mapping[str, int | Fraction], filename: str
) -> None:
    """Give params other values, in place.

    Raises:
        CnncostError: the spec has no param of such a name.
    """
    for name, number in values.items():
        if name not in params:
            known = f"params has {', '.join(params)}" if params else "the spec has no params"
            raise CnncostError(
                f"--set {name}: {filename} has no such parameter",
                did_you_mean(name, list(params), known),
            )
        (origin,) = params[name].origins
        params[name] = BoundValue(number, (origin._replace(role="setting"),))
