"""Make the JSON Schema of the figures beside a network: expected, published and budgets.

A pattern cannot compute. It accepts every amount that the language accepts, and a few that the
language refuses (`0.3KiB` is no whole number of bytes, `3 - 4` is negative).
"""

from __future__ import annotations

from cnncost.number_types import BITS, KINDS
from cnncost.quantity import BUDGETS, BYTES, OF_CONNECTIONS, TOTALS, UNITS

Schema = dict[str, object]

_WHOLE = "(0|[1-9][0-9]*)"
_DECIMALS = (("", ""), ("[kK]", "1,3"), ("M", "1,6"), ("G", "1,9"), ("T", "1,12"))
"""The suffixes of counts, with the number of decimals that leave a whole number."""

_PLAIN = "|".join(
    _WHOLE + (rf"(\.[0-9]{{{digits}}}0*)?{suffix}" if digits else r"(\.0+)?")
    for suffix, digits in _DECIMALS
)
_SCIENTIFIC = f"{_WHOLE}(\\.[0-9]+)?[eE][+-]?[0-9]{{1,3}}[kKMGT]?"
_COMPUTED = r"(?!-[0-9.]+[kKMGT]?\s*$)(?=.*[-+*/(])[-+*/(), .0-9A-Za-z]*[0-9)kKMGT]"
COUNT: Schema = {
    "type": ["integer", "string"],
    "minimum": 0,
    "pattern": rf"^\s*({_PLAIN}|{_SCIENTIFIC}|{_COMPUTED})\s*$",
}
"""A whole number: 500000, 20M, 2 * 10M."""

_FRACTIONS = {"B": r"(\.0+)?"} | {
    unit: rf"(\.[0-9]{{1,{3 * n}}}0*)?"
    for n, units in enumerate((("kB", "KB"), ("MB",), ("GB",), ("TB",)), 1)
    for unit in units
}
"""The decimals that leave a whole number of bytes, for units that are powers of 1000."""
_ANY = r"(\.[0-9]+)?"
_AMOUNTS = "|".join(rf"{_WHOLE}{_FRACTIONS.get(unit, _ANY)}\s*{unit}" for unit in UNITS)
SIZE: Schema = {"type": "string", "pattern": rf"^\s*({_AMOUNTS})\s*$"}
"""Bytes with a unit: 512KiB, 1.5MB."""


FIGURES = tuple([name for name in (*TOTALS, *OF_CONNECTIONS) if name != "biases"])
"""The figures that `expect` and `published` can have."""


def expect_schema() -> Schema:
    """Make the schema of `expect`."""
    flags: Schema = {flag: {"type": "boolean"} for flag in ("biases", "exclude_padding")}
    return {
        "type": ["object", "null"],
        "properties": dict.fromkeys(FIGURES, COUNT) | flags,
        "additionalProperties": False,
        "description": "published figures, held by cnncost check",
    }


def published_schema() -> Schema:
    """Make the schema of `published`."""
    words: Schema = {"type": ["string", "number"], "minLength": 1}
    return {
        "type": ["object", "null"],
        "properties": dict.fromkeys(FIGURES, words),
        "additionalProperties": False,
        "description": "what the paper prints, in its own words with their place",
    }


def types_schema() -> Schema:
    """Make the schema of `types`."""
    return {
        "type": ["object", "null"],
        "properties": {kind: {"enum": list(BITS)} for kind in KINDS}
        | {"other_bytes": {"type": "integer"}},
        "additionalProperties": False,
        "description": "the types that the network's numbers are kept in; float32 otherwise",
    }


def budget_schema() -> Schema:
    """Make the schema of `budget`; a metric has hyphens or underscores, not both."""
    hyphened = {name: name.replace("_", "-") for name in BYTES if "_" in name}
    return {
        "type": ["object", "null"],
        "properties": dict.fromkeys((*BUDGETS, *OF_CONNECTIONS), COUNT)
        | dict.fromkeys(BYTES, SIZE),
        "patternProperties": {f"^{other}$": SIZE for other in hyphened.values()},
        "additionalProperties": False,
        "dependentSchemas": {
            name: {"not": {"required": [other]}} for name, other in hyphened.items()
        },
        "description": "limits for cnncost check and suggest: weights: 20M, sram: 512KiB",
    }
