"""A module's program by torch.export: examples of its inputs, and what to say where it fails."""

from __future__ import annotations

import inspect
import io
import logging
import traceback
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
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


def exported(module: nn.Module, shapes: Shapes) -> ExportedProgram:
    """The program for one example of each input, without writes into parts of a tensor.

    Inputs are floating numbers by position, else by name, else one dict of them; where the
    code takes none of these, whole numbers are tried.

    Raises:
        CnncostError: torch.export cannot trace it.
    """
    first: Exception | None = None
    for arguments, named in _ways(module, shapes):
        try:
            with quiet():
                return _functional(_export(module, arguments, named))
        except Exception as error:  # the user's code may raise anything
            first = first or error
    assert first is not None  # there is a way at least, and it failed
    raise _failure(module, first)


def _export(module: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """Any: torch's own."""
    import torch

    with torch.no_grad():
        return torch.export.export(module, arguments, named, strict=False)


@contextmanager
def quiet() -> Iterator[None]:
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


def _ways(module: nn.Module, shapes: Shapes) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """The ways to call it, the most usual first; Any: tensors, and dicts of them."""
    import torch

    usual = _dtype(module)
    kinds = [(usual,) * len(shapes)]
    if len(shapes) <= MOST:
        kinds += [
            kind for kind in product((usual, torch.long), repeat=len(shapes)) if kind not in kinds
        ]
    for kind in kinds:
        given = {
            name: torch.zeros((1, *shape), device="meta", dtype=one)
            for (name, shape), one in zip(shapes.items(), kind, strict=True)
        }
        names = _parameters(module)
        by_name = len(given) > 1 and set(given) <= set(names) and list(given) != names[: len(given)]
        yield ((), given) if by_name else (tuple(given.values()), {})
        yield (dict(given),), {}


def _parameters(module: nn.Module) -> list[str]:
    try:
        return list(inspect.signature(module.forward).parameters)
    except (TypeError, ValueError):
        return []


def _dtype(module: nn.Module) -> dtype:
    """Of the module's own floating parameters; a half-precision model takes halves."""
    import torch

    found = (p.dtype for p in module.parameters() if p.dtype.is_floating_point)
    return next(found, torch.float32)


def _functional(program: ExportedProgram) -> ExportedProgram:
    """The same program, what it writes into parts of a tensor as new tensors."""
    if not any(map(writes_into_a_part, program.graph.nodes)):
        return program
    return program.run_decompositions({})


def writes_into_a_part(node: fx.Node) -> bool:
    """Whether it changes a tensor that others see a part of, or that is a part of another."""
    if not changes(node):
        return False
    target: Any = next(iter(node.args), None)
    seen = []
    while target is not None and hasattr(target, "op"):
        seen.append(target)
        if target.op == "placeholder" or views(target):
            return True
        target = target.args[0] if changes(target) else None
    return any(views(user) for one in seen for user in one.users if user is not node)


def changes(node: fx.Node) -> bool:
    """Whether an operation writes into what it is given."""
    schema = getattr(node.target, "_schema", None)
    return node.op == "call_function" and schema is not None and bool(schema.is_mutable)


def views(node: fx.Node) -> bool:
    """Whether a result may be a part of what the operation is given."""
    import operator

    if node.op != "call_function":
        return False
    if node.target is operator.getitem:
        made: Any = node.args[0]
        return views(made)
    schema = getattr(node.target, "_schema", None)
    marks = [] if schema is None else [result.alias_info for result in schema.returns]
    return any(mark is not None and not mark.is_write for mark in marks)


def _failure(module: nn.Module, error: Exception) -> CnncostError:
    """What, where in the user's code, and what would help: a line each."""
    lines = [line for line in str(error).strip().splitlines() if line.strip()]
    said = f"{type(error).__name__}: {lines[0][:200] if lines else ''}".rstrip(": ")
    place = _place(error)
    text = f"torch.export cannot trace it: {said}" + (f"\n  {place}" if place else "")
    return CnncostError(text, "check --input; control flow on data cannot be traced")


def _place(error: Exception) -> str:
    """The last line of code on the way that is neither PyTorch's, nor ours, nor Python's."""
    import torch

    theirs = (Path(torch.__file__).parent, Path(__file__).parents[2], Path(inspect.__file__).parent)
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename.endswith(".py")
        and not any(Path(frame.filename).is_relative_to(folder) for folder in theirs)
    ]
    # Modules of packages that are installed stand below Python's folder too; a file of the
    # user's own does not, unless the environment is in the same folder.
    if not frames:
        return ""
    last = frames[-1]
    return f"{last.filename}:{last.lineno}: {(last.line or '').strip()[:120]}"
