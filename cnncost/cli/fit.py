"""`cnncost fit`: whether a network fits a microcontroller board, and what binds."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from cnncost.cli import arch_reader, board_options, options
from cnncost.cli.output import open_destination, refuse_existing
from cnncost.errors import CnncostError
from cnncost.language import MAX_LAYERS

if TYPE_CHECKING:
    from cnncost.timing.board import Board

app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)

EPILOG = """[bold]Examples[/bold]

cnncost fit mlperf_tiny_vww --board nucleo-l4r5zi

cnncost fit mlperf_tiny_ic --board nucleo-l4r5zi --engine cmsis-nn --budget time=200ms

cnncost fit mobilenet_v2 --set alpha=0.5 --board disco-f746ng --patches auto

cnncost fit mobilenet_v2 --set alpha=0.5 --board ek-ra6m4 --dtype int4

cnncost fit mlperf_tiny_vww --board disco-f746ng --board ek-ra6m4 --board nucleo-g0b1re

cnncost fit mobilenet_v1 --set alpha=0.25 --sram 256KiB --flash 1MiB --core cortex-m4 --mhz 120"""


@app.command(rich_help_panel="Count and explain", epilog=EPILOG, no_args_is_help=True)
def fit(
    arch: options.Arch,
    *,
    boards: board_options.Boards = None,
    sram: Annotated[
        str, typer.Option(metavar="BYTES", help="Without a board: 256KiB.", show_default=False)
    ] = "",
    flash: Annotated[
        str, typer.Option(metavar="BYTES", help="Without a board: 1MiB.", show_default=False)
    ] = "",
    core: Annotated[
        str,
        typer.Option(metavar="CORE", help="Without a board: cortex-m4.", show_default=False),
    ] = "",
    mhz: Annotated[
        float | None,
        typer.Option(min=0.001, max=options.MOST, metavar="N", help="Without a board: 120."),
    ] = None,
    milliwatts: Annotated[
        str,
        typer.Option(
            "--mw",
            metavar="N|N-N",
            help="The power while it computes, in place of the board's: 40 or 33-74.",
            show_default=False,
        ),
    ] = "",
    engine: board_options.Engine = "",
    budget: Annotated[
        list[str] | None,
        typer.Option(
            metavar="METRIC=AMOUNT",
            help="A further limit: time=100ms, energy=2mJ, sram=200KiB, flash=500KiB. Repeatable.",
        ),
    ] = None,
    patches: board_options.Patches = "",
    dtype: Annotated[
        str,
        typer.Option(
            metavar="int8|int4",
            help="int4: weights of 4 bits, for flash.",
            show_default="the file's own, else int8",
        ),
    ] = "",
    form: options.Form = "table",
    output: options.Output = "-",
    force: options.Force = False,
    settings: options.Set = None,
    shapes: options.Input = None,
    max_layers: options.MaxLayers = MAX_LAYERS,
    strict: options.Strict = False,
) -> None:
    """Say whether a network fits a microcontroller board in int8: SRAM, flash, time, energy.

    SRAM is the arena of TensorFlow Lite Micro: what its own planner needs for the buffers, scratch
    of CMSIS-NN's kernels among them, and the interpreter's data. With --patches it is a perfect
    planner's, and what patches compute again takes its time. --patches auto takes the fewest with
    which it fits, up to 8 along each axis. Exit code 1 where it does not
    fit, or where it is not sure to.
    """
    from cnncost.costs.memory.embedded import give_types
    from cnncost.study.patch_choice import choose_patches, find_hints
    from cnncost.views.fit_page import fit_results
    from cnncost.views.page_writers import write_results
    from cnncost.views.patches_section import add_hints, add_patches

    limits, counts = _read_limits(budget or []), board_options.parse_patches(patches)
    chosen = _choose_boards(boards or [], sram, flash, core, mhz)
    timed = {"--engine": engine, "--mw": milliwatts, "--budget time": "time" in limits}
    for option, value in timed.items():
        if value and not boards and not core:
            raise CnncostError(f"{option} changes no figure here", "add --core and --mhz")
    if milliwatts:
        power = board_options.parse_milliwatts(milliwatts)
        chosen = [replace(board, milliwatts=power) for board in chosen]
    refuse_existing(output, force=force)
    network = arch_reader.load_spec(arch, settings, shapes, max_layers, strict=strict).network
    network = give_types(network, dtype) if dtype else network
    choice = choose_patches(network, chosen, counts, engine=engine, limits=limits)
    found = choice.taken
    results = fit_results(found, engine)
    if patches:
        results = add_patches(results, choice)
    else:
        results = add_hints(results, find_hints(found, engine=engine, limits=limits))
    with open_destination(output, force=force) as file:
        write_results(file, results, form)
    raise typer.Exit(0 if found.holds else 1)


def _read_limits(texts: list[str]) -> dict[str, int]:
    from cnncost.study.board_fit import parse_limit

    limits: dict[str, int] = {}
    for text in texts:
        word, amount = parse_limit(text)
        if word in limits:
            raise CnncostError(f"--budget {word} is given twice", "keep one")
        limits[word] = amount
    return limits


def _choose_boards(
    words: list[str], sram: str, flash: str, core: str, mhz: float | None
) -> "list[Board]":
    """Load the boards, or make the one that options describe."""
    given = {"--sram": sram, "--flash": flash, "--core": core, "--mhz": mhz}
    options_given = [option for option, value in given.items() if value]
    if words and options_given:
        raise CnncostError(f"--board and {options_given[0]}", "a board's file says what it has")
    if words:
        return board_options.load_boards(words)
    if not sram and not flash:
        hint = "--board nucleo-l4r5zi, or --sram 256KiB --flash 1MiB; cnncost boards lists them"
        raise CnncostError("fit needs a board, or what it has", hint)
    if (core or mhz) and not (core and mhz):
        raise CnncostError("time needs --core and --mhz", "as in --core cortex-m4 --mhz 120")
    return [board_options.make_board(sram, flash, core, mhz)]
