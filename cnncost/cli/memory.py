"""`cnncost memory`: show the timeline of live bytes, its peak, and what is alive there."""

import sys
from enum import StrEnum
from typing import Annotated

import typer

from cnncost.cli import arch_reader, options
from cnncost.cli.output import open_destination, refuse_existing
from cnncost.errors import CnncostError
from cnncost.language import MAX_LAYERS
from cnncost.network import Network
from cnncost.views.page_writers import WRITERS

app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)


class Sequence(StrEnum):
    """Whose order the layers run in."""

    program = "program"
    smallest = "smallest"


EPILOG = """[bold]Examples[/bold]

cnncost memory mobilenet_v2 --batch 4 --optimizer adam

cnncost memory mobilenet_v2 --dtype int8 --format json

cnncost memory mlperf_tiny_vww --embedded

cnncost memory gpt2 --kv-cache --dtype fp16"""


@app.command(rich_help_panel="Measure and convert", epilog=EPILOG, no_args_is_help=True)
def memory(
    arch: options.Arch,
    *,
    batch: Annotated[int, typer.Option(min=1, max=options.MOST, help="Examples at once.")] = 1,
    dtype: Annotated[str, typer.Option(metavar="fp32|fp16|bf16|int8", help="Of all.")] = "fp32",
    optimizer: Annotated[
        str,
        typer.Option(metavar="sgd|momentum|adam|adamw|rmsprop", help="Of the training step."),
    ] = "sgd",
    sequence: Annotated[
        Sequence,
        typer.Option(
            "--order", help="The program's order of layers, or that of the smallest peak."
        ),
    ] = Sequence.program,
    embedded: Annotated[
        bool,
        typer.Option(
            "--embedded", help="On a microcontroller, in int8: TensorFlow Lite Micro's arena."
        ),
    ] = False,
    kv_cache: Annotated[
        bool,
        typer.Option(
            "--kv-cache", help="Also the keys and values of all positions, which a decoder keeps."
        ),
    ] = False,
    form: Annotated[
        str, options.form_option(*WRITERS, text="How it is written; csv and tsv hold the timeline.")
    ] = "table",
    output: options.Output = "-",
    force: options.Force = False,
    settings: options.Set = None,
    shapes: options.Input = None,
    max_layers: options.MaxLayers = MAX_LAYERS,
    strict: options.Strict = False,
) -> None:
    """Show the bytes alive while each layer runs, the peak, and what is alive there.

    Kernel workspace, which depends on the back end, is left out. PyTorch's strides (channels
    last, permuted maps) are not modelled: a copy that it makes to lay out a map anew is left out.

    The eager peak is that of the PyTorch file that convert writes, whose blocks hold their input
    until they return. The code that a network was imported from may hold more or less.
    """
    from cnncost.costs.memory import DTYPES, measure_embedded
    from cnncost.costs.memory import measure_memory as measure
    from cnncost.costs.memory.kv_cache import count_kv_bytes
    from cnncost.costs.memory.memory_report import trace_timeline
    from cnncost.views import memory_page as view
    from cnncost.views.page_writers import write_results

    refuse_existing(output, force=force)
    scaled = {
        "--batch": batch > 1,
        "--dtype": dtype not in ("fp32", "int8"),
        "--optimizer": optimizer != "sgd",
        "--order": sequence is Sequence.smallest,
        "--kv-cache": kv_cache,
    }
    for option, value in scaled.items():
        if embedded and value:
            what = f"{option} changes no figure of --embedded"
            raise CnncostError(what, "it is int8, one example, the program's order")
    given = arch_reader.load_spec(arch, settings, shapes, max_layers, strict=strict).network
    if embedded:
        _write_arena(given, form, output, force=force)
        return
    found = measure(given, batch=batch, dtype=dtype, optimizer=optimizer)
    network, first, proved = given, found.inference.bytes, True
    if sequence is Sequence.smallest:
        network, proved = _find_smallest_peak(given, batch, dtype)
        found = measure(network, batch=batch, dtype=dtype, optimizer=optimizer)
    steps, small = trace_timeline(network, batch=batch, dtype=dtype), measure_embedded(given)
    ordered = f"{sequence.value} order" if proved else "an order not proved the smallest"
    said = f"{network.name}: {ordered}; "
    said += f"live bytes, inference, batch {batch}, {dtype}; training: {optimizer}"
    scale: dict[str, object] = {
        "name": network.name,
        "batch": batch,
        "dtype": dtype,
        "optimizer": optimizer,
        "order": sequence.value,
    }
    rows = view.summary_figures(found, small, given.types) + view.typed_figures(
        given, known=found.known
    )
    if sequence is Sequence.smallest:
        scale |= {"program_order_peak": first, "order_proved": proved}
        rows.insert(3, view.MemoryFigure("the same in the program's order", first, found.complete))
    if kv_cache:
        kept = count_kv_bytes(given, batch, DTYPES[dtype])
        scale["kv_cache"] = kept
        rows.append(view.MemoryFigure("keys and values (KV cache)", kept, True))
    measured = view.MemoryResults(steps, found, small, rows, said, scale)
    with open_destination(output, force=force) as file:
        write_results(file, view.memory_results(measured), form)


def _write_arena(network: Network, form: str, output: str, *, force: bool) -> None:
    from cnncost.costs.memory import measure_embedded
    from cnncost.costs.memory.arena import plan_arena
    from cnncost.views.arena_page import arena_results
    from cnncost.views.page_writers import write_results

    results = arena_results(network, plan_arena(network), measure_embedded(network))
    with open_destination(output, force=force) as file:
        write_results(file, results, form)


def _find_smallest_peak(network: Network, batch: int, dtype: str) -> tuple[Network, bool]:
    """Find the network in the order of its smallest peak, and whether that is proved.

    If the search was cut off, say so on standard error.
    """
    from cnncost.costs.memory import DTYPES
    from cnncost.costs.memory.execution_order import reorder_network, smallest_peak
    from cnncost.costs.memory.inference import find_lives

    order = smallest_peak(network, find_lives(network, batch=batch, size=DTYPES[dtype]))
    if not order.proved:
        same = order.nodes == tuple(range(len(network.nodes)))
        best = "the program's order" if same else "the best order found"
        sys.stderr.write(
            f"the search for a smaller peak was cut off: this is {best}, not proved the smallest\n"
        )
    return reorder_network(network, order.nodes), order.proved
