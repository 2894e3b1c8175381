"""The pages of `explain` besides the working of counts: one option each, one page at a time."""

import io
from collections.abc import Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from cnncost.cli.output import write_bytes
from cnncost.errors import CnncostError, quote_text
from cnncost.language import Spec
from cnncost.views.page import Results

if TYPE_CHECKING:
    from cnncost.network import Network, Node

PICTURES = ("svg", "png", "pdf")
"""The endings of a file that `--matrix` is drawn into."""

Receptive = Annotated[
    bool,
    typer.Option("--receptive", help="Receptive field, jump and start, layer by layer; to LAYER."),
]
UnitAt = Annotated[
    str,
    typer.Option(
        "--unit",
        metavar="LAYER:ROW,COLUMN",
        help="The input positions that a unit sees, as in conv3:5,7.",
        show_default=False,
    ),
]
Matrix = Annotated[
    bool,
    typer.Option(
        "--matrix", help="LAYER, a convolution, as a matrix, with im2col; -o m.svg draws it."
    ),
]
Against = Annotated[
    str,
    typer.Option(
        "--against",
        metavar="locally_connected|dense",
        help="LAYER, a convolution, beside the same without sharing.",
        show_default=False,
    ),
]
Tools = Annotated[
    bool,
    typer.Option("--tools", help="What thop, fvcore, ptflops and others print, and why."),
]


class PageChoice(NamedTuple):
    """Which of the further pages is asked for."""

    receptive: bool = False
    unit: str = ""
    matrix: bool = False
    against: str = ""
    tools: bool = False

    @property
    def options(self) -> list[str]:
        """The options given, as they are written."""
        return [f"--{name}" for name, value in self._asdict().items() if value]


def refuse_mixed_pages(choice: PageChoice, layer: str, others: Mapping[str, object]) -> None:
    """Refuse two pages at once, or a page with an option of another.

    Raises:
        CnncostError: the message names both.
    """
    if not choice.options:
        return
    given = choice.options + [option for option, value in others.items() if value]
    if len(given) > 1:
        raise CnncostError(f"{given[0]} and {given[1]} do not go together", "drop one of them")
    if choice.unit and layer:
        raise CnncostError("--unit names its layer itself", f"drop {layer}")
    if choice.tools and layer:
        raise CnncostError("--tools is of the whole network", f"drop {layer}")


def build_page(spec: Spec, layer: str, choice: PageChoice, *, every: bool) -> Results:
    """Build the page that is asked for.

    Raises:
        CnncostError: the layer or unit is not there, or there is no such page of it.
    """
    if choice.unit:
        from cnncost.study.seen_positions import find_seen_inputs, parse_unit
        from cnncost.views.seen_page import seen_results

        unit = parse_unit(spec.network, choice.unit)
        return seen_results(spec.network, unit, find_seen_inputs(spec.network, unit))
    if choice.tools:
        return _build_tools_page(spec)
    if choice.against:
        return _build_forms_page(spec, layer, choice.against)
    if choice.matrix:
        return _build_matrix_page(spec, layer)
    return _build_field_page(spec, layer, every=every)


def _build_tools_page(spec: Spec) -> Results:
    from cnncost import api
    from cnncost.study.tool_counts import count_keras_parameters, list_tool_counts
    from cnncost.views.tools_page import tools_results

    report = api.count(spec)
    return tools_results(report, list_tool_counts(report), count_keras_parameters(report))


def _build_forms_page(spec: Spec, layer: str, against: str) -> Results:
    from cnncost.study.layer_forms import FORMS, list_forms
    from cnncost.views.forms_page import forms_results

    if against not in FORMS:
        raise CnncostError(
            f"--against {quote_text(against)} is none of {', '.join(FORMS)}", "take one of them"
        )
    node = find_layer(spec.network, layer, "--against")
    return forms_results(spec.network.name, node, list_forms(node, against))


def _build_matrix_page(spec: Spec, layer: str) -> Results:
    from cnncost.study.convolution_matrix import describe_matrix
    from cnncost.views.matrix_page import matrix_results

    node = find_layer(spec.network, layer, "--matrix")
    return matrix_results(spec.network.name, describe_matrix(node))


def write_matrix_figure(spec: Spec, layer: str, output: str, *, force: bool) -> None:
    """Draw the matrix of a layer into a file whose ending is a picture's.

    Raises:
        CnncostError: the layer is no convolution, or its matrix is too large to draw.
    """
    from cnncost.study.convolution_matrix import describe_matrix
    from cnncost.views.draw.matrix_figure import MOST_DRAWN, WIDEST_DRAWN, draw_matrix

    node = find_layer(spec.network, layer, "--matrix")
    matrix = describe_matrix(node, MOST_DRAWN, WIDEST_DRAWN)
    drawn = io.BytesIO()
    draw_matrix(drawn, matrix, find_picture_form(output), f"{spec.network.name}, {node.name}")
    write_bytes(output, drawn.getvalue(), force=force)


def find_picture_form(output: str) -> str:
    """Find the form of a picture from its file's ending; empty if it is none's."""
    form = PurePath(output).suffix.lower().removeprefix(".")
    return form if form in PICTURES else ""


def find_layer(network: "Network", layer: str, option: str) -> "Node":
    """Find the one layer that an option is about.

    Raises:
        CnncostError: none is named, it is not there, or it is a block of several.
    """
    from cnncost.study.explanation import find_layers

    if not layer:
        raise CnncostError(
            f"{option} is of one layer", f"as in cnncost explain ARCH conv1 {option}"
        )
    found = find_layers(network, layer)
    if len(found) > 1:
        what = f"{quote_text(layer)} is a block of {len(found)} layers"
        example = next((node for node in found if node.layer.counted), found[-1])
        raise CnncostError(f"{what}, and {option} is of one layer", f"as {example.name} is")
    return found[0]


def _build_field_page(spec: Spec, layer: str, *, every: bool) -> Results:
    from cnncost.layers.sliding_window import Windowed
    from cnncost.study.explanation import find_layers
    from cnncost.study.field_recurrence import list_field_steps
    from cnncost.views.field_page import field_results

    target = find_layers(spec.network, layer)[-1] if layer else None
    steps = list_field_steps(spec.network, target)
    shown = [
        step
        for step in steps
        if every or step.changes or isinstance(step.node.layer, Windowed) or step.node is target
    ]
    return field_results(spec.network, shown)
