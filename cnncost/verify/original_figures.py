"""Compare an import's figures with those of the module itself, to show what the import lost."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from inspect import signature
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncost.costs import Convention, count_network
from cnncost.costs.memory import measure_memory
from cnncost.network import Network
from cnncost.verify.allocations import most_alive
from cnncost.verify.counted_passes import connections_of
from cnncost.verify.difference import (
    SCALARS,
    STEP,
    FigureLine,
    Verdict,
    cannot_run,
    excuse_strides,
)
from cnncost.verify.measure import (
    Progress,
    bytes_of,
    inference_peak,
    saved_bytes,
    step_peak,
)

if TYPE_CHECKING:
    from torch import nn
    from torch.export import ExportedProgram


UNREACHED = "a variable holds its tensor until it is left, which a spec does not say"
"""Why the eager peak of a module cannot be compared with its spec."""


def verify_original(
    network: Network,
    module: nn.Module,
    shapes: Mapping[str, tuple[int, ...]],
    batch: int,
    tell: Callable[[str], None],
) -> Verdict:
    """Compare an imported network with the module that it was read from.

    Args:
        module: with memory for its weights.
        shapes: of its inputs, without the batch.
        tell: is called with what is measured next.

    Raises:
        CnncostError: the module cannot be run.
    """
    try:
        found = measure_original(module, shapes, batch, tell)
    except (RuntimeError, ValueError, TypeError) as error:
        raise cannot_run(network, error) from None
    return Verdict((*_count_lines(network, found), *_memory_lines(network, found, batch)), ())


def _count_lines(network: Network, found: OriginalRun) -> tuple[FigureLine, ...]:
    report = count_network(network, Convention())
    total, known = report.totals, report.complete
    wanted = [network.nodes[i].output.units for i in network.outputs]
    given = sorted(prod(shape) for shape in found.outputs)
    same = given == sorted(wanted)
    outputs = FigureLine("outputs of that size", len(wanted), len(wanted) if same else 0)
    connections = total.connections if known else None
    return (
        outputs if len(given) == len(wanted) else outputs._replace(measured=len(given)),
        FigureLine("parameters", total.parameters if known else None, found.parameters),
        FigureLine(
            "trainable parameters", total.trainable_parameters if known else None, found.trainable
        ),
        FigureLine("connections", connections, found.connections),
    )


def _memory_lines(network: Network, found: OriginalRun, batch: int) -> tuple[FigureLine, ...]:
    """Compare the bytes if every layer's rules are known; if not, they are lower bounds."""
    ours = measure_memory(network, batch=batch)
    known = ours.complete
    saved = ours.saved.total if known and ours.saved else None
    step = ours.training.bytes if known and ours.training else None
    lines = (
        FigureLine(
            "peak activations, inference (last use)",
            ours.inference.bytes if known else None,
            found.lasting_peak,
            "bytes",
            slack=SCALARS,
        ),
        FigureLine(
            "peak activations, inference (eager)",
            None,
            found.eager_peak,
            "bytes",
            note=UNREACHED,
        ),
        FigureLine("saved for backward", saved, found.saved, "bytes"),
        FigureLine("peak of a training step", step, found.step_peak, "bytes", STEP, SCALARS),
    )
    return tuple(excuse_strides(network, line) for line in lines)


# Measuring the module

Shapes = Mapping[str, tuple[int, ...]]


class OriginalRun(NamedTuple):
    """What PyTorch measures of a module: connections for one example, bytes for the batch."""

    outputs: tuple[tuple[int, ...], ...]
    """The shapes of the outputs, without the batch."""
    parameters: int
    trainable: int
    connections: int
    lasting_peak: int
    """The peak of its operations in inference, when every tensor is freed after its last use."""
    eager_peak: int
    """The peak of the module itself in inference: variables hold tensors until they are left."""
    saved: int | None
    """Bytes kept for the backward pass; this and the next are None if nothing is trained, or if
    training gives other outputs."""
    step_peak: int | None


class CalledModule:
    """Wraps a module so that `measure` can run it.

    It is called with its inputs in a row, and returns a tuple of all tensors of floating point
    numbers, each with at least one axis behind the batch.
    """

    def __init__(self, module: nn.Module, names: tuple[str, ...]) -> None:
        self.parameters, self.buffers = module.parameters, module.buffers
        self.modules, self.eval, self.train = module.modules, module.eval, module.train
        self.zero_grad = module.zero_grad
        self._module, self._names = module, names

    def __call__(self, *data: Any) -> tuple[Any, ...]:  # Any: tensors, or a dict of them
        named = dict(zip(self._names, data, strict=True)) if self._names else {}
        made = self._module(**named) if named else self._module(*data)
        return tuple(_list_tensors(made))


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
        outputs = _output_shapes(model, data, train=False)
        alike = any(p.requires_grad for p in parameters)
        alike = alike and outputs == _output_shapes(model, data, train=True)
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


def _output_shapes(
    model: CalledModule, data: list[Any], *, train: bool
) -> tuple[tuple[int, ...], ...]:
    """Any: tensors."""
    import torch

    (model.train if train else model.eval)()
    with torch.no_grad():
        return tuple(tuple(y.shape[1:]) for y in model(*data))


def _list_tensors(made: Any) -> Iterator[Any]:  # Any: what a module returns, and its tensors
    """List the tensors that a loss can be computed from, each once."""
    from torch.utils._pytree import tree_leaves

    seen: set[int] = set()
    for one in tree_leaves(made):
        floating = hasattr(one, "is_floating_point") and one.is_floating_point()
        if floating and id(one) not in seen:
            seen.add(id(one))
            yield one.unsqueeze(-1) if one.dim() < 2 else one


def _lasting_peak(program: ExportedProgram, data: list[Any]) -> int:  # Any: tensors
    """Find the most bytes alive if each tensor is freed after the last operation that reads it."""
    import torch
    from torch import fx
    from torch.utils._pytree import tree_leaves

    guarded = "check_guards" in signature(program.module).parameters  # since PyTorch 2.9
    module = program.module(check_guards=False) if guarded else program.module()
    leaves = tree_leaves(data)

    def run() -> None:
        with torch.no_grad():
            fx.Interpreter(module).run(*leaves, enable_io_processing=False)

    run()
    return bytes_of(leaves) + most_alive(run)
