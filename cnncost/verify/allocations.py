"""Measure the most bytes that PyTorch has alive at once during a run, by its profiler."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

WORKSPACE = (
    *("aten::conv", "aten::_conv", "aten::addmm", "aten::mm", "aten::bmm", "aten::linear"),
    *("aten::native_batch_norm", "aten::layer_norm", "aten::group_norm", "aten::instance_norm"),
    *("aten::mul", "aten::add", "aten::pow", "aten::upsample"),
    *("aten::max_pool1d", "aten::max_pool2d_with_indices", "aten::max_pool3d_with_indices"),
    *("aten::avg_pool", "aten::adaptive_max_pool", "aten::_adaptive_avg_pool"),
    *("aten::_softmax", "aten::_log_softmax", "aten::mean", "aten::sum"),
)
"""The beginnings of the names of operations whose temporaries depend on the back end: layout
copies, a norm's statistics and folded scale, tables of indices, numbers wrapped as tensors, and
sums in fp32 for fp16 and bf16."""


class _Allocation(NamedTuple):
    """Bytes that are allocated (positive) or freed, and the operations that do it."""

    start: int
    pointer: int
    bytes: int
    within: tuple[int, ...]


def most_alive(run: Callable[[], None]) -> int:
    """Return the most bytes that the run has alive at once, without kernels' workspace."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        run()
    inner: Any = profiler.profiler  # Any: torch's, untyped
    tree = inner.kineto_results.experimental_event_tree()
    events = sorted(_list_allocations(tree), key=lambda event: event.start)
    workspace = _find_workspace(events)
    live = most = 0
    for i, event in enumerate(events):
        if i not in workspace:
            live += event.bytes
            most = max(most, live)
    return most


def _list_allocations(tree: Any) -> Iterator[_Allocation]:  # Any: torch's events
    """List all allocations, with the convolutions and products that each happens in."""
    pending: list[tuple[Any, tuple[int, ...]]] = [(event, ()) for event in tree]  # Any: the same
    while pending:
        event, within = pending.pop()
        fields = event.extra_fields
        if hasattr(fields, "alloc_size"):
            yield _Allocation(event.start_time_ns, fields.ptr, fields.alloc_size, within)
        inner = (*within, event.id) if event.name.startswith(WORKSPACE) else within
        pending += [(child, inner) for child in event.children]


def _find_workspace(events: list[_Allocation]) -> set[int]:
    """Find the events, by index, of what an operation allocates and frees inside itself."""
    taken: dict[int, int] = {}
    found: set[int] = set()
    for i, event in enumerate(events):
        if event.bytes > 0:
            taken[event.pointer] = i
        elif event.pointer in taken:
            start = taken.pop(event.pointer)
            if set(events[start].within) & set(event.within):
                found |= {start, i}
    return found
