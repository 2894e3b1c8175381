"""Read the entries of a file of data, such as a device's or a board's."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import partial

from cnncost.errors import did_you_mean, make_printable, quote_text
from cnncost.language.nodes import Items, Node, Pairs, Scalar
from cnncost.language.problems import Problems
from cnncost.quantity import parse_number

LARGEST, SMALLEST = 10**30, Fraction(1, 10**30)
"""Numbers beyond these are no device's."""


class EntryReader:
    """One reading of one file; what is wrong in it goes to its problems."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems

    def read_mapping(self, root: Node | None, what: str, hint: str) -> Pairs:
        """Read the document as a mapping; the reading stops if it is none."""
        if not isinstance(root, Pairs):
            self.problems.add(root.start if root else 0, f"the {what} is no mapping", hint)
            self.problems.stop()
        return root

    def read_keys(self, node: Node, what: str, known: Sequence[str]) -> dict[str, Node]:
        """Read the entries of a mapping whose keys are known words."""
        if not isinstance(node, Pairs):
            self.problems.add(node.start, f"{what} is no mapping", f"it has {', '.join(known)}")
            return {}
        keys: dict[str, Node] = {}
        for key, value in node.pairs:
            if key.text not in known:
                all_words = f"{what} has the keys {', '.join(known)}"
                hint = partial(did_you_mean, key.text, list(known), all_words)
                self.problems.add(key.start, f"unknown key {quote_text(key.text)}", hint)
            elif key.text in keys:
                what_twice = f"key {quote_text(key.text)} is given twice"
                self.problems.add(key.start, what_twice, "keep one")
            keys[key.text] = value
        return keys

    def read_text(self, node: Node | None) -> str:
        """Read a text, on one line; empty if there is none."""
        if node is None:
            return ""
        if not isinstance(node, Scalar):
            self.problems.add(node.start, "a text is due, not a list or mapping", "quote it")
            return ""
        return make_printable(" ".join(node.text.split()))

    def read_number(self, node: Node, what: str, *, zero: bool = True) -> float:
        """Read a number that is not negative; 1 if there is none."""
        value = parse_number(node.text) if isinstance(node, Scalar) else None
        if value is not None and (0 if zero else SMALLEST) <= value <= LARGEST:
            return float(value)
        due = "a number that is not negative" if zero else "a number above 0"
        self.problems.add(node.start, f"{what} must be {due}", "as in 1.5e-12 or 936G")
        return 1.0

    def read_count(self, node: Node, what: str, *, least: int) -> int:
        """Read a whole number, from `least` on."""
        value = parse_number(node.text) if isinstance(node, Scalar) else None
        if isinstance(value, int) and least <= value <= LARGEST:
            return value
        self.problems.add(node.start, f"{what} must be a whole number, at least {least}")
        return least

    def read_pair(self, node: Node, what: str, example: str) -> tuple[Node, Node] | None:
        """Read a list of two."""
        if isinstance(node, Items) and len(node.items) == 2:
            return node.items[0], node.items[1]
        self.problems.add(node.start, f"{what} must be two numbers", f"as in {example}")
        return None

    def read_range(self, node: Node, what: str, example: str) -> tuple[int, int] | None:
        """Read the least and the most of a count."""
        pair = self.read_pair(node, what, example)
        if pair is None:
            return None
        least, most = (self.read_count(item, what, least=1) for item in pair)
        if least > most:
            self.problems.add(node.start, f"{what}: the least comes first", f"[{most}, {least}]")
        return least, most

    def read_span(self, node: Node, what: str, example: str) -> tuple[float, float] | None:
        """Read the least and the most of a number above 0."""
        pair = self.read_pair(node, what, example)
        if pair is None:
            return None
        least, most = (self.read_number(item, what, zero=False) for item in pair)
        if least > most:
            self.problems.add(node.start, f"{what}: the least comes first", f"as in {example}")
        return least, most
