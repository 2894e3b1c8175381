"""Bytes alive at each moment of a training step of one network, parameters left out."""

from __future__ import annotations

from typing import NamedTuple

from cnncost.costs.gradients import find_gradients
from cnncost.costs.memory.memory_report import COUNTER, OPTIMIZERS, count_buffers
from cnncost.costs.memory.training_backward import backward_moments
from cnncost.costs.memory.training_step import forward_bytes, measure_loss, training_pass
from cnncost.network import Network

FORWARD, BACKWARD, OPTIMIZER = "forward", "backward", "optimizer"


class TrainingMoment(NamedTuple):
    """A moment of a training step."""

    phase: str
    step: int
    """The node; the number of nodes for the loss."""
    moment: int = 0
    """Which of the node's moments."""


def bytes_by_moment(
    network: Network, *, batch: int, size: int, optimizer: str
) -> dict[TrainingMoment, int]:
    """The bytes alive at each moment, without parameters, their gradients and the optimiser's
    state."""
    step = training_pass(network, batch=batch, size=size)
    always = count_buffers(network, size) + measure_loss(step).target
    if OPTIMIZERS[optimizer].counters:
        always += COUNTER * _tensors(network)
    found = {
        TrainingMoment(FORWARD, t): live + always for t, live in enumerate(forward_bytes(step))
    }
    counts: dict[int, int] = {}
    for moment in backward_moments(step):
        j = counts[moment.step] = counts.get(moment.step, -1) + 1
        found[TrainingMoment(BACKWARD, moment.step, j)] = moment.activations + always
    ends = [*network.outputs, *(node.index for node in network.inputs)]
    found[TrainingMoment(OPTIMIZER, 0)] = sum(step.sizes[i] for i in ends) + always
    return found


def _tensors(network: Network) -> int:
    """How many parameter tensors are trained."""
    flow = find_gradients(network).parameters
    own = [n for n in network.layers if n.shares is None and flow[n.index]]
    return sum(len(n.layer.tensor_shapes(n.inputs[0])) for n in own)


def kept_bytes(network: Network, *, batch: int, size: int) -> int:
    """The bytes that layers in a row keep for the backward pass besides their input; buffers and
    step counts included."""
    step = training_pass(network, batch=batch, size=size)
    storages = dict.fromkeys(b for kept in step.kept for b in kept.storages if b != 0)
    extra = sum(kept.extra for kept in step.kept)
    return extra + sum(step.sizes[b] for b in storages)


def is_kept_at(at: TrainingMoment, index: int) -> bool:
    """Whether what a node keeps for its backward pass is there at a moment."""
    return at.phase != OPTIMIZER and at.step > index
