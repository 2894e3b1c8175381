"""Write a layer beside its forms with less sharing: one row per form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cnncost.views.page import Page, Results, Table, Title

if TYPE_CHECKING:
    from fractions import Fraction

    from cnncost.network import Node
    from cnncost.study.layer_forms import LayerForm

TITLES = ("form", "weights", "biases", "parameters", "connections", "factor")

CAPTION = (
    "The same units from the same input. A convolution's weights and bias serve every position; "
    "locally connected, each unit has a window of weights and a bias of its own; dense, each unit "
    "has a weight for every input unit. The factor is that of all parameters."
)
PADDING = "At the edges a window lies on padding in part: the weights there count."


def forms_results(name: str, node: Node, forms: Sequence[LayerForm]) -> Results:
    """Make the results of one layer."""
    return Results(
        page=lambda: _build_forms_page(name, node, forms),
        records=lambda: _build_forms_records(forms),
        data=lambda: {
            "schema_version": 1,
            "name": name,
            "layer": node.name,
            "forms": [dict(zip(FIELDS, record, strict=True)) for record in _list_records(forms)],
        },
    )


def _build_forms_page(name: str, node: Node, forms: Sequence[LayerForm]) -> Page:
    heading = f"{node.name}: {node.layer.word}, {node.inputs[0]} -> {node.output}"
    rows = []
    for form, record in zip(forms, _list_records(forms), strict=True):
        numbers = [f"{number:,}" for number in record[1:5]]
        rows.append((str(record[0]), *numbers, factor_text(form.parameters_factor)))
    caption = [CAPTION]
    if any(form.row.connections != inside for form, inside in _list_inside(forms)):
        caption.append(PADDING)
    table = Table(TITLES, rows, words=(0,), caption=caption, narrower=_drop_column(rows, caption))
    return Page([Title(heading), table], name)


def _drop_column(rows: Sequence[Sequence[str]], caption: Sequence[str]) -> Table:
    """Make the table without parameters, the sum of weights and biases, for narrow terminals."""
    titles = (*TITLES[:3], *TITLES[4:])
    return Table(titles, [(*row[:3], *row[4:]) for row in rows], words=(0,), caption=caption)


def _list_inside(forms: Sequence[LayerForm]) -> Iterator[tuple[LayerForm, int]]:
    """List each form with its connections that do not lie on padding."""
    for form in forms:
        node = form.row.node
        yield form, node.layer.inside_connections(node.inputs[0], node.output)


def factor_text(factor: Fraction) -> str:
    """Write a factor with at most four digits, and all digits of a whole number."""
    if factor.denominator == 1:
        return f"x {int(factor):,}"
    return f"x {float(factor):,.4g}" if factor < 10000 else f"x {round(factor):,}"


FIELDS = ("form", "weights", "biases", "parameters", "connections", "factor")


def _list_records(forms: Sequence[LayerForm]) -> Iterator[tuple[str | int | float, ...]]:
    for form in forms:
        count = form.row
        numbers = (count.weights, count.biases, count.parameters, count.connections)
        yield count.word, *map(int, numbers), float(form.parameters_factor)


def _build_forms_records(forms: Sequence[LayerForm]) -> Iterator[Sequence[object]]:
    yield FIELDS
    yield from _list_records(forms)
