"""Write the verdict of `verify`: each figure beside the measured one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TextIO

from cnncost.verify.difference import FigureLine, Verdict
from cnncost.views.page import Page, Remark, Results, Table, Title

SAYS = {True: "ok", False: "DIFFERS", None: "not compared"}


TITLES = ("quantity", "computed", "PyTorch", "")


def verification_results(name: str, batch: int, verdict: Verdict) -> Results:
    """Make the results of a verdict."""
    about = f"{name} in PyTorch, batch {batch}"
    return Results(
        page=lambda: _build_page(about, verdict),
        records=lambda: _build_records(verdict),
        data=lambda: _build_data(name, batch, verdict),
        own={"table": lambda file: _write_text(file, about, verdict)},
    )


def _write_text(file: TextIO, about: str, verdict: Verdict) -> None:
    rows = [TITLES, *map(_figure_row, verdict.lines)]
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = [about, ""]
    lines += [
        f"{row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:>{widths[2]}}  {row[3]}".rstrip()
        for row in rows
    ]
    wrong, summary = _wrong_shapes(verdict), _summary_lines(verdict)
    file.writelines(f"{line}\n" for line in (*lines, *wrong, "", *summary))


def _build_page(about: str, verdict: Verdict) -> Page:
    table = Table(TITLES, [_figure_row(line) for line in verdict.lines], words=(0, 3))
    said = (*_wrong_shapes(verdict), *_summary_lines(verdict))
    return Page([Title(about), table, *map(Remark, said)])


def _wrong_shapes(verdict: Verdict) -> list[str]:
    return [
        f"{wrong.layer}: {_shape_text(wrong.computed)}, in PyTorch "
        + (_shape_text(wrong.measured) if wrong.measured else "nothing")
        for wrong in verdict.wrong_shapes
    ]


def _summary_lines(verdict: Verdict) -> list[str]:
    """Say how many differences there are, and why some figures were not compared."""
    count = verdict.differences
    said = [f"{count} difference{'' if count == 1 else 's'}"]
    if any(line.agrees is None and not line.note for line in verdict.lines):
        said.append("not compared: a layer's memory rules are unknown, or nothing is trained")
    return said


def _figure_entries(verdict: Verdict) -> list[dict[str, object]]:
    return [
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


def _build_records(verdict: Verdict) -> Iterator[Sequence[object]]:
    yield "quantity", "computed", "measured", "tolerance", "agrees", "note"
    for figure in _figure_entries(verdict):
        yield [str(v).lower() if isinstance(v, bool) else v for v in figure.values()]
    for wrong in verdict.wrong_shapes:
        measured = _shape_text(wrong.measured) if wrong.measured else ""
        yield f"shape of {wrong.layer}", _shape_text(wrong.computed), measured, 0.0, "false", ""


def _build_data(name: str, batch: int, verdict: Verdict) -> dict[str, object]:
    return {
        "schema_version": 1,
        "name": name,
        "batch": batch,
        "figures": _figure_entries(verdict),
        "wrong_shapes": [
            {"layer": wrong.layer, "computed": wrong.computed, "measured": wrong.measured}
            for wrong in verdict.wrong_shapes
        ],
        "differences": verdict.differences,
    }


def _figure_row(line: FigureLine) -> tuple[str, str, str, str]:
    says = SAYS[line.agrees] + (f": {line.note}" if line.note else "")
    if line.agrees is not None and line.tolerance and line.deviation is not None:
        slack = f" or {line.slack} bytes" if line.slack else ""
        says += f" ({float(line.deviation):+.4%}, {float(line.tolerance):.2%}{slack} allowed)"
    return line.quantity, _number_text(line.computed), _number_text(line.measured), says


def _number_text(value: int | None) -> str:
    return "?" if value is None else f"{value:,}"


def _shape_text(dims: Sequence[int]) -> str:
    return "x".join(map(str, dims))
