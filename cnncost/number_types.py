"""The types that a network's numbers are kept in, and the bytes that they take."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

BITS = {
    "float32": 32, "float16": 16, "bfloat16": 16, "float64": 64, "int2": 2, "int4": 4, "uint4": 4,
    "int8": 8, "uint8": 8, "int16": 16, "uint16": 16, "int32": 32, "uint32": 32, "int64": 64,
    "uint64": 64, "bool": 8,
}  # fmt: skip
"""Bits of a number, by the word of its type."""


KINDS = ("activations", "weights", "biases")


class NumberTypes(NamedTuple):
    """The types of a network's numbers, by their words; those of most numbers, where they differ.

    >>> NumberTypes("int8", "int8", "int32").count_bytes(weights=100, biases=10)
    140
    """

    activations: str = "float32"
    weights: str = "float32"
    biases: str = "float32"
    other_bytes: int = 0
    """Bytes that weights and biases of other types take more than they would in these."""

    def count_bytes(self, *, activations: int = 0, weights: int = 0, biases: int = 0) -> int:
        """Count the bytes of so many numbers of these types; each kind fills whole bytes."""
        pairs = zip(self[:3], (activations, weights, biases), strict=True)
        return sum(-(-BITS[word] * count // 8) for word, count in pairs)

    def describe(self) -> str:
        """Say which types they are: `int8 activations, int8 weights, int32 biases`."""
        return ", ".join(f"{word} {kind}" for kind, word in zip(KINDS, self[:3], strict=True))

    @property
    def title(self) -> str:
        """Name them in short: `int8` where activations and weights are, with the usual biases."""
        usual = self.biases in ("int32", self.weights) and "int" in self.weights
        alike = self.activations == self.weights and (usual or self.biases == self.weights)
        return self.weights if alike else self.describe()

    @property
    def weight_bits(self) -> int:
        return BITS[self.weights]

    @property
    def bias_bits(self) -> int:
        return BITS[self.biases]

    @property
    def activation_bytes(self) -> int:
        """Bytes of an activation: those of fewer bits fill a byte each."""
        return max(8, BITS[self.activations]) // 8


INT8 = NumberTypes("int8", "int8", "int32")
"""The types that networks have on microcontrollers where nothing else is said."""

INT4 = NumberTypes("int8", "int4", "int32")
"""The types with weights of four bits beside activations of eight."""


def count_tensor_bytes(word: str, count: int) -> int:
    """Count the bytes of a tensor of so many numbers: it fills whole bytes.

    >>> count_tensor_bytes("int4", 27), count_tensor_bytes("int32", 3)
    (14, 12)
    """
    return -(-BITS[word] * count // 8)


def count_further_bytes(sizes: Iterable[int], word: str, usual: str) -> int:
    """Count the bytes that tensors of these sizes take in one type more than in another one."""
    return sum(count_tensor_bytes(word, n) - count_tensor_bytes(usual, n) for n in sizes)
