"""The arena of TensorFlow Lite Micro: where its planner puts each buffer, and what it needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple

from cnncost.costs.memory.file_operators import list_file_operators
from cnncost.costs.memory.lite_operators import LiteGraph, list_operators
from cnncost.network import Network

ALIGNED = 16
"""Buffers begin at a multiple of so many bytes."""

TAIL_32_BITS, TAIL_64_BITS = (8, 215, 650), (8, 253, 666)
"""Bytes of the tail per channel of a convolution, per operator, and besides: on a microcontroller
and on a computer, fitted to what TensorFlow Lite Micro allocated for 19 files."""


class Buffer(NamedTuple):
    """Bytes that are needed from one step to another; a step is an operator's place."""

    name: str
    first: int
    last: int
    bytes: int
    """As they are allocated: a multiple of `ALIGNED`."""
    offset: int = 0
    """The address of the first byte."""

    @property
    def top(self) -> int:
        """The address behind the last byte."""
        return self.offset + self.bytes


class Arena(NamedTuple):
    """The memory that TensorFlow Lite Micro takes for a network, and where."""

    buffers: tuple[Buffer, ...]
    """The head's: inputs, one per operator, and scratch."""
    graph: LiteGraph
    """The operators, one per step."""
    head: int
    """Bytes that the planner needs for the buffers."""
    tail: int
    """Bytes of the interpreter's own data, about: it lies at the arena's end."""
    peak: int
    """The first step at which most is alive of those that need the head's last byte."""

    @property
    def total(self) -> int:
        return self.head + self.tail

    @property
    def complete(self) -> bool:
        """Whether all operators and buffers are known. If not, figures are lower bounds."""
        return self.graph.complete

    @property
    def binding(self) -> str:
        """The operator that runs at the peak; the input of a network that computes nothing."""
        steps = self.graph.operators
        return steps[self.peak].name if steps else self.buffers[0].name

    def sum_live_bytes(self) -> list[int]:
        """Add up the bytes that each step needs, wherever they lie."""
        return _sum_live_bytes(self.buffers, len(self.graph.operators))

    def list_alive(self, step: int) -> list[Buffer]:
        """List the buffers that a step needs, in the order of their addresses."""
        alive = [buffer for buffer in self.buffers if buffer.first <= step <= buffer.last]
        return sorted(alive, key=lambda buffer: buffer.offset)


def plan_arena(
    network: Network, *, scratch: bool = True, tail: Sequence[int] = TAIL_32_BITS
) -> Arena:
    """Plan the arena of a network, by its TensorFlow Lite file's own steps if it has one.

    Args:
        scratch: whether CMSIS-NN computes, whose kernels need buffers of their own; most of
            TensorFlow's plain kernels do without.
        tail: bytes of the tail, as in `TAIL_32_BITS`.
    """
    program = network.program
    graph = list_file_operators(network, program) if program else list_operators(network)
    buffers = place_greedily(_list_buffers(graph, scratch=scratch))
    head = max((buffer.top for buffer in buffers), default=0)
    steps = [step for b in buffers if b.top == head for step in range(b.first, b.last + 1)]
    live = _sum_live_bytes(buffers, len(graph.operators))
    per_channel, per_operator, besides = tail
    return Arena(
        buffers,
        graph,
        head,
        per_channel * graph.channels + per_operator * len(graph.operators) + besides,
        max(sorted(steps), key=lambda step: live[step]),
    )


def place_greedily(buffers: Sequence[Buffer]) -> tuple[Buffer, ...]:
    """Place buffers as TensorFlow Lite Micro's GreedyMemoryPlanner does.

    The largest comes first, of equal ones the last; each is put at the lowest address at which it
    fits between those that are placed already and that live at some time when it does.

    >>> wanted = [Buffer("a", 0, 1, 32), Buffer("b", 1, 2, 64), Buffer("c", 2, 3, 32)]
    >>> [buffer.offset for buffer in place_greedily(wanted)]
    [64, 0, 64]
    """
    order = sorted(range(len(buffers)), key=lambda place: (-buffers[place].bytes, -place))
    placed: list[list[Buffer]] = [[] for _ in range(1 + max(buffer.last for buffer in buffers))]
    """By the steps at which they live."""
    found = list(buffers)
    for place in order:
        wanted = buffers[place]
        steps = placed[wanted.first : wanted.last + 1]
        found[place] = wanted._replace(offset=_find_gap(wanted.bytes, chain.from_iterable(steps)))
        for lived in steps:
            lived.append(found[place])
    return tuple(found)


def _find_gap(size: int, others: Iterable[Buffer]) -> int:
    """Find the lowest address at which so many bytes are free of other buffers."""
    offset = 0
    for other in sorted(others, key=lambda buffer: buffer.offset):
        if other.offset - offset >= size:
            break
        offset = max(offset, other.top)
    return offset


def _list_buffers(graph: LiteGraph, *, scratch: bool) -> list[Buffer]:
    """List the buffers in the planner's order: inputs, outputs of operators, scratch."""
    lives = _find_lives(graph)
    sizes, names = list(graph.input_bytes), list(graph.inputs)
    for operator in graph.operators:
        sizes.append(operator.bytes)
        names.append(operator.name)
    first = [*(0 for _ in graph.inputs), *range(len(graph.operators))]
    order = [(step, place) for place, step in enumerate(first)]
    for step, operator in enumerate(graph.operators):
        for number, size in enumerate(operator.further, 2):
            order.append((step, len(sizes)))
            sizes.append(size)
            names.append(f"{operator.name} ({number})")
    found = [
        _make_buffer(names[place], step, lives[place], sizes[place])
        for step, place in [*order[: len(graph.inputs)], *sorted(order[len(graph.inputs) :])]
    ]
    for step, operator in enumerate(graph.operators):
        size = operator.scratch if scratch else operator.plain_scratch
        if size:
            found.append(_make_buffer(f"{operator.name} (scratch)", step, step, size))
    return found


def _make_buffer(name: str, first: int, last: int, size: int) -> Buffer:
    return Buffer(name, first, last, -(-size // ALIGNED) * ALIGNED)


def _find_lives(graph: LiteGraph) -> list[int]:
    """Find the last step that needs each buffer, in the order of `LiteGraph.kept`."""
    end = max(0, len(graph.operators) - 1)
    last = [*(0 for _ in graph.inputs), *range(len(graph.operators))]
    for step, operator in enumerate(graph.operators):
        last += [step] * len(operator.further)
    for step, operator in enumerate(graph.operators):
        for i in operator.reads:
            last[i] = max(last[i], step)
    for i in graph.outputs:
        last[i] = end
    return last


def _sum_live_bytes(buffers: Sequence[Buffer], steps: int) -> list[int]:
    """Add up the bytes that each step needs, wherever they lie."""
    change = [0] * (max(1, steps) + 1)
    for buffer in buffers:
        change[buffer.first] += buffer.bytes
        change[buffer.last + 1] -= buffer.bytes
    live = 0
    return [live := live + more for more in change[:-1]]
