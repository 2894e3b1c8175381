"""`cnncost convert`: convert between specs and the other forms of a network."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from cnncost import formats
from cnncost.cli import arch_reader, options
from cnncost.cli.output import refuse_existing, write_bytes
from cnncost.errors import CnncostError
from cnncost.language import MAX_LAYERS, Spec

app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)

EPILOG = """[bold]Examples[/bold]

cnncost convert alexnet alexnet.py

cnncost convert alexnet alexnet_keras.py --to keras

cnncost convert resnet50 resnet50.onnx

cnncost convert net.onnx net.yaml

cnncost convert flat.yaml net.yaml --structured

cnncost convert resnet50 - --flat

cnncost convert torchvision.models:resnet50 resnet50.yaml --input 3x224x224

cnncost convert my_net.py:build my_net.yaml --input 3x32x32"""


def _complete_form(incomplete: str) -> list[str]:
    return [
        key for key, form in formats.FORMATS.items() if form.writer and key.startswith(incomplete)
    ]


@app.command(rich_help_panel="Measure and convert", epilog=EPILOG, no_args_is_help=True)
def convert(
    arch: options.Arch,
    output: Annotated[
        str,
        typer.Argument(
            metavar="OUT", help="The file to write; - is standard output, a spec unless --to."
        ),
    ],
    *,
    to: Annotated[
        str,
        typer.Option(
            metavar="FORM",
            help="The form, where the file's ending does not say.",
            autocompletion=_complete_form,
            show_default=False,
        ),
    ] = "",
    no_weights: Annotated[
        bool, typer.Option("--no-weights", help="Leave the random weights out of an ONNX file.")
    ] = False,
    flat: Annotated[
        bool, typer.Option("--flat", help="A spec with one line a layer: no blocks or structures.")
    ] = False,
    structured: Annotated[
        bool,
        typer.Option(
            "--structured",
            help="A spec with its blocks, structures and repeats found anew; what imports get.",
        ),
    ] = False,
    force: options.Force = False,
    settings: options.Set = None,
    shapes: options.Input = None,
    max_layers: options.MaxLayers = MAX_LAYERS,
    strict: options.Strict = False,
) -> None:
    """Write a network in another form.

    A PyTorch model is named by the code that builds it: PACKAGE.MODULE:FUNCTION
    or FILE.py:FUNCTION. That code is run, without memory for weights (needs
    cnncost[torch]); --set gives it keyword arguments, as in --set width=0.5.
    Where it depends on its data, as detectors do, it is read up to there.

    A spec as ARCH keeps its text, comments too. With --flat or --structured it is
    written anew: name, source, notes, published figures, inputs and layers, as they are
    after --set; comments, params, expectations and values are left out.
    """
    form = _choose_form(output, to)
    _refuse_mixed(form, no_weights=no_weights, flat=flat, structured=structured)
    refuse_existing(output, force=force)
    spec = arch_reader.load_spec(
        arch, settings, shapes, max_layers, strict=strict, structured=False
    )
    if form.key == "yaml" and (flat or structured or spec.paths):
        data = _rewrite_spec(spec, flat=flat).encode()
    elif form.key == "yaml" and (settings or shapes):
        raise CnncostError(
            f"{arch} keeps its text, which --set and --input do not change",
            "--structured or --flat writes the network anew",
        )
    else:
        data = formats.write_spec(spec, form, weights=not no_weights)
    write_bytes(output, data, force=force)


def _refuse_mixed(
    form: formats.FileFormat, *, no_weights: bool, flat: bool, structured: bool
) -> None:
    """Refuse options that do not fit the form, or each other."""
    if no_weights and form.key != "onnx":
        raise CnncostError(f"--no-weights: {form.key} has none", "it goes with an .onnx file")
    if flat and structured:
        raise CnncostError("--flat and --structured exclude each other", "keep one")
    if (flat or structured) and form.key != "yaml":
        option = "--flat" if flat else "--structured"
        raise CnncostError(f"{option}: {form.key} is no spec", "it goes with a .yaml file")


def _rewrite_spec(spec: Spec, *, flat: bool) -> str:
    """Write the network's text anew: flat, one line per layer, or with blocks and structures."""
    from cnncost.formats.graph import graph_of
    from cnncost.formats.spec_text import spec_text
    from cnncost.formats.structured_text import structured_text

    if any(said.line.values is not None for said in spec.written.values()):
        sys.stderr.write("the layers' values are left out\n")
    graph = graph_of(spec.network, spec.paths)
    if flat:
        return spec_text(graph)
    _tell_progress(f"finding the structure of {len(graph.ops):,} layers")
    text = structured_text(graph, spec.network)
    _tell_progress("")
    return text


def _tell_progress(what: str) -> None:
    """Show progress, on a terminal only, as a line that is written over."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{what}")
        sys.stderr.flush()


def _choose_form(output: str, to: str) -> formats.FileFormat:
    """Choose the form that is asked for, or that the file's ending stands for."""
    writable = [key for key, form in formats.FORMATS.items() if form.writer]
    if to:
        form = formats.find_format(to)
        if not form.writer:
            raise CnncostError(f"{to} can be read, not written", f"--to {' or '.join(writable)}")
        suffix = Path(output).suffix.lower()
        if suffix in form.suffixes and suffix not in form.list_endings(reads=False):
            raise CnncostError(f"{output}: {to} is written as code", "let its name end in .py")
        return form
    if output == "-":
        return formats.FORMATS["yaml"]
    forms = formats.by_suffix(output, reads=False)
    if len(forms) == 1:
        return forms[0]
    choices = " or ".join(form.key for form in forms) if forms else ", ".join(writable)
    raise CnncostError(f"{output}: its ending does not say which form to write", f"--to {choices}")
