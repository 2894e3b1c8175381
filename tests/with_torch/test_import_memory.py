"""Memory of imports: each kind of operation takes what its module takes when it is measured."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from imported_memory import PEAK, SAVED, STEP, figures
from torch import nn
from torch.nn import functional

Function = Callable[..., torch.Tensor]


class Between(nn.Module):
    """A function between two convolutions; the second sees twice the channels if it says so."""

    def __init__(self, function: Function, channels: int = 8) -> None:
        super().__init__()
        self.a = nn.Conv2d(3, 8, 3, padding=1)
        self.b = nn.Conv2d(8, 8, 1)
        self.c = nn.Conv2d(channels, 4, 3)
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.a(x)
        return self.c(self.function(x, self.b))


FLAGS = {
    "relu not in place": nn.ReLU(),
    "silu not in place": nn.SiLU(),
    **{
        f"{kind.__name__} in place {inplace}": kind(inplace=inplace)
        for kind in (nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.SELU, nn.CELU, nn.SiLU)
        for inplace in (False, True)
    },
}

FUNCTIONS: dict[str, Function] = {
    "exp": torch.exp, "sqrt": lambda x: torch.sqrt(x), "abs": torch.abs, "neg": torch.neg,
    "erf": torch.erf, "clamp": lambda x: x.clamp(0, 1), "clamp_min": lambda x: x.clamp(min=0),
    "clamp_max": lambda x: x.clamp(max=1), "sin": torch.sin, "cos": torch.cos, "log": torch.log,
    "square": lambda x: x**2, "rsqrt": torch.rsqrt, "softsign": functional.softsign,
    "plus": lambda x: x + 1, "minus": lambda x: 1 - x, "times": lambda x: 2 * x,
    "over": lambda x: x / 255, "doubled": lambda x: x + x, "squared": lambda x: x * x,
    "hardshrink": functional.hardshrink, "hardtanh": functional.hardtanh,
    "plus in place": lambda x: x.add_(1), "times in place": lambda x: x.mul_(2),
    "torch.square": torch.square, "threshold": lambda x: functional.threshold(x, 0.1, 0.0),
    "reflect": lambda x: functional.pad(x, (1, 1, 1, 1), mode="reflect"),
    "replicate": lambda x: functional.pad(x, (1, 2, 1, 1), mode="replicate"),
    "every other": lambda x: x[:, :, ::2, 1::2],
}  # fmt: skip

JOINS: dict[str, Function] = {
    "add": lambda x, b: x + b(x),
    "add in place": lambda x, b: b(x).add_(x),
    "sub": lambda x, b: x - b(x),
    "sub other": lambda x, b: b(x) - x,
    "mul": lambda x, b: x * b(x),
    "div": lambda x, b: x / b(x),
    "maximum": lambda x, b: torch.maximum(x, b(x)),
    "minimum": lambda x, b: torch.minimum(x, b(x)),
    "column": lambda x, b: x + b(x).mean((2, 3), keepdim=True),
    "row": lambda x, b: x + b(x).mean(2, keepdim=True),
    "gate": lambda x, b: x * b(x).mean((2, 3), keepdim=True),
}


def hold(module: nn.Module) -> None:
    found = figures(module)
    lines = [found[name] for name in (PEAK, SAVED, STEP)]
    assert [line for line in lines if not line.agrees and not line.note] == []
    assert found[SAVED].computed == found[SAVED].measured


@pytest.mark.parametrize("name", FLAGS)
def test_an_activation_works_in_place_as_its_module_does(name: str) -> None:
    hold(Between(lambda x, b: FLAGS[name](b(x))))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_without_a_word_keeps_what_pytorch_keeps(name: str) -> None:
    hold(Between(lambda x, b: FUNCTIONS[name](b(x))))


@pytest.mark.parametrize("name", JOINS)
def test_two_maps_are_joined_as_pytorch_joins_them(name: str) -> None:
    hold(Between(JOINS[name]))


class Outputs(nn.Module):
    """Two outputs of one map, or an output that is read again."""

    def __init__(self, again: bool) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 4, 1)
        self.c = nn.Conv2d(4 if again else 8, 6, 3)
        self.again = again

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        x = self.a(x)
        y = self.b(x)
        return y, self.c(y if self.again else x)


@pytest.mark.parametrize("again", [False, True])
def test_two_outputs(again: bool) -> None:
    hold(Outputs(again))


class Dropping(nn.Module):
    """What training alone drops, in place behind a view."""

    def __init__(self, pool: int) -> None:
        super().__init__()
        self.a, self.f, self.d = (
            nn.Conv2d(3, 8, 3),
            nn.Linear(8 * pool**2, 5),
            nn.Dropout(0.5, True),
        )
        self.p = nn.AdaptiveAvgPool2d(pool)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.f(self.d(self.p(self.a(x)).flatten(1)))


def test_dropout_in_place_behind_a_view() -> None:
    hold(Dropping(1))


class Standardised(nn.Module):
    """A convolution by weights that are computed of its parameter."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(3, 8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.conv2d(x, self.a.weight - self.a.weight.mean())


class WritesAPart(nn.Module):
    """A sum written into some channels of a map."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 8, 1), nn.Conv2d(8, 4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.a(x)
        y[:, :3] += x
        return self.b(y)


@pytest.mark.parametrize("module", [Standardised(), WritesAPart(), Dropping(2)])
def test_what_the_rules_do_not_reach_is_no_figure(module: nn.Module) -> None:
    found = figures(module)
    assert [found[name].computed for name in (PEAK, SAVED, STEP)] == [None] * 3
