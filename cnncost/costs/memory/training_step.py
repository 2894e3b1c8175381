"""A training step: what is kept for the backward pass, and the live bytes of the forward pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cnncost.costs.gradients import Gradients, find_gradients
from cnncost.costs.memory.padded_copies import padded_copy
from cnncost.costs.memory.storage import assign_storages
from cnncost.costs.memory.traits import INDEX, Keep, Makes, find_traits
from cnncost.network import Input, Network, Node


class Kept(NamedTuple):
    """What a node keeps for its backward pass."""

    storages: tuple[int, ...]
    """The storages that it keeps, by index; other nodes may keep them as well."""
    extra: int
    """Bytes that it keeps besides those storages."""


class TrainingPass(NamedTuple):
    """What both passes of a training step need to know; lists go by node index."""

    network: Network
    base: tuple[int, ...]
    flow: Gradients
    padded: list[int]
    """Bytes of the padded copy that each layer works on in place of its input."""
    kept: list[Kept]
    sizes: list[int]
    """Bytes of each output."""
    batch: int
    size: int
    """Bytes of an element."""


def training_pass(network: Network, *, batch: int, size: int) -> TrainingPass:
    """Find the storages of a training step, and what each node keeps for the backward pass."""
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
    """Find what one node keeps; `padded` has the bytes of the copy that replaces its input."""
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
    """Find the factors that the gradient of another factor needs, as storages."""
    needed = [flow.outputs[i] for i in node.reads]
    total = sum(needed)
    return tuple(b for b, own in zip(reads, needed, strict=True) if total - own > 0)


class Loss(NamedTuple):
    """Cross-entropy over the channels of every output."""

    kept: int
    """Bytes kept: the logarithm of softmax and the loss's total weight; 0 if nothing is trained."""
    value: int
    """Bytes of the losses: one number for each output that something is trained for."""
    target: int
    """Bytes of the targets: one class (int64) per position of each output."""
    kept_target: int
    """Bytes of the targets of the outputs that something is trained for."""


def measure_loss(step: TrainingPass) -> Loss:
    """Count the bytes of the loss of a training step; its targets have 8 bytes per position."""
    nodes = [step.network.nodes[i] for i in step.network.outputs]
    targets = {node.index: INDEX * step.batch * node.output.positions for node in nodes}
    trained = [node.index for node in nodes if step.flow.outputs[node.index]]
    kept = sum(step.sizes[i] for i in trained) + step.size * len(trained)
    value = step.size * len(trained)
    return Loss(kept, value, sum(targets.values()), sum(targets[i] for i in trained))


def saved_by_layer(step: TrainingPass) -> list[int]:
    """Count the bytes that each node keeps; a storage counts at the first node that keeps it."""
    seen: set[int] = set()
    saved = []
    for kept in step.kept:
        fresh = [b for b in dict.fromkeys(kept.storages) if b not in seen]
        seen.update(fresh)
        saved.append(kept.extra + sum(step.sizes[b] for b in fresh))
    return saved


def forward_bytes(step: TrainingPass) -> list[int]:
    """List the live bytes at each step of the forward pass; the loss is the last step."""
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
    """Count the bytes that the layer allocates and does not keep."""
    if node.layer is None or step.kept[node.index].extra:
        return 0
    traits_ = find_traits(node)
    masks = traits_.makes is Makes.VIEW_IN_INFERENCE
    own = (traits_.extra if masks else traits_.scratch)(node, step.batch, step.size)
    return own + step.padded[node.index]
