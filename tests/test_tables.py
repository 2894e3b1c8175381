"""The tables by layer type: none lacks a type, and none has a word that is no type.

Whoever adds a layer type sees here what it still needs: the table's name and the word.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from draws import CASES

from cnncost.costs.input_positions import READINGS
from cnncost.costs.memory.traits import TRAITS
from cnncost.formats.keras_out.keras_writers import LAYERS as KERAS_WRITERS
from cnncost.formats.onnx_out.onnx_writers import LAYERS as ONNX_WRITERS
from cnncost.formats.torch_out.torch_writers import WRITERS as TORCH_WRITERS
from cnncost.layers import TYPES, layer_type
from cnncost.study.backward.gradient_rules import RULES as GRADIENT_RULES
from cnncost.study.backward.gradient_symbols import LETTERS
from cnncost.study.type_examples import find_example

LEARNING = [word for word in TYPES if layer_type(word).learns and word != "opaque"]
KNOWN = [word for word in TYPES if word != "opaque"]

TABLES: Mapping[str, tuple[Mapping[str, object], list[str]]] = {
    "costs/reading.py READINGS": (READINGS, list(TYPES)),
    "costs/memory/traits.py TRAITS": (TRAITS, list(TYPES)),
    "formats/torch_out/layers.py WRITERS": (TORCH_WRITERS, list(TYPES)),
    "formats/onnx_out/layers.py LAYERS": (ONNX_WRITERS, list(TYPES)),
    "formats/keras_out/layers.py LAYERS": (KERAS_WRITERS, list(TYPES)),
    "study/backward/rules.py RULES": (GRADIENT_RULES, list(TYPES)),
    "study/backward/symbols.py LETTERS": (LETTERS, LEARNING),
    "tests/draws.py CASES": (CASES, KNOWN),
}
"""Each table with the words that it must have, and no others."""


@pytest.mark.parametrize("name", TABLES)
def test_no_table_lacks_a_layer_type(name: str) -> None:
    table, words = TABLES[name]
    missing = [word for word in words if word not in table]
    strange = [word for word in table if word not in words]
    assert not missing, f"{name} has no entry for {', '.join(missing)}"
    assert not strange, f"{name} has entries that are no such type: {', '.join(strange)}"


@pytest.mark.parametrize("word", TYPES)
def test_every_layer_type_has_an_example(word: str) -> None:
    try:
        shape, line = find_example(word)
    except KeyError:
        pytest.fail(f"study/type_examples.py EXAMPLES has no entry for {word}")
    assert shape
    assert word in line
