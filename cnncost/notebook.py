"""What the commands print, for Python and notebooks: tables and figures that show themselves.

>>> from cnncost import table
>>> print(table("minmax").write("csv").splitlines()[0])
layer,type,input_shape,output_shape,units,weights,biases,connections
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO, StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from cnncost import api
from cnncost.errors import CnncostError
from cnncost.language import Spec

if TYPE_CHECKING:
    from torch import nn

    from cnncost.costs import Report
    from cnncost.costs.memory import Memory
    from cnncost.plans.suggestion.answer import Suggestion
    from cnncost.study.comparison import Comparison
    from cnncost.views.page import Results

Arch = Spec | str | Path
"""A network: read already, or what `cnncost table` takes."""

Value = TypeVar("Value")

STYLE = """<style>
.cnncost caption { caption-side: bottom; text-align: left; max-width: 48em; }
.cnncost th, .cnncost td { text-align: left; }
.cnncost .number { text-align: right; font-variant-numeric: tabular-nums; }
</style>
"""
"""Captions below tables and words on the left, which notebooks have otherwise."""


@dataclass(frozen=True)
class Shown(Generic[Value]):
    """A result that a notebook shows as HTML, and `print` as the command does."""

    value: Value
    """What was computed."""
    results: Callable[[str], Results]
    """Makes what is shown in a format."""

    def write(self, form: str = "table") -> str:
        """Write the result as `--format` does: table, csv, tsv, json, markdown, latex or html.

        Raises:
            CnncostError: there is no such format.
        """
        from cnncost.views.page_writers import WRITERS, write_results

        if form not in WRITERS:
            raise CnncostError(f"{form}: no such format", f"one of {', '.join(WRITERS)}")
        file = StringIO()
        write_results(file, self.results(form), form)
        return file.getvalue()

    def __str__(self) -> str:
        return self.write()

    def __repr__(self) -> str:
        return self.write()

    def _repr_html_(self) -> str:
        from cnncost.views.markup import blocks_html

        return f'{STYLE}<div class="cnncost">\n{blocks_html(self.results("html").page())}\n</div>'


@dataclass(frozen=True)
class Picture:
    """A figure that a notebook shows."""

    svg: str
    """The text of an SVG file."""
    report: Report
    width: float
    """Millimetres."""

    def save(self, path: str | Path) -> None:
        """Write the figure in the format that the path's ending names: svg, pdf or png.

        Raises:
            CnncostError: it names none of them.
        """
        form = Path(path).suffix.lower().removeprefix(".")
        if form not in ("svg", "pdf", "png"):
            raise CnncostError(f"{path}: its ending is none of svg, pdf, png", "as in net.svg")
        Path(path).write_bytes(_draw(self.report, form, self.width))

    def _repr_svg_(self) -> str:
        return self.svg


def _load(arch: Arch) -> Spec:
    return arch if isinstance(arch, Spec) else api.load(arch)


def table(
    arch: Arch,
    *,
    columns: str = "",
    sort: str = "",
    top: int | None = None,
    depth: int | None = None,
    biases: bool = False,
    exclude_padding: bool = False,
    memory: bool = False,
    training: bool = False,
) -> Shown[Report]:
    """Count a network: what `cnncost table` prints, whose options these are.

    Raises:
        CnncostError: the network cannot be read, or an option does not fit the others.
    """
    from cnncost.costs.footprint import compute_footprints
    from cnncost.views.table_page import TableLayout, table_results

    layout = TableLayout(
        columns=columns, sort=sort, top=top, depth=depth, memory=memory, training=training
    )
    layout.check_options()
    spec = _load(arch)
    report = api.count(spec, biases=biases, exclude_padding=exclude_padding)
    if layout.shows_footprints:
        report = report._replace(footprints=compute_footprints(spec.network))
    return Shown(report, lambda form: table_results(report, layout._replace(form=form)))


def memory(
    arch: Arch, *, batch: int = 1, dtype: str = "fp32", optimizer: str = "sgd"
) -> Shown[Memory]:
    """Measure the bytes alive while each layer runs, in bytes: what `cnncost memory` prints.

    Raises:
        CnncostError: the network cannot be read, or there is no such type or optimizer.
    """
    from cnncost.costs.memory import measure_embedded, measure_memory
    from cnncost.costs.memory.memory_report import trace_timeline
    from cnncost.views import memory_page as view

    network = _load(arch).network
    found = measure_memory(network, batch=batch, dtype=dtype, optimizer=optimizer)
    small = measure_embedded(network)
    scale = {"name": network.name, "batch": batch, "dtype": dtype, "optimizer": optimizer}
    said = f"{network.name}: program order; live bytes, inference, batch {batch}, {dtype}; "
    measured = view.MemoryResults(
        trace_timeline(network, batch=batch, dtype=dtype),
        found,
        small,
        view.summary_figures(found, small) + view.typed_figures(network, known=found.known),
        f"{said}training: {optimizer}",
        {**scale, "order": "program"},
    )
    return Shown(found, lambda _: view.memory_results(measured))


def compare(*archs: Arch, totals: bool = False, depth: int | None = None) -> Shown[Comparison]:
    """Compare at least two networks: what `cnncost compare` prints.

    Raises:
        CnncostError: there are fewer than two, or one cannot be read.
    """
    from cnncost.study.comparison import Side, compare_networks
    from cnncost.views.comparison_page import ComparisonLayout, comparison_results

    if len(archs) < 2:
        raise CnncostError("one network alone is no comparison", "give two or more")
    specs = [_load(arch) for arch in archs]
    sides = [
        Side(spec.network.name if arch is spec else str(arch), spec, api.count(spec))
        for arch, spec in zip(archs, specs, strict=True)
    ]
    compared = compare_networks(sides, depth)
    layout = ComparisonLayout(totals=totals)
    return Shown(compared, lambda form: comparison_results(compared, layout._replace(form=form)))


def suggest(
    arch: Arch,
    *,
    budgets: Sequence[str] = (),
    forbid: Sequence[str] = (),
    keep: Sequence[str] = (),
    grow: bool = False,
    time_limit: float = 60.0,
) -> Shown[Suggestion]:
    """Search for the edits that hold budgets such as `connections=50%`: what `cnncost suggest`
    prints. `value.plan.text` is the edited spec.

    Raises:
        CnncostError: the network cannot be read, or a budget or kind of edit is unknown.
    """
    from cnncost.plans.edits.catalogue import parse_allowed_edits
    from cnncost.plans.suggestion.request import SuggestionRequest
    from cnncost.plans.suggestion.suggester import Suggester
    from cnncost.views.suggest import suggestion_results

    allowed = parse_allowed_edits((), forbid, keep, grow=grow)
    request = SuggestionRequest(tuple(budgets), allowed, seconds=time_limit)
    found = Suggester(_load(arch), request).suggest()
    return Shown(found, lambda _: suggestion_results(found))


def draw(arch: Arch, *, width: float = 85) -> Picture:
    """Draw a network, so many millimetres wide: what `cnncost draw` draws.

    Raises:
        CnncostError: the network cannot be read or drawn.
    """
    report = api.count(_load(arch))
    return Picture(_draw(report, "svg", width).decode(), report, width)


def _draw(report: Report, form: str, width: float) -> bytes:
    from cnncost.views.draw.figure import draw_figure

    drawn = BytesIO()
    draw_figure(drawn, report, form, width)
    return drawn.getvalue()


def from_torch(
    module: nn.Module, shapes: tuple[int, ...] | Mapping[str, tuple[int, ...]], *, name: str = ""
) -> Spec:
    """Read a PyTorch module: `shapes` are those of one example of its input, or of each by its
    name in `forward`.

    Raises:
        CnncostError: it cannot be traced.
    """
    from cnncost.formats.torch_in.torch_trace import trace_module

    given = dict(shapes) if isinstance(shapes, Mapping) else {"input": tuple(shapes)}
    called = name or type(module).__name__
    return api.restore_structure(api.load_graph(trace_module(module, called, given), called))
