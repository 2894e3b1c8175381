"""A module's program by torch.export: examples of its inputs, and what to say where it fails."""

from __future__ import annotations

import inspect
import io
import logging
import re
import traceback
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnncost.errors import CnncostError

if TYPE_CHECKING:
    from torch import dtype, fx, nn
    from torch.export import ExportedProgram

Shapes = Mapping[str, tuple[int, ...]]
MOST = 4
"""Inputs of which each is tried as whole numbers too."""


def export_module(module: nn.Module, shapes: Shapes, batch: int = 0) -> ExportedProgram:
    """The program for one example of each input; for a batch of them as the module itself, which
    has memory then, runs it.

    Inputs are floating numbers by position, else by name, else one dict of them; where the
    code asks for whole numbers, these are tried. What the meta device lacks, a stand-in for
    the CPU may have.

    Raises:
        CnncostError: torch.export cannot trace it.
    """
    with droppings_seen(module) if not batch else nullcontext():
        return _first_that_works(module, shapes, batch)


def _first_that_works(module: nn.Module, shapes: Shapes, batch: int) -> ExportedProgram:
    failed: list[Exception] = []
    for device in ("cpu",) if batch else ("meta", "cpu"):
        with nullcontext() if batch else _fake_device(module, device):
            for arguments, named in _call_ways(module, shapes, device, failed, batch or 1):
                try:
                    with silence_torch():
                        return _run_export(module, arguments, named)
                except Exception as error:  # the user's code may raise anything
                    failed.append(error)
    raise _export_failure(failed[0])


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


def _run_export(module: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """Any: torch's own."""
    import torch

    with torch.no_grad():
        return torch.export.export(module, arguments, named, strict=False)


@contextmanager
def silence_torch() -> Iterator[None]:
    """Without what torch writes and logs on its way."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with (
            warnings.catch_warnings(),
            redirect_stderr(io.StringIO()),
            redirect_stdout(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _call_ways(
    module: nn.Module, shapes: Shapes, device: str, failed: list[Exception], batch: int
) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """The ways to call it, the most usual first; Any: tensors, and dicts of them."""
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
        yield ((), given) if by_name else (tuple(given.values()), {})
        yield (dict(given),), {}


_WHOLE = re.compile(r"\b(Long|Int|long|int|index|indices|integer)\b")
"""What PyTorch says where it wants whole numbers."""


def _parameter_names(module: nn.Module) -> list[str]:
    try:
        return list(inspect.signature(module.forward).parameters)
    except (TypeError, ValueError):
        return []


def _floating_dtype(module: nn.Module) -> dtype:
    """Of the module's own floating parameters; a half-precision model takes halves."""
    import torch

    found = (p.dtype for p in module.parameters() if p.dtype.is_floating_point)
    return next(found, torch.float32)


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
        raise _export_failure(error) from error


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


def _export_failure(error: Exception) -> CnncostError:
    """What, where in the user's code, and what would help: a line each."""
    lines = [line for line in str(error).strip().splitlines() if line.strip()]
    said = f"{type(error).__name__}: {lines[0][:200] if lines else ''}".rstrip(": ")
    hint = "check --input; control flow on data cannot be traced"
    return CnncostError(f"torch.export cannot trace it: {said}", hint, where=_user_place(error))


def _user_place(error: Exception) -> str:
    """The last line on the way that is neither PyTorch's nor ours, nor Python's own."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = Path(frame.filename)
        if file.suffix == ".py" and not _is_tool(file):
            here = Path.cwd()
            name = file.relative_to(here) if file.is_relative_to(here) else file
            return f"{name}:{frame.lineno}: {(frame.line or '').strip()[:120]}"
    return ""


def _is_tool(file: Path) -> bool:
    """Whether a file is PyTorch's, ours or of Python's library; installed packages are not."""
    import torch

    if any(file.is_relative_to(Path(f).parent) for f in (torch.__file__, *_OURS)):
        return True
    python = Path(inspect.__file__).parent
    return file.is_relative_to(python) and "site-packages" not in file.parts


_OURS = (str(Path(__file__).parents[1]),)
"""A file of the package's own folder."""
