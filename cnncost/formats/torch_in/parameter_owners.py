"""Decide which layer owns each learned number of a PyTorch program, each counted once.

Cases, in order, for each operation:
1. it learns numbers that nobody counted, each of them once: a plain layer;
2. it learns just what an earlier layer of its type learns: it shares that one's;
3. else (a part of what another has, numbers used twice, a buffer's, what several parameters
   make, trained beside frozen): an opaque layer with its costs by our formulas.

This is decided for all operations together, once the program is read, and number by number: a layer
may learn a view of a part of a parameter. ONNX and Keras have no such parts; their readers count
whole tensors while they read (`onnx_in/tensor_owners.py`, `KerasImporter.owners`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncost.formats.graph import Op
from cnncost.layers import FAMILIES, Layer, layer_type, read_layer
from cnncost.network import may_share
from cnncost.shape import Shape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnncost.formats.tensor_value import Constant, StoragePlace

    Key = tuple[tuple[str, StoragePlace], ...]
    """What a layer learns: parameters and places in them."""


class Costs(NamedTuple):
    """A layer over its inputs, to be counted by its formulas."""

    layer: Layer
    x: Shape
    y: Shape


@dataclass
class Owners:
    """The parameters of a source, and which numbers of them are counted; it changes."""

    sizes: Mapping[str, int]
    frozen: frozenset[str]
    same: Mapping[str, str]
    """For each parameter the first name of the same one, where modules share it."""
    notes: list[str] = field(default_factory=list)
    _counted: dict[str, Any] = field(default_factory=dict)  # Any: a tensor of flags
    _whole: set[str] = field(default_factory=set)
    _owner: dict[Key, tuple[Op, Costs]] = field(default_factory=dict)
    _done: set[str] = field(default_factory=set)
    """The products of constants that are counted."""

    def count_left(self, name: str) -> int:
        """Count the numbers of a parameter that nobody counted."""
        if name in self._whole:
            return 0
        flags = self._counted.get(name)
        return self.sizes[name] - (0 if flags is None else int(flags.sum()))

    def assign_owner(self, op: Op, learned: Sequence[Constant], costs: Costs) -> Op:
        """Return the operation with its owner, by the cases of this module."""
        key = self._key_of(learned)
        plain = op.word != "opaque" and costs.layer.parameters(costs.x) == sum(
            constant.size for constant in learned
        )
        if plain and key in self._owner and self._is_same_layer(op, costs, key):
            return replace(op, shares=self._owner[key][0].name, frozen=False)
        mixed = len({source in self.frozen for _, source in self._named_roles(learned)}) > 1
        if key is None or not plain or mixed or not all(self._is_free(*part) for part in key):
            return self.cost_by_hand(op, learned, costs)
        for part in key:
            self._mark_counted(*part)
        frozen = bool(learned) and self.same[learned[0].sources[0]] in self.frozen
        made = replace(op, frozen=frozen)
        self._owner[key] = (made, costs)
        return made

    def cost_by_hand(self, op: Op, learned: Sequence[Constant], costs: Costs) -> Op:
        """Make an opaque layer that costs the same and owns what nobody counted of its numbers."""
        counts = dict.fromkeys(("weights", "biases", "extras"), 0)
        trained = 0
        for role, name in self._named_roles(learned, costs.layer):
            left = self.count_left(name)
            self._whole.add(name)
            counts[role] += left
            trained += left * (name not in self.frozen)
        given: dict[str, Any] = {**counts}
        if trained != sum(counts.values()):
            given["trained"] = trained
        return _opaque_operation(op, costs, given, self._count_new_work(learned))

    def add_rest(self, op: Op, name: str, costs: Costs, learned: Sequence[Constant]) -> Op:
        """Return an operation that owns a part of a parameter as one that owns the rest too."""
        left = self.count_left(name)
        self._whole.add(name)
        layer, x, _ = costs
        given: dict[str, Any] = {
            "weights": layer.weights(x) if layer.counted else 0,
            "biases": layer.biases(x) if layer.counted else 0,
            "extras": layer.extras(x),
        }
        role = next(r for r, n in self._named_roles(learned, layer) if n == name)
        given[role] += left
        if op.frozen:
            given["trained"] = 0
        return _opaque_operation(op, costs, given, 0)

    def _named_roles(
        self, learned: Sequence[Constant], layer: Layer | None = None
    ) -> list[tuple[str, str]]:
        """List each parameter with its role: weights first, then biases, of a layer that counts."""
        return [
            (_role_of(i, c, layer), self.same[source])
            for i, c in enumerate(learned)
            for source in c.sources
        ]

    def _key_of(self, learned: Sequence[Constant]) -> Key | None:
        """Return the parameters and their places; None where not every constant is one parameter's
        numbers, each once."""
        found = []
        for c in learned:
            if (
                c.place is None
                or c.place.is_spread
                or len(c.sources) != 1
                or c.place.size != c.size
            ):
                return None
            found.append((self.same[c.sources[0]], c.place))
        return tuple(found)

    def _is_same_layer(self, op: Op, costs: Costs, key: Key | None) -> bool:
        if key is None:
            return False
        other, theirs = self._owner[key]
        known = other.word != "opaque" and may_share(theirs.layer, costs.layer)
        shapes, others = costs.layer.tensor_shapes(costs.x), theirs.layer.tensor_shapes(theirs.x)
        return known and shapes == others

    def _is_free(self, name: str, place: StoragePlace) -> bool:
        if name in self._whole:
            return False
        flags = self._counted.get(name)
        return flags is None or not bool(flags.as_strided(*place).any())

    def _mark_counted(self, name: str, place: StoragePlace) -> None:
        import torch

        if place.size == self.sizes[name]:
            self._whole.add(name)
            return
        flags = self._counted.setdefault(name, torch.zeros(self.sizes[name], dtype=torch.bool))
        flags.as_strided(*place).fill_(True)

    def _count_new_work(self, learned: Sequence[Constant]) -> int:
        """Count the multiply-accumulates that make its constants, each product once in a
        network."""
        new = {w for c in learned for w in c.work if w[0] not in self._done}
        self._done.update(node for node, _ in new)
        return sum(count for _, count in new)


def _role_of(place: int, constant: Constant, layer: Layer | None) -> str:
    """Return what a layer's constant is (weights, biases or extras): by its place, or for an opaque
    layer by its axes."""
    if layer is not None and not layer.counted:
        return "extras"
    if layer is not None and layer.word in ("opaque", *FAMILIES["recurrent"]):
        return "biases" if len(constant.shape) == 1 else "weights"
    return ("weights", "biases")[place % 2]


def _opaque_operation(op: Op, costs: Costs, given: dict[str, Any], work: int) -> Op:
    """Make an opaque operation with costs by the layer's formulas; one that was opaque keeps what
    it is called."""
    layer, x, y = costs
    arguments: dict[str, Any] = {"output": y.dims, "op": op.arguments.get("op", op.word)}
    arguments |= {k: n for k, n in given.items() if n or k in ("weights", "biases", "trained")}
    if layer.known:
        arguments["connections"] = layer.connections(x, y) * layer.counted + work
        # How often an opaque layer uses biases of which it does not know is not known either.
        counts_uses = layer.word != "opaque" or op.arguments.get("bias_connections") is not None
        if counts_uses and (given["biases"] or layer.biases(x)):
            arguments["bias_connections"] = layer.bias_connections(x, y)
    elif not given["biases"]:
        del arguments["biases"]
    return Op(op.name, "opaque", arguments, op.reads)


def costs_of(ops: Sequence[Op], inputs: Mapping[str, tuple[int, ...]]) -> dict[str, Costs]:
    """Return each operation's layer over its inputs, where the language has it."""
    shapes = {name: Shape(dims[0], tuple(dims[1:])) for name, dims in inputs.items()}
    found = {}
    for op in ops:
        xs = tuple(shapes[name] for name in op.reads)
        layer = read_layer(layer_type(op.word), op.arguments, xs[0])
        shapes[op.name] = layer.infer_shape(xs)
        found[op.name] = Costs(layer, xs[0], shapes[op.name])
    return found


def assign_owners(
    ops: Sequence[Op],
    learned: Mapping[str, Sequence[Constant]],
    costs: Mapping[str, Costs],
    owners: Owners,
) -> tuple[Op, ...]:
    """Return the operations, each with parameters of its own, shared ones, or costs by hand."""
    made = {
        op.name: owners.assign_owner(op, learned[op.name], costs[op.name])
        if learned[op.name]
        else op
        for op in ops
    }
    for op in list(made.values()):
        for name in {n for _, n in owners._named_roles(learned[op.name])}:  # its own
            if owners.count_left(name) and not op.shares:
                made[op.name] = _add_rest_of(made[op.name], name, learned, costs, owners)
    return tuple(_unshare_opaque(op, made, costs) for op in made.values())


def _add_rest_of(
    op: Op,
    name: str,
    learned: Mapping[str, Sequence[Constant]],
    costs: Mapping[str, Costs],
    owners: Owners,
) -> Op:
    if op.word != "opaque":
        return owners.add_rest(op, name, costs[op.name], learned[op.name])
    return op


def _unshare_opaque(op: Op, made: Mapping[str, Op], costs: Mapping[str, Costs]) -> Op:
    """Make what shared the parameters of a layer that became opaque opaque too."""
    if not op.shares or made[op.shares].word != "opaque":
        return op
    return _opaque_operation(op, costs[op.name], {"weights": 0, "biases": 0}, 0)
