"""The memory report: the timeline as bars, its peak, and every quantity under its name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TextIO

from cnncost.costs.memory import Embedded, Memory
from cnncost.costs.memory.timeline import Step
from cnncost.views.amounts import MEBI, mebibytes

MOST = 60
"""Steps of the timeline as text."""
SMALLEST_BAR = 10
"""Columns of the longest bar, at least."""


class Figure(NamedTuple):
    """One quantity of the report, in bytes."""

    label: str
    bytes: int
    exact: bool


def summary(found: Memory, embedded: Embedded) -> list[Figure]:
    """The quantities in the order of the report."""
    known, complete = found.known, found.complete
    rows = [
        Figure("parameters", found.parameters, known),
        Figure("buffers", found.buffers, known),
        Figure("peak activations, inference (last use)", found.inference.bytes, complete),
        Figure("peak activations, inference (eager)", found.inference_eager.bytes, complete),
    ]
    if found.saved is not None and found.training is not None:
        step = f"peak of a training step ({found.training.phase})"
        rows += [
            Figure("gradients", found.gradients, known),
            Figure("optimizer state", found.optimizer_state, known),
            Figure("saved for backward", found.saved.total, complete),
            Figure(step, found.training.bytes, complete),
        ]
    return [
        *rows,
        Figure("SRAM, int8, batch 1", embedded.sram, known),
        Figure("SRAM, int8, depthwise and add in place", embedded.sram_in_place, known),
        Figure("flash, int8", embedded.flash, known),
    ]


def write_text(
    file: TextIO,
    steps: Sequence[Step],
    found: Memory,
    rows: Sequence[Figure],
    *,
    said: str,
    width: int,
) -> None:
    """Write the bars in `width` columns, the tensors alive at the peak, and the summary."""
    near = _near_the_peak(steps)
    hidden = len(steps) - len(near)
    names = max(len(step.name) for step in near)
    numbers = [mebibytes(step.live) for step in near]
    digits = max(map(len, numbers))
    room = max(SMALLEST_BAR, width - names - digits - 10)
    file.write(f"{said}\n\n")
    marked = False
    for step, number in zip(near, numbers, strict=True):
        bar = _block(file) * round(room * step.live / max(1, found.inference.bytes))
        peak = not marked and step.live == found.inference.bytes
        marked |= peak
        line = f"{step.name:<{names}}  {number:>{digits}}  {bar}{' peak' if peak else ''}"
        file.write(line.rstrip() + "\n")
    if hidden:
        file.write(f"and {hidden:,} more steps, away from the peak (--format csv has all)\n")
    file.write(f"\nalive at the peak, {found.inference.step}:\n")
    for tensor in found.inference.alive:
        file.write(f"  {mebibytes(tensor.bytes):>{digits}}  {tensor.name}\n")
    file.write("\n" + figure_lines(rows))


def _near_the_peak(steps: Sequence[Step]) -> Sequence[Step]:
    """All steps, or where they are many those around the first of the most live bytes."""
    if len(steps) <= MOST:
        return steps
    peak = max(range(len(steps)), key=lambda i: steps[i].live)
    start = min(max(0, peak - MOST // 2), len(steps) - MOST)
    return steps[start : start + MOST]


def figure_lines(rows: Sequence[Figure]) -> str:
    """The quantities one under another, in bytes and MiB."""
    labels = max(len(row.label) for row in rows)
    numbers = [f"{'' if row.exact else '>= '}{row.bytes:,} B" for row in rows]
    wide = max(map(len, numbers))
    lines = []
    for row, number in zip(rows, numbers, strict=True):
        short = f"  {mebibytes(row.bytes):>12}" if row.bytes >= MEBI / 10 else ""
        lines.append(f"{row.label:<{labels}}  {number:>{wide}}{short}\n")
    if not all(row.exact for row in rows):
        lines.append(">=: some layers' memory is unknown or not measured; a lower bound.\n")
    return "".join(lines)


def _block(file: TextIO) -> str:
    encoding = (getattr(file, "encoding", None) or "utf-8").lower().replace("-", "")
    return "█" if encoding.startswith("utf") else "#"


HEADER = ("layer", "type", "live_bytes")


def write_separated(file: TextIO, steps: Sequence[Step], separator: str) -> None:
    """Write a row a step as csv or tsv; bytes exact."""
    import csv

    writer = csv.writer(file, delimiter=separator, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(steps)


def write_markdown(
    file: TextIO, steps: Sequence[Step], rows: Sequence[Figure], *, said: str
) -> None:
    """Write the steps and the quantities as two Markdown tables."""
    lines = ["| layer | type | live bytes |", "| --- | --- | ---: |"]
    lines += [f"| {step.name} | {step.type} | {step.live:,} |" for step in steps]
    lines += ["", "| quantity | bytes | |", "| --- | ---: | ---: |"]
    lines += [f"| {label} | {number} | {short} |" for label, number, short in _figures(rows)]
    file.write("\n".join([*lines, "", f"{said}.\n"]))


def write_latex(file: TextIO, steps: Sequence[Step], rows: Sequence[Figure], *, said: str) -> None:
    """Write the steps and the quantities as two LaTeX tables; needs the package booktabs."""
    from cnncost.views.latex import environment, escape

    timeline = [("layer", "type", "live bytes")]
    timeline += [(escape(step.name), escape(step.type), f"{step.live:,}") for step in steps]
    amounts = [("quantity", "bytes", "")]
    amounts += [(escape(label), escape(number), short) for label, number, short in _figures(rows)]
    file.write(environment([("llr", timeline), ("lrr", amounts)], f"{said}."))


def _figures(rows: Sequence[Figure]) -> list[tuple[str, str, str]]:
    return [
        (
            row.label,
            f"{'' if row.exact else '>= '}{row.bytes:,}",
            mebibytes(row.bytes) if row.bytes >= MEBI / 10 else "",
        )
        for row in rows
    ]


def write_json(
    file: TextIO,
    steps: Sequence[Step],
    found: Memory,
    embedded: Embedded,
    convention: dict[str, object],
) -> None:
    """Write everything; bytes exact."""
    import json

    data = {
        "schema_version": 1,
        **convention,
        **figures(found, embedded),
        "steps": [step._asdict() for step in steps],
    }
    json.dump(data, file, indent=2)
    file.write("\n")


def figures(found: Memory, embedded: Embedded) -> dict[str, object]:
    """Every quantity by its key; bytes exact."""
    saved, training = found.saved, found.training
    return {
        "complete": found.complete,
        "parameters": found.parameters,
        "buffers": found.buffers,
        "gradients": found.gradients,
        "optimizer_state": found.optimizer_state,
        "inference": _peak(found, eager=False),
        "inference_eager": _peak(found, eager=True),
        "saved": None if saved is None else saved.total,
        "training": None if training is None else training._asdict(),
        "embedded": embedded._asdict(),
    }


def _peak(found: Memory, *, eager: bool) -> dict[str, object]:
    peak = found.inference_eager if eager else found.inference
    alive = [tensor._asdict() for tensor in peak.alive]
    return {"bytes": peak.bytes, "step": peak.step, "alive": alive}
