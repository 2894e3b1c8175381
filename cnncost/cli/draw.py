"""`cnncost draw`: draw the figure of an architecture, or its costs as bars."""

import io
from pathlib import PurePath
from typing import Annotated

import typer

from cnncost import api
from cnncost.cli import options
from cnncost.cli.output import refuse_existing, write_bytes
from cnncost.errors import CnncostError
from cnncost.language import MAX_LAYERS

app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)

FORMS = ("svg", "png", "pdf")

EPILOG = """[bold]Examples[/bold]

cnncost draw alexnet -o alexnet.svg

cnncost draw resnet50 -o costs.pdf --bars --width 180"""


@app.command(rich_help_panel="Measure and convert", epilog=EPILOG, no_args_is_help=True)
def draw(
    arch: options.Arch,
    *,
    output: Annotated[
        str,
        typer.Option(
            "--output", "-o", metavar="FILE", help="A .svg, .png or .pdf; - is standard output."
        ),
    ],
    form: Annotated[
        str,
        typer.Option(
            "--format",
            "-f",
            metavar="svg|png|pdf",
            help="Where the file's ending does not say.",
            show_default=False,
        ),
    ] = "",
    bars: Annotated[
        bool, typer.Option("--bars", help="Units, weights, connections and memory by layer.")
    ] = False,
    width: Annotated[
        float, typer.Option(min=40, max=1000, help="Millimetres; 85 is a column, 180 a page.")
    ] = 85,
    force: options.Force = False,
    settings: options.Set = None,
    shapes: options.Input = None,
    max_layers: options.MaxLayers = MAX_LAYERS,
    strict: options.Strict = False,
) -> None:
    """Draw a network as papers do: its volumes, joins and skips, with every shape.

    Layers with weights are volumes: channels across, map sizes up and in depth, both shrunk
    less than in proportion. Where they are too many, a block is one volume.
    """
    from cnncost.views.draw import bars as as_bars
    from cnncost.views.draw import figure

    chosen = _choose_picture_form(output, form)
    refuse_existing(output, force=force)
    report = api.count(options.load_spec(arch, settings, shapes, max_layers, strict=strict))
    drawn = io.BytesIO()
    (as_bars.draw_bars if bars else figure.draw_figure)(drawn, report, chosen, width)
    write_bytes(output, drawn.getvalue(), force=force)


def _choose_picture_form(output: str, form: str) -> str:
    chosen = form or PurePath(output).suffix.lower().removeprefix(".")
    if chosen not in FORMS:
        what = f"--format {form}" if form else f"{output}: its ending"
        raise CnncostError(f"{what} is none of {', '.join(FORMS)}", "as in -o net.svg")
    return chosen
