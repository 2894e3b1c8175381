"""Write the outputs of a network's layers for one example after another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple, TextIO

from cnncost.study.run.evaluation_rules import STAGED_RULES
from cnncost.study.run.number_map import Map
from cnncost.study.run.unit_working import write_working
from cnncost.views.page import Page, Results, Table

if TYPE_CHECKING:
    from cnncost.network import Network
    from cnncost.study.run import EvaluationStep
    from cnncost.study.run.number_map import Number

    Example = tuple[Mapping[str, Sequence[Number]], list[EvaluationStep]]
    """Its inputs by name, and every layer's output."""

LONGEST = 10**15
"""Whole numbers from here on are written with six digits, as others are."""

HEADER = ("example", "layer", "type", "output_shape", "output")

WORKING = "working"
"""The column and the key of what --working adds."""

TITLES = ("layer", "type", "output", "values")

EXACT = "Exact, but for curves such as tanh; six digits are shown."

FRACTIONS = "Exact fractions."

NOT_RATIONAL = "Numbers of curves such as tanh are not rational: six digits are shown."

UNITS = "Units count from 1: channel, row, column."

STAGES = "Numbers on the way to a layer's units have the letters of explain --backward."


class EvaluationStyle(NamedTuple):
    """What is shown of an evaluation."""

    working: bool = False
    """Every unit's products and sums."""
    fractions: bool = False
    """Exact fractions, where numbers are rational."""

    def write_number(self, number: Number) -> str:
        """Write a number as people read it."""
        if self.fractions and not isinstance(number, float):
            return str(number)
        return short_number(number)

    def convert_number(self, number: Number) -> int | float | str:
        """Return a number for JSON and CSV; an exact fraction is a text."""
        if self.fractions and isinstance(number, Fraction) and not _is_whole_number(number):
            return str(number)
        return _json_number(number)


def evaluation_results(
    network: Network, examples: Iterable[Example], style: EvaluationStyle
) -> Results:
    """Make the results of all examples; the terminal and csv show each once it is computed."""
    return Results(
        page=lambda: Page(
            [block for example in examples for block in _build_blocks(network, example, style)],
            network.name,
        ),
        records=lambda: _build_records(examples, style),
        data=lambda: _build_data(network, examples, style),
        own={"table": lambda file: _write_each(file, network, examples, style)},
    )


def _write_each(
    file: TextIO, network: Network, examples: Iterable[Example], style: EvaluationStyle
) -> None:
    from cnncost.views.grid import write_page

    for at, example in enumerate(examples):
        file.write("\n" if at else "")
        write_page(file, Page(_build_blocks(network, example, style), network.name))


def _build_blocks(network: Network, example: Example, style: EvaluationStyle) -> list[Table]:
    """Make the table of layers, and that of the working if it is shown."""
    inputs, steps = example
    return [
        _example_table(network, inputs, steps, style),
        *([_working_table(steps, style)] if style.working else []),
    ]


def _example_table(
    network: Network,
    inputs: Mapping[str, Sequence[Number]],
    steps: Sequence[EvaluationStep],
    style: EvaluationStyle,
) -> Table:
    rows: list[Sequence[str]] = []
    entering = [(x.name, "", Map(x.output, tuple(inputs[x.name]))) for x in network.inputs]
    made = [(step.node.name, step.node.layer.word, step.output) for step in steps]
    for name, word, output in (*entering, *made):
        first, *rest = _output_lines(output, style)
        rows.append((name, word, str(output.shape), first))
        rows += [("", "", "", line) for line in rest]
    caption = [EXACT]
    if style.fractions:
        rational = not any(isinstance(v, float) for step in steps for v in step.output.numbers)
        caption = [FRACTIONS if rational else NOT_RATIONAL]
    return Table(TITLES, rows, words=range(len(TITLES)), caption=caption)


def _working_table(steps: Sequence[EvaluationStep], style: EvaluationStyle) -> Table:
    rows = [
        (line.label(step.node.name), line.text)
        for step in steps
        for line in write_working(step, style.write_number)
    ]
    staged = any(step.node.layer.word in STAGED_RULES for step in steps)
    caption = [UNITS, STAGES] if staged else [UNITS]
    return Table(("unit", WORKING), rows, words=(0, 1), caption=caption)


def _output_lines(output: Map, style: EvaluationStyle) -> list[str]:
    """Write a vector on one line, a map on one line per channel with semicolons between rows."""
    extents = output.shape.extents
    if not extents:
        return [", ".join(map(style.write_number, output.numbers))]
    width = extents[-1]
    return [
        "; ".join(
            ", ".join(map(style.write_number, channel[at : at + width]))
            for at in range(0, len(channel), width)
        )
        for channel in output.split_channels()
    ]


def short_number(number: Number) -> str:
    """Write a whole number as it is, any other with six digits; zero has no sign."""
    if _is_whole_number(number) and -LONGEST < number < LONGEST:
        return str(int(number))
    return f"{float(number) or 0:.6g}"


def _is_whole_number(number: Number) -> bool:
    return not isinstance(number, float) and number == int(number)


def _json_number(number: Number) -> int | float:
    """Return the number for JSON and CSV, with all digits of a float."""
    if _is_whole_number(number):
        return int(number)
    return float(number)


def _build_records(
    examples: Iterable[Example], style: EvaluationStyle
) -> Iterator[Sequence[object]]:
    yield (*HEADER, WORKING) if style.working else HEADER
    for at, (_, steps) in enumerate(examples, start=1):
        for step in steps:
            numbers = " ".join(str(style.convert_number(number)) for number in step.output.numbers)
            record = (at, step.node.name, step.node.layer.word, step.output.shape, numbers)
            lines = _list_working(step, style) if style.working else []
            yield (*record, "; ".join(lines)) if style.working else record


def _build_data(
    network: Network, examples: Iterable[Example], style: EvaluationStyle
) -> dict[str, object]:
    found = [
        {
            "inputs": {
                name: [style.convert_number(v) for v in values] for name, values in inputs.items()
            },
            "layers": [_layer_data(step, style) for step in steps],
        }
        for inputs, steps in examples
    ]
    return {"schema_version": 1, "name": network.name, "examples": found}


def _layer_data(step: EvaluationStep, style: EvaluationStyle) -> dict[str, object]:
    dims = step.output.shape.dims
    found: dict[str, object] = {
        "layer": step.node.name,
        "type": step.node.layer.word,
        "output_shape": list(dims),
        "output": _nest_numbers(step.output.numbers, dims, style),
    }
    if style.working:
        found[WORKING] = _list_working(step, style)
    return found


def _list_working(step: EvaluationStep, style: EvaluationStyle) -> list[str]:
    """List the working of a layer's numbers; those on the way to its units have names."""
    name = step.node.name
    lines = write_working(step, style.write_number)
    staged = any(line.symbol for line in lines)
    return [f"{line.label(name)}: {line.text}" if staged else line.text for line in lines]


def _nest_numbers(
    numbers: Sequence[Number], dims: Sequence[int], style: EvaluationStyle
) -> list[object]:
    """Nest the numbers in lists of lists, according to the shape."""
    if len(dims) == 1:
        return [style.convert_number(number) for number in numbers]
    size = len(numbers) // dims[0]
    return [
        _nest_numbers(numbers[at : at + size], dims[1:], style)
        for at in range(0, len(numbers), size)
    ]
