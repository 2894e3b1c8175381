"""Keep which layer owns the numbers of an ONNX file: its tensors, each counted once and whole.

The first layer over any part of a file's tensor owns the whole tensor (one over a part is opaque),
so that names of tensors are enough, and a step is counted when it is read. Layers of PyTorch may
each own a view of one parameter: `torch_in/parameter_owners.py` follows them number by number,
after the whole program is read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from cnncost.formats.onnx_in.onnx_model import OnnxTensor


class Counted(NamedTuple):
    """What an operation adds that reads numbers in another form than the file holds them."""

    numbers: int
    """Learned numbers that no operation before it has."""
    products: int
    """Multiplications that make its weights out of the file's tensors."""


@dataclass
class TensorOwners:
    """For each of the file's tensors, the operation that has its numbers."""

    constants: Mapping[str, OnnxTensor]
    sizes: dict[str, int] = field(default_factory=dict)
    """Numbers of each of the file's tensors."""
    claimed: dict[str, str] = field(default_factory=dict)
    """The operation that counts a tensor."""
    again: Counter[str] = field(default_factory=Counter)
    """How often a bias is counted once more: one exporter merges equal initialisers."""
    worked: set[str] = field(default_factory=set)
    """The products of constants that are counted."""

    def __post_init__(self) -> None:
        self.sizes = {name: item.size for name, item in self.constants.items()}

    def is_whole(self, tensor: str) -> bool:
        """Tell whether a constant is one of the file's tensors, with all its numbers."""
        item = self.constants[tensor]
        return len(item.sources) == 1 and self.sizes.get(item.sources[0]) == item.size

    def file_tensors(self, tensors: Iterable[str]) -> tuple[str, ...]:
        """Return the file's tensors that constants are made of, each once."""
        items = [self.constants[t] for t in tensors if t in self.constants]
        return tuple(dict.fromkeys(s for item in items if not item.measured for s in item.sources))

    def find_owner(self, tensors: Sequence[str]) -> str:
        """Return the operation that has all of these numbers; empty if it is not one."""
        owners = {self.claimed.get(source, "") for source in self.file_tensors(tensors)}
        return owners.pop() if len(owners) == 1 else ""

    def are_unclaimed(self, tensors: Sequence[str]) -> bool:
        """Tell whether the constants are tensors of the file that no operation has yet."""
        return all(
            t not in self.constants
            or (self.is_whole(t) and self.constants[t].sources[0] not in self.claimed)
            for t in tensors
        )

    def claim_tensors(self, tensors: Iterable[str], name: str) -> None:
        """Count these tensors with that operation, unless another has them."""
        for source in self.file_tensors(tensors):
            self.claimed.setdefault(source, name)

    def claim_again(self, tensors: Iterable[str], name: str) -> None:
        """Count biases with that operation, whoever else has them."""
        for source in self.file_tensors(tensors):
            if source in self.claimed:
                self.again[source] += 1
            self.claimed.setdefault(source, name)

    def claim_cost(self, tensors: Sequence[str]) -> Counted:
        """Return what the constants add to what is counted, and count the products that made
        them."""
        fresh = [s for s in self.file_tensors(tensors) if s not in self.claimed]
        made = {
            name: count
            for t in tensors
            if t in self.constants
            for name, count in self.constants[t].products
            if name not in self.worked
        }
        self.worked.update(made)
        return Counted(sum(self.sizes.get(s, 0) for s in fresh), sum(made.values()))
