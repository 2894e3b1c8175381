"""Pages for a browser, written in this process, and what stands in them."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import cnncost
from cnncost.cli.web_pages import PageMeasure
from cnncost.costs.metrics import Metrics
from cnncost.study.comparison import Side, compare_networks
from cnncost.views.draw.figure import list_weights
from cnncost.views.web.network_page import make_network_page, make_pair_page
from cnncost.views.web.web_page import WebPage, write_web_page

ODD = 'A & B <b>"x"</b> {$z$} \\d </title></script><script>boom()</script><!-- \u00e9 \u7db2'
"""A name that must not end the element that it stands in."""

OPAQUE = """\
name: half known
input: [3, 9, 7]
layers:
  - {name: first, conv: 4, kernel: [3, 1]}
  - {name: odd, opaque: {output: [4, 7, 7], op: Strange}}
  - {name: last, conv: 2, kernel: 1}
"""


def make_page(arch: str, measure: PageMeasure | None = None) -> WebPage:
    spec = cnncost.loads(arch) if "\n" in arch else cnncost.load(arch)
    report = (measure or PageMeasure({})).count_costs(spec)
    return make_network_page(report, list_weights(spec))


def make_pair(first: str, second: str) -> WebPage:
    sides = []
    for arch in (first, second):
        spec = cnncost.loads(arch) if "\n" in arch else cnncost.load(arch)
        report = PageMeasure({}).count_costs(spec)
        sides.append(Side(spec.network.name, spec, report, Metrics(spec.network)))
    return make_pair_page(compare_networks(sides), [list_weights(side.spec) for side in sides])


def read_data(text: str) -> dict[str, Any]:  # Any: JSON
    (found,) = re.findall(r'<script type="application/json" id="data">([^<]*)</script>', text)
    return dict(json.loads(found))


def list_rows(text: str, side: int = 0) -> dict[str, dict[str, Any]]:  # Any: JSON
    """Each listed layer's costs, by its name and the column's key."""
    data = read_data(text)
    keys = [metric["key"] for metric in data["metrics"]]
    return {
        label: dict(zip(keys, amounts, strict=True))
        for _, label, _, _, _, _, *amounts in data["networks"][side]["layers"]
    }


def write(arch: str) -> str:
    return write_web_page(make_page(arch))


class PageReader(HTMLParser):
    """Takes a page apart; every tag that opens must close, and nothing is asked for."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.texts: list[str] = []
        assert text.isascii()  # whatever encoding it is read in
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        keys = {key for key, _ in attrs}
        assert not keys & {"src", "href", "xlink:href", "srcset", "action", "style"}
        assert not any(key.startswith("on") for key in keys)
        self.tags.append(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.texts.append(data)
