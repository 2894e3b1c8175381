"""The memory report: the timeline as bars, its peak, and every quantity under its name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from cnncost.costs.memory import Embedded, Memory
from cnncost.costs.memory.timeline import Step

MEBI = 2**20
SMALLEST_BAR = 10
"""Columns of the longest bar, at least."""


def mebibytes(count: int) -> str:
    """Bytes as MiB with two decimals; what would show as less than 0.1 MiB in bytes."""
    return f"{count / MEBI:,.2f} MiB" if count >= MEBI / 10 or not count else f"{count:,} B"


def summary(found: Memory, embedded: Embedded) -> list[tuple[str, int]]:
    """The quantities in the order of the report, in bytes."""
    rows = [
        ("parameters", found.parameters),
        ("buffers", found.buffers),
        ("peak activations, inference (last use)", found.inference.bytes),
        ("peak activations, inference (eager)", found.inference_eager.bytes),
    ]
    if found.saved is not None and found.training is not None:
        rows += [
            ("gradients", found.gradients),
            ("optimizer state", found.optimizer_state),
            ("saved for backward", found.saved.total),
            (f"peak of a training step ({found.training.phase})", found.training.bytes),
        ]
    return [
        *rows,
        ("SRAM, int8, batch 1", embedded.sram),
        ("SRAM, int8, depthwise and add in place", embedded.sram_in_place),
        ("flash, int8", embedded.flash),
    ]


def write_text(
    file: TextIO,
    steps: Sequence[Step],
    found: Memory,
    rows: Sequence[tuple[str, int]],
    *,
    said: str,
    width: int,
) -> None:
    """Write the bars in `width` columns, the tensors alive at the peak, and the summary."""
    names = max(len(step.name) for step in steps)
    numbers = [mebibytes(step.live) for step in steps]
    digits = max(map(len, numbers))
    room = max(SMALLEST_BAR, width - names - digits - 10)
    file.write(f"{said}\n\n")
    marked = False
    for step, number in zip(steps, numbers, strict=True):
        bar = _block(file) * round(room * step.live / max(1, found.inference.bytes))
        peak = not marked and step.live == found.inference.bytes
        marked |= peak
        line = f"{step.name:<{names}}  {number:>{digits}}  {bar}{' peak' if peak else ''}"
        file.write(line.rstrip() + "\n")
    file.write(f"\nalive at the peak, {found.inference.step}:\n")
    for tensor in found.inference.alive:
        file.write(f"  {mebibytes(tensor.bytes):>{digits}}  {tensor.name}\n")
    least = "" if found.complete else ">= "
    labels = max(len(label) for label, _ in rows)
    file.write("\n")
    figures = [least + mebibytes(count) for _, count in rows]
    wide = max(map(len, figures))
    for (label, _), figure in zip(rows, figures, strict=True):
        file.write(f"{label:<{labels}}  {figure:>{wide}}\n")
    if not found.complete:
        file.write(">=: some layers' memory is unknown or not measured; a lower bound.\n")


def _block(file: TextIO) -> str:
    encoding = (getattr(file, "encoding", None) or "utf-8").lower().replace("-", "")
    return "█" if encoding.startswith("utf") else "#"


def write_csv(file: TextIO, steps: Sequence[Step]) -> None:
    """Write a row a step; bytes exact."""
    import csv

    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(("layer", "type", "live_bytes"))
    writer.writerows(steps)


def write_json(
    file: TextIO,
    steps: Sequence[Step],
    found: Memory,
    embedded: Embedded,
    convention: dict[str, object],
) -> None:
    """Write everything; bytes exact."""
    import json

    saved, training = found.saved, found.training
    data = {
        "schema_version": 1,
        **convention,
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
        "steps": [step._asdict() for step in steps],
    }
    json.dump(data, file, indent=2)
    file.write("\n")


def _peak(found: Memory, *, eager: bool) -> dict[str, object]:
    peak = found.inference_eager if eager else found.inference
    alive = [tensor._asdict() for tensor in peak.alive]
    return {"bytes": peak.bytes, "step": peak.step, "alive": alive}
