"""`cnncost table`: show what each layer costs, and the network."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cnncost import api
from cnncost.cli import arch_reader, device_options, options
from cnncost.cli.output import open_destination, refuse_existing
from cnncost.cli.scale import MeasureScale, collect_scale
from cnncost.errors import CnncostError
from cnncost.language import MAX_LAYERS

if TYPE_CHECKING:
    from cnncost.costs import Report
    from cnncost.timing import Device
    from cnncost.views.table_page import TableLayout

app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)


def _complete_columns(incomplete: str) -> list[str]:
    from cnncost.views.table_columns import COLUMNS

    done, comma, start = incomplete.rpartition(",")
    return [done + comma + key for key in COLUMNS if key.startswith(start)]


EPILOG = """[bold]Examples[/bold]

cnncost table alexnet

cnncost table net.yaml --format csv | sort -t, -k6 -n

cnncost table lenet5 --biases

cnncost table resnet18 --memory --batch 4

cnncost table resnet18 --training --optimizer adam

cnncost table resnet50 --time --device rtx4090

cnncost table resnet50 --depth 1 --sort connections --top 5

cnncost table mobilenet_v2 --set alpha=0.5 --input 3x192x192"""


@app.command(rich_help_panel="Count and explain", epilog=EPILOG, no_args_is_help=True)
def table(
    arch: options.Arch,
    *,
    form: options.Form = "table",
    output: options.Output = "-",
    force: options.Force = False,
    every: options.Every = False,
    columns: Annotated[
        str,
        typer.Option(
            metavar="A,B,...",
            help="The columns, in order; 'help' lists them.",
            autocompletion=_complete_columns,
            show_default=False,
        ),
    ] = "",
    sort: Annotated[
        str,
        typer.Option(
            metavar="COLUMN",
            help="Sort by a column of numbers, largest first.",
            autocompletion=_complete_columns,
            show_default=False,
        ),
    ] = "",
    top: options.Top = None,
    human: options.Human = False,
    depth: options.Depth = None,
    total: options.Total = False,
    biases: Annotated[
        bool, typer.Option("--biases", help="Uses of biases are connections too; show parameters.")
    ] = False,
    exclude_padding: options.ExcludePadding = False,
    memory: Annotated[
        bool, typer.Option("--memory", help="Add bytes of parameters and outputs, and alive.")
    ] = False,
    training: Annotated[
        bool,
        typer.Option("--training", help="Add the backward pass: connections, and bytes saved."),
    ] = False,
    time: Annotated[
        bool, typer.Option("--time", help="Add the estimated time on --device.")
    ] = False,
    roofline: Annotated[
        bool,
        typer.Option(
            "--roofline", help="Add what bounds each layer on --device: compute or memory."
        ),
    ] = False,
    device: device_options.DeviceName = "",
    batch: options.Batch = None,
    dtype: options.Dtype = None,
    optimizer: options.Optimizer = None,
    settings: options.Set = None,
    shapes: options.Input = None,
    max_layers: options.MaxLayers = MAX_LAYERS,
    strict: options.Strict = False,
) -> None:
    """Print what each layer costs: units, weights, connections, and the network's totals."""
    from cnncost.views.page_writers import write_results
    from cnncost.views.table_page import TableLayout, table_results

    if columns == "help":
        _list_columns()
        return
    layout = TableLayout(form, every, columns, sort, top, depth, human, total, memory, training)
    layout = layout._replace(time=time, roofline=roofline)
    layout.check_options()
    scale = collect_scale(batch, dtype, optimizer)
    _check_scale(scale, layout)
    machine = device_options.load_wanted_device(device, _name_wish(layout))
    refuse_existing(output, force=force)
    spec = arch_reader.load_spec(arch, settings, shapes, max_layers, strict=strict)
    report = api.count(spec, biases=biases, exclude_padding=exclude_padding)
    if layout.shows_footprints:
        from cnncost.costs.footprint import compute_footprints

        report = report._replace(footprints=compute_footprints(spec.network, **scale))
    if machine is not None:
        report = _add_device_figures(report, layout, machine, batch)
    with open_destination(output, force=force) as file:
        write_results(file, table_results(report, layout), form)


def _check_scale(scale: MeasureScale, layout: "TableLayout") -> None:
    """Refuse options of bytes without a column of bytes, and training for a type without it."""
    idle = [
        option
        for option in scale
        if not layout.shows_footprints and not (option == "batch" and layout.shows_device)
    ]
    if idle:
        adds = "--memory, --training or --time" if idle[0] == "batch" else "--memory or --training"
        raise CnncostError(f"--{idle[0]} changes no count", f"add {adds}")
    if layout.training and scale.get("dtype") == "int8":
        raise CnncostError("int8 does not train", "drop --training, or give --dtype fp16")


def _name_wish(layout: "TableLayout") -> str:
    """Name what the table shows of a device; empty for nothing."""
    if layout.shows_time:
        return "--time" if layout.time else "the column time"
    if layout.shows_roofline:
        return "--roofline" if layout.roofline else "a column of the roofline"
    return ""


def _add_device_figures(
    report: "Report", layout: "TableLayout", device: "Device", batch: int | None
) -> "Report":
    """Add to a report what its table shows of a device.

    Raises:
        CnncostError: the roofline is shown, and the device's file has no peaks.
    """
    if layout.shows_time:
        report = api.add_time(report, device, batch)
    if layout.shows_roofline:
        from cnncost.timing.roofline import place_layers

        report = report._replace(roof=place_layers(report.network, device, batch))
    return report


def _list_columns() -> None:
    from cnncost.views.table_columns import COLUMNS
    from cnncost.views.text_page import TextPage

    text = TextPage(sys.stdout)
    for key, column in COLUMNS.items():
        text.add_item(key, [column.text], max(map(len, COLUMNS)) + 4)
    text.write_lines()
