"""Measure a PyTorch network by running its code, without any knowledge of how costs count."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from cnncost.verify.allocations import most_alive
from cnncost.verify.counted_passes import connections_of, make_targets, sum_losses


class Measured(NamedTuple):
    """What PyTorch measures: connections for one example, bytes for the whole batch."""

    shapes: dict[str, tuple[int, ...]]
    parameters: int
    trainable: int
    connections: int
    backward: int | None
    """Connections of the backward pass; this and the two below are None if nothing is trained."""
    saved: int | None
    inference_peak: int
    step_peak: int | None


Progress = Callable[[str], None]


def measure_network(
    code: str, inputs: Sequence[tuple[int, ...]], batch: int, tell: Progress, dtype: str = "fp32"
) -> Measured:
    """Run a file of code, whose last class is the network, on random inputs.

    Args:
        inputs: shapes without the batch.
        tell: is called with what is measured next.
        dtype: fp32, fp16 or bf16: of all numbers, the norms' too.

    Raises:
        ImportError: PyTorch is not installed.
        RuntimeError: PyTorch has no kernel of that type for an operation.
    """
    # Read when torch is loaded: its profiler writes marks to standard error otherwise.
    os.environ.setdefault("KINETO_LOG_LEVEL", "6")
    import torch

    torch.manual_seed(0)
    tell("building")
    model = build_network(code).to(find_torch_dtype(dtype))
    data = _draw_inputs(model, [(batch, *dims) for dims in inputs], dtype)
    parameters = list(model.parameters())
    trained = [p for p in parameters if p.requires_grad]
    tell("counting connections")
    forward, backward = connections_of(model, data, batch)
    tell("inference")
    peak = inference_peak(model, data)
    shapes = {name: shape[1:] for name, shape in model.shapes.items()}
    tell("training step")
    saved = saved_bytes(model, data) if trained else None
    return Measured(
        shapes=shapes,
        parameters=sum(p.numel() for p in parameters),
        trainable=sum(p.numel() for p in trained),
        connections=forward,
        backward=backward if trained else None,
        saved=saved,
        inference_peak=peak,
        step_peak=step_peak(model, data) if trained else None,
    )


class Weighed(NamedTuple):
    """The figures that do not depend on how long a caller holds a block's input."""

    parameters: int
    outputs: tuple[tuple[int, ...], ...]
    """The shapes of the outputs, without the batch."""
    saved: int | None
    """As in `Measured`."""


def measure_forward(
    code: str, inputs: Sequence[tuple[int, ...]], batch: int, dtype: str = "fp32"
) -> Weighed:
    """Run a file of code like `measure_network`, but only its forward pass."""
    import torch

    torch.manual_seed(0)
    model = build_network(code).to(find_torch_dtype(dtype))
    data = _draw_inputs(model, [(batch, *dims) for dims in inputs], dtype)
    parameters = list(model.parameters())
    model.eval()
    with torch.no_grad():
        found = model(*data)
    many = found if isinstance(found, tuple) else (found,)
    return Weighed(
        sum(p.numel() for p in parameters),
        tuple(tuple(y.shape[1:]) for y in many),
        saved_bytes(model, data) if any(p.requires_grad for p in parameters) else None,
    )


def build_network(code: str) -> Any:  # Any: torch.nn.Module, which is not imported here
    """Build the network of a file of code, which is its last class."""
    names: dict[str, Any] = {"__name__": "exported"}  # Any: what the code defines
    exec(compile(code, "<exported>", "exec"), names)
    classes = [value for value in names.values() if isinstance(value, type)]
    return classes[-1]()


def _draw_inputs(model: Any, shapes: Sequence[tuple[int, ...]], dtype: str) -> list[Any]:
    """Draw random inputs. Any: torch's. Below 1 where an embedding takes them for indices: 0."""
    import torch

    looks_up = any(isinstance(module, torch.nn.Embedding) for module in model.modules())
    draw = torch.rand if looks_up else torch.randn
    return [draw(*shape, dtype=find_torch_dtype(dtype)) for shape in shapes]


def find_torch_dtype(dtype: str) -> Any:  # Any: torch.dtype
    """Find PyTorch's type of numbers: of fp32, fp16 or bf16."""
    import torch

    return {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}[dtype]


def saved_bytes(model: Any, data: list[Any]) -> int:  # Any: torch's
    """Count the bytes of the storages that are kept for the backward pass, without parameters."""
    from torch.autograd.graph import saved_tensors_hooks

    own = [*model.parameters(), *model.buffers()]
    pointers = {tensor.untyped_storage().data_ptr() for tensor in own}
    targets = make_targets(model, data)
    model.train()
    kept: dict[int, Any] = {}  # Any: storages, held so that no address is used twice

    def pack(tensor: Any) -> Any:  # Any: a tensor
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in pointers and storage.nbytes():
            kept[storage.data_ptr()] = storage
        return tensor

    with saved_tensors_hooks(pack, lambda tensor: tensor):
        loss = sum_losses(model(*data), targets)
    del loss
    return sum(int(storage.nbytes()) for storage in kept.values())


def inference_peak(model: Any, data: list[Any]) -> int:  # Any: torch's
    """Measure the most bytes of activations alive at once, inputs included."""
    import torch

    model.eval()

    def run() -> None:
        with torch.no_grad():
            model(*data)

    run()
    return bytes_of(data) + most_alive(run)


def step_peak(model: Any, data: list[Any]) -> int:  # Any: torch's
    """Measure the most bytes alive in one training step with plain SGD, parameters included."""
    import torch

    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(trained, lr=1e-3)
    targets = make_targets(model, data)
    model.train()

    def run() -> None:
        outputs = model(*data)
        loss = sum_losses(outputs, targets)
        loss.backward()
        optimizer.step()

    held = bytes_of([*model.parameters(), *model.buffers(), *data, *targets])
    peak = most_alive(run)
    model.zero_grad(set_to_none=True)
    return held + peak


def bytes_of(tensors: list[Any]) -> int:  # Any: tensors
    """Count the bytes of the tensors' elements."""
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)
