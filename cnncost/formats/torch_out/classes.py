"""A class for each block: calls that are written alike share one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from cnncost.costs import Convention, count_network
from cnncost.formats.torch_out import layout
from cnncost.formats.torch_out.body import Body
from cnncost.formats.torch_out.copies import merged
from cnncost.formats.torch_out.names import class_name, identifiers
from cnncost.formats.torch_out.parameters import NUMBER, Parameter, Parameters, slots
from cnncost.formats.torch_out.parts import Argument, Part, Unit
from cnncost.spec.nodes import Items

if TYPE_CHECKING:
    from cnncost.network import Network, Node
    from cnncost.spec.assembly import Written
    from cnncost.spec.blocks import Parameter as Declared


_SPAN = re.compile(r"(?<=[\[ ])([^\[\]:,]*):([^\[\]:,]*)(?=[\],])")

_COPY = re.compile(r"(\.(\d+|first|rest))+$")
"""The end of a name that only tells copies apart."""

_TAKEN = ("F", "nn", "torch", "math")
"""What the file's names stand for already, besides its classes."""

_SPOKEN = ("i", "_", "range", "super", "x", "y")
"""What a class's text itself says where its parameters are known."""


class Template(NamedTuple):
    """One class: its body, with parameters where its calls differ."""

    block: str
    parts: tuple[Part, ...]
    parameters: tuple[Parameter, ...]
    stored: tuple[str, ...]
    units: tuple[Unit, ...]


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
        for level in _levels(units):
            self._make(level)
        self.names = self._names(taken)
        rows = count_network(network, Convention()).layers
        self.counts = {row.node.index: (row.weights, row.connections) for row in rows}
        """Weights and connections of each layer."""

    def dressed(self, parts: Sequence[Part], outputs: set[int]) -> list[Part]:
        """Parts with their calls' classes, copies that follow one another as one."""
        return merged([self._dressed(part) for part in parts], outputs)

    def named(self, body: Body) -> Body:
        """A body with the classes' names in place of their numbers."""
        return replace(body, parts=[self._named(part) for part in body.parts])

    def texts(self) -> list[str]:
        """The classes as Python, those that others use first."""
        return [self._text(i) for i in range(len(self.templates))]

    def _dressed(self, part: Part) -> Part:
        if part.unit is None:
            return part
        number, arguments = self.arguments[part.unit.nodes]
        return part._replace(module=f"#{number}", arguments=arguments)

    def _named(self, part: Part) -> Part:
        if not part.module.startswith("#"):
            return part
        return part._replace(module=self.names[int(part.module[1:])])

    # Templates

    def _make(self, units: Sequence[Unit]) -> None:
        """The templates of calls that hold no calls but those made before."""
        alike: dict[object, list[tuple[Unit, list[Part]]]] = {}
        for unit in units:
            parts = self.dressed(unit.parts, {unit.output})
            alike.setdefault((unit.call.block, _skeleton(unit, parts)), []).append((unit, parts))
        for calls in alike.values():
            if not self._template(calls):
                self._apart(calls)

    def _apart(self, calls: list[tuple[Unit, list[Part]]]) -> None:
        """A class for each set of values: too much differs for parameters."""
        same: dict[object, list[tuple[Unit, list[Part]]]] = {}
        for unit, parts in calls:
            key = tuple((part.arguments, part.call, part.copies) for part in parts)
            same.setdefault(key, []).append((unit, parts))
        for group in same.values():
            self._template(group)

    def _template(self, calls: list[tuple[Unit, list[Part]]]) -> bool:
        """One class for calls that are written alike; whether there can be one."""
        units = [unit for unit, _ in calls]
        block = units[0].call.line.block
        own = block.parameters if block else []
        usual = {
            one.name: text
            for one in own
            if (text := getattr(one.default, "text", "")) and text.isdigit()
        }
        order = [one.name for one in own]
        nodes = self.network.nodes
        channels = tuple(str(nodes[unit.sources[0]].output.channels) for unit in units)
        parameters = Parameters(channels, usual, order, _spelled(units, own))
        said = self._said(*calls[0], set(order))
        expressions = parameters.expressions(list(slots([parts for _, parts in calls], said)))
        if expressions is None:
            return False
        listed = parameters.listed()
        names = identifiers((one.name for one in listed), _SPOKEN)
        spoken = dict(zip((one.name for one in listed), names, strict=True))
        written = {key: _renamed(text, spoken) for key, text in expressions.items()}
        stored = [
            name
            for name in names
            if any(
                name in re.findall(r"\w+", text)
                for (_, place), text in written.items()
                if str(place).startswith("call")
            )
        ]
        parts = tuple(_filled(part, i, written, names) for i, part in enumerate(calls[0][1]))
        listed = [one._replace(name=spoken[one.name]) for one in listed]
        number = len(self.templates)
        self.templates.append(
            Template(units[0].call.block, parts, tuple(listed), tuple(stored), tuple(units))
        )
        for i, unit in enumerate(units):
            self.arguments[unit.nodes] = (number, _given(listed, i))
        return True

    def _said(self, unit: Unit, parts: list[Part], names: set[str]) -> dict[tuple[int, str], str]:
        """The block's parameters that the spec writes as arguments, by part and argument."""
        said = {}
        for i, part in enumerate(parts):
            line = part.unit.call.line if part.unit else self.written[part.node].line
            repeat = None if part.name.endswith(".rest") else line.common.get("repeat")
            given = {**line.arguments, "copies": repeat}
            for name in ("copies", *(argument.name for argument in part.arguments)):
                text = getattr(given.get(name), "text", "")
                if text in names:
                    said[i, name] = text
        return said

    # Text

    def _text(self, number: int) -> str:
        template = self.templates[number]
        unit = template.units[0]
        parameters = [
            one.name if one.usual is None else f"{one.name}={one.usual}"
            for one in template.parameters
        ]
        body = Body(
            template.parts,
            list(zip(unit.sources, ["x", *self._inputs(unit)], strict=True)),
            [unit.output],
            parameters=parameters,
            stored=template.stored,
            flow="x",
        )
        head = f"class {self.names[number]}(nn.Module):"
        return "\n".join([head, *self._docstring(template), "", *self.named(body).lines()])

    def _inputs(self, unit: Unit) -> list[str]:
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
        return identifiers(words, ["x", "y"])

    def _docstring(self, template: Template) -> list[str]:
        """What all calls of the class cost, an example."""
        mine = [self.counts[i] for unit in template.units for i in unit.nodes]
        weights, connections = (sum(row[k] for row in mine) for k in (0, 1))
        uses = f"{len(template.units):,} uses" if len(template.units) > 1 else "1 use"
        costs = f"{uses}, {weights:,} weights, {connections:,} connections"
        line = f'    """Block {template.block}: {costs}."""'
        if len(line) <= layout.WIDTH:
            return [line]
        return [f'    """Block {template.block}.', "", f"    {costs}.", '    """']

    def _names(self, taken: Sequence[str]) -> list[str]:
        """A class's name each: the block's, and what a variant has that the plainest has not."""
        words: list[str] = []
        by_block: dict[str, list[Template]] = {}
        for template in self.templates:
            by_block.setdefault(template.block, []).append(template)
        plain = {
            block: min(templates, key=lambda one: len(one.parts))
            for block, templates in by_block.items()
        }
        for template in self.templates:
            word = class_name(template.block.replace("_", " "))
            words.append(word + _more(self.network, plain[template.block], template))
        parameters = [one.name for template in self.templates for one in template.parameters]
        return _distinct(words, [*_TAKEN, *taken, *parameters])


def _levels(units: Sequence[Unit]) -> list[list[Unit]]:
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


def _skeleton(unit: Unit, parts: Sequence[Part]) -> object:
    """All of a call that no parameter can stand for."""
    place = {part.node: i for i, part in enumerate(parts)}
    place |= {source: -1 - i for i, source in enumerate(unit.sources)}
    return tuple(
        (
            *(part.name, part.module, part.extra, part.frozen, part.tensors, bool(part.copies)),
            tuple((one.name, one.keyword) for one in part.arguments),
            NUMBER.sub("0", part.call),
            tuple(place[i] for i in part.reads),
            None if part.shares is None else place[part.shares],
        )
        for part in parts
    )


def _spelled(units: Sequence[Unit], own: Sequence[Declared]) -> dict[str, tuple[str, ...]]:
    """The block's parameters that the spec gives as plain numbers in every call."""
    spelled: dict[str, tuple[str, ...]] = {}
    for one in own:
        lines = [unit.call.line for unit in units]
        texts = [getattr(line.arguments.get(one.name, one.default), "text", "") for line in lines]
        if all(text.isdigit() for text in texts):
            spelled[one.name] = tuple(texts)
    return spelled


def _renamed(text: str, names: Mapping[str, str]) -> str:
    return re.sub(r"[^\W\d]\w*", lambda word: names[word.group()], text)


def _filled(
    part: Part, i: int, written: Mapping[tuple[int, int | str], str], names: Sequence[str]
) -> Part:
    """A part with parameters where calls differ."""
    arguments = tuple(
        one._replace(value=written.get((i, j), one.value)) for j, one in enumerate(part.arguments)
    )
    copies = written.get((i, "copies"), part.copies)
    return part._replace(
        arguments=arguments, copies=copies, call=_called(part.call, i, written), unit=None
    )


def _called(call: str, i: int, written: Mapping[tuple[int, int | str], str]) -> str:
    """A call with the stored parameters in it."""
    count = -1

    def fill(match: re.Match[str]) -> str:
        nonlocal count
        count += 1
        text = written.get((i, f"call {count}"))
        return match.group() if text is None else re.sub(r"([^\W\d]\w*)", r"self.\1", text)

    return _SPAN.sub(_spaced, NUMBER.sub(fill, call))


def _spaced(span: re.Match[str]) -> str:
    """A slice; formatters keep its ends apart where one is no plain number."""
    if "self." not in span.group():
        return span.group()
    return " ".join(end for end in (span[1], ":", span[2]) if end)


def _given(parameters: Sequence[Parameter], i: int) -> tuple[Argument, ...]:
    """What one call gives for the parameters."""
    return tuple(
        Argument(one.name, one.values[i], one.kind, one.usual, one.usual is not None)
        for one in parameters
    )


def _more(network: Network, plain: Template, template: Template) -> str:
    """What a class has beyond the plainest of its block, as a word."""
    own = {_COPY.sub("", part.name) for part in plain.parts}
    extra = {_COPY.sub("", part.name): part.node for part in template.parts}
    words = [_word(network.nodes[node], name) for name, node in extra.items() if name not in own]
    if template is plain or len(words) > 2:
        return ""
    return "".join(class_name(word.replace("_", " ")) for word in words)


def _word(node: Node, name: str) -> str:
    """A layer's type where its name is only numbered, as in relu61, the first of relu6."""
    word, last = node.layer.word if node.layer else "", name.rpartition(".")[2]
    return word if re.fullmatch(rf"{word}\d+", last) else last


def _distinct(words: Sequence[str], taken: Sequence[str]) -> list[str]:
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
