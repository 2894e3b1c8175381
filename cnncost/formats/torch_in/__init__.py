"""PyTorch modules as networks, through torch.export on the meta device. Runs the user's code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncost.errors import CnncostError
from cnncost.formats.torch_in.torch_source import build_module, build_with_memory, stated_input

if TYPE_CHECKING:
    from torch import nn

    from cnncost.formats.graph import Graph
    from cnncost.formats.torch_in.torch_source import Arguments


def read_source(
    target: str, shapes: dict[str, tuple[int, ...]], settings: Arguments | None = None
) -> Graph:
    """Read the network that `target` builds, `package.module:function` or `file.py:function`.

    `shapes` are those of one example of each input, in the order of `forward`; a single one
    needs no name. A model that states its input's shape, as those of timm do, needs none.
    `settings` are the keyword arguments that the code is called with.

    Raises:
        CnncostError: no shape is given, the code fails, or it cannot be traced.
    """
    from cnncost.formats.torch_in.torch_trace import trace_module

    module = build_module(target, settings)
    inputs = {name or "input": shape for name, shape in (shapes or stated_input(module)).items()}
    if not inputs:
        raise CnncostError(f"{target}: the input's shape is due", "as in --input 3x224x224")
    return trace_module(module, target.partition(":")[2].rpartition(".")[2], inputs)


def module_with_memory(target: str, settings: Arguments | None = None) -> nn.Module:
    """Build the module of `target` so that it can be run; otherwise as `read_source`."""
    return build_with_memory(target, settings)
