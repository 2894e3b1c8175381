"""Measures the module that an import was read from, by running it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncost.verify.allocations import most_alive
from cnncost.verify.measure import (
    Progress,
    bytes_of,
    connections_of,
    inference_peak,
    saved_bytes,
    step_peak,
)

if TYPE_CHECKING:
    from torch import nn
    from torch.export import ExportedProgram

Shapes = Mapping[str, tuple[int, ...]]


class OriginalRun(NamedTuple):
    """What PyTorch says of a module; connections are an example's, bytes those of the batch."""

    outputs: tuple[tuple[int, ...], ...]
    """Their shapes, without the batch."""
    parameters: int
    trainable: int
    connections: int
    lasting_peak: int
    """Of its operations in inference, every tensor given back after its last use."""
    eager_peak: int
    """Of the module itself in inference: a variable holds its tensor until it is left."""
    saved: int | None
    """None where nothing is trained, or training gives other outputs; so for the next."""
    step_peak: int | None


class CalledModule:
    """A module as `measure` runs one: called with its inputs in a row, its outputs a tuple of
    all tensors of floating numbers, each with an axis behind the batch."""

    def __init__(self, module: nn.Module, names: tuple[str, ...]) -> None:
        self.parameters, self.buffers = module.parameters, module.buffers
        self.modules, self.eval, self.train = module.modules, module.eval, module.train
        self.zero_grad = module.zero_grad
        self._module, self._names = module, names

    def __call__(self, *data: Any) -> tuple[Any, ...]:  # Any: tensors, or a dict of them
        named = dict(zip(self._names, data, strict=True)) if self._names else {}
        made = self._module(**named) if named else self._module(*data)
        return tuple(_leaves(made))


def measure_original(module: nn.Module, shapes: Shapes, batch: int, tell: Progress) -> OriginalRun:
    """Run a module that has memory on a batch of zeros.

    Args:
        shapes: of each input, without the batch.
        tell: is called with what is measured next.

    Raises:
        CnncostError: it cannot be traced for such a batch.
        RuntimeError: it cannot be run.
    """
    # Read when torch is loaded: its profiler writes marks to standard error otherwise.
    os.environ.setdefault("KINETO_LOG_LEVEL", "6")
    from cnncost.formats.torch_in.export import export_as_run
    from cnncost.formats.torch_in.export_call import silence_torch

    tell("tracing the module")
    module.eval()
    program = export_as_run(module, shapes, batch)
    given, named = program.example_inputs or ((), {})
    model, data = CalledModule(module, tuple(named)), [*given, *named.values()]
    parameters = list(module.parameters())
    with silence_torch():
        outputs = _shapes(model, data, train=False)
        alike = any(p.requires_grad for p in parameters)
        alike = alike and outputs == _shapes(model, data, train=True)
        tell("counting connections")
        forward, _ = connections_of(model, data, batch, train=False)
        tell("inference")
        return OriginalRun(
            outputs=outputs,
            parameters=sum(p.numel() for p in parameters),
            trainable=sum(p.numel() for p in parameters if p.requires_grad),
            connections=forward,
            lasting_peak=_lasting_peak(program, data),
            eager_peak=inference_peak(model, data),
            saved=saved_bytes(model, data) if alike else None,
            step_peak=step_peak(model, data) if alike else None,
        )


def _shapes(model: CalledModule, data: list[Any], *, train: bool) -> tuple[tuple[int, ...], ...]:
    """Any: tensors."""
    import torch

    (model.train if train else model.eval)()
    with torch.no_grad():
        return tuple(tuple(y.shape[1:]) for y in model(*data))


def _leaves(made: Any) -> Iterator[Any]:  # Any: what a module returns, and its tensors
    """The tensors that a loss can be of, each once."""
    from torch.utils._pytree import tree_leaves

    seen: set[int] = set()
    for one in tree_leaves(made):
        floating = hasattr(one, "is_floating_point") and one.is_floating_point()
        if floating and id(one) not in seen:
            seen.add(id(one))
            yield one.unsqueeze(-1) if one.dim() < 2 else one


def _lasting_peak(program: ExportedProgram, data: list[Any]) -> int:  # Any: tensors
    """The most bytes alive where each tensor goes after the last operation that reads it."""
    import torch
    from torch import fx
    from torch.utils._pytree import tree_leaves

    module, leaves = program.module(check_guards=False), tree_leaves(data)

    def run() -> None:
        with torch.no_grad():
            fx.Interpreter(module).run(*leaves, enable_io_processing=False)

    run()
    return bytes_of(leaves) + most_alive(run)
