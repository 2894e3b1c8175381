"""Lay out the layers of each structure, and join what leaves them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from cnncost.errors import Refused
from cnncost.language.scope import BlockCall, Entry, Joined, Scope
from cnncost.language.values import Misread, Reading, UnknownValue
from cnncost.layers import layer_type, read_layer
from cnncost.layers.kinds import spell_value

if TYPE_CHECKING:
    from cnncost.language.assembly import Assembly
    from cnncost.language.line import Line
    from cnncost.language.scope import Frame
    from cnncost.network import NetworkBuilder


class LineExpander(Protocol):
    """Expands the lists inside a structure, line after line, into nodes of the network."""

    assembly: Assembly
    builder: NetworkBuilder

    def expand_lines(self, lines: list[Line], previous: int | None, frame: Frame) -> int | None:
        """Expand lines behind a node; return the index of the last one's output."""
        ...

    def count_reads(self, line: Line, count: int) -> None:
        """Count the nodes that a join reads, against the bound of the whole spec."""
        ...

    def report_trouble(self, trouble: Misread | UnknownValue, line: Line) -> None:
        """Report a problem of a line."""
        ...


class StructureLayout(Protocol):
    """Lays out one copy of a structure's line behind the node `source`; returns what its name
    stands for, and its output (None if it was refused)."""

    def __call__(
        self, expansion: LineExpander, line: Line, name: str, source: int | None, frame: Frame, /
    ) -> tuple[Entry, int | None]: ...


def lay_out_branches(
    expansion: LineExpander, line: Line, name: str, source: int | None, frame: Frame
) -> tuple[Entry, int | None]:
    """Lay out lists that all read the structure's input; join the outputs of several lists."""
    label = name
    if line.scoped:
        frame = _open_scope(line, name, frame)
        label = frame.scope.next_name(line.join) if line.join else ""
    outputs = [expansion.expand_lines(body, source, frame) for body in line.bodies]
    output = outputs[0]
    if line.join:
        output = _join_outputs(expansion, line, label, outputs, frame)
    if not line.scoped:
        return output, output
    frame.scope.output = output
    return frame.scope, output


def lay_out_densely(
    expansion: LineExpander, line: Line, name: str, source: int | None, frame: Frame
) -> tuple[Entry, int | None]:
    """Lay out copies of one list (Huang et al. 2017, sec. 3).

    Each copy reads the concatenation of the structure's input and the outputs of all copies
    before it. The structure's output is the concatenation of the input and all outputs.
    """
    copies = Joined()
    outputs = [source]
    for number in range(1, _read_times(expansion, line, frame) + 1):
        inner = _open_scope(line, f"{name}.{number}", frame)
        entering = source
        if number > 1:
            label = f"{line.join}{number}"
            entering = _join_outputs(expansion, line, f"{name}.{label}", outputs, frame)
            copies.joins[label] = entering
        output = expansion.expand_lines(line.bodies[0], entering, inner)
        inner.scope.output = output
        copies.copies.append(inner.scope)
        outputs.append(output)
        _check_fit(expansion, line, inner.scope, (source, output))
    copies.output = _join_outputs(expansion, line, name, outputs, frame)
    return copies, copies.output


def _open_scope(line: Line, name: str, frame: Frame) -> Frame:
    """Make the frame of one copy, with a scope of names of its own."""
    call = BlockCall(line.place, line.word, frame.scope.call, line)
    scope = Scope(f"{frame.scope.prefix}{name}.", line.taken, call)
    return replace(frame, scope=scope, sharing=frame.shared_call(name, line))


def _join_outputs(
    expansion: LineExpander, line: Line, label: str, outputs: list[int | None], frame: Frame
) -> int | None:
    """Join the outputs of the lists; None if one of them was refused."""
    reads = [node for node in outputs if node is not None]
    expansion.count_reads(line, len(outputs))
    try:
        if len(reads) < len(outputs):
            raise UnknownValue
        return expansion.assembly.add_node(
            line, label, read_layer(layer_type(line.join), {}, None), reads, frame
        )
    except (Misread, UnknownValue) as trouble:
        expansion.report_trouble(trouble, line)
    return None


def _read_times(expansion: LineExpander, line: Line, frame: Frame) -> int:
    """Read how many copies a dense structure has.

    Raises:
        Misread: it is no number, or there would be no copy.
    """
    at = line.arguments["times"]
    value = Reading(frame.env).evaluate_node(at)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        hint = "the number of copies; repeat: 0 leaves the line out"
        raise Misread(
            at.start,
            f"times must be a whole number of at least 1, but is {spell_value(value)}",
            hint,
        )
    return value


def _check_fit(
    expansion: LineExpander, line: Line, scope: Scope, ends: tuple[int | None, int | None]
) -> None:
    """Refuse a copy whose output cannot be concatenated with its input.

    Raises:
        Misread: the maps differ in size.
    """
    nodes = [expansion.builder.nodes[end] for end in ends if end is not None]
    if len(nodes) < len(ends):
        return  # one of them was refused, and has been told
    try:
        read_layer(layer_type(line.join), {}, None).infer_shape(
            tuple(node.output for node in nodes)
        )
    except Refused as refused:
        copy = scope.prefix.removesuffix(".")
        raise Misread(
            line.start, f"{copy}, what enters and what leaves: {refused.what}",
            "each copy of densely keeps the size of the map: padding: 1 does for kernel: 3",
        ) from None  # fmt: skip


LAYOUTS: Mapping[str, StructureLayout] = {
    "residual": lay_out_branches,
    "parallel": lay_out_branches,
    "densely": lay_out_densely,
    "sequence": lay_out_branches,
}
"""The layout of each structure, by its word."""
