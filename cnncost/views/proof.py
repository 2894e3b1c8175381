"""`verify`'s verdict as text and as JSON: each figure beside the measured one."""

from __future__ import annotations

import json
from collections.abc import Sequence

from cnncost.verify.difference import Line, Verdict

SAYS = {True: "ok", False: "DIFFERS", None: "not compared"}


def as_text(name: str, batch: int, verdict: Verdict) -> str:
    """The table, the shapes that differ, and how many differences there are."""
    header = ("quantity", "computed", "PyTorch", "")
    rows = [header, *(_row(line) for line in verdict.lines)]
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = [f"{name} in PyTorch, batch {batch}", ""]
    lines += [
        f"{row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:>{widths[2]}}  {row[3]}".rstrip()
        for row in rows
    ]
    for wrong in verdict.wrong_shapes:
        measured = _shape(wrong.measured) if wrong.measured else "nothing"
        lines.append(f"{wrong.layer}: {_shape(wrong.computed)}, in PyTorch {measured}")
    count = verdict.differences
    lines += ["", f"{count} difference{'' if count == 1 else 's'}"]
    if any(line.agrees is None and not line.note for line in verdict.lines):
        lines.append("not compared: a layer's memory rules are unknown, or nothing is trained")
    return "\n".join(lines) + "\n"


def as_json(name: str, batch: int, verdict: Verdict) -> str:
    """The same for machines."""
    lines = [
        {
            "quantity": line.quantity,
            "computed": line.computed,
            "measured": line.measured,
            "tolerance": float(line.tolerance),
            "agrees": line.agrees,
            "note": line.note or None,
        }
        for line in verdict.lines
    ]
    shapes = [
        {"layer": wrong.layer, "computed": wrong.computed, "measured": wrong.measured}
        for wrong in verdict.wrong_shapes
    ]
    found = {"schema_version": 1, "name": name, "batch": batch, "figures": lines}
    found |= {"wrong_shapes": shapes, "differences": verdict.differences}
    return json.dumps(found, indent=2) + "\n"


def _row(line: Line) -> tuple[str, str, str, str]:
    says = SAYS[line.agrees] + (f": {line.note}" if line.note else "")
    if line.agrees is not None and line.tolerance:
        assert line.computed is not None
        assert line.measured is not None
        away = (line.computed - line.measured) / line.measured
        slack = f" or {line.slack} bytes" if line.slack else ""
        says += f" ({away:+.4%}, {float(line.tolerance):.2%}{slack} allowed)"
    return line.quantity, _number(line.computed), _number(line.measured), says


def _number(value: int | None) -> str:
    return "?" if value is None else f"{value:,}"


def _shape(dims: Sequence[int]) -> str:
    return "x".join(map(str, dims))
