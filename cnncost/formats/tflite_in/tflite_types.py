"""Find the types of a `.tflite` file's numbers: of activations, weights and biases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from cnncost.formats.tflite_in.tflite_products import RECURRENT
from cnncost.number_types import BITS, KINDS, NumberTypes, count_further_bytes

if TYPE_CHECKING:
    from cnncost.formats.graph import Op
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
    found = {kind: _list_sizes(importer, own) for kind, own in _list_tensors(importer).items()}
    most = {kind: _most_usual(sizes) for kind, sizes in found.items() if sizes}
    most.setdefault("weights", most.get("activations", "float32"))
    most.setdefault("biases", "int32" if "int" in most["weights"] else "float32")
    extra = 0
    for kind in KINDS:
        for word, sizes in found[kind].items():
            if word != most[kind]:
                importer.notes.add(f"{sum(sizes):,} of the {kind} are {word}")
                if kind != "activations":
                    extra += count_further_bytes(sizes, word, most[kind])
    return NumberTypes(**most, other_bytes=extra)


def find_odd_weights(
    importer: TfliteImporter, ops: Sequence[Op], types: NumberTypes
) -> dict[str, str]:
    """Find the operations whose weights have another type than most, and that type."""
    words = {tensor.buffer: tensor.kind.word for tensor in importer.model.tensors}
    owners = {name: words[buffer] for (buffer, _), name in importer.owners.items()}
    known = [op.name for op in ops if op.name in owners and op.word != "opaque"]
    return {name: owners[name] for name in known if owners[name] != types.weights}


def _list_sizes(importer: TfliteImporter, tensors: Iterable[int]) -> dict[str, list[int]]:
    """List how many numbers each of some tensors has, by the word of their type."""
    found: dict[str, list[int]] = {}
    for tensor in tensors:
        word = importer.find_source(tensor).kind.word
        if word in BITS:
            found.setdefault(word, []).append(importer.model.tensors[tensor].size)
    return found


def _most_usual(sizes: Mapping[str, Sequence[int]]) -> str:
    """Return the word of most numbers; the first of several."""
    return max(sizes, key=lambda word: sum(sizes[word]))


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
