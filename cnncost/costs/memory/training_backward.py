"""The backward pass of a training step: live bytes while gradients are made and added up."""

from __future__ import annotations

from typing import NamedTuple

from cnncost.costs.memory.padded_copies import padded_gradient
from cnncost.costs.memory.training_step import TrainingPass, measure_loss
from cnncost.costs.memory.traits import Grad, find_traits
from cnncost.network import Node


class _Pending:
    """The gradients of outputs whose layers have not run backward yet, and their storages."""

    def __init__(self) -> None:
        self.live = 0
        self.held: dict[int, int] = {}
        """The storage of the gradient of each node's output, by the node's index."""
        self.whole: dict[int, bool] = {}
        """Whether that gradient fills its storage."""
        self.owners: list[int] = []
        self.sizes: list[int] = []

    def add_storage(self, size: int) -> int:
        self.owners.append(1)
        self.sizes.append(size)
        self.live += size
        return len(self.sizes) - 1

    def add_owner(self, storage: int) -> int:
        self.owners[storage] += 1
        return storage

    def drop_owner(self, storage: int) -> None:
        self.owners[storage] -= 1
        if not self.owners[storage]:
            self.live -= self.sizes[storage]

    def add_gradient(self, node: int, storage: int, size: int, *, whole: bool) -> int:
        """Add a gradient to the node's, and return the live bytes while both exist."""
        resident = self.held.get(node)
        if resident is None:
            self.held[node], self.whole[node] = storage, whole
            return self.live
        if self.whole[node] and self.owners[resident] == 1:
            most = self.live
            self.drop_owner(storage)
            return most
        total = self.add_storage(size)
        most = self.live
        self.drop_owner(resident)
        self.drop_owner(storage)
        self.held[node], self.whole[node] = total, True
        return most


class Moment(NamedTuple):
    """Live bytes at one moment of the backward pass."""

    step: int
    """The node whose gradients are computed; for the loss, the number of nodes."""
    activations: int
    """Bytes that are kept for the backward pass, and of gradients of outputs."""
    gradients: int
    """Bytes of the gradients of parameters so far."""


def backward_bytes(step: TrainingPass) -> list[int]:
    """List the live bytes at each moment of the backward pass: the loss, then nodes in reverse."""
    return [moment.activations + moment.gradients for moment in backward_moments(step)]


def backward_moments(step: TrainingPass) -> list[Moment]:
    """List the moments of the backward pass; a node has as many of them whatever its size."""
    nodes, base, flow = step.network.nodes, step.base, step.flow
    keepers = [0] * len(nodes)
    for kept in step.kept:
        for b in dict.fromkeys(kept.storages):
            keepers[b] += 1
    for i in (*step.network.outputs, *(node.index for node in step.network.inputs)):
        keepers[base[i]] += 1  # the caller holds inputs and logits
    resident = sum(step.sizes[b] for b, n in enumerate(keepers) if n)
    resident += sum(kept.extra for kept in step.kept)
    lost, pending, made = measure_loss(step), _Pending(), 0
    resident += 2 * lost.value  # the caller holds the loss, the backward pass its gradient
    # One loss after the other, the last one first: the gradient of its log-softmax lives while that
    # of the logits is made of it; its weight has gone with the loss's own backward pass.
    softmax, timeline = lost.kept - lost.value, []
    for i in reversed([i for i in step.network.outputs if flow.outputs[i]]):
        before, size = pending.live, step.sizes[i]
        timeline.append(Moment(len(nodes), resident + softmax + before + 2 * size, 0))
        pending.held[i], pending.whole[i] = pending.add_storage(size), True
        softmax -= size
    timeline = timeline or [Moment(len(nodes), resident, 0)]
    owned: set[int] = set()
    for node in reversed(nodes):
        if node.layer is None or node.index not in pending.held:
            timeline.append(Moment(node.index, resident + pending.live, made))
            continue
        weights = _parameter_gradient_bytes(step, node) if flow.parameters[node.index] else 0
        owner = node.index if node.shares is None else node.shares
        made += weights
        work = find_traits(node).scratch_backward(node, step.batch, step.size) + _unsummed_bytes(
            step, node
        )
        arriving = _pass_on_gradients(step, node, pending)
        padded = padded_gradient(node, step.batch, step.size) if arriving else None
        work += padded - step.sizes[node.reads[0]] if padded else 0
        timeline.append(Moment(node.index, resident + pending.live + work, made))
        # What the node kept and its own gradient go before its inputs' gradients are added up.
        pending.drop_owner(pending.held.pop(node.index))
        resident -= step.kept[node.index].extra
        for b in dict.fromkeys(step.kept[node.index].storages):
            keepers[b] -= 1
            resident -= 0 if keepers[b] else step.sizes[b]
        if padded is not None:
            timeline.append(Moment(node.index, resident + pending.live + padded, made))
        for i, storage, whole in arriving:
            live = pending.add_gradient(i, storage, step.sizes[i], whole=whole)
            timeline.append(Moment(node.index, resident + live, made))
        made -= weights if owner in owned else 0
        owned.add(owner)
    return timeline


def _unsummed_bytes(step: TrainingPass, node: Node) -> int:
    """Count the bytes of the gradients of gates and repeated numbers before they are summed."""
    if not find_traits(node).sums:
        return 0
    size = step.sizes[node.index]
    gates = sum(step.flow.outputs[i] and step.sizes[i] < size for i in node.reads)
    return size * (gates + step.flow.parameters[node.index])


def _pass_on_gradients(
    step: TrainingPass, node: Node, pending: _Pending
) -> list[tuple[int, int, bool]]:
    """Make the gradients of a node's inputs: for each input that needs one, return its index,
    the gradient's storage, and whether the gradient fills it."""
    how, own = find_traits(node).grad, pending.held[node.index]
    found = []
    made = {Grad.FIRST_ALIAS: (1,), Grad.SECOND_ALIAS: (0,)}.get(how, ())
    for place, i in enumerate(node.reads):
        if not step.flow.outputs[i]:
            continue
        if how is Grad.NEW or place in made:
            found.append((i, pending.add_storage(step.sizes[i]), True))
        else:
            whole = how is not Grad.NARROW and pending.whole[node.index]
            found.append((i, pending.add_owner(own), whole))
    return found


def _parameter_gradient_bytes(step: TrainingPass, node: Node) -> int:
    return step.size * node.layer.parameters(node.inputs[0])
