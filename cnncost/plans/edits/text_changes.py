"""The text of a spec: where its lines, arguments and settings stand, and changes of it.

A change replaces one span of the text; everything else is left as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from cnncost.language.nodes import Items, Node, Pairs, Scalar, parse_yaml
from cnncost.language.problems import Problems
from cnncost.place import Place, Source

if TYPE_CHECKING:
    from fractions import Fraction

    from cnncost.language.lines import Line


class TextChange(NamedTuple):
    """One span of the text and what takes its place: words, and spans of the old text.

    A span that is taken over carries the smaller changes within it, so a line can be
    rewritten and the number in it changed at once.
    """

    place: Place
    parts: tuple[str | Place, ...]


def replace_span(place: Place, text: str) -> TextChange:
    """Make the change that puts a text in the place of a span."""
    return TextChange(place, (text,))


def apply_changes(text: str, changes: Iterable[TextChange]) -> str:
    """Return the text with all changes made.

    >>> apply_changes("conv: 96", [replace_span(Place(6, 8), "48")])
    'conv: 48'

    Changes may nest: one inside another is made where the outer takes its span over, and
    is lost with the span where it does not.
    """
    ordered = sorted(dict.fromkeys(changes), key=_position)
    return _render(text, Place(0, len(text)), ordered)


def _render(text: str, span: Place, changes: Sequence[TextChange]) -> str:
    out: list[str] = []
    at = span.start
    position = 0
    while position < len(changes):
        change = changes[position]
        position += 1
        inner = []
        while position < len(changes) and _is_within(changes[position].place, change.place):
            inner.append(changes[position])
            position += 1
        out.append(text[at : change.place.start])
        out.extend(_render_part(text, part, inner) for part in change.parts)
        at = max(at, change.place.end)
    out.append(text[at : span.end])
    return "".join(out)


def _position(change: TextChange) -> tuple[int, bool, int]:
    """Sort key: what is inserted before what starts there, the outer change before the inner."""
    start, end = change.place
    return start, end > start, -end


def _render_part(text: str, part: str | Place, inner: Sequence[TextChange]) -> str:
    if isinstance(part, str):
        return part
    return _render(text, part, [change for change in inner if _is_within(change.place, part)])


def _is_within(inner: Place, outer: Place) -> bool:
    if inner.start == inner.end:  # an insertion at either edge is outside
        return outer.start < inner.start < outer.end
    return outer.start <= inner.start and inner.end <= outer.end


def unified_diff(before: str, after: str, name: str) -> str:
    """Return the difference of two texts as `patch` applies it; a last line without a break is
    marked.

    `patch` takes no names from outside its directory: of such a name only the last part is written.
    """
    from difflib import unified_diff as difference

    outside = name.startswith("/") or ".." in name.split("/")
    name = base_name(name) if outside else name

    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    lines = difference(old, new, fromfile=f"a/{name}", tofile=f"b/{name}")
    return "".join([line if line.endswith("\n") else f"{line}\n{_NO_BREAK}\n" for line in lines])


def base_name(name: str) -> str:
    """The last part of a file's name."""
    return name.replace("\\", "/").rpartition("/")[2]


_NO_BREAK = "\\ No newline at end of file"
"""What `diff` and `patch` say of a last line without a break."""


@dataclass(frozen=True)
class SpecText:
    """One spec's text and its top-level entries; the text is a valid spec."""

    name: str
    text: str

    @cached_property
    def entries(self) -> Mapping[str, tuple[Scalar, Node]]:
        """The top-level keys with their values."""
        root = parse_yaml(self.text, Problems(Source(self.name, self.text)))
        assert isinstance(root, Pairs)  # the text has been read as a spec before
        return {key.text: (key, value) for key, value in root.pairs}

    @cached_property
    def numbered_words(self) -> frozenset[str]:
        """What stands before a number within some word: `conv3` where `conv3_1` does."""
        words = set(re.findall(r"\w+", self.text))
        ends = ((word, found.start()) for word in words for found in re.finditer(r"_[0-9]", word))
        return frozenset([word[:end] for word, end in ends])

    @cached_property
    def is_flow(self) -> bool:
        """Whether the top level is written in braces."""
        first = min(key.start for key, _ in self.entries.values())
        above = [line for line in self.text[:first].splitlines() if line.strip()[:1] != "#"]
        return "".join(above).rstrip().endswith("{")

    def text_at(self, place: Place) -> str:
        """What stands at a place."""
        return self.text[place.start : place.end]

    def write_entry(self, key: str, value: str) -> str:
        """Write the text with this value under a top-level key, in place of what stands there."""
        if key in self.entries:
            _, node = self.entries[key]
            return f"{self.text[: node.start]} {value}{self.text[node.end :]}"
        first = min(found.start for found, _ in self.entries.values())
        margin = self.text[:first].rpartition("\n")[2]
        ending = ", " if self.is_flow else f"\n{margin}"
        return f"{self.text[:first]}{key}: {value}{ending}{self.text[first:]}"

    # Settings

    def params(self) -> dict[str, Node]:
        """The scalars of params, by name."""
        _, node = self.entries.get("params", (None, None))
        return {key.text: value for key, value in node.pairs} if isinstance(node, Pairs) else {}

    def inputs(self) -> dict[str, Items]:
        """The shapes of the inputs, by name; the name is empty where there is one."""
        _, node = self.entries["input"]
        if isinstance(node, Items):
            return {"": node}
        pairs = node.pairs if isinstance(node, Pairs) else []
        return {key.text: value for key, value in pairs if isinstance(value, Items)}

    def write_settings(
        self, params: Mapping[str, int | Fraction], inputs: Mapping[str, tuple[int, ...]]
    ) -> list[TextChange]:
        """Return the changes that write `--set` and `--input` of the command line into the text."""
        places, shapes = self.params(), self.inputs()
        changes = [
            replace_span(places[name].place, format_decimal(n)) for name, n in params.items()
        ]
        for name, dims in inputs.items():
            changes.append(replace_span(shapes[name].place, f"[{', '.join(map(str, dims))}]"))
        return changes

    def value_end(self, node: Node) -> int:
        """Where a node's last character stands; the parser puts the end of a block-style
        collection behind the blanks that follow it."""
        if isinstance(node, Scalar) or self.text[node.start : node.start + 1] in ("[", "{"):
            return node.end
        if isinstance(node, Items):
            return max([self.value_end(item) for item in node.items], default=node.end)
        return max([self.value_end(value) for _, value in node.pairs], default=node.end)

    # Lines

    def span(self, line: Line) -> Place:
        """From a line's first character to its last, without what follows a block's style."""
        if line.main is None and not line.arguments and not line.common:
            return line.place
        if self.text[line.start] == "{":
            return line.place
        nodes: list[Node] = [*line.arguments.values(), *line.common.values()]
        if line.main is not None:
            nodes.append(line.main)
        return Place(line.start, max(map(self.value_end, nodes)))

    def whole_lines(self, line: Line) -> Place | None:
        """The whole text lines that hold just this item of a list; None if others share them."""
        start, end = self.span(line)
        first = self.text.rfind("\n", 0, start) + 1
        last = self.text.find("\n", end)
        last = len(self.text) if last < 0 else last + 1
        behind = self.text[end:last].strip()
        alone = self.text[first:start].strip() == "-" and (not behind or behind[0] == "#")
        return Place(first, last) if alone else None

    def insert_before(self, line: Line, item: str) -> TextChange | None:
        """Return the change that puts an item above a line in a list; None where it cannot."""
        start = line.start
        first = self.text.rfind("\n", 0, start) + 1
        before = self.text[first:start]
        if before.strip() == "-":
            at = first + before.index("-")
            return TextChange(Place(at, at), (f"- {item}\n{before[: before.index('-')]}",))
        if before.rstrip()[-1:] in ("[", ","):
            return TextChange(Place(start, start), (f"{item}, ",))
        return None

    def insert_after(self, line: Line, item: str) -> TextChange | None:
        """Return the change that puts an item below a line in a list; None where it cannot."""
        start, end = self.span(line)
        first = self.text.rfind("\n", 0, start) + 1
        before = self.text[first:start]
        if before.strip() == "-":
            last = self.text.find("\n", end)
            at = len(self.text) if last < 0 else last
            return TextChange(Place(at, at), (f"\n{before}{item}",))
        if before.rstrip()[-1:] in ("[", ","):
            return TextChange(Place(end, end), (f", {item}",))
        return None

    def add_argument(self, line: Line, key: str, value: str) -> TextChange | None:
        """Return the change that gives a line one more argument; None where it cannot."""
        start, end = self.span(line)
        if self.text[start] == "{":
            at = end - 1
            while self.text[at - 1].isspace():
                at -= 1
            return TextChange(Place(at, at), (f", {key}: {value}",))
        if "\n" in self.text[start:end]:
            indent = start - self.text.rfind("\n", 0, start) - 1
            return TextChange(Place(end, end), (f"\n{' ' * indent}{key}: {value}",))
        if line.main is None:
            return TextChange(Place(start, end), ("{", Place(start, end), f", {key}: {value}}}"))
        if self.text[line.main.start] in "|>":
            return None
        return TextChange(Place(start, end), ("{", Place(start, end), f", {key}: {value}}}"))


def format_decimal(number: int | Fraction) -> str:
    """Format a number as a spec writes it: as an exact decimal."""
    if isinstance(number, int):
        return str(number)
    return f"{float(number):.12g}"
