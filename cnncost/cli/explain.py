"""`cnncost explain`: show the working of every number, from the formula that counted it."""

from typing import Annotated

import typer

from cnncost import api
from cnncost.cli import arch_reader, explain_pages, options
from cnncost.cli.equations import EquationOptions, refuse_equation_options, write_equations
from cnncost.cli.output import open_destination, refuse_existing
from cnncost.errors import CnncostError
from cnncost.language import MAX_LAYERS

app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)

EPILOG = """[bold]Examples[/bold]

cnncost explain alexnet fc1

cnncost explain lenet5 --biases

cnncost explain resnet50 conv2a --format latex

cnncost explain residual_mlp --backward

cnncost explain residual_mlp --backward --index --check

cnncost explain alexnet --receptive

cnncost explain alexnet --unit conv3:5,7

cnncost explain lenet5 C1 --matrix

cnncost explain alexnet conv1 --against dense

cnncost explain resnet50 --tools"""


@app.command(rich_help_panel="Count and explain", epilog=EPILOG, no_args_is_help=True)
def explain(
    arch: options.Arch,
    layer: Annotated[
        str,
        typer.Argument(metavar="LAYER", help="A layer, or a block: all in it.", show_default=False),
    ] = "",
    *,
    form: options.Form = "table",
    output: options.Output = "-",
    force: options.Force = False,
    every: Annotated[
        bool, typer.Option("--all", help="Explain layers without weights too.")
    ] = False,
    biases: options.Biases = False,
    exclude_padding: options.ExcludePadding = False,
    backward: Annotated[
        bool,
        typer.Option(
            "--backward", help="The equations instead, forward and backward, with connections."
        ),
    ] = False,
    vector: Annotated[
        bool, typer.Option("--vector", help="Equations of vectors and matrices, as is usual.")
    ] = False,
    index: Annotated[
        bool, typer.Option("--index", help="Equations of single numbers, sums written out.")
    ] = False,
    finite: Annotated[
        bool,
        typer.Option(
            "--check", help="Hold the equations beside finite differences; exit 1 if one is wrong."
        ),
    ] = False,
    receptive: explain_pages.Receptive = False,
    unit: explain_pages.UnitAt = "",
    matrix: explain_pages.Matrix = False,
    against: explain_pages.Against = "",
    tools: explain_pages.Tools = False,
    settings: options.Set = None,
    shapes: options.Input = None,
    max_layers: options.MaxLayers = MAX_LAYERS,
    strict: options.Strict = False,
) -> None:
    """Show the working of each number: output sizes, units, weights, connections."""
    from cnncost.study.explanation import explain_layers, explain_totals
    from cnncost.views.explanation_page import explanation_results
    from cnncost.views.page_writers import write_results

    refuse_existing(output, force=force)
    choice = explain_pages.PageChoice(receptive, unit, matrix, against, tools)
    others = {"--backward": backward, "--biases": biases, "--exclude-padding": exclude_padding}
    others |= {} if receptive else {"--all": every}
    explain_pages.refuse_mixed_pages(choice, layer, others)
    if backward and (every or biases or exclude_padding):
        raise CnncostError(
            "--backward has all layers, and counts uses of weights: no --all, --biases or "
            "--exclude-padding",
            "drop one of them",
        )
    wanted = EquationOptions(backward=backward, vector=vector, indexed=index, check=finite)
    refuse_equation_options(wanted, form)
    spec = arch_reader.load_spec(arch, settings, shapes, max_layers, strict=strict)
    if backward:
        write_equations(spec, layer, (form, output), wanted, force=force)
        return
    if matrix and form == "table" and explain_pages.find_picture_form(output):
        explain_pages.write_matrix_figure(spec, layer, output, force=force)
        return
    if choice.options:
        results = explain_pages.build_page(spec, layer, choice, every=every)
        with open_destination(output, force=force) as file:
            write_results(file, results, form)
        return
    report = api.count(spec, biases=biases, exclude_padding=exclude_padding)
    explained = explain_layers(report, layer, every=every)
    totals = () if layer else explain_totals(report)
    with open_destination(output, force=force) as file:
        write_results(file, explanation_results(report, explained, totals), form)
