"""Draw the figure of an architecture, in the style that its network asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from cnncost.errors import CnncostError, did_you_mean
from cnncost.views.draw.figure_blocks import Flow, draw_flow, lay_out_flow
from cnncost.views.draw.figure_canvas import COLOURS, LINE_HEIGHT, SIZE, Canvas
from cnncost.views.draw.figure_details import find_details
from cnncost.views.draw.figure_layout import MARGIN
from cnncost.views.draw.figure_nodes import draw_units, fits_units
from cnncost.views.draw.figure_parts import PartGraph, find_parts, list_block_names
from cnncost.views.draw.figure_volumes import draw_volumes, lay_out_volumes
from cnncost.views.draw.part_places import place_parts
from cnncost.views.draw.part_words import list_names, name_colour
from cnncost.views.draw.tikz_canvas import TikzCanvas

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncost.costs import Report
    from cnncost.language import Spec
    from cnncost.network import Network
    from cnncost.views.draw.drawing import Drawing
    from cnncost.views.draw.figure_details import Detail
    from cnncost.views.draw.figure_nodes import WeightRows

FEW = 9
"""Of how many parts a network is opened by a level more."""
ALIKE = 4
"""Of how many copies a block may have then: more say nothing side by side."""
APART = 5.0
"""The distance between two drawings of a figure."""


class FigureOptions(NamedTuple):
    """What a reader may ask of a figure."""

    style: str = ""
    """`volumes`, `nodes` or `blocks`; empty: as the network asks for."""
    depth: int | None = None
    """The level down to which blocks are opened; None: one or two, as the network asks for."""
    opened: tuple[str, ...] = ()
    """The names of blocks that are opened by a level more."""
    names: bool = False
    """Whether whole names are shown, automatic ones too."""
    font: str = "sans"
    flat: tuple[str, ...] = ()
    """The names of layers that are drawn without depth among volumes."""
    weights: Mapping[int, WeightRows] = {}
    """The weights that the spec gives, by the layer's index."""


def draw_figure(
    file: BinaryIO, report: Report, form: str, width: float, options: FigureOptions | None = None
) -> None:
    """Draw the network in a figure of `width` millimetres as svg, png, pdf or tex.

    Raises:
        CnncostError: the style cannot show this network, or there is no block to open.
    """
    options = options or FigureOptions()
    canvas = TikzCanvas(width) if form == "tex" else Canvas(width, options.font)
    draw_network(canvas, report.network, options)
    canvas.save_sheet(file, form, title=report.network.name)


def draw_network(canvas: Drawing, network: Network, options: FigureOptions) -> None:
    """Draw a network on a sheet.

    Raises:
        CnncostError: as `draw_figure`.
    """
    graph = choose_parts(network, options)
    style = options.style or choose_style(graph)
    if options.flat:
        _check_flat(graph, options.flat, style)
    if style != "nodes":
        _draw_parts(canvas, network, graph, options, style)
        return
    if not fits_units(graph):
        raise CnncostError(
            f"--style nodes shows dense layers of at most 16 units; {network.name} has others",
            "draw it with --style blocks",
        )
    draw_units(canvas, graph, options.weights)


def _check_flat(graph: PartGraph, flat: Sequence[str], style: str) -> None:
    """Check that the layers that are to be flat are there, among volumes.

    Raises:
        CnncostError: they are not.
    """
    if style != "volumes":
        raise CnncostError(f"nothing has depth in {style}", "leave --flat out, or --style volumes")
    known = [name for part in graph.parts for name in list_names(part)]
    for name in flat:
        if name not in known:
            hint = did_you_mean(name, known, f"parts are {', '.join(p.name for p in graph.parts)}")
            raise CnncostError(f"no layer {name} to draw flat", hint)


def list_weights(spec: Spec) -> dict[int, WeightRows]:
    """List the weights that a spec gives, by the layer's index."""
    found: dict[int, WeightRows] = {}
    for node in spec.network.layers:
        carried = spec.written[node.index if node.shares is None else node.shares].line.values
        if carried is not None and "weights" in carried.tensors:
            found[node.index] = carried.tensors["weights"].rows
    return found


def choose_parts(network: Network, options: FigureOptions) -> PartGraph:
    """Choose the parts: blocks are closed, but those of a network of a few parts are opened."""
    if options.opened:
        known = list_block_names(network)
        for name in options.opened:
            if not any(have == name or have.startswith(name) for have in known):
                hint = did_you_mean(name, known, f"blocks are {', '.join(known[:8]) or 'none'}")
                raise CnncostError(f"no block {name} to open", hint)
    graph = find_parts(network, options.depth or 1, options.opened)
    few = len(graph.parts) <= FEW and all(part.copies <= ALIKE for part in graph.parts)
    if options.depth is None and not options.opened and few:
        deeper = find_parts(network, 2)
        if len(deeper.parts) <= 2 * FEW:
            return deeper
    return graph


def choose_style(graph: PartGraph) -> str:
    """Choose nodes for a few small dense layers, volumes for maps in a row, blocks for the rest."""
    if fits_units(graph):
        return "nodes"
    places = place_parts(graph)
    maps = sum(not part.shape.is_vector for part in graph.parts)
    branched = sum(len(part.nodes) > 1 and _has_concat(part.nodes) for part in graph.parts)
    flat = all(len(part.shape.extents) < 2 for part in graph.parts)
    if flat or 2 * maps < len(graph.parts) or places.breadth > 1 or branched > 4:
        return "blocks"
    return "volumes"


def _has_concat(nodes: Sequence[object]) -> bool:
    """Whether branches are joined side by side, other than a densely connected block's."""
    joins = [n for n in nodes if getattr(getattr(n, "layer", None), "word", "") == "concat"]
    return any(len(getattr(join, "reads", ())) > 2 for join in joins) and len(joins) == 1


def _draw_parts(
    canvas: Drawing, network: Network, graph: PartGraph, options: FigureOptions, style: str
) -> None:
    """Draw the parts, below them the insides of closed blocks, and the legend."""
    rows = None
    if style == "volumes":
        rows = lay_out_volumes(canvas, graph, names=options.names, flat=options.flat)
    if rows is None and options.style == "volumes":
        raise CnncostError(
            f"{len(graph.parts)} volumes have no room in {canvas.width:g} mm",
            "draw fewer (--depth 1), a wider figure (--width 180) or --style blocks",
        )
    room = canvas.width - 2 * MARGIN
    flow = lay_out_flow(canvas, graph, room, names=options.names) if rows is None else None
    details = find_details(network, graph) if options.depth is None and not options.opened else []
    shelves = _fill_shelves(canvas, details, room)
    top = rows.top if rows is not None else 0.0
    floor = rows.bottom if rows is not None else -flow.height if flow is not None else 0.0
    below = floor - sum(_shelf_height(shelf) for shelf in shelves)
    shown = [graph, *(flow.graph for shelf in shelves for _, flow in shelf)]
    colours = [name_colour(p) for g in shown for p in g.parts if not p.is_join]
    legend = _legend_lines(canvas, colours, concat=any(
        p.word == "concat" for g in shown for p in g.parts
    ))  # fmt: skip
    canvas.set_frame(below - len(legend) * (LINE_HEIGHT + 0.6) - 2 * MARGIN, top + MARGIN)
    if rows is not None:
        draw_volumes(canvas, rows, 0.0)
    elif flow is not None:
        draw_flow(canvas, flow, (canvas.width - flow.width) / 2, 0.0)
    y = floor
    for shelf in shelves:
        _draw_shelf(canvas, shelf, y)
        y -= _shelf_height(shelf)
    _draw_legend(canvas, legend, below - MARGIN)


# The insides of blocks

Shelf = list[tuple[str, Flow]]


def _fill_shelves(canvas: Drawing, details: Sequence[Detail], room: float) -> list[Shelf]:
    """Put drawings side by side, as many as there is room for."""
    shelves: list[Shelf] = []
    left = 0.0
    for title, graph in details:
        flow = lay_out_flow(canvas, graph, room, names=False)
        need = _stand_width(canvas, title, flow) + APART
        if shelves and need <= left:
            shelves[-1].append((title, flow))
        else:
            shelves.append([(title, flow)])
            left = room + APART
        left -= need
    return shelves


def _stand_width(canvas: Drawing, title: str, flow: Flow) -> float:
    return max(flow.width, canvas.text_length(title))


def _shelf_height(shelf: Shelf) -> float:
    return APART + LINE_HEIGHT + 1 + max(flow.height for _, flow in shelf)


def _draw_shelf(canvas: Drawing, shelf: Shelf, y: float) -> None:
    x = MARGIN
    for title, flow in shelf:
        canvas.draw_text(x, y - APART - LINE_HEIGHT / 2, title)
        draw_flow(canvas, flow, x, y - APART - LINE_HEIGHT - 1)
        x += _stand_width(canvas, title, flow) + APART


# The legend

KEY = 2.2
"""The side of a colour's square in the legend."""


def _legend_lines(
    canvas: Drawing, colours: Sequence[str], *, concat: bool
) -> list[list[tuple[str, str]]]:
    """Break the legend into lines: each colour that occurs, with its name."""
    items = [(key, COLOURS[key].text) for key in COLOURS if key in colours]
    items += [("", "c: concatenation")] if concat else []
    lines: list[list[tuple[str, str]]] = [[]]
    x = 0.0
    for key, text in items:
        need = canvas.text_length(text) + KEY + 3.5
        if lines[-1] and x + need > canvas.width - 2 * MARGIN:
            lines.append([])
            x = 0.0
        lines[-1].append((key, text))
        x += need
    return lines


def _draw_legend(canvas: Drawing, lines: list[list[tuple[str, str]]], y: float) -> None:
    for line in lines:
        y -= LINE_HEIGHT + 0.6
        x = MARGIN
        for key, text in line:
            if key:
                canvas.draw_box(x, y + 0.2, KEY, KEY, key)
            canvas.draw_text(x + (KEY + 0.8 if key else 0), y + 1.3, text, size=SIZE)
            x += canvas.text_length(text) + KEY + 3.5
