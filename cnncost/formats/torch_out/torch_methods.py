"""Write the two methods of a class: `__init__` with its modules, and `forward` line by line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnncost.formats import python_text
from cnncost.formats.python_text import make_identifiers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncost.formats.torch_out.torch_parts import ClassPart


@dataclass(frozen=True)
class Body:
    """What the methods of a class are written from."""

    parts: Sequence[ClassPart]
    inputs: Sequence[tuple[int, str]]
    """The tensors that `forward` takes: nodes by index, and their names."""
    outputs: Sequence[int]
    measured: bool = False
    parameters: Sequence[str] = ()
    """The parameters of `__init__`, as they stand in its signature."""
    stored: Sequence[str] = ()
    """The parameters that `forward` needs."""
    flow: str = ""
    """The name of the input of a block's class."""

    def write_methods(self) -> list[str]:
        """Write both methods."""
        attributes = self.module_names()
        variables = self._variable_names()
        arguments = ["self", *(variables[i] for i, _ in self.inputs)]
        steps = [*self._step_lines(attributes, variables)]
        return [
            *python_text.lay_signature(4, "def __init__", ["self", *self.parameters]),
            "        super().__init__()",
            *(f"        self.{name} = {name}" for name in self.stored),
            *self._module_lines(attributes),
            "",
            *python_text.lay_signature(4, "def forward", arguments),
            *self._return_lines(steps, [variables[i] for i in self.outputs]),
        ]

    def _return_lines(self, steps: list[str], outputs: list[str]) -> list[str]:
        """Write the steps and the return; a block's last step is returned directly."""
        start = f"        {outputs[0]} = "
        if self.flow and steps[-1].startswith(start):
            line = f"        return {steps[-1].removeprefix(start)}"
            if len(line) <= python_text.WIDTH and not line.endswith("("):
                return [*steps[:-1], line]
        return [*steps, *python_text.lay_return(8, outputs)]

    def module_names(self) -> dict[int, str]:
        """Name the module of each part that has one; a shared layer uses its owner's."""
        held = [part for part in self.parts if part.module]
        by_index = {part.node: part for part in held}
        names = make_identifiers((part.name for part in held), self.stored)
        found: dict[int, str] = {}
        for part, name in zip(held, names, strict=True):
            owner = part.shares
            same = owner is not None and _are_alike(by_index[owner], part)
            found[part.node] = found[owner] if owner is not None and same else name
        return found

    def _module_lines(self, attributes: dict[int, str]) -> list[str]:
        lines = ["        self.shapes = {}"] if self.measured else []
        for part in self.parts:
            name = attributes.get(part.node)
            if name is None or (part.shares is not None and attributes[part.shares] == name):
                continue
            lines += _assignment_lines(f"self.{name}", part)
            if part.shares is not None:
                lines += _tie_lines(part, name, attributes[part.shares])
        frozen = [attributes[part.node] for part in self.parts if part.frozen]
        return lines + [f"        self.{name}.requires_grad_(False)" for name in frozen]

    def _variable_names(self) -> dict[int, str]:
        """Name each tensor; most are `x`, which only the next line reads.

        In a block's class the first input is `x`. If it is read again, such tensors are `y`.
        """
        # What flows from a block's first input to its first line stands right before that.
        inputs = [*self.inputs[1:], *self.inputs[:1]] if self.flow else [*self.inputs]
        order = [*(i for i, _ in inputs), *(part.node for part in self.parts)]
        names = [*(name for _, name in inputs), *(part.name for part in self.parts)]
        flows = self._find_flows(order)
        taken, word = ["x"], "x"
        if self.flow:
            first = len(inputs) - 1
            taken, word = ["x", "y"], "x" if flows[first] else "y"
            names[first], flows[first] = self.flow, True
        free = [name for name, flow in zip(names, flows, strict=True) if not flow]
        words = iter(make_identifiers(free, taken))
        found = [word if flow else next(words) for flow in flows]
        if self.flow:
            found[first] = self.flow
        return dict(zip(order, found, strict=True))

    def _find_flows(self, order: Sequence[int]) -> list[bool]:
        """Find the tensors that need no name of their own, as only the next line reads them."""
        place = {node: i for i, node in enumerate(order)}
        readers: list[list[int]] = [[] for _ in order]
        for part in self.parts:
            for i in part.reads:
                readers[place[i]].append(place[part.node])
        alone, given = len(self.outputs) == 1, set(self.outputs)
        flows = [
            (seen == [i + 1] and order[i] not in given) or (alone and not seen)
            for i, seen in enumerate(readers)
        ]
        named = len(self.inputs) - bool(self.flow)
        if len(self.inputs) > 1:
            flows[:named] = [False] * named
        return flows

    def _step_lines(self, attributes: dict[int, str], variables: dict[int, str]) -> list[str]:
        lines: list[str] = []
        dying = self._last_reads() if self.measured else {}
        for part in self.parts:
            target = variables[part.node]
            lines += _part_lines(part, attributes.get(part.node, ""), variables)
            if self.measured:
                lines.append(f"        self.shapes[{part.name!r}] = tuple({target}.shape)")
            dead = [variables[i] for i in dying.get(part.node, ()) if variables[i] != target]
            lines += [f"        del {', '.join(dead)}"] if dead else []
        return lines

    def _last_reads(self) -> dict[int, list[int]]:
        """Find for each part the tensors that it is the last to read."""
        last = {i: part.node for part in self.parts for i in part.reads}
        dying: dict[int, list[int]] = {}
        for i, reader in last.items():
            dying.setdefault(reader, []).append(i)
        return dying


def _are_alike(one: ClassPart, other: ClassPart) -> bool:
    return (one.module, one.arguments, one.call) == (other.module, other.arguments, other.call)


def _assignment_lines(target: str, part: ClassPart) -> list[str]:
    """Write the assignment that makes a part's module."""
    if part.copies not in ("", "1"):
        head = f"{target} = {part.holder}"
        return python_text.lay_copies(8, head, part.module, part.written_arguments, part.copies)
    return python_text.lay_call(8, f"{target} = {part.module}", part.written_arguments)


def _tie_lines(part: ClassPart, name: str, owner: str) -> list[str]:
    """Give a shared layer that differs in what is not learned its owner's tensors."""
    paths = [tensor.replace("in_proj_", "in_proj.") for tensor in part.tensors]
    return [f"        self.{name}.{path} = self.{owner}.{path}" for path in paths]


def _part_lines(part: ClassPart, module: str, variables: dict[int, str]) -> list[str]:
    """Write one part's line of the forward pass."""
    target = variables[part.node]
    reads = [variables[i] for i in part.reads]
    value = part.call.format(*reads, m=f"self.{module}", x=reads[0], xs=", ".join(reads))
    if value == target:
        return []
    if part.call.startswith("torch.cat"):
        return python_text.lay_call(8, f"{target} = torch.cat", [f"[{', '.join(reads)}]", "dim=1"])
    sign = part.call[4] if part.call.startswith("{0} ") else ""
    return python_text.lay_assignment(8, target, value, sign)
