"""A training step: what is kept for the backward pass, and the live bytes of each phase."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cnncost.costs.gradients import Gradients, find_gradients
from cnncost.costs.memory.padded_copies import padded_copy, padded_gradient
from cnncost.costs.memory.storage import assign_storages
from cnncost.costs.memory.traits import INDEX, Grad, Keep, Makes, find_traits
from cnncost.network import Input, Network, Node


class Kept(NamedTuple):
    """What a node keeps for its backward pass."""

    storages: tuple[int, ...]
    """By their base nodes' indices; others may keep them too."""
    extra: int
    """Bytes that it keeps besides."""


class TrainingPass(NamedTuple):
    """What both directions of a training step need to know, by node index."""

    network: Network
    base: tuple[int, ...]
    flow: Gradients
    padded: list[int]
    """Bytes of the padded copy that each layer works on in its input's place."""
    kept: list[Kept]
    sizes: list[int]
    """Bytes of each output."""
    batch: int
    size: int
    """Bytes of an element."""


def training_pass(network: Network, *, batch: int, size: int) -> TrainingPass:
    """The storages of a training step, and what each node keeps."""
    base, written = assign_storages(network, training=True)
    flow = find_gradients(network)
    sizes = [size * batch * node.output.units for node in network.nodes]
    padded = [padded_copy(n, batch, size) if n.layer else 0 for n in network.nodes]
    kept = [
        _keep_for_backward(node, base, written[node.index], flow, (batch, size), copy)
        for node, copy in zip(network.nodes, padded, strict=True)
    ]
    return TrainingPass(network, base, flow, padded, kept, sizes, batch, size)


def _keep_for_backward(
    node: Input | Node,
    base: Sequence[int],
    written: bool,
    flow: Gradients,
    scale: tuple[int, int],
    padded: int,
) -> Kept:
    """`padded`: bytes of the copy that stands in the input's place."""
    if node.layer is None or not flow.outputs[node.index]:
        return Kept((), 0)
    traits_ = find_traits(node)
    extra = traits_.extra(node, *scale)
    reads = [base[i] for i in node.reads]
    if traits_.keeps is Keep.OUTPUT:
        return Kept((base[node.index],), extra)
    if traits_.keeps is Keep.INPUT and written and traits_.by_output:
        return Kept((base[node.index],), extra)
    if traits_.keeps is Keep.INPUT:
        if padded:
            return Kept((), extra + padded)
        if written and traits_.clones:
            return Kept((), extra + scale[0] * scale[1] * node.inputs[0].units)
        return Kept((reads[0],), extra)
    if traits_.keeps is Keep.INPUT_FOR_WEIGHTS:
        # The gradient of the input needs the weights alone.
        return Kept((reads[0],) if flow.parameters[node.index] else (), extra)
    if traits_.keeps is Keep.OPERANDS:
        # Of three and more, the product of the first ones is kept for the next one's gradient.
        products = sum(flow.outputs[i] for i in node.reads[2:])
        products *= scale[0] * scale[1] * node.output.units
        return Kept(_kept_operands(node, reads, flow), extra + products)
    return Kept((), extra)


def _kept_operands(node: Node, reads: list[int], flow: Gradients) -> tuple[int, ...]:
    """The factors that the gradient of another one needs; and the products before the last."""
    needed = [flow.outputs[i] for i in node.reads]
    total = sum(needed)
    return tuple(b for b, own in zip(reads, needed, strict=True) if total - own > 0)


class Loss(NamedTuple):
    """Cross-entropy over the channels of every output."""

    kept: int
    """The logarithm of softmax, and the loss's total weight; none where nothing is trained."""
    value: int
    """The loss of each trained output, a number of its own; its weight is one as well."""
    target: int
    """A class for each position, int64."""
    kept_target: int
    """Those of the outputs that something is trained for."""


def measure_loss(step: TrainingPass) -> Loss:
    """Bytes of the loss of a training step; it keeps its target besides (8 an element)."""
    nodes = [step.network.nodes[i] for i in step.network.outputs]
    targets = {node.index: INDEX * step.batch * node.output.positions for node in nodes}
    trained = [node.index for node in nodes if step.flow.outputs[node.index]]
    kept = sum(step.sizes[i] for i in trained) + step.size * len(trained)
    value = step.size * len(trained)
    return Loss(kept, value, sum(targets.values()), sum(targets[i] for i in trained))


def saved_by_layer(step: TrainingPass) -> list[int]:
    """Bytes that each node keeps first: a storage counts where it is first kept."""
    seen: set[int] = set()
    saved = []
    for kept in step.kept:
        fresh = [b for b in dict.fromkeys(kept.storages) if b not in seen]
        seen.update(fresh)
        saved.append(kept.extra + sum(step.sizes[b] for b in fresh))
    return saved


def forward_bytes(step: TrainingPass) -> list[int]:
    """Live bytes at each step of the forward pass, the loss last."""
    nodes, base = step.network.nodes, step.base
    end = len(nodes)
    last = list(range(end))
    for node in nodes:
        for i in node.reads:
            last[base[i]] = node.index
    for kept in step.kept:
        for b in kept.storages:
            last[b] = end
    for i in (*step.network.outputs, *(node.index for node in step.network.inputs)):
        last[base[i]] = end
    change = [0] * (end + 2)
    for i in range(end):
        if base[i] == i:
            change[i] += step.sizes[i]
            change[last[i] + 1] -= step.sizes[i]
    live, extra, timeline = 0, 0, []
    for node in nodes:
        live += change[node.index]
        extra += step.kept[node.index].extra
        timeline.append(live + extra + _scratch_bytes(step, node))
    lost = measure_loss(step)
    timeline.append(live + change[end] + extra + lost.kept + lost.value)
    return timeline


def _scratch_bytes(step: TrainingPass, node: Input | Node) -> int:
    """Bytes that the layer allocates and does not keep."""
    if node.layer is None or step.kept[node.index].extra:
        return 0
    traits_ = find_traits(node)
    masks = traits_.makes is Makes.VIEW_IN_INFERENCE
    own = (traits_.extra if masks else traits_.scratch)(node, step.batch, step.size)
    return own + step.padded[node.index]


class _Pending:
    """The gradients that wait for their tensors' turn, and who owns their storage."""

    def __init__(self) -> None:
        self.live = 0
        self.held: dict[int, int] = {}
        """The gradient of each node's output: a storage."""
        self.whole: dict[int, bool] = {}
        """Whether it fills its storage."""
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
        """Add a gradient to the node's; the live bytes while both are there."""
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
    """The node whose gradients are made; the number of nodes for the loss."""
    activations: int
    """What is kept and pending."""
    gradients: int
    """The gradients of parameters so far."""


def backward_bytes(step: TrainingPass) -> list[int]:
    """Live bytes at the moments of the backward pass: the loss, then the nodes in reverse."""
    return [moment.activations + moment.gradients for moment in backward_moments(step)]


def backward_moments(step: TrainingPass) -> list[Moment]:
    """The moments of the backward pass; how many a node has does not depend on its size."""
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
    """Bytes of gradients before they are summed: of gates, and of numbers that a layer repeats."""
    if not find_traits(node).sums:
        return 0
    size = step.sizes[node.index]
    gates = sum(step.flow.outputs[i] and step.sizes[i] < size for i in node.reads)
    return size * (gates + step.flow.parameters[node.index])


def _pass_on_gradients(
    step: TrainingPass, node: Node, pending: _Pending
) -> list[tuple[int, int, bool]]:
    """The gradients that a node makes: for each input that wants one, the storage and whether
    the gradient fills it."""
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
