"""`cnncost suggest`: the least damaging edits that meet budgets, proved."""

import sys
from typing import Annotated

import typer

from cnncost import api
from cnncost.cli import arch_reader, board_options, device_options, options
from cnncost.cli.output import open_destination, refuse_existing
from cnncost.cli.scale import MeasureScale, collect_scale, refuse_idle
from cnncost.cli.search_progress import clear_progress, make_progress
from cnncost.errors import CnncostError
from cnncost.language import MAX_LAYERS
from cnncost.quantity import TIME, budget_metric, counted_as

app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)


EPILOG = """[bold]Examples[/bold]

cnncost suggest alexnet

cnncost suggest alexnet --budget weights=20M

cnncost suggest net.yaml --budget weights=20M --budget connections=50% --write small.yaml

cnncost suggest resnet50 --budget connections=2G --keep conv1 --forbid separable --diff

cnncost suggest mobilenet_v2 --budget sram=512KiB --budget flash=2MB

cnncost suggest resnet50 --budget training-memory=1GiB --batch 16 --optimizer adam

cnncost suggest resnet50 --budget time=50% --device rtx4090

cnncost suggest mobilenet_v2 --board nucleo-l4r5zi --budget time=1s

cnncost suggest mobilenet_v2 --board nucleo-h7a3zi-q --patches auto

cnncost suggest resnet50 --budget connections=50% --pick 1 --write small.yaml

cnncost suggest resnet50 --budget connections=120% --grow

cnncost suggest vgg16 --pareto weights -o curve.svg

cnncost suggest vgg16 --pareto weights --pick 30M --write small.yaml"""


@app.command(rich_help_panel="Count and explain", epilog=EPILOG, no_args_is_help=True)
def suggest(
    arch: options.Arch,
    *,
    budget: Annotated[
        list[str] | None,
        typer.Option(
            metavar="METRIC=AMOUNT",
            help="A limit: weights=20M, memory=64MiB, time=50%. The spec's own otherwise. "
            "Repeatable.",
        ),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(metavar="LAYER", help="A layer or block that stays. Repeatable."),
    ] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND", help="A kind that is off otherwise, or extrapolation."),
    ] = None,
    forbid: Annotated[
        list[str] | None, typer.Option(metavar="KIND", help="A kind that is not used. Repeatable.")
    ] = None,
    multiple: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=options.MOST,
            metavar="N",
            help="New widths are multiples of it: 16 or 32 for tensor cores.",
        ),
    ] = None,
    grow: Annotated[
        bool,
        typer.Option(
            "--grow", help="Spend what the budgets leave over: wider, deeper, a larger input."
        ),
    ] = False,
    most_edits: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=options.MOST,
            metavar="N",
            help="Plans of at most so many edits.",
        ),
    ] = None,
    top: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=options.MOST,
            metavar="N",
            help="How many single edits are shown; json and csv have all without it.",
        ),
    ] = None,
    time_limit: Annotated[
        float,
        typer.Option(min=0.1, max=options.MOST, metavar="SECONDS", help="When to stop searching."),
    ] = 60.0,
    write: Annotated[
        str,
        typer.Option(
            metavar="FILE", help="Write the edited spec; - is standard output.", show_default=False
        ),
    ] = "",
    diff: Annotated[
        bool, typer.Option("--diff", help="Print the plan as a unified diff, and only that.")
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say what each score rests on.")
    ] = False,
    pareto: Annotated[
        str,
        typer.Option(
            metavar="METRIC", help="The least score at each size of a metric.", show_default=False
        ),
    ] = "",
    pick: Annotated[
        str,
        typer.Option(
            metavar="N|AMOUNT",
            help="What --write writes: a plan's number under 'Instead of it', or a point of "
            "--pareto: its number, or an amount that it is within.",
            show_default=False,
        ),
    ] = "",
    device: device_options.DeviceName = "",
    board: Annotated[
        str,
        typer.Option(
            "--board",
            metavar="NAME",
            help="A microcontroller whose SRAM, flash and time limit the plan. "
            + board_options.BOARD_HELP,
            show_default=False,
            autocompletion=board_options.complete_board,
        ),
    ] = "",
    engine: board_options.Engine = "",
    patches: board_options.Patches = "",
    batch: options.Batch = None,
    dtype: options.Dtype = None,
    optimizer: options.Optimizer = None,
    form: options.Form = "table",
    output: options.Output = "-",
    force: options.Force = False,
    settings: options.Set = None,
    shapes: options.Input = None,
    max_layers: options.MaxLayers = MAX_LAYERS,
    strict: options.Strict = False,
) -> None:
    """Suggest the edits of a network that save most for the least damage.

    With budgets: the least damaging plan that meets all of them, proved, as a change of the
    file. With --grow: where to spend what they leave over. It sees the architecture only:
    scores rank edits and predict no accuracy; a budget of time holds the estimate for --device.
    With --board the board's SRAM and flash are budgets, of the arena that is recounted, and time
    is the board's; --patches auto finds in how many patches the plan's damage is least.
    Exit code 1: no plan meets the budgets, or what is
    not known of layers or of the device leaves it open.
    """
    from cnncost.cli.board_answer import add_board, search_board
    from cnncost.cli.board_search import FIRST_SHARE
    from cnncost.cli.board_target import read_target, refuse_board_options
    from cnncost.cli.frontier_output import FrontierOutput, answer_frontier
    from cnncost.cli.plan_output import (
        PlanDestination,
        compose_write_command,
        pick_alternative,
        write_plan,
    )
    from cnncost.plans.edits.budget import limits_time
    from cnncost.plans.edits.catalogue import parse_allowed_edits
    from cnncost.plans.edits.meter import Meter
    from cnncost.plans.suggestion.request import SuggestionRequest
    from cnncost.plans.suggestion.suggester import Suggester
    from cnncost.timing import LayerTimer
    from cnncost.views.page_writers import write_results
    from cnncost.views.suggest import suggestion_results

    timed = "a budget of time" if limits_time(budget or ()) else ""
    timed = timed or ("--pareto time" if pareto.strip() == TIME else "")
    _refuse_together(pareto, pick, write, diff=diff, form=form)
    alone = {"--device": device, "--pareto": pareto, "--grow": grow, "--batch": batch}
    refuse_board_options(board, engine, patches, alone)
    counts = board_options.parse_patches(patches)
    target = read_target(board, engine, budget or (), counts) if board else None
    if write == "-" and output == "-":
        output = ""  # the spec alone goes to standard output
    for path in (write, output):
        if path:
            refuse_existing(path, force=force)
    # Flat: a change of one block's layers need not be made in all of its copies.
    read = arch_reader.make_reader(arch, max_layers, strict=strict, structured=False)
    code = api.is_code(arch)  # what is given to it is in the text that it is read as
    scale = collect_scale(batch, dtype, optimizer)
    machine = (
        target.make_wanted_device(timed)
        if target
        else device_options.load_wanted_device(device, timed)
    )
    timer = None if machine is None else LayerTimer(machine, batch)
    meter = Meter((budget_metric(pareto, TIME),) if pareto else (), timer=timer, **scale)
    spec = read(settings or (), shapes or ())  # refuses those that it does not have
    target = target.leave_useful(spec.network) if target else None
    request = SuggestionRequest(
        target.list_first_budgets(spec.network) if target else tuple(budget or ()),
        parse_allowed_edits(allow or (), forbid or (), keep or (), multiple, grow=grow),
        {} if code else options.parse_settings(settings or ()),
        {} if code else options.parse_shapes(shapes or ()),
        time_limit * (FIRST_SHARE if target else 1),
        max_layers,
        meter,
        most_edits,
        counted_as(budget_metric(pareto, TIME))[0] if pareto else "",
    )
    given = read((), ()) if (settings or shapes) and not code else spec
    study = Suggester(given, request)
    refuse_idle(_scale_beside_time(scale, timed=bool(timed)), study.editable.meter.bytes)
    destination = PlanDestination(arch, write, force, scale, device, target)
    if pareto:
        answer_frontier(study, pareto, pick, destination, FrontierOutput(output, form))
        return
    if (diff or write) and not study.budgets():
        what = "print" if diff else "write"
        raise CnncostError(f"there is no plan to {what}", "give --budget METRIC=AMOUNT")
    answer = None
    if target:
        answer = search_board(target, study, spec.network, time_limit, make_progress())
        study, found = answer.study, answer.found
        destination = destination._replace(target=answer.target)
    else:
        found = study.suggest(make_progress())
    clear_progress()
    plan = None if found.is_undecided else found.plan
    if plan is not None and pick:
        plan = pick_alternative(found, pick)
    if plan is not None and write:
        write_plan(study.writer, plan, destination)
    command = "" if write else compose_write_command(arch, sys.argv[1:])
    results = suggestion_results(found, top=top, explain=explain, command=command)
    results = add_board(results, answer.report) if answer else results
    if diff and plan is not None:
        with open_destination(output or "-", force=force) as file:
            file.write(study.writer.diff(plan))
    elif diff or not (output or plan):
        write_results(sys.stderr, results, form)
    elif output:
        with open_destination(output, force=force) as file:
            write_results(file, results, form)
    held = found.is_answered and (answer is None or answer.holds(plan))
    raise typer.Exit(1 if found.budgets and not held else 0)


def _scale_beside_time(scale: MeasureScale, *, timed: bool) -> MeasureScale:
    """Return the options of scale that only bytes depend on: time depends on the batch."""
    left = scale.copy()
    if timed:
        left.pop("batch", None)
    return left


def _refuse_together(pareto: str, pick: str, write: str, *, diff: bool, form: str) -> None:
    """Refuse options of which one would be left out without a word.

    Raises:
        CnncostError: they exclude each other.
    """
    if pareto and diff:
        raise CnncostError(
            "--pareto finds many plans: no --diff with it", "give one --budget instead"
        )
    if pareto and write and not pick:
        raise CnncostError(
            "--pareto finds many plans: no --write without --pick", "--pick 3, or --pick 30M"
        )
    if pick and not (write or diff):
        raise CnncostError(f"--pick {pick} says which plan is written", "give --write FILE with it")
    if diff and form != "table":
        raise CnncostError(
            f"--diff prints the diff alone: no --format {form} with it", "drop one of the two"
        )
    if diff and write == "-":
        raise CnncostError("--diff and --write - both print", "write to a file, or drop one")
