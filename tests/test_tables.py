"""The tables by layer type: none lacks a type, and none has a word that is no type.

Whoever adds a layer type sees here what it still needs: the table's name and the word.
"""

from __future__ import annotations

from importlib import import_module

import pytest

from cnncost.layers import TYPES, layer_type
from cnncost.study.type_entry import find_example

LEARNING = [word for word in TYPES if layer_type(word).learns and word != "opaque"]
KNOWN = [word for word in TYPES if word != "opaque"]

TABLES: dict[tuple[str, str], list[str]] = {
    ("cnncost.costs.input_positions", "READINGS"): list(TYPES),
    ("cnncost.costs.memory.traits", "TRAITS"): list(TYPES),
    ("cnncost.formats.torch_out.torch_writers", "WRITERS"): list(TYPES),
    ("cnncost.formats.onnx_out.onnx_writers", "LAYERS"): list(TYPES),
    ("cnncost.formats.keras_out.keras_writers", "LAYERS"): list(TYPES),
    ("cnncost.study.backward.gradient_rules", "RULES"): list(TYPES),
    ("cnncost.study.backward.gradient_expression", "LETTERS"): LEARNING,
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
