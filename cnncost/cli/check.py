"""`cnncost check`: check that specs are valid and that their figures hold; made for CI."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cnncost import api
from cnncost.cli import device_options, options
from cnncost.cli.scale import collect_scale, refuse_idle
from cnncost.errors import CnncostError, make_printable
from cnncost.language import MAX_LAYERS
from cnncost.quantity import TIME, parse_budget, parse_seconds, refuse_same_metric, split_metric

if TYPE_CHECKING:
    from fractions import Fraction

app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)

EPILOG = """[bold]Examples[/bold]

cnncost check nets/*.yaml

cnncost check net.yaml --budget weights=20M --budget connections=500M

cnncost check net.yaml --budget training-memory=1GiB --batch 16 --optimizer adam

cnncost check net.yaml --budget time=2ms --device rtx4090"""


@app.command(rich_help_panel="Count and explain", epilog=EPILOG, no_args_is_help=True)
def check(
    archs: Annotated[
        list[str],
        options.archs_argument("ARCH...", "Specs' files, bundled networks' names, or -."),
    ],
    *,
    budget: Annotated[
        list[str] | None,
        typer.Option(
            metavar="METRIC=AMOUNT",
            help="A limit, as weights=20M, in place of the spec's. Repeatable.",
        ),
    ] = None,
    device: device_options.DeviceName = "",
    batch: options.Batch = None,
    dtype: options.Dtype = None,
    optimizer: options.Optimizer = None,
    settings: options.Set = None,
    shapes: options.Input = None,
    max_layers: options.MaxLayers = MAX_LAYERS,
    strict: options.Strict = False,
) -> None:
    """Check that specs are valid and that their expect and budget hold, a line a file.

    Every file is checked. Exit code 0: all hold; 1: a figure or budget is missed; 2: a spec
    is wrong or missing. Bytes are those of batch 1, fp32 and plain SGD unless options say
    otherwise, a spec's own budget of bytes too; sram and flash are int8. A budget of time,
    time=2ms, is compared with the estimate for --device.
    """
    from cnncost.costs.promises import TimeLimit, compare_budget, compare_expected
    from cnncost.views.check_lines import check_line

    budgets, longest = _read_budgets(budget or ())
    scale = collect_scale(batch, dtype, optimizer)
    machine = device_options.load_wanted_device(device, "a budget of time" if longest else "")
    judged = scale.copy()
    if machine is not None:
        judged.pop("batch", None)  # which time depends on, whatever else does
    if budget:
        refuse_idle(judged, budgets)
    metrics: list[str] = []
    missed = wrong = False
    for arch in archs:
        name = make_printable(arch)
        try:
            spec = options.load_spec(arch, settings, shapes, max_layers, strict=strict)
            promised, limited = (
                compare_expected(spec),
                compare_budget(spec, budgets if budget else spec.budget, **scale),
            )
            times = []
            if longest is not None and machine is not None:
                times.append(TimeLimit(longest, api.time(spec, machine, batch)))
        except CnncostError as error:
            sys.stdout.write(f"{name}: INVALID: {_first_line(name, error)}\n")
            sys.stderr.write(f"{error}\n")
            wrong = True
            continue
        metrics += [limit.metric for limit in limited]
        held = [*(one.holds for one in promised), *(one.holds for one in limited)]
        missed |= not all([*held, *(one.holds for one in times)])
        sys.stdout.write(check_line(name, promised, limited, times) + "\n")
    if not wrong:
        refuse_idle(judged, metrics)
    raise typer.Exit(2 if wrong else int(missed))


def _read_budgets(
    texts: list[str] | tuple[()],
) -> "tuple[dict[str, int], Fraction | None]":
    """Read the budgets that are counted, and the longest time if there is one."""
    budgets: dict[str, int] = {}
    longest: Fraction | None = None
    for text in texts:
        if split_metric(text)[0].strip() == TIME:
            refuse_same_metric(TIME, [TIME] if longest is not None else [])
            longest = parse_seconds(split_metric(text)[1])
            continue
        metric, amount = parse_budget(text)
        refuse_same_metric(metric, budgets)
        budgets[metric] = amount
    return budgets, longest


def _first_line(arch: str, error: CnncostError) -> str:
    first, *more = str(error).splitlines()
    places = sum(not line.startswith("  hint:") for line in more)
    return first.removeprefix(f"{arch}:").strip() + (f" (and {places} more)" if places else "")
