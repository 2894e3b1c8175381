"""`cnncost verify`: run the network in PyTorch on this machine, and compare all numbers."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from cnncost import api
from cnncost.cli import arch_reader, device_options, options
from cnncost.cli.streams import report_opaque_layers, show_progress
from cnncost.errors import CnncostError
from cnncost.language import MAX_LAYERS, Spec

if TYPE_CHECKING:
    from cnncost.timing import Device
    from cnncost.verify.difference import Verdict
    from cnncost.verify.stopwatch import Stopwatch

app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)

EPILOG = """[bold]Examples[/bold]

cnncost verify resnet18 --batch 4

cnncost verify net.yaml --format json

cnncost verify resnet18 --time --device laptop --batch 1

cnncost verify my_net.py:build --input 3x32x32"""


@app.command(rich_help_panel="Measure and convert", epilog=EPILOG, no_args_is_help=True)
def verify(
    arch: options.Arch,
    *,
    batch: Annotated[int, typer.Option(min=1, max=options.MOST, help="Examples at once.")] = 2,
    time: Annotated[
        bool,
        typer.Option("--time", help="Compare the time on --device with this machine's instead."),
    ] = False,
    device: device_options.DeviceName = "",
    runtime: device_options.Runtime = "pytorch",
    cuda: device_options.Cuda = False,
    threads: device_options.Threads = None,
    seconds: device_options.Seconds = 2.0,
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
    With --time alone the time is compared, and the exit code is 0 whatever it is.
    """
    from cnncost.verify.stopwatch import Stopwatch
    from cnncost.views import verification_page
    from cnncost.views.page_writers import write_results

    machine = device_options.load_wanted_device(device, "--time" if time else "")
    watch = Stopwatch(runtime, "cuda" if cuda else "cpu", threads or 0, seconds=seconds)
    if machine is not None:
        watch = watch._replace(dtype=machine.dtype)
        spec = arch_reader.load_spec(arch, settings, shapes, max_layers, strict=strict)
        _verify_time(spec, machine, batch, watch, form)
        return
    if watch != Stopwatch():
        what = "--runtime, --cuda, --threads and --seconds are for timing"
        raise CnncostError(what, "add --time --device NAME, or drop them")
    if api.is_code(arch):
        name, verdict = _of_source(arch, (settings or (), shapes or ()), batch, max_layers, strict)
    else:
        spec = arch_reader.load_spec(arch, settings, shapes, max_layers, strict=strict)
        name, verdict = spec.network.name, _of_spec(spec, batch)
    show_progress("")
    write_results(sys.stdout, verification_page.verification_results(name, batch, verdict), form)
    raise typer.Exit(int(verdict.differences > 0))


def _verify_time(spec: Spec, device: "Device", batch: int, watch: "Stopwatch", form: str) -> None:
    """Measure the network's time on this machine, and print it beside the predicted one."""
    from cnncost.views.page_writers import write_results
    from cnncost.views.time_verdict_page import time_verdict_results

    watch.check_runtime()
    show_progress(f"{spec.name} at batch {batch}")
    measured = watch.measure_seconds(spec, batch)
    show_progress("")
    found = api.time(spec, device, batch)
    write_results(sys.stdout, time_verdict_results(spec.name, found, measured, watch), form)


def _of_spec(spec: Spec, batch: int) -> "Verdict":
    """Verify a spec's network: its flat PyTorch code, and the file that convert writes."""
    from cnncost.verify.difference import verify_exported_file, verify_network

    verdict = verify_network(spec.network, batch, show_progress)
    further = verify_exported_file(spec.network, spec.written, batch, show_progress)
    return verdict._replace(lines=(*verdict.lines, *further))


def _of_source(
    target: str, given: tuple[Sequence[str], Sequence[str]], batch: int, most: int, strict: bool
) -> "tuple[str, Verdict]":
    """Verify what the user's code builds against its import; `given` are settings and shapes."""
    from cnncost.formats.torch_in import module_with_memory
    from cnncost.verify.original_figures import verify_original

    arguments, shapes = options.parse_arguments(given[0]), options.parse_shapes(given[1])
    graph = arch_reader.source_graph(target, shapes, arguments)
    spec = api.load_graph(graph, target, max_layers=most)
    network = report_opaque_layers(target, spec, strict=strict).network
    module = module_with_memory(target, arguments)
    return network.name, verify_original(network, module, graph.inputs, batch, show_progress)
