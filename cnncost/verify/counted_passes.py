"""Count the multiply-accumulates of a PyTorch network's two passes by PyTorch's own counter."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any


def sum_losses(outputs: Any, targets: list[Any]) -> Any:  # Any: tensors
    """Add up the losses of all outputs, for labels of the shapes that `make_targets` makes."""
    from torch.nn import functional

    many = outputs if isinstance(outputs, tuple) else (outputs,)
    losses = [functional.cross_entropy(y, t) for y, t in zip(many, targets, strict=True)]
    return sum(losses[1:], losses[0])


def make_targets(model: Any, data: list[Any]) -> list[Any]:  # Any: tensors
    """Make labels for each output, all of the first class: one for each example and position."""
    import torch

    model.eval()
    with torch.no_grad():
        outputs = model(*data)
    many = outputs if isinstance(outputs, tuple) else (outputs,)
    return [torch.zeros(y.shape[0], *y.shape[2:], dtype=torch.long) for y in many]


@contextmanager
def _step_by_step(model: Any) -> Iterator[None]:  # Any: torch's
    """Compute recurrent layers and attention as products that PyTorch's counter sees, not one fused
    call, of which it knows nothing on processors."""
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel

    with ExitStack() as settings:
        settings.enter_context(sdpa_kernel(SDPBackend.MATH))
        if any(isinstance(module, torch.nn.RNNBase) for module in model.modules()):
            settings.enter_context(warnings.catch_warnings())
            warnings.filterwarnings("ignore", "TF32")  # of Intel's GPUs, by the next line
            settings.enter_context(torch.backends.mkldnn.flags(enabled=False))
        yield


def connections_of(
    model: Any,  # Any: torch's, and so below
    data: list[Any],
    batch: int,
    *,
    train: bool = True,
) -> tuple[int, int]:
    """Count the multiply-accumulates of both passes by PyTorch's counter: half of its FLOPs."""
    with _step_by_step(model):
        return _count_passes(model, data, batch, train=train)


def _count_passes(model: Any, data: list[Any], batch: int, *, train: bool) -> tuple[int, int]:
    # Any: torch's
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    model.eval()
    with torch.no_grad(), FlopCounterMode(display=False) as forward:
        model(*data)
    if not train or not any(p.requires_grad for p in model.parameters()):
        return forward.get_total_flops() // (2 * batch), 0
    targets = make_targets(model, data)
    model.train()
    with _over_counted(model) as surplus:
        loss = sum_losses(model(*data), targets)
    with FlopCounterMode(display=False) as backward:
        loss.backward()
    model.zero_grad(set_to_none=True)
    flops = backward.get_total_flops()
    return forward.get_total_flops() // (2 * batch), flops // (2 * batch) - surplus.count


class _over_counted:  # noqa: N801  used as a function
    """Counts how much PyTorch's counter is too high: it takes the gradient of grouped weights for
    that of ungrouped ones, which has `groups` times as many multiply-accumulates."""

    def __init__(self, model: Any) -> None:  # Any: torch.nn.Module
        self.count = 0
        self.model = model
        self.restore: list[Callable[[], None]] = []

    def __enter__(self) -> _over_counted:
        from torch.nn import functional

        for name in ("conv1d", "conv2d", "conv3d"):
            self._watch_function(functional, name)
        for module in self.model.modules():
            # A class that code brings along multiplies by other means.
            if getattr(module, "groups", 1) > 1 and hasattr(module, "transposed"):
                handle = module.register_forward_hook(self._count_module)
                self.restore.append(handle.remove)
        return self

    def __exit__(self, *error: object) -> None:
        for undo in self.restore:
            undo()

    def _count_module(self, module: Any, inputs: Any, output: Any) -> None:  # Any: torch's
        size = inputs[0] if module.transposed else output
        self._add_surplus(module.weight, size, module.groups)

    def _watch_function(self, functional: Any, name: str) -> None:  # Any: torch.nn.functional
        """Grouped convolutions that are called as functions."""
        plain = getattr(functional, name)

        def watch_call(x: Any, weight: Any, *rest: Any, **options: Any) -> Any:  # Any: tensors
            y = plain(x, weight, *rest, **options)
            # Modules pass the groups by place, and are seen by their hooks.
            if options.get("groups", 1) > 1:
                self._add_surplus(weight, y, options["groups"])
            return y

        setattr(functional, name, watch_call)
        self.restore.append(lambda: setattr(functional, name, plain))

    def _add_surplus(self, weight: Any, size: Any, groups: int) -> None:  # Any: tensors
        if weight.requires_grad:
            self.count += (groups - 1) * weight.numel() * size[0, 0].numel()
