"""`cnncost draw`: draw the figure of an architecture, or its costs as bars."""

import io
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from cnncost import api
from cnncost.cli import arch_reader, device_options, options
from cnncost.cli.output import refuse_existing, write_bytes
from cnncost.errors import CnncostError
from cnncost.language import MAX_LAYERS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnncost.costs import Report
    from cnncost.timing import Device

    Figure = Callable[[BinaryIO, Report, str, float], None]

app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)

FORMS = ("svg", "png", "pdf", "tex")
STYLES = ("volumes", "nodes", "blocks")
FONTS = ("sans", "serif")

EPILOG = """[bold]Examples[/bold]

cnncost draw alexnet -o alexnet.svg

cnncost draw googlenet -o net.tex

cnncost draw resnet50 -o conv3.pdf --open conv3 --font serif

cnncost draw resnet50 -o costs.pdf --bars --width 180

cnncost draw resnet50 -o roof.svg --roofline --device rtx4090

cnncost draw mlperf_tiny_vww -o arena.svg --arena"""


@app.command(rich_help_panel="Measure and convert", epilog=EPILOG, no_args_is_help=True)
def draw(
    arch: options.Arch,
    *,
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="A .svg, .png, .pdf or .tex; - is standard output.",
        ),
    ],
    form: Annotated[
        str,
        typer.Option(
            "--format",
            "-f",
            metavar="svg|png|pdf|tex",
            help="Where the file's ending does not say.",
            show_default=False,
        ),
    ] = "",
    style: Annotated[
        str,
        typer.Option(
            metavar="volumes|nodes|blocks",
            help="Volumes of maps; units and weights of small dense layers; a flow of boxes.",
            show_default="as the network asks for",
        ),
    ] = "",
    depth: Annotated[
        int | None,
        typer.Option(min=1, max=99, help="Open blocks down to this level of names."),
    ] = None,
    opened: Annotated[
        list[str] | None,
        typer.Option("--open", metavar="BLOCK", help="Open a block, or all of a stage."),
    ] = None,
    flat: Annotated[
        list[str] | None,
        typer.Option(metavar="LAYER", help="Draw a layer without depth, among volumes."),
    ] = None,
    names: Annotated[
        bool, typer.Option("--names", help="Whole names, automatic ones too.")
    ] = False,
    font: Annotated[
        str,
        typer.Option(metavar="sans|serif", help="The font of svg, png and pdf."),
    ] = "sans",
    bars: Annotated[
        bool,
        typer.Option(
            "--bars", help="Units, weights, connections and memory by layer; time with --device."
        ),
    ] = False,
    roofline: Annotated[
        bool,
        typer.Option("--roofline", help="The layers' speeds under the roof of --device."),
    ] = False,
    arena: Annotated[
        bool,
        typer.Option(
            "--arena", help="Where TensorFlow Lite Micro puts each buffer, and while what runs."
        ),
    ] = False,
    device: device_options.DeviceName = "",
    batch: device_options.TimeBatch = None,
    width: Annotated[
        float, typer.Option(min=40, max=1000, help="Millimetres; 85 is a column, 180 a page.")
    ] = 85,
    force: options.Force = False,
    settings: options.Set = None,
    shapes: options.Input = None,
    max_layers: options.MaxLayers = MAX_LAYERS,
    strict: options.Strict = False,
) -> None:
    """Draw a network as papers do: its layers, branches, joins and skips, with their shapes.

    Repeated blocks are one part, as in `conv3 x 4`; below, one of each kind is drawn open. In
    volumes, channels go across, map sizes up and in depth, both shrunk less than in proportion.
    A .tex is TikZ, which compiles alone.
    """
    chosen = _choose_picture_form(output, form)
    wanted = {"--bars": bars, "--roofline": roofline, "--arena": arena}
    figures = [option for option, given in wanted.items() if given]
    if len(figures) > 1:
        raise CnncostError(f"{' and '.join(figures[:2])} are two figures", "draw one of them")
    machine = _load_machine(device, batch, bars=bars, roofline=roofline)
    refuse_existing(output, force=force)
    _check_words(chosen, style, font, figures)
    shaping = {"--depth": depth, "--open": opened, "--flat": flat, "--names": names}
    if figures and (idle := [option for option, given in shaping.items() if given]):
        raise CnncostError(f"{figures[0]} has no {idle[0]}", "leave one of them out")
    spec = arch_reader.load_spec(arch, settings, shapes, max_layers, strict=strict)
    report = api.count(spec)
    if machine is not None:
        report = _add_device_figures(report, machine, batch, roofline=roofline)
    drawn = io.BytesIO()
    if figures:
        _choose_figure(*figures)(drawn, report, chosen, width)
    else:
        from cnncost.views.draw.figure import FigureOptions, draw_figure, list_weights

        asked = FigureOptions(
            *(style, depth, tuple(opened or ()), names, font, tuple(flat or ())),
            list_weights(spec),
        )
        draw_figure(drawn, report, chosen, width, asked)
    write_bytes(output, drawn.getvalue(), force=force)


def _check_words(form: str, style: str, font: str, figures: "Sequence[str]") -> None:
    """Check the words of a figure's options.

    Raises:
        CnncostError: one is unknown, or does not go with the figure asked for.
    """
    for option, word, known in (("--style", style, STYLES), ("--font", font, FONTS)):
        if word and word not in known:
            raise CnncostError(f"{option} {word} is none of {', '.join(known)}", "take one of them")
    if figures and form == "tex":
        raise CnncostError(f"{figures[0]} is drawn as svg, png or pdf", "as in -o costs.pdf")
    if figures and style:
        raise CnncostError(f"{figures[0]} has no --style", "leave one of them out")


def _load_machine(device: str, batch: int | None, *, bars: bool, roofline: bool) -> "Device | None":
    """Load the device that a figure shows times or a roof of; bars can do without."""
    wanted = "--roofline" if roofline else "--bars with time" if bars and (device or batch) else ""
    return device_options.load_wanted_device(device, wanted, batch)


def _add_device_figures(
    report: "Report", device: "Device", batch: int | None, *, roofline: bool
) -> "Report":
    if not roofline:
        return api.add_time(report, device, batch)
    from cnncost.timing.roofline import place_layers

    roof = place_layers(report.network, device, batch)
    return api.add_time(report, device, roof.batch)._replace(roof=roof)


def _choose_figure(option: str) -> "Figure":
    if option == "--arena":
        from cnncost.views.draw.arena_map import draw_arena

        return draw_arena
    if option == "--roofline":
        from cnncost.views.draw.roofline_plot import draw_roofline

        return draw_roofline
    from cnncost.views.draw.bars import draw_bars

    return draw_bars


def _choose_picture_form(output: str, form: str) -> str:
    chosen = form or PurePath(output).suffix.lower().removeprefix(".")
    if chosen not in FORMS:
        what = f"--format {form}" if form else f"{output}: its ending"
        raise CnncostError(f"{what} is none of {', '.join(FORMS)}", "as in -o net.svg")
    return chosen
