"""`cnncost verify`: the network in PyTorch on this machine, its numbers beside the measured."""

import sys
from typing import Annotated

import typer

from cnncost.cli import options
from cnncost.language import MAX_LAYERS

app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)

EPILOG = """[bold]Examples[/bold]

cnncost verify resnet18 --batch 4

cnncost verify net.yaml --format json"""


@app.command(rich_help_panel="Measure and convert", epilog=EPILOG, no_args_is_help=True)
def verify(
    arch: options.Arch,
    *,
    batch: Annotated[int, typer.Option(min=1, max=options.MOST, help="Examples at once.")] = 2,
    form: options.Form = "table",
    settings: options.Set = None,
    shapes: options.Input = None,
    max_layers: options.MaxLayers = MAX_LAYERS,
    strict: options.Strict = False,
) -> None:
    """Build the network in PyTorch, run it, and compare every number with the measured one.

    Needs PyTorch: pip install 'cnncost[torch]'. Exit code 1: a number differs. PyTorch's strides
    are not modelled: bytes that turned or sliced maps may explain are shown, but not compared.
    """
    from cnncost.verify.difference import verify_exported_file, verify_network
    from cnncost.views import verification_page
    from cnncost.views.page import write

    spec = options.load_spec(arch, settings, shapes, max_layers, strict=strict)
    network = spec.network
    verdict = verify_network(network, batch, _show_progress)
    further = verify_exported_file(network, spec.written, batch, _show_progress)
    verdict = verdict._replace(lines=(*verdict.lines, *further))
    _show_progress("")
    write(sys.stdout, verification_page.verification_results(network.name, batch, verdict), form)
    raise typer.Exit(int(verdict.differences > 0))


def _show_progress(what: str) -> None:
    """Progress, on a terminal only: a line that is written over."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{what}")
        sys.stderr.flush()
