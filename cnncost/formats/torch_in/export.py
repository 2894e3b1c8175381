"""A module's program by torch.export, or the part of it up to where it depends on data."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import product
from typing import TYPE_CHECKING, Any

from cnncost.formats.torch_in.data_breaks import (
    TracedProgram,
    export_up_to_data,
    export_whole,
    needs_data,
)
from cnncost.formats.torch_in.export_call import (
    CallWay,
    export_failure,
    run_export,
    silence_torch,
)
from cnncost.formats.torch_in.program_nodes import writes_into_a_part

if TYPE_CHECKING:
    from torch import dtype, nn
    from torch.export import ExportedProgram


Shapes = Mapping[str, tuple[int, ...]]
"""Of one example of each input, by its name: channels first, without the batch."""
MOST = 4
"""Inputs of which each is tried as whole numbers too."""


def export_module(module: nn.Module, shapes: Shapes) -> TracedProgram:
    """Export the program for one example of each input of a module without memory.

    Inputs are floating numbers by position, else by name, else one dict or list of them; where
    the code asks for whole numbers, these are tried. What the meta device lacks, a stand-in for
    the CPU may have. A module that depends on its data is read up to where it does.

    Raises:
        CnncostError: torch.export cannot trace it.
    """
    failed: list[Exception] = []
    with record_drop_paths(module):
        found = _first_that_works(export_whole, module, shapes, "meta", failed)
        if found is None:
            with _fake_memory(module):
                if not any(map(needs_data, failed)):
                    found = _first_that_works(export_whole, module, shapes, "cpu", failed)
                found = found or _first_that_works(export_up_to_data, module, shapes, "cpu", failed)
    if found is None:
        raise export_failure(_most_telling(failed))
    return found


def _first_that_works(
    export: Callable[[nn.Module, CallWay], TracedProgram],
    module: nn.Module,
    shapes: Shapes,
    device: str,
    failed: list[Exception],
) -> TracedProgram | None:
    """Return what the first way to call the module gives that works; `failed` gets what the others
    raised."""
    for way in _list_call_ways(module, shapes, device, failed, 1):
        try:
            return export(module, way)
        except Exception as error:  # the user's code may raise anything
            failed.append(error)
            if needs_data(error):
                break  # no other way has more data
    return None


def _most_telling(failed: Sequence[Exception]) -> Exception:
    """Choose the first error that data causes, which the right way to call alone comes to; else the
    first one, which is that of the usual way."""
    return next(filter(needs_data, failed), failed[0])


def export_as_run(module: nn.Module, shapes: Shapes, batch: int) -> ExportedProgram:
    """Export the whole program for a batch of examples, as a module with memory runs it.

    Raises:
        CnncostError: torch.export cannot trace it.
    """
    failed: list[Exception] = []
    for way in _list_call_ways(module, shapes, "cpu", failed, batch):
        try:
            return run_export(module, way)
        except Exception as error:  # as above
            failed.append(error)
    raise export_failure(_most_telling(failed))


DROPS = {"StochasticDepth": "p", "DropPath": "drop_prob"}
"""Classes that drop whole branches in training alone, and which field has the rate."""


@contextmanager
def record_drop_paths(module: nn.Module) -> Iterator[None]:
    """Make each module that drops branches call dropout, which the exported program then shows; in
    inference such a module calls nothing."""
    import torch

    def make_forward(rate: float) -> Any:  # Any: a forward method
        return lambda x, *rest: torch.dropout(x, rate, train=False)

    changed = []
    for one in module.modules():
        rate = getattr(one, DROPS.get(type(one).__name__, ""), None)
        if isinstance(rate, float) and 0 < rate < 1 and getattr(one, "mode", "row") == "row":
            one.forward = make_forward(rate)
            changed.append(one)
    try:
        yield
    finally:
        for one in changed:
            del one.forward


@contextmanager
def _fake_memory(module: nn.Module) -> Iterator[None]:
    """Give the module tensors of the CPU without memory, its own among them."""
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode(allow_non_fake_inputs=True):
        module.to_empty(device="cpu")
        yield


def make_functional(program: ExportedProgram) -> ExportedProgram:
    """Return the same program, in which what is written into parts of a tensor makes new tensors.

    Raises:
        CnncostError: it cannot be written so.
    """
    if not any(map(writes_into_a_part, program.graph.nodes)):
        return program
    try:
        with silence_torch():
            return program.run_decompositions({})
    except Exception as error:  # torch's own, of many kinds
        raise export_failure(error) from error


def _list_call_ways(
    module: nn.Module, shapes: Shapes, device: str, failed: list[Exception], batch: int
) -> Iterator[CallWay]:
    """List the ways to call a module on a batch of zeros, the most usual first.

    Args:
        shapes: of one example of each input.
        failed: what the ways before raised; whole numbers are tried if one of them asks for such.
    """
    import torch

    usual = _floating_dtype(module)
    for number, kind in enumerate(product((usual, torch.long), repeat=min(len(shapes), MOST))):
        if number and not any(_WHOLE.search(str(error)) for error in failed):
            return
        kinds = (*kind, *(usual,) * (len(shapes) - len(kind)))
        given = {
            name: torch.zeros((batch, *shape), device=device, dtype=one)
            for (name, shape), one in zip(shapes.items(), kinds, strict=True)
        }
        names = _parameter_names(module)
        by_name = len(given) > 1 and set(given) <= set(names) and list(given) != names[: len(given)]
        tensors = tuple(given.values())
        yield CallWay((), given) if by_name else CallWay(tensors, {})
        yield CallWay((dict(given),), {})
        yield CallWay((list(tensors if len(tensors) > 1 else tensors[0]),), {})


_WHOLE = re.compile(r"\b(Long|Int|long|int|index|indices|integer)\b")
"""What PyTorch says where it wants whole numbers."""


def _parameter_names(module: nn.Module) -> list[str]:
    try:
        return list(inspect.signature(module.forward).parameters)
    except (TypeError, ValueError):
        return []


def _floating_dtype(module: nn.Module) -> dtype:
    """Return the type of the module's own floating parameters; a half-precision model takes
    halves."""
    import torch

    found = (p.dtype for p in module.parameters() if p.dtype.is_floating_point)
    return next(found, torch.float32)
