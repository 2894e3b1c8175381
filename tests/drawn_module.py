"""A module of torch.nn that a fuzzer drew, and what its draws share."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, NamedTuple

from torch import Tensor, nn

Shape = tuple[int, ...]


class DrawnModule(NamedTuple):
    """What builds a module, the shapes of its inputs without the batch of one, and what to
    call the numbers of the inputs."""

    build: Callable[[], nn.Module]
    shapes: tuple[Shape, ...]
    whole: bool = False
    """Whether its inputs are whole numbers, as an embedding's are."""


Kind = Callable[[random.Random], DrawnModule]


class Given(nn.Module):
    """A module called in a way of its own."""

    def __init__(self, inner: nn.Module, how: Callable[..., object]) -> None:
        super().__init__()
        self.inner = inner
        self._how = how

    def forward(self, *inputs: Tensor) -> object:
        return self._how(self.inner, *inputs)


def called(make: Callable[[], nn.Module], how: Callable[..., object]) -> Callable[[], nn.Module]:
    return lambda: Given(make(), how)


def per_axis(rng: random.Random, axes: int, low: int, high: int) -> Shape:
    return tuple(rng.randint(low, high) for _ in range(axes))


def extents(rng: random.Random, least: Shape) -> Shape:
    return tuple(size + rng.randint(0, 5) for size in least)


def layer_class(name: str, axes: int) -> Any:  # Any: a class with arguments of its own
    return getattr(nn, f"{name}{axes}d")
