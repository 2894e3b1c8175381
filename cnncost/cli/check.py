"""`cnncost check`: whether specs are valid and what they promise holds. For CI."""

import sys
from typing import Annotated

import typer

from cnncost.cli import options
from cnncost.errors import CnncostError
from cnncost.quantity import parse_budget
from cnncost.spec import MAX_LAYERS

app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)

EPILOG = """[bold]Examples[/bold]

cnncost check nets/*.yaml

cnncost check net.yaml --budget weights=20M --budget connections=500M"""


@app.command(rich_help_panel="Count and explain", epilog=EPILOG, no_args_is_help=True)
def check(
    archs: Annotated[
        list[str],
        typer.Argument(
            metavar="ARCH...",
            help="Specs' files, bundled networks' names, or -.",
            show_default=False,
            autocompletion=options.complete_arch,
        ),
    ],
    *,
    budget: Annotated[
        list[str] | None,
        typer.Option(
            metavar="METRIC=AMOUNT",
            help="A limit, as weights=20M, in place of the spec's. Repeatable.",
        ),
    ] = None,
    settings: options.Set = None,
    shapes: options.Input = None,
    max_layers: options.MaxLayers = MAX_LAYERS,
    strict: options.Strict = False,
) -> None:
    """Check that specs are valid and that their expect and budget hold, a line a file.

    Every file is checked. Exit code 0: all hold; 1: a figure or budget is missed; 2: a spec
    is wrong or missing.
    """
    from cnncost.costs.check import figures, limits
    from cnncost.views.verdict import line

    given = _budgets(budget or ())
    missed = wrong = False
    for arch in archs:
        try:
            spec = options.load(arch, settings, shapes, max_layers, strict=strict)
        except CnncostError as error:
            sys.stdout.write(f"{arch}: INVALID: {_first_line(arch, error)}\n")
            sys.stderr.write(f"{error}\n")
            wrong = True
            continue
        promised, limited = figures(spec), limits(spec, given or spec.budget)
        missed |= not all([*(f.holds for f in promised), *(b.holds for b in limited)])
        sys.stdout.write(line(arch, promised, limited) + "\n")
    raise typer.Exit(2 if wrong else int(missed))


def _budgets(texts: list[str] | tuple[()]) -> dict[str, int]:
    budgets: dict[str, int] = {}
    for text in texts:
        metric, amount = parse_budget(text)
        if metric in budgets:
            raise CnncostError(f"--budget {metric} is given twice", "keep one")
        budgets[metric] = amount
    return budgets


def _first_line(arch: str, error: CnncostError) -> str:
    first, *more = str(error).splitlines()
    places = sum(not line.startswith("  hint:") for line in more)
    return first.removeprefix(f"{arch}:").strip() + (f" (and {places} more)" if places else "")
