"""What a network's layers give for one example after another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

from cnncost.study.run.values import Map

if TYPE_CHECKING:
    from cnncost.network import Network
    from cnncost.study.run import Step
    from cnncost.study.run.values import Number

    Example = tuple[Mapping[str, Sequence[Number]], list[Step]]
    """Its inputs by name, and every layer's output."""

LONGEST = 10**15
"""Whole numbers from here on are written to six digits as well."""

HEADER = ("example", "layer", "type", "output_shape", "output")


def write(file: TextIO, network: Network, examples: Iterable[Example], form: str) -> None:
    """Write the examples, each as soon as it is there, in one of text, csv, json."""
    if form == "json":
        _write_json(file, network, examples)
    elif form == "csv":
        _write_csv(file, examples)
    else:
        for at, example in enumerate(examples):
            file.write("\n" if at else "")
            _write_text(file, network, *example)


def _write_text(
    file: TextIO,
    network: Network,
    inputs: Mapping[str, Sequence[Number]],
    steps: Sequence[Step],
) -> None:
    from cnncost.views.grid import Grid

    grid = Grid(("layer", "type", "output", "values"), numeric=(), title=(network.name, ""))
    given = ((x.name, Map(x.output, tuple(inputs[x.name]))) for x in network.inputs)
    entering = [(name, "", output) for name, output in given]
    made = [(step.node.name, step.node.layer.word, step.output) for step in steps]
    for name, word, output in (*entering, *made):
        first, *rest = _lines(output)
        grid.add(name, word, str(output.shape), first)
        for line in rest:
            grid.add("", "", "", line)
    grid.write(file, ["Exact, but for curves such as tanh; six digits are shown."])


def _lines(output: Map) -> list[str]:
    """A vector on one line; a map a line a channel, its rows parted by semicolons."""
    extents = output.shape.extents
    if not extents:
        return [", ".join(map(short, output.numbers))]
    width = extents[-1]
    return [
        "; ".join(
            ", ".join(map(short, channel[at : at + width])) for at in range(0, len(channel), width)
        )
        for channel in output.channels()
    ]


def short(number: Number) -> str:
    """A whole number as it is, another one to six digits."""
    if _whole(number) and -LONGEST < number < LONGEST:
        return str(int(number))
    return f"{float(number):.6g}"


def _whole(number: Number) -> bool:
    return not isinstance(number, float) and number == int(number)


def _plain(number: Number) -> int | float:
    """The number as JSON and CSV have it, to all of a float's digits."""
    if _whole(number):
        return int(number)
    return float(number)


def _write_csv(file: TextIO, examples: Iterable[Example]) -> None:
    import csv

    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(HEADER)
    for at, (_, steps) in enumerate(examples, start=1):
        for step in steps:
            numbers = " ".join(str(_plain(number)) for number in step.output.numbers)
            row = (at, step.node.name, step.node.layer.word, step.output.shape, numbers)
            writer.writerow(row)


def _write_json(file: TextIO, network: Network, examples: Iterable[Example]) -> None:
    import json

    found = [
        {
            "inputs": {name: [_plain(v) for v in values] for name, values in inputs.items()},
            "layers": [
                {
                    "layer": step.node.name,
                    "type": step.node.layer.word,
                    "output_shape": list(step.output.shape.dims),
                    "output": _nested(step.output.numbers, step.output.shape.dims),
                }
                for step in steps
            ],
        }
        for inputs, steps in examples
    ]
    document = {"schema_version": 1, "name": network.name, "examples": found}
    json.dump(document, file, indent=2)
    file.write("\n")


def _nested(numbers: Sequence[Number], dims: Sequence[int]) -> list[object]:
    """The numbers in lists of lists, as the shape has them."""
    if len(dims) == 1:
        return [_plain(number) for number in numbers]
    size = len(numbers) // dims[0]
    return [_nested(numbers[at : at + size], dims[1:]) for at in range(0, len(numbers), size)]
