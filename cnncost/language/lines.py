"""The lines of a spec: read and check each against what its type or block takes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cnncost.elsewhere import find_meaning
from cnncost.errors import did_you_mean, quote_text
from cnncost.language.expression import hint_for_tuple
from cnncost.language.line import Block, Line
from cnncost.language.names import COMMON, STRUCTURES, Names, check_name
from cnncost.language.nodes import Items, Node, Pairs, Scalar, list_entries, write_inline
from cnncost.language.takes import complete_line, read_bodies, refuse_unknown_keys
from cnncost.layers import TYPES, layer_type

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from cnncost.language.problems import Problems

__all__ = ["Line", "LineReader"]


class LineReader:
    """Reads lists of lines, given the blocks, the parameters in scope and the names so far."""

    def __init__(
        self, blocks: Mapping[str, Block], parameters: Collection[str], problems: Problems
    ) -> None:
        self.blocks = blocks
        self.parameters = parameters
        self.problems = problems

    def read_lines(self, node: Node, names: Names, what: str) -> list[Line]:
        """Read the lines of a list; the message for something else calls it `what`."""
        if not isinstance(node, Items):
            self.problems.add(node.start, f"{what} is no list of layers", _list_hint(node))
            return []
        return [self.read_line(item, names) for item in node.items]

    def read_line(self, node: Node, names: Names) -> Line:
        line = Line(node, "")
        line.sound = self._read_into(line, node, names)
        if not line.name:
            self._keep_name(line, node, names)
        return line

    def _keep_name(self, line: Line, node: Node, names: Names) -> None:
        """Keep the name of a refused line, so that lines that refer to it are not refused too."""
        for key, value in node.pairs if isinstance(node, Pairs) else ():
            if key.text == "name" and isinstance(value, Scalar) and value.text not in names:
                line.name = value.text
                names[line.name] = value.start

    def _read_into(self, line: Line, node: Node, names: Names) -> bool:
        """Read a node into a line; return whether it is sound."""
        if isinstance(node, Scalar):
            return self._read_type_word(line, node)
        if isinstance(node, Pairs):
            return self._read_mapping(line, node, names)
        self.problems.add(
            node.start, "a list stands where a layer is due",
            "brackets make several layers of it: one layer's keys go in braces",
        )  # fmt: skip
        return False

    def _read_type_word(self, line: Line, scalar: Scalar) -> bool:
        line.word = scalar.text.strip()
        if line.word in self.parameters:
            return True
        return self._identify_word(line, scalar) and complete_line(line, scalar, self.problems)

    def _read_mapping(self, line: Line, node: Pairs, names: Names) -> bool:
        keys = self._list_keys(node)
        if keys is None:
            return False
        typed = [key for key, _ in keys.values() if self._is_layer(key.text)]
        if not typed:
            self._refuse_no_type(node, keys)
            return False
        if len(typed) > 1:
            first, second = typed[0].text, typed[1].text
            what = f"two layer types in one line: {first} and {second}"
            self.problems.add(typed[1].start, what, _one_layer(first, second))
            return False
        (key,) = typed
        line.word = key.text
        _, main = keys[key.text]
        if isinstance(main, Pairs) and self._takes_mapping(line.word):
            keys[key.text] = (key, Scalar("", main.start, main.end, plain=True))
            keys.update(self._list_keys(main) or {})
        for name, (at, value) in keys.items():
            if at is key:
                line.main = None if isinstance(value, Scalar) and value.is_null else value
            elif name in COMMON:
                self._read_common_key(line, at, value)
            else:
                line.arguments[name] = value
        if not self._identify_word(line, key):
            return False
        if "name" in line.common:
            self._read_name(line, line.common["name"], names)
        sound = line.word not in STRUCTURES or read_bodies(self, line, key, names)
        return (
            refuse_unknown_keys(line, keys, self.problems)
            and sound
            and complete_line(line, key, self.problems)
        )

    def _list_keys(self, node: Pairs) -> dict[str, tuple[Scalar, Node]] | None:
        """List the mapping's entries by key; None if a comma has split an expression."""
        keys: dict[str, tuple[Scalar, Node]] = {}
        for key, value in node.pairs:
            if isinstance(value, Scalar) and _opens_parenthesis(value):
                whole = self.problems.source.text[value.start : node.end].partition(")")[0] + ")"
                self.problems.add(
                    value.start, f"the expression {quote_text(value.text)} ends at its comma",
                    hint_for_tuple(whole) or f'quote it: "{whole}"',
                )  # fmt: skip
                return None
            if key.text in keys:
                self.problems.add(
                    key.start, f"key {quote_text(key.text)} is given twice", "keep one"
                )
            keys[key.text] = (key, value)
        return keys

    def _is_layer(self, word: str) -> bool:
        return word in TYPES or word in self.blocks or word in STRUCTURES

    def _takes_mapping(self, word: str) -> bool:
        """Whether a type's value is a mapping of its fields: it has some, and none is the main."""
        return word in TYPES and layer_type(word).main is None and bool(layer_type(word).kinds)

    def _refuse_no_type(self, node: Pairs, keys: dict[str, tuple[Scalar, Node]]) -> None:
        if not keys:
            self.problems.add(node.start, "an empty line", "name a layer type")
            return
        others = [key for name, (key, _) in keys.items() if name not in COMMON]
        if not others:
            self.problems.add(node.start, "no layer type in this line", "name one, as in conv: 64")
            return
        key = others[0]
        if key.text in self.parameters:
            self.problems.add(
                key.start, f"parameter {quote_text(key.text)} stands as a key",
                f"a parameter that is a layer word stands alone: - {key.text}",
            )  # fmt: skip
            return
        _, value = keys[key.text]
        if not isinstance(value, Scalar) and key.text not in _TYPE_KEYS:
            what = f"unknown layer type {quote_text(key.text)}"
            self.problems.add(key.start, what, partial(self._named_hint, key.text, value))
        else:
            self._refuse_unknown_type(key, value)

    def _identify_word(self, line: Line, at: Scalar) -> bool:
        if line.word in TYPES:
            line.type = layer_type(line.word)
        elif line.word in self.blocks:
            line.block = self.blocks[line.word]
            line.block.used = True
        elif line.word not in STRUCTURES:
            self._refuse_unknown_type(at)
            return False
        return True

    def _named_hint(self, name: str, within: Items | Pairs) -> str:
        """What to write for a list or mapping behind what may be a name."""
        if isinstance(within, Items):
            listed = f"a list of layers is a sequence: {{name: {name}, sequence: [...]}}"
            return did_you_mean(name, tuple(STRUCTURES), listed)
        if any(self._is_layer(key.text) for key, _ in within.pairs):
            return f"a layer's name stands beside its type: {_write_named(name, within)}"
        return self._type_hint(name)

    def _refuse_unknown_type(self, at: Scalar, value: Node | None = None) -> None:
        word = at.text.strip()
        if word in _TYPE_KEYS and isinstance(value, Scalar):
            hint = f"a layer's type is a key itself: {_write_type(value.text.strip())}"
            self.problems.add(at.start, f"{quote_text(word)} is no key", hint)
        elif word:
            what = f"unknown layer type {quote_text(word)}"
            self.problems.add(at.start, what, lambda: self._type_hint(word))
        else:
            self.problems.add(at.start, "a '- ' without a layer", "name one or delete the line")

    def _type_hint(self, word: str) -> str:
        first, _, rest = word.partition(":")
        name, _, value = word.partition(" ")
        if rest and self._is_layer(first):
            return f"a space is missing behind the colon: {first}: {rest}"
        if self._is_layer(name):
            return f"a colon is missing: {name}: {value.strip()}"
        if word in _ARGUMENTS or word in COMMON:
            return f"{word} stands on its layer's line: {{conv: ..., {word}: ...}}"
        choices = [*self.blocks, *TYPES, *STRUCTURES]
        return did_you_mean(word, choices, "cnncost layers lists the layer types")

    def _read_common_key(self, line: Line, key: Scalar, value: Node) -> None:
        if key.text == "from" and line.word == "opaque" and isinstance(value, Items):
            line.sources = [item for item in value.items if isinstance(item, Scalar)]
        elif not isinstance(value, Scalar):
            self.problems.add(value.start, f"{key.text} takes one value, not a list or mapping")
        elif value.is_null:
            self.problems.add(key.start, f"{key.text} has no value", "give one or drop the key")
        else:
            line.common[key.text] = value

    def _read_name(self, line: Line, at: Scalar, names: Names) -> None:
        name = at.text
        if check_name(self.problems, at, "a layer") and name in self.parameters:
            self.problems.add(at.start, f"layer {name!r} is called like a parameter", "rename one")
        elif name in names:
            where = self.problems.source.locate_offset(names[name])
            self.problems.add(at.start, f"name {name!r} is taken", f"its first use: {where}")
        else:
            line.name = name
            names[name] = at.start


_TYPE_KEYS = ("type", "layer", "op", "kind", "class_name", "activation")
"""Keys that say a layer's type in other formats."""


def _write_type(word: str) -> str:
    """Write a layer of a type: with a value where the type takes one."""
    if word in TYPES and layer_type(word).main is None:
        return f"- {word}"
    return f"{word if word in TYPES else 'conv'}: ..."


def _write_named(name: str, within: Pairs) -> str:
    """Write a layer's name beside its keys."""
    return write_inline([("name", name), *list_entries(within)])


_ARGUMENTS = ("kernel", "stride", "padding", "dilation", "groups", "bias", "filters", "units")
"""What is often written as a line of its own."""


def _list_hint(node: Node) -> str:
    """What to write for what is no list of layers: a mapping may be one of names."""
    first = node.pairs[:1] if isinstance(node, Pairs) else []
    for name, within in first:
        if isinstance(within, Pairs):
            return f"write '- ' before each layer: - {_write_named(name.text, within)}"
    return "write '- ' before each layer, or brackets around a list: [relu]"


def _one_layer(first: str, second: str) -> str:
    """Say what to write if two layer types stand in one line: `pad` may be meant as a key."""
    keys = tuple(layer_type(first).kinds) if first in TYPES else ()
    known = find_meaning(second, keys)
    return f"did you mean {known.ours[0]!r}?" if known else "one line makes one layer"


def _opens_parenthesis(value: Scalar) -> bool:
    return value.plain and value.text.count("(") > value.text.count(")")
