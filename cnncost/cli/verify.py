"""`cnncost verify`: run the network in PyTorch on this machine, and compare all numbers."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from cnncost import api
from cnncost.cli import options
from cnncost.cli.streams import report_opaque_layers
from cnncost.language import MAX_LAYERS, Spec

if TYPE_CHECKING:
    from cnncost.verify.difference import Verdict

app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)

EPILOG = """[bold]Examples[/bold]

cnncost verify resnet18 --batch 4

cnncost verify net.yaml --format json

cnncost verify my_net.py:build --input 3x32x32"""


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

    A PyTorch model, PACKAGE.MODULE:FUNCTION or FILE.py:FUNCTION with --input, is imported as
    convert does it, and compared with the module itself: its own variables and in-place flags.

    Needs PyTorch: pip install 'cnncost[torch]'. Exit code 1: a number differs. PyTorch's strides
    are not modelled: bytes that turned or sliced maps may explain are shown, but not compared.
    """
    from cnncost.views import verification_page
    from cnncost.views.page_writers import write_results

    if api.is_code(arch):
        name, verdict = _of_source(arch, (settings or (), shapes or ()), batch, max_layers, strict)
    else:
        spec = options.load_spec(arch, settings, shapes, max_layers, strict=strict)
        name, verdict = spec.network.name, _of_spec(spec, batch)
    _show_progress("")
    write_results(sys.stdout, verification_page.verification_results(name, batch, verdict), form)
    raise typer.Exit(int(verdict.differences > 0))


def _of_spec(spec: Spec, batch: int) -> "Verdict":
    """Verify a spec's network: its flat PyTorch code, and the file that convert writes."""
    from cnncost.verify.difference import verify_exported_file, verify_network

    verdict = verify_network(spec.network, batch, _show_progress)
    further = verify_exported_file(spec.network, spec.written, batch, _show_progress)
    return verdict._replace(lines=(*verdict.lines, *further))


def _of_source(
    target: str, given: tuple[Sequence[str], Sequence[str]], batch: int, most: int, strict: bool
) -> "tuple[str, Verdict]":
    """Verify what the user's code builds against its import; `given` are settings and shapes."""
    from cnncost.formats.torch_in import module_with_memory
    from cnncost.verify.original_figures import verify_original

    arguments, shapes = options.parse_arguments(given[0]), options.parse_shapes(given[1])
    graph = options.source_graph(target, shapes, arguments)
    spec = api.load_graph(graph, target, max_layers=most)
    network = report_opaque_layers(target, spec, strict=strict).network
    module = module_with_memory(target, arguments)
    return network.name, verify_original(network, module, graph.inputs, batch, _show_progress)


def _show_progress(what: str) -> None:
    """Show progress, on a terminal only, as a line that is written over."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{what}")
        sys.stderr.flush()
