"""Write a page for a browser: its style, its script and its data are in it, and it asks for no
other file."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from cnncost.costs import Report
from cnncost.views.amounts import readable_text
from cnncost.views.markup import blocks_html, escape_html
from cnncost.views.page import Page
from cnncost.views.table_columns import COLUMNS
from cnncost.views.web.network_data import (
    DrawnParts,
    ShownNetwork,
    build_metric_data,
    build_network_data,
    list_metrics,
)
from cnncost.views.web.page_extent import LARGEST, PageExtent, list_extents
from cnncost.views.web.page_pictures import (
    NARROW,
    WIDE,
    count_parts,
    draw_pictures,
    write_colours,
)

STYLE = "page.css"
SCRIPTS = ("numbers.js", "networks.js", "figure.js", "table.js", "timeline.js", "panel.js")
"""Files beside this one, in the order in which they stand in a page."""

RULES = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
"""What a browser lets the page do: run what is in it, and load nothing."""


class LayerPair(NamedTuple):
    """Layers of two networks that belong together, by their indices; -1 for a missing partner."""

    first: int
    second: int
    differs: bool


class WebPage(NamedTuple):
    """What a page shows; of each network its report has footprints."""

    title: str
    said: str
    """A line below the title."""
    networks: Sequence[ShownNetwork]
    """One, or two side by side."""
    pairs: Sequence[LayerPair]
    """The layers of two networks, in the order of a table."""
    totals: Page | None
    """The totals of two networks; those of one are made here."""
    plan: Page | None
    """What was suggested, if anything was asked for."""
    memory: Sequence[Page]
    """The bytes of each network."""
    conventions: Sequence[str]
    """Sentences."""


def write_web_page(page: WebPage) -> str:
    """Write the fullest page that fits; it is ASCII only, whatever it shows."""
    networks = [shown.report.network for shown in page.networks]
    extents = list_extents(
        sum(len(network.layers) for network in networks), max(map(count_parts, networks))
    )
    drawn: dict[int, list[DrawnParts]] = {}
    text = ""
    for extent in extents:
        count = min(extent.figures, 1) if len(networks) > 1 else extent.figures
        widths = (WIDE, NARROW)[2 - count :]
        key = len(widths)
        if key not in drawn:
            drawn[key] = [draw_pictures(shown, widths) for shown in page.networks]
        text = _write_document(page, extent, drawn[key])
        if len(text) < LARGEST:
            break
    return text


def _write_document(page: WebPage, extent: PageExtent, drawn: Sequence[DrawnParts]) -> str:
    folder = Path(__file__).parent
    style = f"{write_colours()}\n{(folder / STYLE).read_text(encoding='utf-8')}"
    scripts = "\n".join((folder / name).read_text(encoding="utf-8") for name in SCRIPTS)
    kind = "pair" if len(page.networks) > 1 else "single"
    lines = [
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{RULES}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        f"<title>{escape_html(page.title)}</title>",
        f'<style>\n{style}</style>\n</head>\n<body class="{kind}">',
        f"<header>\n<h1>{escape_html(page.title)}</h1>",
        f"<p>{escape_html(page.said)}</p>" if page.said else "",
        _write_totals(page),
        f'<p class="quiet">{extent.gaps_text}</p>' if extent.gaps_text else "",
        '</header>\n<div class="columns">\n<main>',
        "<noscript><p>The layers and the timelines need JavaScript.</p></noscript>",
        _write_figures(page, drawn),
        _write_section("plan", "Plan", blocks_html(page.plan)) if page.plan else "",
        _write_memory(page, lives=extent.layers is None),
        _write_section("layers", "Layers", ""),
        _write_section("conventions", "Conventions", _write_conventions(page)),
        '</main>\n<aside id="panel" aria-label="The chosen layer" tabindex="-1"></aside>\n</div>',
        f'<script type="application/json" id="data">{_write_data(page, extent, drawn)}</script>',
        f'<script>\n"use strict";\n{scripts}</script>\n</body>\n</html>\n',
    ]
    return "\n".join(line for line in lines if line)


def _write_section(key: str, title: str, body: str) -> str:
    return f'<section id="{key}">\n<h2>{title}</h2>\n{body}\n</section>'


def _write_totals(page: WebPage) -> str:
    """Write the totals: a table for two networks, a list for one."""
    if page.totals is not None:
        return f'<div class="scroll">{blocks_html(page.totals)}</div>'
    items = [
        f"<div><dt>{escape_html(title)}</dt><dd>{escape_html(text)}</dd></div>"
        for title, text in list_totals(page.networks[0].report)
    ]
    return f'<dl class="totals">\n{"".join(items)}\n</dl>'


def list_totals(report: Report) -> list[tuple[str, str]]:
    """List the totals of a network as a page shows them."""
    columns = list_metrics(report)
    if not report.convention.biases:
        columns.insert(2, COLUMNS["parameters"])
    titles = {"live_bytes": "peak of bytes alive", "saved_bytes": "saved for backward"}
    return [
        (titles.get(column.key, column.title), column.total_text(report, readable_text))
        for column in columns
    ]


def _write_figures(page: WebPage, drawn: Sequence[DrawnParts]) -> str:
    """Write the figures, each in all its widths; nothing if they are left out."""
    if not any(one.pictures for one in drawn):
        return ""
    figures = []
    for side, (shown, one) in enumerate(zip(page.networks, drawn, strict=True)):
        widths = ("wide", "narrow") if len(one.pictures) > 1 else ("only",)
        pictures = "".join(
            f'<div class="picture {width}">{picture}</div>'
            for width, picture in zip(widths, one.pictures, strict=True)
        )
        title = f"<figcaption>{escape_html(shown.label)}</figcaption>" if shown.label else ""
        figures.append(f'<figure data-side="{side}">{title}{pictures}</figure>')
    return _write_section("figure", "Figure", f'<div class="sides">{"".join(figures)}</div>')


def _write_memory(page: WebPage, *, lives: bool) -> str:
    """Write the places of the timelines, and the tables of bytes below them."""
    sides = []
    for side, (shown, table) in enumerate(zip(page.networks, page.memory, strict=True)):
        title = f"<h3>{escape_html(shown.label)}</h3>" if shown.label else ""
        place = f'<div class="timeline" data-side="{side}"></div>' if lives else ""
        body = f'<div class="scroll">{blocks_html(table)}</div>'
        sides.append(f"<div>{title}{place}{body}</div>")
    return _write_section("memory", "Memory", f'<div class="sides">{"".join(sides)}</div>')


def _write_conventions(page: WebPage) -> str:
    return "\n".join(f"<p>{escape_html(sentence)}</p>" for sentence in page.conventions)


def _write_data(page: WebPage, extent: PageExtent, drawn: Sequence[DrawnParts]) -> str:
    """Write the data as JSON that no text in it can end."""
    metrics = list_metrics(page.networks[0].report)
    for shown in page.networks[1:]:
        metrics = [column for column in metrics if column in list_metrics(shown.report)]
    chosen = _choose_layers(page, extent.layers)
    data = {
        "metrics": [build_metric_data(column) for column in metrics],
        "pairs": [pair for pair in page.pairs if chosen is None or _is_chosen(pair, chosen)],
        "networks": [
            build_network_data(shown, metrics, one, extent, None if chosen is None else listed)
            for shown, one, listed in zip(
                page.networks, drawn, chosen or [()] * len(drawn), strict=True
            )
        ],
    }  # fmt: skip
    text = json.dumps(data, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _choose_layers(page: WebPage, most: int | None) -> list[Collection[int]] | None:
    """Choose the layers that are listed, with their partners in the other network; None: all."""
    if most is None:
        return None
    chosen: list[set[int]] = []
    for shown in page.networks:
        costly = sorted(shown.report.layers, key=lambda row: -row.connections)[:most]
        chosen.append({row.node.index for row in costly})
    for pair in page.pairs:
        if _is_chosen(pair, chosen):
            chosen[0] |= {pair.first} - {-1}
            chosen[1] |= {pair.second} - {-1}
    return [*chosen]


def _is_chosen(pair: LayerPair, chosen: Sequence[Collection[int]]) -> bool:
    return pair.first in chosen[0] or pair.second in chosen[1]
