"""Write the list of bundled networks, and each figure as computed, expected and published."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TextIO

from cnncost.costs import Convention, count_network
from cnncost.costs.metrics import find_total
from cnncost.language import Spec
from cnncost.language.figures import FIGURES
from cnncost.quantity import OF_CONNECTIONS
from cnncost.views.amounts import human_text
from cnncost.views.page import Page, Results, Table

HEADER = ("network", "input", "figure", "expected", "computed", "published", "source")

SUFFIXES = {" million": "M", " x 10^6": "M", " billion": "B", " x 10^9": "B", " Bn": "B"}
"""The letters for the ways in which papers write powers of ten."""

BESIDE = 56
"""The column in which the paper's words begin in the long list."""


class ZooEntry(NamedTuple):
    """One figure of a network."""

    figure: str
    expected: int | None
    """An independent count, which `cnncost check` compares."""
    computed: int
    published: str
    """The paper's words; empty if it prints none."""


def zoo_entries(spec: Spec) -> Iterator[ZooEntry]:
    """List the figures that a spec expects or its paper prints."""
    expect, printed = spec.expect, dict(spec.network.published)
    expected = expect.totals if expect is not None else {}
    convention = Convention(expect.biases, expect.exclude_padding) if expect else Convention()
    totals = count_network(spec.network, convention).totals
    for figure in FIGURES:
        if figure in expected or figure in printed:
            computed = find_total(totals, figure)
            words = printed.get(figure, "")
            yield ZooEntry(figure, expected.get(figure), computed, words)


def zoo_results(specs: Mapping[str, Spec], *, long: bool = False) -> Results:
    """Make the results of the list of networks; if `long`, with each figure."""
    listed = _write_long if long else _write_table
    return Results(
        page=lambda: _build_page(specs),
        records=lambda: _build_records(specs),
        data=lambda: [_network_entry(name, spec) for name, spec in specs.items()],
        own={"table": lambda file: listed(file, specs)},
    )


def _build_page(specs: Mapping[str, Spec]) -> Page:
    rows = [row for name, spec in specs.items() for row in _entry_rows(name, spec, "{:,}")]
    return Page([Table(HEADER[:-1], rows, words=(0, 1, 2, 5))], "The bundled networks")


def _build_records(specs: Mapping[str, Spec]) -> Iterator[Sequence[str]]:
    yield HEADER
    for name, spec in specs.items():
        for row in _entry_rows(name, spec, "{}"):
            yield [*row, spec.network.source]


def _entry_rows(name: str, spec: Spec, number: str) -> Iterator[list[str]]:
    for entry in zoo_entries(spec):
        expected = "" if entry.expected is None else number.format(entry.expected)
        computed = number.format(entry.computed)
        yield [
            name,
            _inputs_cell(spec),
            _figure_name(spec, entry.figure),
            expected,
            computed,
            entry.published,
        ]


def _inputs_cell(spec: Spec) -> str:
    return "+".join(str(node.output) for node in spec.network.inputs)


def _short_inputs(spec: Spec) -> str:
    """Show the input, or how many inputs there are where they are several."""
    inputs = spec.network.inputs
    return _inputs_cell(spec) if len(inputs) == 1 else f"{len(inputs)} inputs"


def _figure_name(spec: Spec, figure: str) -> str:
    """Name the quantity, with the convention if it is not the default."""
    expect = spec.expect
    if expect is None or figure not in ("connections", *OF_CONNECTIONS):
        return figure
    told = " (biases)" * expect.biases + " (no padding)" * expect.exclude_padding
    return figure + told


def _network_entry(name: str, spec: Spec) -> dict[str, object]:
    expect = spec.expect
    return {
        "name": name,
        "title": spec.name,
        "source": spec.network.source,
        "inputs": {node.name: list(node.output.dims) for node in spec.network.inputs},
        "biases": expect is not None and expect.biases,
        "expected": dict(expect.totals) if expect is not None else {},
        "computed": {entry.figure: entry.computed for entry in zoo_entries(spec)},
        "published": dict(spec.network.published),
    }


def citation_year(source: str) -> str:
    """Find the year of a citation, if it has one outside brackets.

    >>> citation_year("He et al., CVPR 2016; as torchvision builds it (v1.5)")
    '2016'
    """
    found = re.findall(r"\b(?:19|20)[0-9]{2}\b", re.sub(r"\([^)]*\)", "", source))
    return str(found[-1]) if found else ""


def leading_number(words: str) -> str:
    """Find the number that a paper's words begin with.

    >>> leading_number("3.8 x 10^9 FLOPs (table 1)"), leading_number("138 million (table 2)")
    ('3.8B', '138M')
    """
    found = re.match(r"([0-9.,]+)( x 10\^[0-9]+|[kKMGB]\b| [mb]illion| Bn\b)?", words)
    return found[1] + SUFFIXES.get(found[2], found[2] or "") if found else ""


def _write_table(file: TextIO, specs: Mapping[str, Spec]) -> None:
    """Write one line per network, in 80 columns."""
    rows = [("network", "year", "input", "weights", "connections", "paper prints")]
    for name, spec in specs.items():
        totals = count_network(spec.network).totals
        printed = "; ".join(leading_number(words) for _, words in _ordered_figures(spec))
        counts = (human_text(totals.weights), human_text(totals.connections))
        rows.append(
            (name, citation_year(spec.network.source), _short_inputs(spec), *counts, printed)
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        name, date, inputs, weights, connections, printed = map(str.ljust, row, widths)
        numbers = f"{weights.strip():>{widths[3]}}  {connections.strip():>{widths[4]}}"
        file.write(f"{name}  {date}  {inputs}  {numbers}  {printed}".rstrip() + "\n")
    file.write(
        "\ncnncost zoo --long has every figure beside the paper's words for it; cnncost zoo\n"
        "NAME prints a spec, cnncost table NAME counts it.\n"
    )


def _ordered_figures(spec: Spec) -> list[tuple[str, str]]:
    return sorted(spec.network.published, key=lambda item: FIGURES.index(item[0]))


def _write_long(file: TextIO, specs: Mapping[str, Spec]) -> None:
    """Write every figure of each network, with its citation and notes."""
    from cnncost.views.text_page import TextPage

    page = TextPage(file)
    for name, spec in specs.items():
        page.add_heading(f"{name}: {spec.name}, input {_inputs_cell(spec)}")
        page.add_paragraph(spec.network.source)
        page.add_paragraph(spec.network.notes)
        page.add_blank()
        page.add_paragraph(f"  {'':20}{'expected':>16}{'computed':>16}  published")
        for entry in zoo_entries(spec):
            page.add_item(
                _entry_columns(_figure_name(spec, entry.figure), entry),
                [entry.published or "-"],
                BESIDE,
            )
    page.write_lines()


def _entry_columns(figure: str, entry: ZooEntry) -> str:
    """Write the figure's name and both counts, aligned."""
    expected = "-" if entry.expected is None else f"{entry.expected:,}"
    differs = entry.expected is not None and entry.expected != entry.computed
    mark = "!" if differs else ""
    return f"{figure:20}{expected:>16}{mark + f'{entry.computed:,}':>16}"
