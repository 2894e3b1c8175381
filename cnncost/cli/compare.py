"""`cnncost compare`: compare networks side by side."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cnncost import api
from cnncost.cli import arch_reader, board_options, device_options, options
from cnncost.cli.output import open_destination, refuse_existing
from cnncost.cli.scale import MeasureScale, collect_scale
from cnncost.errors import CnncostError, make_printable
from cnncost.language import MAX_LAYERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnncost.network import Network
    from cnncost.study.board_fit import NetworkFit
    from cnncost.study.comparison import Comparison
    from cnncost.views.comparison_page import ComparisonLayout

app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)


EPILOG = """[bold]Examples[/bold]

cnncost compare alexnet alexnet_pooled

cnncost compare alexnet alexnet_pooled -o diff.html

cnncost compare old.yaml new.yaml --format markdown --changed

cnncost compare resnet50 mobilenet_v2 --time --device rtx4090

cnncost compare mlperf_tiny_vww mlperf_tiny_ic --board nucleo-l4r5zi --engine x-cube-ai-8

cnncost compare main:net.yaml net.yaml --fail-on connections=+5%

cnncost compare vgg16 resnet50 mobilenet_v2 --totals --memory --format latex

cnncost compare resnet50 model.onnx --depth 1 --sort connections --top 5"""


@app.command(rich_help_panel="Count and explain", epilog=EPILOG, no_args_is_help=True)
def compare(
    archs: Annotated[
        list[str],
        options.archs_argument("ARCH ARCH...", "Two or more specs; differences are to the first."),
    ],
    *,
    form: options.Form = "table",
    output: options.Output = "-",
    force: options.Force = False,
    every: options.Every = False,
    changed: Annotated[
        bool, typer.Option("--changed", help="Only layers that were added, removed or changed.")
    ] = False,
    human: options.Human = False,
    total: options.Total = False,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            metavar="METRIC=+AMOUNT",
            help="Exit with 1 if a network grew more: connections=+5%, weights=+1M. Repeatable.",
        ),
    ] = None,
    depth: options.Depth = None,
    sort: Annotated[
        str,
        typer.Option(
            metavar="COUNT",
            help="Rows whose COUNT differs most come first: units, weights, parameters or "
            "connections.",
            show_default=False,
        ),
    ] = "",
    top: options.Top = None,
    totals: Annotated[
        bool,
        typer.Option("--totals", help="No layers; one row per network in csv, tsv and latex."),
    ] = False,
    memory: Annotated[
        bool, typer.Option("--memory", help="Add the bytes of inference and of training.")
    ] = False,
    time: Annotated[
        bool, typer.Option("--time", help="Add the estimated time on --device.")
    ] = False,
    device: device_options.DeviceName = "",
    board: board_options.OneBoard = "",
    engine: board_options.Engine = "",
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
    """Show totals side by side with their differences, and the layers aligned.

    Layers belong together by the names that the specs give; where layers were inserted,
    removed or renamed, by their types, shapes and counts. REVISION:FILE is a file as git has
    it. Exit code 0 whatever differs; 1 if --fail-on says so.

    A FILE.html is a page for a browser, with both figures, timelines and workings, unless --format
    html asks for the tables alone.
    """
    from cnncost.cli.web_pages import add_footprints
    from cnncost.costs.metrics import Metrics
    from cnncost.study.comparison import Side, find_excesses, parse_growth
    from cnncost.study.comparison import compare_networks as study
    from cnncost.views.comparison_page import ComparisonLayout, comparison_results, excess_line
    from cnncost.views.page_writers import write_results

    as_page = form == "table" and output.lower().endswith(".html")
    growths = [parse_growth(text) for text in fail_on or ()]
    layout = ComparisonLayout(form, every, changed, human, total, sort, top, totals)
    layout.check_options()
    if totals and depth is not None:
        raise CnncostError("--depth is of layers, which --totals leaves out", "keep one")
    _check_archs(archs)
    scale = collect_scale(batch, dtype, optimizer)
    if as_page:
        _check_page(archs, layout, depth, board)
    _check_scale(scale, memory=memory or as_page, time=time)
    _check_board(board, engine, time=time)
    wanted = time or (as_page and bool(device))
    machine = device_options.load_wanted_device(device, "--time" if wanted else "")
    refuse_existing(output, force=force)
    sides = []
    for arch in archs:
        spec = arch_reader.load_spec(arch, settings, shapes, max_layers, strict=strict)
        report = api.count(spec, biases=biases, exclude_padding=exclude_padding)
        if machine is not None:
            report = api.add_time(report, machine, batch)
        if as_page:
            report = add_footprints(report, scale)
        metrics = Metrics(spec.network, **scale) if memory or as_page else None
        fit = _fit_board(spec.network, board, engine) if board else None
        if fit is not None:
            report = report._replace(time=fit.boards[0].time)
        sides.append(Side(make_printable(arch), spec, report, metrics, fit))
    comparison = study(sides, depth)
    found = find_excesses(comparison.sides, growths)
    said = [excess_line(excess) for excess in found]
    if growths and not found:
        said = [f"Within {', '.join(f'{one.metric}={one.amount}' for one in growths)}."]
    with open_destination(output, force=force) as file:
        if as_page:
            file.write(_write_page(comparison, said))
        else:
            write_results(file, comparison_results(comparison, layout, said), form)
    sys.stderr.writelines(f"{line}\n" for line in said if found)
    raise typer.Exit(int(bool(found)))


def _check_page(
    archs: "Sequence[str]", layout: "ComparisonLayout", depth: int | None, board: str
) -> None:
    """Refuse what a page for a browser does not show.

    Raises:
        CnncostError: an option is of tables, or there are more than two networks.
    """
    of_tables = {
        "--all": layout.every, "--changed": layout.changed, "--human": layout.human,
        "--total": layout.total, "--sort": layout.sort, "--top": layout.top,
        "--totals": layout.totals, "--depth": depth, "--board": board,
    }  # fmt: skip
    for option, given in of_tables.items():
        if given:
            what = f"{option} is of tables: a page for a browser has no use for it"
            raise CnncostError(what, f"drop it, or write the tables: --format html {option}")
    if len(archs) > 2:
        what = f"{len(archs)} networks: a page for a browser shows two side by side"
        raise CnncostError(what, "--format html writes tables of more")


def _write_page(comparison: "Comparison", said: "Sequence[str]") -> str:
    from cnncost.views.draw.figure import list_weights
    from cnncost.views.web.network_page import make_pair_page
    from cnncost.views.web.web_page import write_web_page

    weights = [list_weights(side.spec) for side in comparison.sides]
    return write_web_page(make_pair_page(comparison, weights, verdict=said))


def _check_scale(scale: MeasureScale, *, memory: bool, time: bool) -> None:
    """Refuse options that change no figure that is shown."""
    for option in scale:
        if not memory and not (option == "batch" and time):
            adds = "--memory or --time" if option == "batch" else "--memory"
            raise CnncostError(f"--{option} changes no count", f"add {adds}")


def _check_board(board: str, engine: str, *, time: bool) -> None:
    if board and time:
        raise CnncostError("--board gives a time already", "drop --time and --device")
    if engine and not board:
        raise CnncostError("--engine changes no figure here", "it is of a --board")


def _fit_board(network: "Network", board: str, engine: str) -> "NetworkFit":
    """Find what a network needs on the board of --board."""
    from cnncost.study.board_fit import fit_network

    return fit_network(network, board_options.load_boards([board]), engine=engine)


def _check_archs(archs: list[str]) -> None:
    if len(archs) < 2:
        hint = f"as in cnncost compare {archs[0]} other.yaml"
        raise CnncostError("one network: compare needs at least two", hint)
    if archs.count("-") > 1:
        raise CnncostError("- is given twice", "standard input is read once")
