"""Write an arena: one line per operator, with the map of what lies where while it runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from shutil import get_terminal_size
from typing import NamedTuple, TextIO

from cnncost.costs.memory import Embedded
from cnncost.costs.memory.arena import Arena, Buffer
from cnncost.costs.memory.embedded import find_types, lives_embedded
from cnncost.network import Network
from cnncost.views.amounts import KIBI, as_kibibytes
from cnncost.views.page import Page, Results, Table

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
"""What stands for a buffer in the map, one after another; scratch is `+`, a gap is `.`."""

LEAST_MAP, MOST_MAP = 12, 96
"""The fewest and the most characters of the map."""

MOST_STEPS = 60
"""The most lines of the map; the steps nearest to the peak."""

RECORD = ("operator", "type", "fused", "live_bytes", "lower_bound", "in_place", "top")


class ArenaStep(NamedTuple):
    """One operator: what is alive while it runs, in bytes."""

    operator: str
    type: str
    """The layer's type."""
    fused: tuple[str, ...]
    """The layers that are part of it."""
    live_bytes: int
    """Buffers of the arena."""
    lower_bound: int
    """What a perfect planner needs."""
    in_place: int
    """What it needs if depthwise convolutions and additions write over their inputs."""
    top: int
    """The address behind the last byte that is alive."""


def list_steps(network: Network, arena: Arena) -> list[ArenaStep]:
    """List the steps of an arena, one per operator."""
    bounds = [lives_embedded(network, in_place=word).sum_live_bytes() for word in (False, True)]
    live, first = arena.sum_live_bytes(), len(arena.graph.inputs)
    tops = [0] * len(live)
    for buffer in arena.buffers:
        for step in range(buffer.first, buffer.last + 1):
            tops[step] = max(tops[step], buffer.top)
    fused: dict[int, list[str]] = {}
    for name, place in arena.graph.fused:
        fused.setdefault(place - first, []).append(name)
    found = []
    for step, operator in enumerate(arena.graph.operators):
        layer = network.nodes[operator.node].layer
        apart, over = (bound[operator.node] for bound in bounds)
        found.append(
            ArenaStep(
                operator.name,
                layer.word if layer else "input",
                tuple(fused.get(step, ())),
                live[step],
                apart,
                over,
                tops[step],
            )
        )
    return found


def arena_results(network: Network, arena: Arena, embedded: Embedded) -> Results:
    """Make the results of a network's arena."""
    steps = list_steps(network, arena)
    return Results(
        page=lambda: _build_page(network, arena, embedded, steps),
        records=lambda: _build_records(steps),
        data=lambda: {
            "schema_version": 1,
            "name": network.name,
            "dtype": find_types(network).title,
            "complete": arena.complete,
            "embedded": embedded._asdict(),
            "head": arena.head,
            "tail": arena.tail,
            "arena": arena.total,
            "binding_operator": arena.binding,
            "steps": [step._asdict() for step in steps],
            "buffers": [buffer._asdict() for buffer in arena.buffers],
        },
        own={"table": lambda file: _write_map(file, network, arena, embedded)},
    )


def _build_records(steps: Sequence[ArenaStep]) -> Iterator[Sequence[object]]:
    yield RECORD
    for step in steps:
        yield [*step[:2], " ".join(step.fused), *step[3:]]


def _build_page(
    network: Network, arena: Arena, embedded: Embedded, steps: Sequence[ArenaStep]
) -> Page:
    """Make the page of formats without a map: steps, and buffers with their addresses."""
    timeline = [
        (step.operator, ", ".join(step.fused), *(f"{count:,}" for count in step[3:]))
        for step in steps
    ]
    titles = ("operator", "fused with it", "live bytes", "lower bound", "in place", "top")
    buffers = [
        (b.name, *(f"{n:,}" for n in (b.first, b.last, b.bytes, b.offset))) for b in arena.buffers
    ]
    tables = [
        Table(titles, timeline, words=(0, 1), caption=_summary_lines(arena, embedded)),
        Table(("buffer", "first step", "last step", "bytes", "address"), buffers),
    ]
    return Page(tables, network.name)


def _summary_lines(arena: Arena, embedded: Embedded) -> list[str]:
    bound = "" if arena.complete else ">= "
    known = "" if arena.graph.known else ">= "
    apart, over = (as_kibibytes(n) for n in (embedded.sram, embedded.sram_in_place))
    lines = [
        f"Lower bound {known}{apart}; with depthwise and add in place {known}{over}.",
        f"TensorFlow Lite Micro: head {bound}{as_kibibytes(arena.head)}, where {arena.binding} "
        f"binds; tail {as_kibibytes(arena.tail)}; arena {bound}{as_kibibytes(arena.total)}.",
    ]
    if not arena.complete:
        lines.append(">=: some layers are no single operator there, or unknown; a lower bound.")
    return lines


def _write_map(file: TextIO, network: Network, arena: Arena, embedded: Embedded) -> None:
    """Write one line per operator: its figures in KiB, and the buffers that are alive, from address
    0 to the head's end."""
    steps = list_steps(network, arena)
    near = _choose_near(len(steps), arena.peak)
    width = get_terminal_size((80, 24)).columns
    rows = [_figure_cells(steps[at]) for at in near]
    whole = [_name_step(steps[at], whole=True) for at in near]
    left = _align_cells(whole, rows)
    if len(left[0]) + LEAST_MAP + 9 > width:
        left = _align_cells([_name_step(steps[at], whole=False) for at in near], rows)
    room = min(MOST_MAP, max(LEAST_MAP, width - len(left[0]) - 9))
    title = f"{network.name}: {find_types(network).title}, one example, in KiB; addresses across"
    _write_wrapped(file, width, [title])
    file.write(f"\n{left[0]}  0{as_kibibytes(arena.head):>{room + 1}}\n")
    for at, line in zip(near, left[1:], strict=True):
        peak = " peak" if at == arena.peak else ""
        file.write(f"{line}  |{_draw_step(arena, at, room)}|{peak}\n")
    if len(near) < len(steps):
        hidden = len(steps) - len(near)
        file.write(f"and {hidden:,} more operators, away from the peak (--format csv has all)\n")
    file.write("\n")
    _write_wrapped(file, width, [*_legend_lines(arena), *_summary_lines(arena, embedded)])


def _figure_cells(step: ArenaStep) -> list[str]:
    return [f"{n / KIBI:,.1f}" for n in (step.lower_bound, step.in_place, step.top)]


def _align_cells(names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Make the left part of the lines, their titles first."""
    cells = [["operator", *names]]
    titles = ("bound", "in place", "arena")
    cells += [[title, *column] for title, *column in zip(titles, *rows, strict=True)]
    wide = [max(map(len, column)) for column in cells]
    lines = zip(*cells, strict=True)
    return [
        "  ".join([first.ljust(wide[0]), *map(str.rjust, rest, wide[1:])]) for first, *rest in lines
    ]


def _write_wrapped(file: TextIO, width: int, texts: Sequence[str]) -> None:
    from textwrap import fill

    for text in texts:
        file.write(f"{fill(text, max(40, width))}\n")


def _legend_lines(arena: Arena) -> list[str]:
    """Name what is alive at the peak, and say what the other signs are."""
    alive = [(_sign(arena, buffer), buffer) for buffer in arena.list_alive(arena.peak)]
    names = [f"{sign} {buffer.name} {as_kibibytes(buffer.bytes)}" for sign, buffer in alive]
    return [
        f"At the peak: {', '.join(names)}.",
        "Each letter is a buffer, '+' scratch of CMSIS-NN, '.' free. Bound: alive at least, with a "
        "perfect planner; in place: the same if depthwise and add write over their inputs; arena: "
        "the end of what is used.",
    ]


def _name_step(step: ArenaStep, *, whole: bool) -> str:
    """Name an operator, with the layers that are part of it, or how many they are."""
    if not step.fused:
        return step.operator
    if not whole:
        return f"{step.operator} +{len(step.fused)}"
    return " + ".join([step.operator, *(name.rpartition(".")[2] for name in step.fused)])


def _choose_near(steps: int, peak: int) -> range:
    """Choose all steps or, if there are many, those around the peak."""
    start = min(max(0, peak - MOST_STEPS // 2), max(0, steps - MOST_STEPS))
    return range(start, min(steps, start + MOST_STEPS))


def _sign(arena: Arena, buffer: Buffer) -> str:
    place = arena.buffers.index(buffer)
    return "+" if place >= arena.graph.kept else LETTERS[place % len(LETTERS)]


def _draw_step(arena: Arena, step: int, room: int) -> str:
    """Draw what is alive at a step, each buffer with one character at least."""
    cells = ["."] * room
    for buffer in arena.list_alive(step):
        start = min(room - 1, buffer.offset * room // arena.head)
        end = max(start + 1, -(-buffer.top * room // arena.head))
        cells[start:end] = _sign(arena, buffer) * (min(end, room) - start)
    return "".join(cells[:room])
