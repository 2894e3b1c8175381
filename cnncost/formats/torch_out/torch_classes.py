"""A class for each block: calls that are written alike share one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from cnncost.costs import Convention, count_network
from cnncost.formats import statement_layout
from cnncost.formats.identifiers import identifiers
from cnncost.formats.torch_out.torch_class_names import class_names
from cnncost.formats.torch_out.torch_copies import merged
from cnncost.formats.torch_out.torch_dense_blocks import gathered
from cnncost.formats.torch_out.torch_methods import Body
from cnncost.formats.torch_out.torch_parts import Argument, ClassPart, Unit
from cnncost.formats.torch_out.torch_templates import Dressed, Template, skeleton, template
from cnncost.language.nodes import Items

if TYPE_CHECKING:
    from cnncost.language.assembly import Written
    from cnncost.network import Network


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
        self.names = class_names(network, self.templates, taken)
        rows = count_network(network, Convention()).layers
        self.counts = {row.node.index: (row.weights, row.connections) for row in rows}
        """Weights and connections of each layer."""

    def dressed(self, parts: Sequence[ClassPart], outputs: set[int]) -> list[ClassPart]:
        """Parts with their calls' classes, copies that follow one another as one."""
        dressed = [self._dressed(part) for part in parts]
        return merged(gathered(dressed, outputs), outputs)

    def named(self, body: Body) -> Body:
        """A body with the classes' names in place of their numbers."""
        return replace(body, parts=[self._named(part) for part in body.parts])

    def texts(self) -> list[str]:
        """The classes as Python, those that others use first."""
        return [self._text(i) for i in range(len(self.templates))]

    def _dressed(self, part: ClassPart) -> ClassPart:
        if part.unit is None:
            return part
        number, arguments = self.arguments[part.unit.nodes]
        return part._replace(module=f"#{number}", arguments=arguments)

    def _named(self, part: ClassPart) -> ClassPart:
        if not part.module.startswith("#"):
            return part
        return part._replace(module=self.names[int(part.module[1:])])

    # Templates

    def _make(self, units: Sequence[Unit]) -> None:
        """The templates of calls that hold no calls but those made before."""
        alike: dict[object, list[Dressed]] = {}
        for unit in units:
            call = Dressed(unit, self.dressed(unit.parts, {unit.output}))
            alike.setdefault((unit.call.block, skeleton(*call)), []).append(call)
        for calls in alike.values():
            if not self._add(calls):
                self._apart(calls)

    def _apart(self, calls: Sequence[Dressed]) -> None:
        """A class for each set of values: too much differs for parameters."""
        same: dict[object, list[Dressed]] = {}
        for call in calls:
            key = tuple((part.arguments, part.call, part.copies) for part in call.parts)
            same.setdefault(key, []).append(call)
        for group in same.values():
            self._add(group)

    def _add(self, calls: Sequence[Dressed]) -> bool:
        """One class for calls; whether there can be one."""
        made = template(self.network, self.written, calls)
        if made is None:
            return False
        for i, call in enumerate(calls):
            self.arguments[call.unit.nodes] = (len(self.templates), made.given(i))
        self.templates.append(made)
        return True

    # Text

    def _text(self, number: int) -> str:
        made = self.templates[number]
        unit = made.units[0]
        body = Body(
            made.parts,
            list(zip(unit.sources, ["x", *self._inputs(unit)], strict=True)),
            [unit.output],
            parameters=made.signature,
            stored=made.stored,
            flow="x",
        )
        head = f"class {self.names[number]}(nn.Module):"
        return "\n".join([head, *self._docstring(made), "", *self.named(body).lines()])

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

    def _docstring(self, made: Template) -> list[str]:
        """What all calls of the class cost, an example."""
        mine = [self.counts[i] for unit in made.units for i in unit.nodes]
        weights, connections = (sum(row[k] for row in mine) for k in (0, 1))
        uses = f"{len(made.units):,} uses" if len(made.units) > 1 else "1 use"
        costs = f"{uses}, {weights:,} weights, {connections:,} connections"
        line = f'    """Block {made.block}: {costs}."""'
        if len(line) <= statement_layout.WIDTH:
            return [line]
        return [f'    """Block {made.block}.', "", f"    {costs}.", '    """']


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
