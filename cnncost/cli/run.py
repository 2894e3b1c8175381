"""`cnncost run`: evaluate a small network that carries its numbers."""

import re
import sys
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Annotated

import typer

from cnncost.cli import arch_reader, options
from cnncost.cli.output import open_destination, refuse_existing
from cnncost.errors import CnncostError
from cnncost.language import Spec
from cnncost.quantity import parse_number

app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)

LONGEST_LINE = 10 * 2**20
"""The most characters of a line with an example's values."""

FRACTION = re.compile(r"([+-]?[0-9]{1,300})/([0-9]{1,300})")

Number = int | Fraction
Values = dict[str, list[Number]]


EPILOG = """[bold]Examples[/bold]

cnncost run minmax 3,-1

cnncost run minmax 3,-1 --working --fractions

printf '3,-1\\n-2.5,7\\n' | cnncost run minmax - --format csv

cnncost run twin.yaml left=1,2 right=3,4"""


@app.command(
    rich_help_panel="Measure and convert",
    epilog=EPILOG,
    no_args_is_help=True,
    context_settings={"ignore_unknown_options": True},  # -1,3 is no option
)
def run(
    arch: options.Arch,
    values: Annotated[
        list[str],
        typer.Argument(
            metavar="VALUES",
            help="The input's units, as 3,-1, channel by channel; with several inputs NAME=3,-1 "
            "for each; - reads a line an example from standard input.",
            show_default=False,
        ),
    ],
    *,
    form: options.Form = "table",
    output: options.Output = "-",
    force: options.Force = False,
    working: Annotated[
        bool, typer.Option("--working", help="Write out every unit's products and sums.")
    ] = False,
    fractions: Annotated[
        bool, typer.Option("--fractions", help="Show exact fractions where numbers are rational.")
    ] = False,
    settings: options.Set = None,
) -> None:
    """Evaluate a small network that carries its numbers, and print every layer's output.

    Layers carry them in the spec: values: {weights: [[...], ...], bias: [...]}, one row per
    unit; the other tensors, as weight_ih_l0, have PyTorch's names. Whole numbers and decimals
    are exact. A recurrent layer starts from states of zero; a norm adds 0.00001 to the variance.
    """
    from cnncost.study.run import check_runnable
    from cnncost.study.run import run_network as evaluate
    from cnncost.study.run.unit_working import refuse_long_working
    from cnncost.views.evaluation_page import EvaluationStyle, evaluation_results
    from cnncost.views.page_writers import write_results

    if arch == "-" and values == ["-"]:
        raise CnncostError("standard input cannot hold both the spec and the values", "name a file")
    refuse_existing(output, force=force)
    spec = arch_reader.load_spec(arch, settings, strict=True)
    check_runnable(spec)
    if working:
        refuse_long_working(spec)
    style = EvaluationStyle(working, fractions)
    examples = ((found, evaluate(spec, found)) for found in _read_examples(spec, values))
    with open_destination(output, force=force) as file:
        write_results(file, evaluation_results(spec.network, examples, style), form)


def _read_examples(spec: Spec, values: Sequence[str]) -> Iterator[Values]:
    """Read the examples of the command line, or of standard input, one per line."""
    if list(values) != ["-"]:
        yield _read_example(spec, " ".join(values))
        return
    for at, line in enumerate(iter(lambda: sys.stdin.readline(LONGEST_LINE), ""), start=1):
        if len(line) == LONGEST_LINE:
            raise CnncostError(f"standard input, line {at}: too long", "a line is one example")
        if line.strip():
            try:
                yield _read_example(spec, line)
            except CnncostError as error:
                what = f"standard input, line {at}: {error.what}"
                raise CnncostError(what, error.hint) from None


def _read_example(spec: Spec, text: str) -> Values:
    """Read the inputs of one example.

    Raises:
        CnncostError: a word is no number, a name is no input's, or a size is wrong.
    """
    sizes = {node.name: node.output for node in spec.network.inputs}
    found: Values = {}
    name = next(iter(sizes)) if len(sizes) == 1 else ""
    for word in re.split(r"[\s,]+", text.strip(" \t\r\n,")):
        left, equals, number = word.partition("=")
        if equals:
            name = left
            if name not in sizes or name in found:
                known = f"the inputs are {', '.join(sizes)}"
                raise CnncostError(f"{name}= names no input, or one twice", known)
        elif not name:
            example = " ".join(f"{other}=1,2" for other in sizes)
            raise CnncostError(f"{spec.name} has several inputs", f"name them: {example}")
        value = _parse_value(number if equals else word)
        if value is None:
            raise CnncostError(f"{word!r} is no number", "numbers parted by commas: 3,-1")
        found.setdefault(name, []).append(value)
    return found


def _parse_value(text: str) -> Number | None:
    """Read a number or a fraction, as 1/3; None if it is neither."""
    parts = FRACTION.fullmatch(text)
    if parts is None:
        return parse_number(text)
    above, below = int(parts[1]), int(parts[2])
    return Fraction(above, below) if below else None
