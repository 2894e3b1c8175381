"""Examples of a module's inputs: tensors in a row, by name, in a dict or in a list."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from itertools import product
from typing import TYPE_CHECKING

from cnncost.formats.torch_in.export_call import CallWay

if TYPE_CHECKING:
    from torch import dtype, nn

Shapes = Mapping[str, tuple[int, ...]]
"""Of one example of each input, by its name: channels first, without the batch."""
MOST = 4
"""Inputs of which each is tried as whole numbers too."""


def list_call_ways(
    module: nn.Module, shapes: Shapes, device: str, failed: list[Exception], batch: int
) -> Iterator[CallWay]:
    """The ways to call a module on a batch of zeros, the most usual first.

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
    """Of the module's own floating parameters; a half-precision model takes halves."""
    import torch

    found = (p.dtype for p in module.parameters() if p.dtype.is_floating_point)
    return next(found, torch.float32)
