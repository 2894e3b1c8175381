"""A class for each block: calls that are written alike share one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from cnncost.costs import Convention, count_network
from cnncost.formats import statement_layout
from cnncost.formats.identifiers import class_name, make_identifiers
from cnncost.formats.torch_out.torch_copies import gather_dense_copies, merge_copies
from cnncost.formats.torch_out.torch_methods import Body
from cnncost.formats.torch_out.torch_parts import Argument, ClassPart, Unit
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
    """All classes of a network's blocks."""

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
        """For each call the place of its class, and what it gives it."""
        for level in _order_levels(units):
            self._make_templates(level)
        self.names = class_names(network, self.templates, taken)
        rows = count_network(network, Convention()).layers
        self.counts = {row.node.index: (row.weights, row.connections) for row in rows}
        """Weights and connections of each layer."""

    def dress_parts(self, parts: Sequence[ClassPart], outputs: set[int]) -> list[ClassPart]:
        """Parts with their calls' classes, copies that follow one another as one."""
        dressed = [self._dress_part(part) for part in parts]
        return merge_copies(gather_dense_copies(dressed, outputs), outputs)

    def name_classes(self, body: Body) -> Body:
        """A body with the classes' names in place of their numbers."""
        return replace(body, parts=[self._name_class(part) for part in body.parts])

    def write_texts(self) -> list[str]:
        """The classes as Python, those that others use first."""
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
        """The templates of calls that hold no calls but those made before."""
        alike: dict[object, list[Dressed]] = {}
        for unit in units:
            call = Dressed(unit, self.dress_parts(unit.parts, {unit.output}))
            alike.setdefault((unit.call.block, call_skeleton(*call)), []).append(call)
        for calls in alike.values():
            if not self._add_template(calls):
                self._add_apart(calls)

    def _add_apart(self, calls: Sequence[Dressed]) -> None:
        """A class for each set of values: too much differs for parameters."""
        same: dict[object, list[Dressed]] = {}
        for call in calls:
            key = tuple((part.arguments, part.call, part.copies) for part in call.parts)
            same.setdefault(key, []).append(call)
        for group in same.values():
            self._add_template(group)

    def _add_template(self, calls: Sequence[Dressed]) -> bool:
        """One class for calls; whether there can be one."""
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
        """Names of all inputs of a call but its first: the spec's parameters for them."""
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
        """What all calls of the class cost, an example."""
        mine = [self.counts[i] for unit in made.units for i in unit.nodes]
        weights, connections = (sum(row[k] for row in mine) for k in (0, 1))
        uses = f"{len(made.units):,} uses" if len(made.units) > 1 else "1 use"
        costs = f"{uses}, {weights:,} weights, {connections:,} connections"
        line = f'    """Block {made.block}: {costs}."""'
        if len(line) <= statement_layout.WIDTH:
            return [line]
        return [f'    """Block {made.block}.', "", f"    {costs}.", '    """']


def _order_levels(units: Sequence[Unit]) -> list[list[Unit]]:
    """Calls that hold none, then those that hold only such, and so on."""
    height: dict[range, int] = {}
    levels: list[list[Unit]] = []
    for unit in units:
        inner = [height[part.unit.nodes] for part in unit.parts if part.unit]
        height[unit.nodes] = level = max(inner, default=-1) + 1
        if level == len(levels):
            levels.append([])
        levels[level].append(unit)
    return levels


# Names of the classes: the block's, and what a variant has beyond the plainest

_COPY = re.compile(r"(\.(\d+|first|rest))+$")
"""The end of a name that only tells copies apart."""

_TAKEN = ("F", "nn", "torch", "math")
"""What the file's names stand for already, besides its classes."""


def class_names(network: Network, templates: Sequence[Template], taken: Sequence[str]) -> list[str]:
    """A name for each class, none of those that are taken.

    A block written in several ways has a class a way: ConvBn, and ConvBnRelu with a layer more.
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
    """What a class has beyond the plainest of its block, as a word."""
    own = {_COPY.sub("", part.name) for part in plain.parts}
    extra = {_COPY.sub("", part.name): part.node for part in template.parts}
    words = [
        _layer_word(network.nodes[node], name) for name, node in extra.items() if name not in own
    ]
    if template is plain or len(words) > 2:
        return ""
    return "".join(class_name(word.replace("_", " ")) for word in words)


def _layer_word(node: Input | Node, name: str) -> str:
    """A layer's type where its name is only numbered, as in relu61, the first of relu6."""
    word, last = node.layer.word if node.layer else "", name.rpartition(".")[2]
    return word if re.fullmatch(rf"{word}\d+", last) else last


def _number_distinct(words: Sequence[str], taken: Sequence[str]) -> list[str]:
    """The words, those that stand twice or are taken numbered."""
    used = set(taken)
    names = []
    for word in words:
        name, count = word, 2
        while name in used:
            name, count = f"{word}{count}", count + 1
        used.add(name)
        names.append(name)
    return names
