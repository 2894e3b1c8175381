"""A class for each block: calls that are written alike share one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from cnncost.costs import Convention, count_network
from cnncost.formats import statement_layout
from cnncost.formats.identifiers import make_identifiers
from cnncost.formats.torch_out.torch_class_names import class_names
from cnncost.formats.torch_out.torch_copies import merge_copies
from cnncost.formats.torch_out.torch_dense_blocks import gather_dense_copies
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
