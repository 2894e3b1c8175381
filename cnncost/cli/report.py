"""`cnncost report`: one page of a network for a browser, in one file."""

from pathlib import PurePath
from typing import Annotated

import typer

from cnncost.cli import arch_reader, device_options, options
from cnncost.cli.output import open_destination, refuse_existing
from cnncost.cli.scale import collect_scale
from cnncost.errors import CnncostError, make_printable
from cnncost.language import MAX_LAYERS

app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)

EPILOG = """[bold]Examples[/bold]

cnncost report resnet50 -o resnet50.html

cnncost report resnet50 -o resnet50.html --device rtx4090 --batch 16

cnncost report alexnet -o alexnet.html --budget connections=50%

cnncost compare alexnet alexnet_pooled -o diff.html"""


@app.command(rich_help_panel="Count and explain", epilog=EPILOG, no_args_is_help=True)
def report(
    arch: options.Arch,
    *,
    output: Annotated[
        str,
        typer.Option("--output", "-o", metavar="FILE", help="The page; - is standard output."),
    ],
    force: options.Force = False,
    budget: Annotated[
        list[str] | None,
        typer.Option(
            metavar="METRIC=AMOUNT",
            help="Show what 'cnncost suggest' finds, before and after. Repeatable.",
        ),
    ] = None,
    time_limit: Annotated[
        float,
        typer.Option(min=0.1, max=options.MOST, metavar="SECONDS", help="When to stop searching."),
    ] = 60.0,
    device: device_options.DeviceName = "",
    batch: options.Batch = None,
    dtype: options.Dtype = None,
    optimizer: options.Optimizer = None,
    biases: options.Biases = False,
    exclude_padding: options.ExcludePadding = False,
    settings: options.Set = None,
    shapes: options.Input = None,
    max_layers: options.MaxLayers = MAX_LAYERS,
    strict: options.Strict = False,
) -> None:
    """Write a page for a browser: the figure, the layers, memory, and the working of each number.

    It is one file of less than 500 kB, which loads no other. The parts of the figure can be
    coloured by what they cost. What has no room is left out, and the page says so. With --budget
    the network stands beside the one of the plan. Exit code 1: no plan meets the budgets.
    """
    from cnncost.cli.web_pages import PageMeasure, PlanRequest, make_plan_page
    from cnncost.plans.edits.budget import limits_time
    from cnncost.views.draw.figure import list_weights
    from cnncost.views.web.network_page import make_network_page
    from cnncost.views.web.web_page import write_web_page

    ending = PurePath(output).suffix.lower()
    if ending not in ("", ".html", ".htm"):
        what = f"{make_printable(output)}: report writes a page for a browser, no {ending[1:]}"
        raise CnncostError(what, "-o net.html; cnncost draw writes figures")
    if budget and (biases or exclude_padding):
        option = "--biases" if biases else "--exclude-padding"
        what = f"{option}: budgets are held in the convention without it"
        raise CnncostError(what, "drop it, or --budget")
    timed = "a budget of time" if limits_time(budget or ()) else ""
    measure = PageMeasure(
        collect_scale(batch, dtype, optimizer),
        device_options.load_wanted_device(device, timed or ("a time" if device else "")),
        biases,
        exclude_padding,
    )
    refuse_existing(output, force=force)
    held = True
    if budget:
        given = (settings or (), shapes or ())
        asked = PlanRequest(arch, budget, *given, time_limit, max_layers, strict, device)
        page, held = make_plan_page(asked, measure)
    else:
        spec = arch_reader.load_spec(arch, settings, shapes, max_layers, strict=strict)
        page = make_network_page(measure.count_costs(spec), list_weights(spec))
    with open_destination(output, force=force) as file:
        file.write(write_web_page(page))
    raise typer.Exit(0 if held else 1)
