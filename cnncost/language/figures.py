"""The figures that a spec gives beside its network: published ones, budgets, types of numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from cnncost.errors import CnncostError, did_you_mean, quote_text
from cnncost.language.entries import plain_value, read_pairs
from cnncost.language.nodes import Node, Pairs, Scalar
from cnncost.language.problems import Problems
from cnncost.layers.kinds import spell_value
from cnncost.number_types import BITS, KINDS, NumberTypes
from cnncost.place import Place
from cnncost.quantity import (
    BYTES,
    OF_CONNECTIONS,
    TOTALS,
    budget_metric,
    describe_repeat,
    parse_bytes,
    same_metric,
)

FIGURES = (*(name for name in TOTALS if name != "biases"), *OF_CONNECTIONS)
"""The figures that a spec can expect, and that papers print."""


@dataclass(frozen=True)
class Expectation:
    """The published figures that a spec gives, and the convention that they are counted in."""

    totals: Mapping[str, int]
    biases: bool = False
    exclude_padding: bool = False


def read_expect(node: Node | None, problems: Problems) -> Expectation | None:
    """Read the published figures under `expect`."""
    if node is None:
        return None
    flags = {"biases": False, "exclude_padding": False}
    totals: dict[str, int] = {}
    seen: set[str] = set()
    expected = list(FIGURES)
    for key, value in read_pairs(node, "expect", problems):
        if key.text in seen:
            problems.add(key.start, f"key {quote_text(key.text)} is given twice", "keep one")
        seen.add(key.text)
        if key.text in flags:
            flag = plain_value(value, problems, {})
            if flag is not None and not isinstance(flag, bool):
                what = f"expect: {key.text} must be true or false, but is {spell_value(flag)}"
                problems.add(value.start, what)
            flags[key.text] = flag is True
        elif key.text in expected:
            totals[key.text] = _read_count(value, f"expect: {key.text}", problems)
        else:
            known = f"expect takes {', '.join([*expected, *flags])}"
            hint = partial(did_you_mean, key.text, [*expected, *flags], known)
            problems.add(key.start, f"unknown key {quote_text(key.text)} in expect", hint)
    return Expectation(totals, **flags)


def find_figure_places(keys: Mapping[str, Node]) -> dict[tuple[str, str], Place]:
    """Find where the amounts under `expect` and `budget` stand, by section and metric.

    `keys` are a spec's top-level entries, which were read without a problem.
    """
    found = {}
    for section in ("expect", "budget"):
        node = keys.get(section)
        for key, value in node.pairs if isinstance(node, Pairs) else ():
            found[section, key.text.strip().replace("-", "_")] = value.place
    return found


def read_published(node: Node | None, problems: Problems) -> tuple[tuple[str, str], ...]:
    """Read what the paper prints, figure by figure in its own words, under `published`."""
    printed: dict[str, str] = {}
    for key, value in read_pairs(node, "published", problems):
        if key.text not in FIGURES:
            known = f"published takes {', '.join(FIGURES)}"
            hint = partial(did_you_mean, key.text, FIGURES, known)
            problems.add(key.start, f"unknown key {quote_text(key.text)} in published", hint)
            continue
        if key.text in printed:
            problems.add(key.start, f"key {quote_text(key.text)} is given twice", "keep one")
        printed[key.text] = " ".join(value.text.split()) if isinstance(value, Scalar) else ""
        if not printed[key.text]:
            problems.add(
                value.start, f"published: {key.text} takes the paper's words",
                "as in '60 million (abstract)', with the place where they stand",
            )  # fmt: skip
    return tuple(printed.items())


def read_types(node: Node | None, problems: Problems) -> NumberTypes | None:
    """Read the types of the network's numbers under `types`; those left out are float32."""
    found: dict[str, str] = {}
    other = 0
    for key, value in read_pairs(node, "types", problems):
        word = value.text.strip() if isinstance(value, Scalar) else ""
        if key.text == "other_bytes":
            other = _read_signed(value, problems)
            continue
        if key.text not in KINDS:
            known = f"types takes {', '.join(NumberTypes._fields)}"
            hint = partial(did_you_mean, key.text, NumberTypes._fields, known)
            problems.add(key.start, f"unknown key {quote_text(key.text)} in types", hint)
        elif word not in BITS:
            hint = partial(did_you_mean, word, list(BITS), f"the types are {', '.join(BITS)}")
            problems.add(value.start, f"types: unknown type {quote_text(word)}", hint)
        elif key.text in found:
            problems.add(key.start, f"key {quote_text(key.text)} is given twice", "keep one")
        found[key.text] = word
    return NumberTypes(**found, other_bytes=other) if found and not problems.found else None


def _read_signed(node: Node, problems: Problems) -> int:
    """Read a whole number, which may be below zero."""
    value = plain_value(node, problems, {})
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if value is not None:
        what = f"types: other_bytes must be a whole number, but is {spell_value(value)}"
        problems.add(node.start, what)
    return 0


def read_budget(node: Node | None, problems: Problems) -> dict[str, int]:
    """Read the limits under `budget`, by metric."""
    budget: dict[str, int] = {}
    for key, value in read_pairs(node, "budget", problems):
        if problems.is_full:
            break
        try:
            metric = budget_metric(key.text)
        except CnncostError as error:
            problems.add(key.start, f"budget: {error.what}", error.hint)
            continue
        if metric in budget:
            problems.add(key.start, f"key {quote_text(key.text)} is given twice", "keep one")
        elif other := same_metric(metric, budget):
            problems.add(key.start, f"budget: {describe_repeat(metric, other)}", "keep one")
        read = _read_byte_limit if metric in BYTES else _read_count
        budget[metric] = read(value, f"budget: {metric}", problems)
    return budget


def _read_byte_limit(node: Node, what: str, problems: Problems) -> int:
    try:
        return parse_bytes(node.text if isinstance(node, Scalar) else "")
    except CnncostError as error:
        problems.add(node.start, f"{what}: {error.what}", error.hint)
    return 0


def _read_count(node: Node, what: str, problems: Problems) -> int:
    value = plain_value(node, problems, {})
    if type(value) is int and value >= 0:
        return value
    if value is not None:
        problems.add(
            node.start, f"{what} must be a whole number of at least 0, but is {spell_value(value)}",
            "as in 500000 or 20M",
        )  # fmt: skip
    return 0
