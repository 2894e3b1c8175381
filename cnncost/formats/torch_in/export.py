"""A module's program by torch.export, or the part of it up to where it depends on data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncost.formats.torch_in.data_breaks import DataBreak, export_up_to_data
from cnncost.formats.torch_in.example_inputs import Shapes, list_call_ways
from cnncost.formats.torch_in.export_call import (
    CallWay,
    export_failure,
    run_export,
    silence_torch,
)

if TYPE_CHECKING:
    from torch import fx, nn
    from torch.export import ExportedProgram


class TracedProgram(NamedTuple):
    """What torch.export makes of a module."""

    exported: ExportedProgram
    stop: DataBreak | None = None
    """Where it ends before the module does; its outputs are the tensors that are alive there."""


def export_module(module: nn.Module, shapes: Shapes) -> TracedProgram:
    """The program for one example of each input of a module without memory.

    Inputs are floating numbers by position, else by name, else one dict or list of them; where
    the code asks for whole numbers, these are tried. What the meta device lacks, a stand-in for
    the CPU may have. A module that depends on its data is read up to where it does.

    Raises:
        CnncostError: torch.export cannot trace it.
    """
    failed: list[Exception] = []
    with droppings_seen(module):
        for device in ("meta", "cpu"):
            with _fake_device(module, device):
                tried: list[CallWay] = []
                for way in list_call_ways(module, shapes, device, failed, 1):
                    try:
                        return TracedProgram(run_export(module, way))
                    except Exception as error:  # the user's code may raise anything
                        failed.append(error)
                        tried.append(way)
                if device == "cpu" and (found := export_up_to_data(module, tried)):
                    return TracedProgram(*found)
    raise export_failure(failed[0])


def export_as_run(module: nn.Module, shapes: Shapes, batch: int) -> ExportedProgram:
    """The whole program for a batch of examples, as a module with memory runs it.

    Raises:
        CnncostError: torch.export cannot trace it.
    """
    failed: list[Exception] = []
    for way in list_call_ways(module, shapes, "cpu", failed, batch):
        try:
            return run_export(module, way)
        except Exception as error:  # as above
            failed.append(error)
    raise export_failure(failed[0])


DROPS = {"StochasticDepth": "p", "DropPath": "drop_prob"}
"""Classes that drop whole branches in training alone, and which field has the rate."""


@contextmanager
def droppings_seen(module: nn.Module) -> Iterator[None]:
    """With an operation in each module that drops branches, which has none in inference."""
    import torch

    def seen(rate: float) -> Any:  # Any: a forward method
        return lambda x, *rest: torch.dropout(x, rate, train=False)

    changed = []
    for one in module.modules():
        rate = getattr(one, DROPS.get(type(one).__name__, ""), None)
        if isinstance(rate, float) and 0 < rate < 1 and getattr(one, "mode", "row") == "row":
            one.forward = seen(rate)
            changed.append(one)
    try:
        yield
    finally:
        for one in changed:
            del one.forward


@contextmanager
def _fake_device(module: nn.Module, device: str) -> Iterator[None]:
    """For the CPU tensors without memory, the module's own among them."""
    if device == "meta":
        yield
        return
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode(allow_non_fake_inputs=True):
        module.to_empty(device=device)
        yield


def functional(program: ExportedProgram) -> ExportedProgram:
    """The same program, what it writes into parts of a tensor as new tensors.

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


def writes_into_a_part(node: fx.Node) -> bool:
    """Whether it changes a tensor that others see a part of, or that is a part of another."""
    if not changes_input(node) or "dropout" in str(node.target):
        return False  # in inference dropout changes nothing
    target: Any = next(iter(node.args), None)
    seen = []
    while target is not None and hasattr(target, "op"):
        seen.append(target)
        if target.op == "placeholder" or is_view(target):
            return True
        target = target.args[0] if changes_input(target) else None
    return any(is_view(user) for one in seen for user in one.users if user is not node)


def changes_input(node: fx.Node) -> bool:
    """Whether an operation writes into what it is given."""
    schema = getattr(node.target, "_schema", None)
    return node.op == "call_function" and schema is not None and bool(schema.is_mutable)


def is_view(node: fx.Node) -> bool:
    """Whether a result may be a part of what the operation is given."""
    import operator

    if node.op != "call_function":
        return False
    if node.target is operator.getitem:
        made: Any = node.args[0]
        return is_view(made)
    schema = getattr(node.target, "_schema", None)
    marks = [] if schema is None else [result.alias_info for result in schema.returns]
    return any(mark is not None and not mark.is_write for mark in marks)
