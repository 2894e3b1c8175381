"""Make one class per block: calls that are written alike share it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from cnncost.costs import Convention, count_network
from cnncost.formats import python_text
from cnncost.formats.python_text import class_name, make_identifiers
from cnncost.formats.torch_out.torch_methods import Body
from cnncost.formats.torch_out.torch_parts import (
    Argument,
    ClassPart,
    Unit,
    gather_dense_copies,
    merge_copies,
)
from cnncost.formats.torch_out.torch_templates import (
    Dressed,
    Template,
    build_template,
    call_skeleton,
)
from cnncost.language.nodes import Items

if TYPE_CHECKING:
    from cnncost.language.assembly import Written
    from cnncost.network import Input, Network, Node


class Classes:
    """The classes of a network's blocks."""

    def __init__(
        self,
        network: Network,
        written: Mapping[int, Written],
        units: Sequence[Unit],
        taken: Sequence[str],
    ) -> None:
        self.network = network
        self.written = written
        self.templates: list[Template] = []
        self.arguments: dict[range, tuple[int, tuple[Argument, ...]]] = {}
        """For each call the index of its class, and the arguments that it gives."""
        for level in _order_levels(units):
            self._make_templates(level)
        self.names = class_names(network, self.templates, taken)
        rows = count_network(network, Convention()).layers
        self.counts = {row.node.index: (row.weights, row.connections) for row in rows}
        """The weights and connections of each layer."""

    def dress_parts(self, parts: Sequence[ClassPart], outputs: set[int]) -> list[ClassPart]:
        """Put the calls' classes into the parts, and merge copies that follow one another."""
        dressed = [self._dress_part(part) for part in parts]
        return merge_copies(gather_dense_copies(dressed, outputs), outputs)

    def name_classes(self, body: Body) -> Body:
        """Replace the numbers of classes in a body by their names."""
        return replace(body, parts=[self._name_class(part) for part in body.parts])

    def write_texts(self) -> list[str]:
        """Write the classes as Python; a class comes before those that use it."""
        return [self._write_class(i) for i in range(len(self.templates))]

    def _dress_part(self, part: ClassPart) -> ClassPart:
        if part.unit is None:
            return part
        number, arguments = self.arguments[part.unit.nodes]
        return part._replace(module=f"#{number}", arguments=arguments)

    def _name_class(self, part: ClassPart) -> ClassPart:
        if not part.module.startswith("#"):
            return part
        return part._replace(module=self.names[int(part.module[1:])])

    # Templates

    def _make_templates(self, units: Sequence[Unit]) -> None:
        """Make the templates of calls whose inner calls have theirs already."""
        alike: dict[object, list[Dressed]] = {}
        for unit in units:
            call = Dressed(unit, self.dress_parts(unit.parts, {unit.output}))
            alike.setdefault((unit.call.block, call_skeleton(*call)), []).append(call)
        for calls in alike.values():
            if not self._add_template(calls):
                self._add_apart(calls)

    def _add_apart(self, calls: Sequence[Dressed]) -> None:
        """Add one class per set of values, as too much differs for parameters."""
        same: dict[object, list[Dressed]] = {}
        for call in calls:
            key = tuple((part.arguments, part.call, part.copies) for part in call.parts)
            same.setdefault(key, []).append(call)
        for group in same.values():
            self._add_template(group)

    def _add_template(self, calls: Sequence[Dressed]) -> bool:
        """Add one class for several calls; return whether that is possible."""
        made = build_template(self.network, self.written, calls)
        if made is None:
            return False
        for i, call in enumerate(calls):
            self.arguments[call.unit.nodes] = (len(self.templates), made.arguments_of(i))
        self.templates.append(made)
        return True

    # Text

    def _write_class(self, number: int) -> str:
        made = self.templates[number]
        unit = made.units[0]
        body = Body(
            made.parts,
            list(zip(unit.sources, ["x", *self._input_names(unit)], strict=True)),
            [unit.output],
            parameters=made.signature,
            stored=made.stored,
            flow="x",
        )
        head = f"class {self.names[number]}(nn.Module):"
        return "\n".join(
            [head, *self._write_docstring(made), "", *self.name_classes(body).write_methods()]
        )

    def _input_names(self, unit: Unit) -> list[str]:
        """Name the inputs of a call but its first after the spec's parameters for them."""
        block = unit.call.line.block
        names = {one.name for one in block.parameters} if block else set()
        found = {}
        for i in unit.nodes:
            node, line = self.network.nodes[i], self.written[i].line
            items = line.main.items if isinstance(line.main, Items) else []
            for read, item in zip(node.reads, items, strict=False):
                if (text := getattr(item, "text", "")) in names:
                    found[read] = text
        words = (found.get(source, "other") for source in unit.sources[1:])
        return make_identifiers(words, ["x", "y"])

    def _write_docstring(self, made: Template) -> list[str]:
        """Write what all calls of the class cost, per example."""
        mine = [self.counts[i] for unit in made.units for i in unit.nodes]
        weights, connections = (sum(row[k] for row in mine) for k in (0, 1))
        uses = f"{len(made.units):,} uses" if len(made.units) > 1 else "1 use"
        costs = f"{uses}, {weights:,} weights, {connections:,} connections"
        line = f'    """Block {made.block}: {costs}."""'
        if len(line) <= python_text.WIDTH:
            return [line]
        return [f'    """Block {made.block}.', "", f"    {costs}.", '    """']


def _order_levels(units: Sequence[Unit]) -> list[list[Unit]]:
    """Order calls by level: those without inner calls, those that hold only such, and so on."""
    height: dict[range, int] = {}
    levels: list[list[Unit]] = []
    for unit in units:
        inner = [height[part.unit.nodes] for part in unit.parts if part.unit]
        height[unit.nodes] = level = max(inner, default=-1) + 1
        if level == len(levels):
            levels.append([])
        levels[level].append(unit)
    return levels


# Names of the classes

_COPY = re.compile(r"(\.(\d+|first|rest))+$")
"""The end of a name that only distinguishes copies."""

_TAKEN = ("F", "nn", "torch", "math")
"""The names that the file uses already, besides its classes."""


def class_names(network: Network, templates: Sequence[Template], taken: Sequence[str]) -> list[str]:
    """Name each class, avoiding names that are taken.

    A block that is written in several ways has one class per way: ConvBn, and ConvBnRelu with one
    more layer.
    """
    plain: dict[str, Template] = {}
    for one in templates:
        known = plain.setdefault(one.block, one)
        if len(one.parts) < len(known.parts):
            plain[one.block] = one
    words = [
        class_name(one.block.replace("_", " ")) + _variant_word(network, plain[one.block], one)
        for one in templates
    ]
    parameters = [one.name for template in templates for one in template.parameters]
    return _number_distinct(words, [*_TAKEN, *taken, *parameters])


def _variant_word(network: Network, plain: Template, template: Template) -> str:
    """Return what a class has beyond the plainest one of its block, as a word."""
    own = {_COPY.sub("", part.name) for part in plain.parts}
    extra = {_COPY.sub("", part.name): part.node for part in template.parts}
    words = [
        _layer_word(network.nodes[node], name) for name, node in extra.items() if name not in own
    ]
    if template is plain or len(words) > 2:
        return ""
    return "".join(class_name(word.replace("_", " ")) for word in words)


def _layer_word(node: Input | Node, name: str) -> str:
    """Return a layer's name, or its type if the name is only numbered: relu6 for relu61."""
    word, last = node.layer.word if node.layer else "", name.rpartition(".")[2]
    return word if re.fullmatch(rf"{word}\d+", last) else last


def _number_distinct(words: Sequence[str], taken: Sequence[str]) -> list[str]:
    """Number the words that stand twice or are taken."""
    used = set(taken)
    names = []
    for word in words:
        name, count = word, 2
        while name in used:
            name, count = f"{word}{count}", count + 1
        used.add(name)
        names.append(name)
    return names
