"""Places in a spec's text (lines, arguments, settings), and the changes that edits make there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from cnncost.language.nodes import Items, Node, Pairs, Scalar, parse_yaml
from cnncost.language.problems import Problems
from cnncost.place import Place, Source
from cnncost.suggest.text.text_changes import TextChange, replace_span

if TYPE_CHECKING:
    from fractions import Fraction

    from cnncost.language.lines import Line


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
    def is_flow(self) -> bool:
        """Whether the top level is written in braces."""
        first = min(key.start for key, _ in self.entries.values())
        above = [line for line in self.text[:first].splitlines() if line.strip()[:1] != "#"]
        return "".join(above).rstrip().endswith("{")

    def text_at(self, place: Place) -> str:
        """What stands at a place."""
        return self.text[place.start : place.end]

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
    """A number as a spec writes it: a decimal, exact (params are decimals)."""
    if isinstance(number, int):
        return str(number)
    return f"{float(number):.12g}"
