"""Write receptive fields with their recurrence: one row per layer that changes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cnncost.shape import AXES
from cnncost.study.field_recurrence import count_painters, find_first_painter
from cnncost.views.page import Page, Results, Table

if TYPE_CHECKING:
    from fractions import Fraction

    from cnncost.network import Network
    from cnncost.shape import Window
    from cnncost.study.field_recurrence import FieldNumbers, FieldStep

TITLES = ("layer", "type", "receptive field", "jump", "start")

RULES = (
    "Field: field before + (kernel - 1) x dilation x jump before. Jump: jump before x stride. "
    "Start, the first input position that position 0 reads, from 0: start before - padding x jump "
    "before; below 0 it lies in padding. Position q is centred at start + q x jump + "
    "(field - 1) / 2."
)

TRANSPOSED = (
    "Transposed: an output lies under at most ceil(kernel / stride) inputs' windows, the first "
    "of them ceil((padding - kernel + 1) / stride); the jump is divided by the stride."
)

COUNTED = (
    "Numbers without a formula are counted position by position; where positions' fields differ, "
    "as behind an upsampling, the largest stands here."
)
UNKNOWN = "?: behind an operation of unknown meaning, or of a pattern too long to follow."
NORMS = "Norms' statistics are left out."


def field_results(network: Network, steps: Sequence[FieldStep]) -> Results:
    """Make the results of the recurrence."""
    return Results(
        page=lambda: Page([_build_field_table(network, steps)], network.name),
        records=lambda: _build_field_records(steps),
        data=lambda: _build_field_data(network, steps),
    )


def _build_field_table(network: Network, steps: Sequence[FieldStep]) -> Table:
    several = len(network.inputs) > 1
    apart = any(len(step.axes) < len(step.entry.output.extents) for step in steps if step.after)
    titles = [*TITLES, *(["input"] if several else []), *(["axis"] if apart else [])]
    rows = []
    for step in steps:
        cells = [step.node.name, step.node.layer.word, *_write_step(step)]
        cells += [step.entry.name] if several else []
        cells += [_axis_names(step)] if apart else []
        rows.append(cells)
    return Table(titles, rows, words=range(len(titles)), caption=_list_rules(network, steps))


def _list_rules(network: Network, steps: Sequence[FieldStep]) -> list[str]:
    lines = [RULES]
    windows = [step for step in steps if step.window]
    if any(step.node.layer.word == "conv_transpose" for step in windows):
        lines.append(TRANSPOSED)
    if any(map(_is_counted, steps)):
        lines.append(COUNTED)
    if any(step.after is None for step in steps):
        lines.append(UNKNOWN)
    if any(node.layer.word.endswith("norm") for node in network.layers):
        lines.append(NORMS)
    return lines


def _is_counted(step: FieldStep) -> bool:
    after = step.after
    return after is not None and after.jump is not None and after != step.expected and step.changes


def _write_step(step: FieldStep) -> tuple[str, str, str]:
    """Write field, jump and start, each with its formula where there is something to compute."""
    if step.after is None:
        return "?", "?", "?"
    if step.window:
        return _write_formulas(step, step.window)
    size = number_text(step.after.size)
    sizes = dict.fromkeys(number_text(one.size) for one in step.before)
    if len(sizes) > 1:
        size = f"{' and '.join(sizes)} united: {size}"
    elif step.after.jump is None and step.changes:
        size = f"all that the map reads: {size}"
    return size, number_text(step.after.jump), number_text(step.after.start)


def _write_formulas(step: FieldStep, window: Window) -> tuple[str, str, str]:
    """Write the formulas of a window; where one does not give the number, the number alone."""
    before = step.before[0]
    r, j, start = _write_numbers(before)
    if step.node.layer.word == "conv_transpose":
        formulas = _transposed_formulas(r, j, start, window)
    else:
        formulas = _window_formulas(r, j, start, window)
    pairs = zip(formulas, step.expected or (), step.after or (), strict=True)
    texts = [
        f"{formula} = {number_text(found)}" if formula and expected == found else number_text(found)
        for formula, expected, found in pairs
    ]
    return texts[0], texts[1], texts[2]


def _window_formulas(r: str, j: str, start: str, window: Window) -> tuple[str, str, str]:
    """Write field, jump and start; empty where a window changes nothing."""
    spread = f" x {window.dilation:,}" if window.dilation > 1 else ""
    return (
        f"{r} + ({window.kernel:,} - 1){spread} x {j}" if window.kernel > 1 else "",
        f"{j} x {window.stride:,}" if window.stride > 1 else "",
        f"{start} - {_in_brackets(window.before)} x {j}" if window.before else "",
    )


def _transposed_formulas(r: str, j: str, start: str, window: Window) -> tuple[str, str, str]:
    """Write the same of a transposed window."""
    first = find_first_painter(window)
    times = f"(ceil({window.kernel:,} / {window.stride:,}) - 1)"
    return (
        f"{r} + {times} x {j}" if count_painters(window) > 1 else "",
        f"{j} / {window.stride:,}" if window.stride > 1 else "",
        f"{start} + {_in_brackets(first)} x {j}" if first else "",
    )


def _write_numbers(numbers: FieldNumbers) -> tuple[str, str, str]:
    return number_text(numbers.size), number_text(numbers.jump), number_text(numbers.start)


def _in_brackets(number: int) -> str:
    return f"({number:,})" if number < 0 else f"{number:,}"


def number_text(number: Fraction | int | None) -> str:
    """Write a whole number with commas, a fraction as one, and - for None."""
    if number is None:
        return "-"
    return f"{number:,}" if isinstance(number, int) else str(number)


def _axis_names(step: FieldStep) -> str:
    names = AXES[len(step.entry.output.extents)]
    return ", ".join(names[axis] for axis in step.axes)


FIELDS = ("layer", "type", "input", "axes", "receptive_field", "jump", "start")


def _build_field_records(steps: Sequence[FieldStep]) -> Iterator[Sequence[object]]:
    yield FIELDS
    for step in steps:
        after = _write_numbers(step.after) if step.after else ("?",) * 3
        plain = [text.replace(",", "") for text in after]
        yield step.node.name, step.node.layer.word, step.entry.name, _axis_names(step), *plain


def _build_field_data(network: Network, steps: Sequence[FieldStep]) -> dict[str, object]:
    layers = []
    for step in steps:
        after = step.after
        layers.append(
            {
                "layer": step.node.name,
                "type": step.node.layer.word,
                "input": step.entry.name,
                "axes": [AXES[len(step.entry.output.extents)][axis] for axis in step.axes],
                "receptive_field": after and after.size,
                "jump": float(after.jump) if after and after.jump is not None else None,
                "start": after and after.start,
                "working": list(_write_step(step)),
            }
        )
    return {"schema_version": 1, "name": network.name, "layers": layers}
