"""Find the types of a quantised model's numbers: of activations, weights and biases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from cnncost.number_types import BITS, NumberTypes, count_further_bytes

if TYPE_CHECKING:
    from cnncost.formats.onnx_in.onnx_model import OnnxModel, OnnxNode, OnnxTensor

QLINEAR = {"QLinearConv": (3, 8), "QLinearMatMul": (3, -1), "QGemm": (3, 6)}
"""Products of whole numbers: which inputs are weights and biases; the second is the zero point of
the activations."""

INTEGER = ("ConvInteger", "MatMulInteger", "MatMulIntegerToFloat", "DynamicQuantizeMatMul")
"""Products of weights that are whole numbers and activations that are quantised as they run."""

PLAIN = ("Conv", "ConvTranspose", "Gemm", "MatMul")
VIEWS = ("Transpose", "Reshape", "Identity", "Squeeze", "Unsqueeze")
SCALED = "DequantizeLinear"


class OnnxTypes(NamedTuple):
    """The types of a quantised model's numbers."""

    most: NumberTypes
    odd: dict[str, str]
    """The type of the file's tensors of weights that most have not, by their names."""


def find_onnx_types(model: OnnxModel) -> OnnxTypes | None:
    """Find the types of most activations, weights and biases; None where none is quantised, or
    that of the weights is not known."""
    counting = _TypeCounts(model)
    for step in model.steps:
        counting.add_step(step)
    if not (counting.quantised and counting.weights):
        return None
    most = counting.choose_types()
    odd = {name: word for name, word in counting.words.items() if word != most.weights}
    return OnnxTypes(most, odd)


class _TypeCounts:
    """How many numbers have which types."""

    def __init__(self, model: OnnxModel) -> None:
        self.constants = model.constants
        self.makers = {tensor: step for step in model.steps for tensor in step.outputs}
        self.activations: Counter[str] = Counter()
        """By the products that read them."""
        self.weights: dict[str, list[int]] = {}
        """The sizes of tensors, by the word of their type."""
        self.biases: dict[str, list[int]] = {}
        self.words: dict[str, str] = {}
        """The type of the file's tensors of weights, by their names."""
        self.quantised = False
        self._seen: set[str] = set()

    def add_step(self, step: OnnxNode) -> None:
        if step.op in QLINEAR:
            weights, biases = QLINEAR[step.op]
            self._add(self.weights, step, weights)
            self._add(self.biases, step, biases)
            self._add_activation(self._find_zero_point(step))
        elif step.op in INTEGER:
            self._add(self.weights, step, 1)
            self._add_activation("float32")
        elif step.op in PLAIN:
            self._add(self.weights, step, 1)
            self._add(self.biases, step, 2)
            maker = self.makers.get(_input_of(step, 0))
            whole = maker is not None and maker.op == SCALED
            self._add_activation(self._find_zero_point(maker) if maker and whole else "float32")

    def _add(self, sizes: dict[str, list[int]], step: OnnxNode, place: int) -> None:
        """Add the constant that a step reads there, unless it was added before."""
        name = self._find_source(_input_of(step, place))
        tensor = self.constants.get(name)
        if tensor is not None and sizes is self.weights and tensor.word in BITS:
            self.words[name] = tensor.word
        if tensor is not None and name not in self._seen and tensor.word in BITS:
            self._seen.add(name)
            sizes.setdefault(tensor.word, []).append(tensor.size)
            self.quantised = self.quantised or "int" in tensor.word

    def _add_activation(self, word: str) -> None:
        self.activations[word] += 1
        self.quantised = self.quantised or "int" in word

    def _find_source(self, name: str) -> str:
        """Find what a tensor is made of by views and scales alone."""
        for _ in self.makers:
            maker = self.makers.get(name)
            if name in self.constants or maker is None or maker.op not in (*VIEWS, SCALED):
                break
            name = _input_of(maker, 0)
        return name

    def _find_zero_point(self, step: OnnxNode) -> str:
        """Find the type of the zero point of what a step reads; bytes without signs by default."""
        tensor: OnnxTensor | None = self.constants.get(_input_of(step, 2))
        return tensor.word if tensor is not None and tensor.word in BITS else "uint8"

    def choose_types(self) -> NumberTypes:
        """Choose the types of most, and sum up the bytes that others take besides."""
        held = [
            {word: sum(own) for word, own in one.items()} for one in (self.weights, self.biases)
        ]
        weights = _most_usual(held[0]) or "float32"
        biases = _most_usual(held[1]) or ("int32" if "int" in weights else "float32")
        activations = _most_usual(self.activations) or "float32"
        further = sum(
            count_further_bytes(own, word, usual)
            for sizes, usual in ((self.weights, weights), (self.biases, biases))
            for word, own in sizes.items()
        )
        return NumberTypes(activations, weights, biases, further)


def _input_of(step: OnnxNode, place: int) -> str:
    return step.inputs[place] if 0 <= place < len(step.inputs) else ""


def _most_usual(counts: Mapping[str, int]) -> str:
    """Return the word that is counted most, the first of several; empty if there is none."""
    return max(counts, key=lambda word: counts[word], default="")
