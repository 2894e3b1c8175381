"""`cnncost sweep`: count networks under every combination of settings, one row each."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated

import typer

from cnncost.cli import device_options, options
from cnncost.cli.case_measure import INPUT, CaseMeasure
from cnncost.cli.output import refuse_existing
from cnncost.cli.scale import MeasureScale, collect_scale
from cnncost.cli.sweep_cluster import measure_on_cluster
from cnncost.cli.sweep_rows import SweepRows, SweepWish, write_rows
from cnncost.errors import CnncostError
from cnncost.language import MAX_LAYERS
from cnncost.quantity import TIME
from cnncost.views.page_writers import WRITERS

if TYPE_CHECKING:
    pass

PICTURES = (".svg", ".png", ".pdf")

app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)


EPILOG = """[bold]Examples[/bold]

cnncost sweep mobilenet_v1 --set alpha=0.25,0.5,0.75,1

cnncost sweep mobilenet_v2 --set alpha=0.5..1:0.1 --columns weights,damage --pareto weights,damage

cnncost sweep mobilenet_v1 mobilenet_v2 --set alpha=0.5..1:0.1 --where 'weights<2M' -o sweep.svg

cnncost sweep mobilenet_v1 --set alpha=0.5,1 --columns connections,time --device i7_12700h

cnncost sweep resnet50 --input 128..512:32 --columns connections,memory --format csv --jobs 4"""


@app.command(rich_help_panel="Measure and convert", epilog=EPILOG, no_args_is_help=True)
def sweep(
    archs: Annotated[
        list[str],
        options.archs_argument("ARCH...", "One or more networks, in any form."),
    ],
    *,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=A,B,...",
            help="Values of one of the specs' params; 0.25..1:0.05 is a range. Repeatable.",
        ),
    ] = None,
    shapes: Annotated[
        str,
        typer.Option(
            "--input",
            metavar="SHAPE,SHAPE,...",
            help="Input shapes; a number is a side: 128..224:32.",
            show_default=False,
        ),
    ] = "",
    columns: Annotated[
        str,
        typer.Option(
            metavar="A,B,...",
            help="The columns: units, weights, parameters, connections, bytes (memory, sram, "
            "training_memory, ...), damage (the estimated ln(error after / before), against the "
            "spec as it stands), time (on --device).",
            show_default=False,
        ),
    ] = "",
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="CONDITION", help="Only rows with weights<5M, say. Repeatable."),
    ] = None,
    sort: Annotated[
        str,
        typer.Option(metavar="COLUMN", help="Largest first.", show_default=False),
    ] = "",
    pareto: Annotated[
        str,
        typer.Option(
            metavar="A,B,...",
            help="Only rows that no other beats in these columns: smaller is better.",
            show_default=False,
        ),
    ] = "",
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", min=1, max=1024, metavar="N", help="Processes.")
    ] = 1,
    dask: Annotated[
        str,
        typer.Option(
            "--dask",
            metavar="ADDRESS",
            help="Measure on a Dask cluster that is there: its scheduler's address, as in "
            "tcp://10.0.0.1:8786.",
            show_default=False,
        ),
    ] = "",
    device: device_options.DeviceName = "",
    batch: options.Batch = None,
    dtype: options.Dtype = None,
    optimizer: options.Optimizer = None,
    form: Annotated[str, options.form_option(*WRITERS, "jsonl")] = "table",
    output: options.Output = "-",
    force: options.Force = False,
    human: options.Human = False,
    biases: options.Biases = False,
    exclude_padding: options.ExcludePadding = False,
    max_layers: options.MaxLayers = MAX_LAYERS,
    strict: options.Strict = False,
) -> None:
    """Count networks at every combination of settings, one row each.

    A combination that makes no valid network is named on standard error, and the exit code is 2.
    Lines of csv, tsv and jsonl are written as they come, unless they are sorted or compared with
    each other. An output that ends in .svg, .png or .pdf is a plot of the first two columns.
    """
    from cnncost.costs import Convention
    from cnncost.study.condition import parse_condition
    from cnncost.study.settings_sweep import list_cases, measure_cases
    from cnncost.views.sweep_page import SweepLayout, parse_columns

    if dask and jobs > 1:
        raise CnncostError(
            "--dask and --jobs exclude each other", "the cluster has its own workers"
        )
    shown = parse_columns(columns)
    rivals = parse_columns(pareto, "--pareto") if pareto else ()
    order = parse_columns(sort, "--sort")[:1] if sort else ()
    axes = _read_sweep_axes(settings or [], shapes, several=len(archs) > 1)
    words = {*shown, *rivals, *order, *_COUNTS, *axes} - {INPUT}
    conditions = [parse_condition(text, sorted(words)) for text in where or ()]
    further = [one.word for one in conditions if one.word not in axes]
    needed = tuple(dict.fromkeys([*shown, *rivals, *order, *further]))
    scale = collect_scale(batch, dtype, optimizer)
    machine = device_options.load_wanted_device(device, "the column time" if TIME in needed else "")
    _check_scale(scale, needed)
    refuse_existing(output, force=force)
    convention = Convention(biases, exclude_padding)
    cases = list_cases(archs, axes)
    if dask:
        given = (needed, convention, scale, machine, max_layers, strict)
        found = measure_on_cluster(dask, archs, cases, given)
    else:
        measure = CaseMeasure(
            archs, needed, convention, scale, machine, max_layers, {}, strict=strict
        )
        found = measure_cases(measure, cases, jobs)
    layout = SweepLayout(shown, human, several=len(archs) > 1, convention=convention)
    rows = SweepRows(found, len(cases), conditions, several=len(archs) > 1)
    picture = PurePath(output).suffix.lower() in PICTURES and form == "table"
    write_rows(rows, SweepWish(form, output, force, picture, order, rivals), list(axes), layout)
    raise typer.Exit(130 if rows.interrupted else 2 if rows.troubled else 0)


_COUNTS = ("units", "weights", "parameters", "connections")
"""What any condition may be on."""


def _check_scale(scale: MeasureScale, columns: Sequence[str]) -> None:
    """Refuse options that change no column."""
    from cnncost.quantity import CHANGES

    for option in scale:
        changed = [*CHANGES[option], *[TIME] * (option == "batch")]
        if not any(column in changed for column in columns):
            hint = f"it is for the columns {', '.join(changed)}"
            raise CnncostError(f"--{option} changes no figure here", hint)


def _read_sweep_axes(settings: list[str], shapes: str, *, several: bool) -> Mapping[str, list[str]]:
    """Read each setting's values, in the order of the command line."""
    from cnncost.study.settings_sweep import parse_range

    axes: dict[str, list[str]] = {}
    for text in settings:
        name, equals, values = text.partition("=")
        if not equals or not name or not all(values.split(",")):
            raise CnncostError(f"--set {text}: NAME=A,B,... is due", "as in --set alpha=0.5,1")
        if name in axes:
            raise CnncostError(f"--set {name} is given twice", "one list holds all its values")
        axes[name] = [one for value in values.split(",") for one in parse_range(value)]
    if shapes:
        axes[INPUT] = [one for value in shapes.split(",") for one in parse_range(value)]
    if not axes and not several:
        raise CnncostError("nothing to sweep over", "give --set NAME=A,B,... or --input A,B,...")
    return axes
