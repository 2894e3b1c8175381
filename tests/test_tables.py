"""The tables by layer type and by count: none lacks a word, and none has a word too many.

Whoever adds a layer type or a count sees here what it still needs: the table's name and the word.
"""

from __future__ import annotations

from importlib import import_module

import pytest

from cnncost import quantity
from cnncost.costs import count_network
from cnncost.costs.count import LayerCount, Totals
from cnncost.costs.rows import Row
from cnncost.language import read_spec
from cnncost.layers import FAMILIES, JOINS, TYPES, layer_type
from cnncost.study.type_entry import find_example
from cnncost.views.table_columns import COLUMNS

LEARNING = [word for word in TYPES if layer_type(word).learns and word != "opaque"]
OF_ONE_NUMBER = [
    word for word in FAMILIES["activation"] if word not in ("prelu", "softmax", "logsoftmax")
]
KNOWN = [word for word in TYPES if word != "opaque"]

TABLES: dict[tuple[str, str], list[str]] = {
    ("cnncost.costs.input_positions", "READINGS"): list(TYPES),
    ("cnncost.costs.memory.traits", "TRAITS"): list(TYPES),
    ("cnncost.formats.torch_out.torch_writers", "WRITERS"): list(TYPES),
    ("cnncost.formats.onnx_out.onnx_writers", "LAYERS"): list(TYPES),
    ("cnncost.formats.keras_out.keras_writers", "LAYERS"): list(TYPES),
    ("cnncost.study.backward.gradient_rules", "RULES"): list(TYPES),
    ("cnncost.study.backward.gradient_expression", "LETTERS"): LEARNING,
    ("cnncost.study.backward.curves", "CURVES"): OF_ONE_NUMBER,
    ("draws", "CASES"): KNOWN,
}
"""Each table's module and name, with the words that it must have, and no others."""


@pytest.mark.parametrize(("module", "name"), TABLES)
def test_no_table_lacks_a_layer_type(module: str, name: str) -> None:
    table, words = getattr(import_module(module), name), TABLES[module, name]
    missing = [word for word in words if word not in table]
    strange = [word for word in table if word not in words]
    assert not missing, f"{module}.{name} has no entry for {', '.join(missing)}"
    assert not strange, f"{module}.{name} has entries that are no such type: {', '.join(strange)}"


@pytest.mark.parametrize("word", TYPES)
def test_every_layer_type_has_an_example(word: str) -> None:
    try:
        shape, line = find_example(word)
    except KeyError:
        pytest.fail(f"study/type_entry.py EXAMPLES has no entry for {word}")
    assert shape
    assert word in line


@pytest.mark.parametrize(
    ("table", "words", "needed"),
    [
        ("costs/count.py Totals", Totals._fields, quantity.TOTALS),
        ("costs/count.py LayerCount", LayerCount._fields, quantity.BUDGETS),
        ("costs/rows.py Row", Row._fields, quantity.BUDGETS),
        ("views/table_columns.py COLUMNS", COLUMNS, quantity.BUDGETS),
    ],
    ids=["Totals", "LayerCount", "Row", "COLUMNS"],
)
def test_no_table_lacks_a_count(table: str, words: list[str], needed: tuple[str, ...]) -> None:
    missing = [word for word in needed if word not in words]
    assert not missing, f"{table} has no entry for {', '.join(missing)}"


ALWAYS = ("units", "parameters")
"""What layers without weights have as well."""


@pytest.mark.parametrize("word", KNOWN)
def test_a_layer_without_weights_has_no_counts_that_totals_leave_out(word: str) -> None:
    shape, line = find_example(word)
    first = "- relu\n" if word in JOINS else ""
    spec = read_spec(f"input: [{shape}]\nlayers:\n{first}- {line}\n", word)
    row = count_network(spec.network).layers[-1]
    counts = {name: getattr(row, name) for name in quantity.BUDGETS if name not in ALWAYS}
    assert row.counted or not any(counts.values()), counts
