"""A spec's params: plain numbers for expressions, which may be set from outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cnncost.errors import CnncostError, did_you_mean, quote_text
from cnncost.language.entries import plain_value, read_pairs
from cnncost.language.names import check_name
from cnncost.language.nodes import Node
from cnncost.language.problems import Problems
from cnncost.language.values import BoundValue, Origin
from cnncost.layers.kinds import spell_value

if TYPE_CHECKING:
    from fractions import Fraction

_MOST = 1000
"""Each call of a block sees them all."""


def read_params(node: Node | None, problems: Problems) -> dict[str, BoundValue]:
    """The params as the file has them."""
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
