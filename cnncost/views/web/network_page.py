"""Make the page of one network, and that of two side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from cnncost.costs import Report
from cnncost.study.comparison import Comparison
from cnncost.views import caption
from cnncost.views.amounts import readable_text
from cnncost.views.comparison_totals import make_totals_table, side_labels
from cnncost.views.memory_page import (
    MemoryResults,
    memory_results,
    summary_figures,
    typed_figures,
)
from cnncost.views.page import Page, Remark
from cnncost.views.web.network_data import ShownNetwork
from cnncost.views.web.web_page import LayerPair, WebPage

if TYPE_CHECKING:
    from cnncost.views.draw.figure_nodes import WeightRows

Weights = Mapping[int, "WeightRows"]


def make_network_page(report: Report, weights: Weights, plan: Page | None = None) -> WebPage:
    """Make the page of one network, whose report has footprints.

    Args:
        weights: those that the spec gives, by the layer's index.
        plan: what was suggested, where that did not become a second network.
    """
    return WebPage(
        title=report.network.name,
        said=_write_inputs(report),
        networks=[ShownNetwork("", report, weights)],
        pairs=[],
        totals=None,
        plan=plan,
        memory=[_make_memory(report)],
        conventions=_list_conventions(report),
    )


def make_pair_page(
    comparison: Comparison,
    weights: Sequence[Weights],
    title: str = "",
    plan: Page | None = None,
    verdict: Sequence[str] = (),
) -> WebPage:
    """Make the page of two networks, whose reports have footprints."""
    sides = comparison.sides
    labels = side_labels(comparison)
    letters = [f"{letter}: {label}" for letter, label in zip("AB", labels, strict=True)]
    table = make_totals_table(comparison, readable_text, 2, True)
    return WebPage(
        title=title or " / ".join(labels),
        said="; ".join(dict.fromkeys(_write_inputs(side.report) for side in sides)),
        networks=[
            ShownNetwork(letter, side.report, given)
            for letter, side, given in zip(letters, sides, weights, strict=True)
        ],
        pairs=_list_pairs(comparison),
        totals=Page([table, *map(Remark, verdict)]),
        plan=plan,
        memory=[_make_memory(side.report) for side in sides],
        conventions=_join_conventions([_list_conventions(side.report) for side in sides]),
    )


def _write_inputs(report: Report) -> str:
    return caption.inputs_text(report)


def _list_pairs(comparison: Comparison) -> list[LayerPair]:
    """List which layers belong together."""
    places = [
        {count.node.name: count.node.index for count in side.report.layers}
        for side in comparison.sides
    ]
    found = []
    for match in comparison.matches:
        first, second = (
            -1 if row is None else place[row.name]
            for row, place in zip(match.rows, places, strict=True)
        )
        found.append(LayerPair(first, second, match.differs))
    return found


def _make_memory(report: Report) -> Page:
    """Make the table of a network's bytes, as `cnncost memory` has it."""
    scale = report.footprints
    assert scale is not None  # a page's report has footprints
    rows = [
        *summary_figures(scale.memory, scale.embedded, report.network.types),
        *typed_figures(report.network, known=scale.memory.known),
    ]
    said = f"{caption.scale_text(scale)}; kernel workspace is left out"
    measured = MemoryResults((), scale.memory, scale.embedded, rows, said, {"name": ""})
    *_, amounts = memory_results(measured).page().blocks
    return Page([amounts])


def _join_conventions(said: Sequence[Sequence[str]]) -> list[str]:
    """List the sentences that both networks have, then those of each.

    >>> _join_conventions([["Per example.", "Outputs: a, b."], ["Per example."]])
    ['Per example.', 'A: Outputs: a, b.']
    """
    first, second = said
    both = [sentence for sentence in first if sentence in second]
    return [
        *both,
        *(f"A: {sentence}" for sentence in first if sentence not in both),
        *(f"B: {sentence}" for sentence in second if sentence not in both),
    ]


def _list_conventions(report: Report) -> list[str]:
    said = [caption.convention_text(report.convention), *caption.list_remarks(report)]
    assert report.footprints is not None  # a page's report has footprints
    said.append(caption.step_text(report, report.footprints))
    said += caption.device_lines(report)
    return [*said, report.network.notes] if report.network.notes else said
