"""`cnncost sweep`: count a network under every combination of settings, one row each."""

import sys
from collections.abc import Mapping
from typing import Annotated

import typer

from cnncost import api
from cnncost.cli import arch_reader, device_options, options
from cnncost.cli.output import open_destination, refuse_existing
from cnncost.costs import Report
from cnncost.errors import CnncostError, make_printable
from cnncost.language import MAX_LAYERS
from cnncost.quantity import TIME

app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)


EPILOG = """[bold]Examples[/bold]

cnncost sweep mobilenet_v1 --set alpha=0.25,0.5,0.75,1

cnncost sweep mobilenet_v2 --set alpha=0.5,0.75 --columns connections,damage

cnncost sweep mobilenet_v1 --set alpha=0.5,1 --columns connections,time --device i7_12700h

cnncost sweep mobilenet_v1 --set alpha=0.5,1 --input 3x128x128,3x224x224 --format csv"""

INPUT = "input"
"""The name of the axis of input shapes among the settings."""


@app.command(rich_help_panel="Measure and convert", epilog=EPILOG, no_args_is_help=True)
def sweep(
    arch: options.Arch,
    *,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=A,B,...", help="Values of one of the spec's params. Repeatable."
        ),
    ] = None,
    shapes: Annotated[
        str,
        typer.Option(
            "--input", metavar="SHAPE,SHAPE,...", help="Input shapes.", show_default=False
        ),
    ] = "",
    columns: Annotated[
        str,
        typer.Option(
            metavar="A,B,...",
            help="The columns: units, weights, parameters, connections, damage (the estimated "
            "ln(error after / before), against the spec as it stands), time (on --device).",
            show_default=False,
        ),
    ] = "",
    device: device_options.DeviceName = "",
    batch: device_options.TimeBatch = None,
    form: options.Form = "table",
    output: options.Output = "-",
    force: options.Force = False,
    human: options.Human = False,
    biases: options.Biases = False,
    exclude_padding: options.ExcludePadding = False,
    max_layers: options.MaxLayers = MAX_LAYERS,
    strict: options.Strict = False,
) -> None:
    """Count a network at every combination of settings, one row each.

    A combination that makes no valid network is named on standard error, and the exit code is 2.
    """
    from cnncost.study.settings_sweep import sweep_settings as study
    from cnncost.views.page_writers import write_results
    from cnncost.views.sweep_page import DAMAGE, SweepLayout, parse_columns, sweep_results

    layout = SweepLayout(parse_columns(columns), human)
    machine = device_options.load_wanted_device(
        device, "the column time" if TIME in layout.columns else "", batch
    )
    axes = _read_sweep_axes(settings or [], shapes)
    refuse_existing(output, force=force)
    read = arch_reader.make_reader(arch, max_layers, strict=strict)

    def count(values: Mapping[str, str]) -> Report:
        params = [f"{name}={value}" for name, value in values.items() if name != INPUT]
        inputs = [values[INPUT]] if INPUT in values else []
        spec = read(params, inputs)
        report = api.count(spec, biases=biases, exclude_padding=exclude_padding)
        return report if machine is None else api.add_time(report, machine, batch)

    points = study(axes, count)
    base = count({}) if DAMAGE in layout.columns else None
    for point in points:
        if point.trouble is not None:
            named = ", ".join(f"{name}={value}" for name, value in point.settings.items())
            sys.stderr.write(f"{make_printable(named)}: {point.trouble}\n")
    with open_destination(output, force=force) as file:
        write_results(file, sweep_results(points, layout, base), form)
    raise typer.Exit(2 if any(point.trouble for point in points) else 0)


def _read_sweep_axes(settings: list[str], shapes: str) -> dict[str, list[str]]:
    """Read each setting's values, in the order of the command line."""
    axes: dict[str, list[str]] = {}
    for text in settings:
        name, equals, values = text.partition("=")
        if not equals or not name or not all(values.split(",")):
            raise CnncostError(f"--set {text}: NAME=A,B,... is due", "as in --set alpha=0.5,1")
        if name in axes:
            raise CnncostError(f"--set {name} is given twice", "one list holds all its values")
        axes[name] = values.split(",")
    if shapes:
        axes[INPUT] = shapes.split(",")
    if not axes:
        raise CnncostError("nothing to sweep over", "give --set NAME=A,B,... or --input A,B,...")
    return axes
