"""The memory report of a network: every quantity by name, in bytes, and what is alive
step by step."""

from __future__ import annotations

from math import prod
from typing import NamedTuple, TypeVar

from cnncost.costs.gradients import find_gradients
from cnncost.costs.memory.inference import Peak, find_lives, find_peak
from cnncost.costs.memory.training_backward import backward_bytes
from cnncost.costs.memory.training_step import (
    forward_bytes,
    measure_loss,
    saved_by_layer,
    training_pass,
)
from cnncost.costs.memory.traits import COMPUTED_WEIGHTS, find_traits
from cnncost.errors import CnncostError, did_you_mean
from cnncost.network import Network, Node

T = TypeVar("T")

DTYPES = {"fp32": 4, "fp16": 2, "bf16": 2, "int8": 1}
"""Bytes of an element."""


class Optimizer(NamedTuple):
    """What an optimiser holds, counted in copies of the parameters."""

    copies: int
    counters: bool
    """Whether it holds a step counter of 4 bytes per tensor."""
    scratch: int
    """Temporaries of one step, counted in copies of the largest tensor."""


OPTIMIZERS = {
    "sgd": Optimizer(0, False, 0),
    "momentum": Optimizer(1, False, 0),
    "adam": Optimizer(2, True, 2),
    "adamw": Optimizer(2, True, 2),
    "rmsprop": Optimizer(1, True, 2),
}
COUNTER = 4
"""Bytes of an optimiser's step counter."""


class Saved(NamedTuple):
    """Bytes kept for the backward pass."""

    total: int
    """All bytes kept, those of the loss among them."""
    layers: tuple[int, ...]
    """Bytes kept by each node, by index; a storage counts at the first node that keeps it."""


class Training(NamedTuple):
    """The peak of a training step."""

    bytes: int
    phase: str
    """The phase that sets the peak: forward, backward or optimizer."""


class Memory(NamedTuple):
    """All figures of one network, in bytes. With opaque layers all are lower bounds."""

    parameters: int
    buffers: int
    gradients: int
    optimizer_state: int
    inference: Peak
    inference_eager: Peak
    saved: Saved | None
    """None if the network cannot be trained: int8, or nothing to train."""
    training: Training | None
    known: bool
    """Whether no layer is opaque, so that parameters and all that follows from them are exact."""
    complete: bool
    """Whether moreover every layer's rules are measured, so that activations are exact too."""


def measure_memory(
    network: Network, *, batch: int = 1, dtype: str = "fp32", optimizer: str = "sgd"
) -> Memory:
    """Measure a network's memory in bytes, without kernel workspace and PyTorch's strides.

    Args:
        batch: examples at once.
        dtype: fp32, fp16, bf16 or int8 (which does not train).
        optimizer: sgd, momentum, adam, adamw or rmsprop.

    Raises:
        CnncostError: the dtype or the optimiser is unknown, or the batch is not positive.
    """
    size = _read_scale(batch, dtype)
    plan = _look_up_word("optimizer", optimizer, OPTIMIZERS)
    tensors = _tensor_bytes(network, size)
    trained = _tensor_bytes(network, size, trained=True)
    state = plan.copies * sum(trained) + plan.counters * COUNTER * len(trained)
    eager = find_lives(network, batch=batch, size=size, eager=True)
    held = sum(tensors) + count_buffers(network, size) + state
    saved, training = None, None
    if dtype != "int8" and trained:
        scratch = plan.scratch * max(trained)
        saved, training = _measure_training(network, (batch, size), held, sum(trained) + scratch)
    return Memory(
        parameters=sum(tensors),
        buffers=count_buffers(network, size),
        gradients=sum(trained) if training else 0,
        optimizer_state=state if training else 0,
        inference=measure_inference(network, batch=batch, dtype=dtype),
        inference_eager=find_peak(network, eager),
        saved=saved,
        training=training,
        known=all(node.layer.known for node in network.layers),
        complete=all(find_traits(node).measured for node in network.layers),
    )


def measure_inference(network: Network, *, batch: int = 1, dtype: str = "fp32") -> Peak:
    """Measure the peak of an inference pass alone: training takes several times as long.

    Raises:
        CnncostError: the dtype is unknown, or the batch is not positive.
    """
    return find_peak(network, find_lives(network, batch=batch, size=_read_scale(batch, dtype)))


def count_parameter_bytes(network: Network, dtype: str = "fp32") -> int:
    """Count the bytes of the parameters.

    Raises:
        CnncostError: the dtype is unknown.
    """
    return sum(_tensor_bytes(network, _read_scale(1, dtype)))


def _read_scale(batch: int, dtype: str) -> int:
    """Return the bytes of an element, once the scale is one."""
    size = _look_up_word("dtype", dtype, DTYPES)
    if batch < 1:
        raise CnncostError(f"a batch of {batch} is none", "a batch has at least one example")
    return size


def refuse_unknown(dtype: str, optimizer: str) -> None:
    """Refuse a word that names no element type or optimiser.

    Raises:
        CnncostError: one of them is unknown.
    """
    _look_up_word("dtype", dtype, DTYPES)
    _look_up_word("optimizer", optimizer, OPTIMIZERS)


def count_buffers(network: Network, size: int) -> int:
    """Count the bytes of running means and variances, and 8 bytes per layer that counts batches."""
    size = size if size > 1 else 4  # taken to be fp32 beside int8: not measured
    return sum(
        2 * size * node.inputs[0].channels + 8
        for node in network.layers
        if node.layer.word == "batchnorm" and node.shares is None
    )


def _look_up_word(what: str, word: str, table: dict[str, T]) -> T:
    if word not in table:
        known = f"one of {', '.join(table)}"
        raise CnncostError(f"unknown {what} {word!r}", did_you_mean(word, list(table), known))
    return table[word]


def _tensor_bytes(network: Network, size: int, *, trained: bool = False) -> list[int]:
    """List the bytes of each parameter tensor; a shared one stands once."""
    flow = find_gradients(network).parameters
    found: list[int] = []
    for node in network.layers:
        if node.shares is None and (flow[node.index] or not trained):
            found += [size * count for count in _tensor_sizes(node)]
    return found


def _tensor_sizes(node: Node) -> list[int]:
    """List how many numbers each parameter tensor of a layer has."""
    return [prod(dims) for dims in node.layer.tensor_shapes(node.inputs[0]).values()]


def _measure_training(
    network: Network, scale: tuple[int, int], held: int, stepping: int
) -> tuple[Saved, Training]:
    batch, size = scale
    step = training_pass(network, batch=batch, size=size)
    layers, lost = saved_by_layer(step), measure_loss(step)
    ends = [*network.outputs, *(node.index for node in network.inputs)]
    phases = {
        "forward": max(forward_bytes(step)),
        "backward": max(backward_bytes(step)),
        "optimizer": stepping + sum(step.sizes[i] for i in ends),
    }
    if any(getattr(node.layer, "stands_for", "") == COMPUTED_WEIGHTS for node in network.layers):
        # Gradients of parameters are made from those of what is computed of them, at the end: of
        # the phases only the last is known to be a lower bound.
        phases = {"optimizer": phases["optimizer"]}
    phase = max(phases, key=lambda name: phases[name])
    total = sum(layers) + lost.kept + lost.kept_target
    return Saved(total, tuple(layers)), Training(held + lost.target + phases[phase], phase)


class TimelineStep(NamedTuple):
    """One step of a pass."""

    name: str
    type: str
    """The layer's type; `input` for an input."""
    live: int
    """Bytes alive while the step runs: inputs, outputs and temporaries."""


def trace_timeline(
    network: Network, *, batch: int = 1, dtype: str = "fp32"
) -> tuple[TimelineStep, ...]:
    """List the steps of an inference pass in the program's order; outputs are freed after their
    last use."""
    live = find_lives(network, batch=batch, size=DTYPES[dtype]).sum_live_bytes()
    return tuple(
        TimelineStep(node.name, node.layer.word if node.layer else "input", bytes_)
        for node, bytes_ in zip(network.nodes, live, strict=True)
    )
