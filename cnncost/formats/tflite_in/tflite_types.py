"""Find the types of a `.tflite` file's numbers: of activations, weights and biases."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from cnncost.formats.tflite_in.tflite_products import RECURRENT
from cnncost.number_types import BITS, KINDS, NumberTypes

if TYPE_CHECKING:
    from cnncost.formats.tflite_in.tflite_importer import TfliteImporter

_WINDOW = (1,), (2,)
PLACES: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    **dict.fromkeys(("CONV_2D", "DEPTHWISE_CONV_2D", "CONV_3D", "FULLY_CONNECTED"), _WINDOW),
    "TRANSPOSE_CONV": ((1,), (3,)),
    **{op: (gates.weights, gates.biases) for op, gates in RECURRENT.items()},
}
"""Which inputs are weights, and which biases, by operator."""


def find_types(importer: TfliteImporter) -> NumberTypes:
    """Return the types of most activations, weights and biases; notes name the others."""
    counts = {kind: Counter[str]() for kind in KINDS}
    for kind, tensors in _list_tensors(importer).items():
        for tensor in tensors:
            word = importer.find_source(tensor).kind.word
            if word in BITS:
                counts[kind][word] += importer.model.tensors[tensor].size
    most = {kind: _most_usual(found) for kind, found in counts.items() if found}
    most.setdefault("weights", most.get("activations", "float32"))
    most.setdefault("biases", "int32" if "int" in most["weights"] else "float32")
    extra = 0
    for kind in KINDS:
        for word, count in counts[kind].items():
            if word != most.get(kind, word):
                importer.notes.add(f"{count:,} of the {kind} are {word}")
                if kind != "activations":
                    extra += (BITS[word] - BITS[most[kind]]) * count // 8
    return NumberTypes(**most, other_bytes=extra)


def _most_usual(counts: Counter[str]) -> str:
    """Return the word that is counted most; the first of several."""
    return max(counts, key=lambda word: counts[word])


def _list_tensors(importer: TfliteImporter) -> dict[str, dict[int, None]]:
    """List the tensors of activations, weights and biases, each once, in order."""
    found: dict[str, dict[int, None]] = {kind: {} for kind in KINDS}
    inputs = (tensor for tensor in importer.model.inputs if tensor in importer.values)
    found["activations"].update(dict.fromkeys(inputs))
    for step in importer.model.steps:
        weights, biases = PLACES.get(step.op, ((), ()))
        for kind, places in (("weights", weights), ("biases", biases)):
            tensors = [step.find_input(place) for place in places]
            held = (t for t in tensors if t >= 0 and importer.find_source(t).constant)
            found[kind].update(dict.fromkeys(held))
        made = (tensor for tensor in step.outputs if tensor in importer.values)
        found["activations"].update(dict.fromkeys(made))
    return found
