"""Write the outputs of a network's layers for one example after another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

from cnncost.study.run.number_map import Map
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

TITLES = ("layer", "type", "output", "values")

EXACT = "Exact, but for curves such as tanh; six digits are shown."


def evaluation_results(network: Network, examples: Iterable[Example]) -> Results:
    """Make the results of all examples; the terminal and csv show each once it is computed."""
    return Results(
        page=lambda: _build_page(network, examples),
        records=lambda: _build_records(examples),
        data=lambda: _build_data(network, examples),
        own={"table": lambda file: _write_each(file, network, examples)},
    )


def _write_each(file: TextIO, network: Network, examples: Iterable[Example]) -> None:
    from cnncost.views.grid import write_page

    for at, example in enumerate(examples):
        file.write("\n" if at else "")
        write_page(file, Page([_example_table(network, *example)], network.name))


def _build_page(network: Network, examples: Iterable[Example]) -> Page:
    return Page([_example_table(network, *example) for example in examples], network.name)


def _example_table(
    network: Network, inputs: Mapping[str, Sequence[Number]], steps: Sequence[EvaluationStep]
) -> Table:
    rows: list[Sequence[str]] = []
    entering = [(x.name, "", Map(x.output, tuple(inputs[x.name]))) for x in network.inputs]
    made = [(step.node.name, step.node.layer.word, step.output) for step in steps]
    for name, word, output in (*entering, *made):
        first, *rest = _output_lines(output)
        rows.append((name, word, str(output.shape), first))
        rows += [("", "", "", line) for line in rest]
    return Table(TITLES, rows, words=range(len(TITLES)), caption=[EXACT])


def _output_lines(output: Map) -> list[str]:
    """Write a vector on one line, a map on one line per channel with semicolons between rows."""
    extents = output.shape.extents
    if not extents:
        return [", ".join(map(short_number, output.numbers))]
    width = extents[-1]
    return [
        "; ".join(
            ", ".join(map(short_number, channel[at : at + width]))
            for at in range(0, len(channel), width)
        )
        for channel in output.split_channels()
    ]


def short_number(number: Number) -> str:
    """Write a whole number as it is, any other with six digits."""
    if _is_whole_number(number) and -LONGEST < number < LONGEST:
        return str(int(number))
    return f"{float(number):.6g}"


def _is_whole_number(number: Number) -> bool:
    return not isinstance(number, float) and number == int(number)


def _json_number(number: Number) -> int | float:
    """Return the number for JSON and CSV, with all digits of a float."""
    if _is_whole_number(number):
        return int(number)
    return float(number)


def _build_records(examples: Iterable[Example]) -> Iterator[Sequence[object]]:
    yield HEADER
    for at, (_, steps) in enumerate(examples, start=1):
        for step in steps:
            numbers = " ".join(str(_json_number(number)) for number in step.output.numbers)
            yield at, step.node.name, step.node.layer.word, step.output.shape, numbers


def _build_data(network: Network, examples: Iterable[Example]) -> dict[str, object]:
    found = [
        {
            "inputs": {name: [_json_number(v) for v in values] for name, values in inputs.items()},
            "layers": [
                {
                    "layer": step.node.name,
                    "type": step.node.layer.word,
                    "output_shape": list(step.output.shape.dims),
                    "output": _nest_numbers(step.output.numbers, step.output.shape.dims),
                }
                for step in steps
            ],
        }
        for inputs, steps in examples
    ]
    return {"schema_version": 1, "name": network.name, "examples": found}


def _nest_numbers(numbers: Sequence[Number], dims: Sequence[int]) -> list[object]:
    """Nest the numbers in lists of lists, according to the shape."""
    if len(dims) == 1:
        return [_json_number(number) for number in numbers]
    size = len(numbers) // dims[0]
    return [_nest_numbers(numbers[at : at + size], dims[1:]) for at in range(0, len(numbers), size)]
