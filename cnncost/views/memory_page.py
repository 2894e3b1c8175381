"""Write the memory report: the timeline as bars, its peak, and every quantity by name."""

from __future__ import annotations

from collections.abc import Sequence
from shutil import get_terminal_size
from typing import NamedTuple, TextIO

from cnncost.costs.memory import Embedded, Memory
from cnncost.costs.memory.memory_report import TimelineStep
from cnncost.costs.typed_bytes import count_typed_bytes, list_odd_weights
from cnncost.network import Network
from cnncost.number_types import INT8, NumberTypes
from cnncost.views.amounts import MEBI, as_mebibytes
from cnncost.views.page import Page, Results, Table

MOST = 60
"""The most steps of the timeline as text."""
MOST_ODD = 5
"""The most layers with weights of another type that are named."""
SMALLEST_BAR = 10
"""The least width of the longest bar."""
EAGER = "peak activations, inference (eager, as converted)"
"""Of the PyTorch file that convert writes; an import's source may hold its tensors longer or
shorter, which is not known to a spec."""


class MemoryFigure(NamedTuple):
    """One quantity of the report, in bytes."""

    label: str
    bytes: int
    exact: bool


def summary_figures(
    found: Memory, embedded: Embedded, types: NumberTypes | None = None
) -> list[MemoryFigure]:
    """List the quantities in the order of the report; `types` are those of the network's file."""
    word = (types or INT8).title
    known, complete = found.known, found.complete
    rows = [
        MemoryFigure("parameters", found.parameters, known),
        MemoryFigure("buffers", found.buffers, known),
        MemoryFigure("peak activations, inference (last use)", found.inference.bytes, complete),
        MemoryFigure(EAGER, found.inference_eager.bytes, complete),
    ]
    if found.saved is not None and found.training is not None:
        step = f"peak of a training step ({found.training.phase})"
        rows += [
            MemoryFigure("gradients", found.gradients, known),
            MemoryFigure("optimizer state", found.optimizer_state, known),
            MemoryFigure("saved for backward", found.saved.total, complete),
            MemoryFigure(step, found.training.bytes, complete),
        ]
    return [
        *rows,
        MemoryFigure(f"SRAM, {word}, batch 1", embedded.sram, known),
        MemoryFigure(f"SRAM, {word}, depthwise and add in place", embedded.sram_in_place, known),
        MemoryFigure(f"flash, {word}", embedded.flash, known),
    ]


def typed_figures(network: Network, *, known: bool) -> list[MemoryFigure]:
    """List the quantities in the types of the network's own numbers; none if nothing says them."""
    types = network.types
    if types is None:
        return []
    typed = count_typed_bytes(network, types)
    held = f"parameters, {types.weights} weights, {types.biases} biases"
    others = list_odd_weights(network)
    odd = [
        MemoryFigure(f"of these, weights of {one.layer}, {one.word}", one.bytes, known)
        for one in others[:MOST_ODD]
    ]
    if rest := others[MOST_ODD:]:
        held_there = sum(one.bytes for one in rest)
        odd.append(MemoryFigure(f"of these, {len(rest)} more such layers", held_there, known))
    return [
        MemoryFigure(held, typed.parameters, known),
        *odd,
        MemoryFigure(f"activations alive at once, {types.activations}", typed.sram, known),
    ]


class MemoryResults(NamedTuple):
    """A network's memory in one order of its layers."""

    steps: Sequence[TimelineStep]
    found: Memory
    embedded: Embedded
    rows: Sequence[MemoryFigure]
    """The quantities to show."""
    said: str
    """One line that says which network was measured, and at which scale."""
    scale: dict[str, object]
    """The same for JSON."""


def memory_results(measured: MemoryResults) -> Results:
    """Make the results: the timeline and the quantities."""
    return Results(
        page=lambda: _build_page(measured),
        records=lambda: [("layer", "type", "live_bytes"), *measured.steps],
        data=lambda: {
            "schema_version": 1,
            **measured.scale,
            **figures_by_key(measured.found, measured.embedded),
            "steps": [step._asdict() for step in measured.steps],
        },
        own={"table": lambda file: _write_bars(file, measured)},
    )


def _write_bars(file: TextIO, measured: MemoryResults) -> None:
    """Write the timeline as bars, the tensors alive at the peak, and the quantities."""
    steps, found = measured.steps, measured.found
    width = get_terminal_size((80, 24)).columns
    near = _near_the_peak(steps)
    hidden = len(steps) - len(near)
    names = max(len(step.name) for step in near)
    numbers = [as_mebibytes(step.live) for step in near]
    digits = max(map(len, numbers))
    room = max(SMALLEST_BAR, width - names - digits - 10)
    file.write(f"{measured.said}\n\n")
    marked = False
    for step, number in zip(near, numbers, strict=True):
        bar = _bar_character(file) * round(room * step.live / max(1, found.inference.bytes))
        peak = not marked and step.live == found.inference.bytes
        marked |= peak
        line = f"{step.name:<{names}}  {number:>{digits}}  {bar}{' peak' if peak else ''}"
        file.write(line.rstrip() + "\n")
    if hidden:
        file.write(f"and {hidden:,} more steps, away from the peak (--format csv has all)\n")
    file.write(f"\nalive at the peak, {found.inference.step}:\n")
    for tensor in found.inference.alive:
        file.write(f"  {as_mebibytes(tensor.bytes):>{digits}}  {tensor.name}\n")
    file.write("\n" + figure_lines(measured.rows))


def _near_the_peak(steps: Sequence[TimelineStep]) -> Sequence[TimelineStep]:
    """Return all steps or, if there are many, those around the first one of the peak."""
    if len(steps) <= MOST:
        return steps
    peak = max(range(len(steps)), key=lambda i: steps[i].live)
    start = min(max(0, peak - MOST // 2), len(steps) - MOST)
    return steps[start : start + MOST]


def figure_lines(rows: Sequence[MemoryFigure]) -> str:
    """Write the quantities as lines, in bytes and MiB."""
    labels = max(len(row.label) for row in rows)
    numbers = [f"{'' if row.exact else '>= '}{row.bytes:,} B" for row in rows]
    wide = max(map(len, numbers))
    lines = []
    for row, number in zip(rows, numbers, strict=True):
        short = f"  {as_mebibytes(row.bytes):>12}" if row.bytes >= MEBI / 10 else ""
        lines.append(f"{row.label:<{labels}}  {number:>{wide}}{short}\n")
    if not all(row.exact for row in rows):
        lines.append(">=: some layers' memory is unknown or not measured; a lower bound.\n")
    return "".join(lines)


def _bar_character(file: TextIO) -> str:
    encoding = (getattr(file, "encoding", None) or "utf-8").lower().replace("-", "")
    return "█" if encoding.startswith("utf") else "#"


def _build_page(measured: MemoryResults) -> Page:
    """Make the page: the steps and the quantities as two tables."""
    timeline = [(step.name, step.type, f"{step.live:,}") for step in measured.steps]
    amounts = [
        (
            row.label,
            f"{'' if row.exact else '>= '}{row.bytes:,}",
            as_mebibytes(row.bytes) if row.bytes >= MEBI / 10 else "",
        )
        for row in measured.rows
    ]
    tables = [
        Table(("layer", "type", "live bytes"), timeline, words=(0, 1)),
        Table(("quantity", "bytes", ""), amounts, caption=[f"{measured.said}."]),
    ]
    return Page(tables, str(measured.scale["name"]))


def figures_by_key(found: Memory, embedded: Embedded) -> dict[str, object]:
    """Return every quantity by its key, in exact bytes."""
    saved, training = found.saved, found.training
    return {
        "complete": found.complete,
        "parameters": found.parameters,
        "buffers": found.buffers,
        "gradients": found.gradients,
        "optimizer_state": found.optimizer_state,
        "inference": _peak_data(found, eager=False),
        "inference_eager": _peak_data(found, eager=True),
        "saved": None if saved is None else saved.total,
        "training": None if training is None else training._asdict(),
        "embedded": embedded._asdict(),
    }


def _peak_data(found: Memory, *, eager: bool) -> dict[str, object]:
    peak = found.inference_eager if eager else found.inference
    alive = [tensor._asdict() for tensor in peak.alive]
    return {"bytes": peak.bytes, "step": peak.step, "alive": alive}
