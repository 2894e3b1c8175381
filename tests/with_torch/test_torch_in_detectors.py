"""Modules that depend on data, as detectors do: they are read up to where they do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - as everybody does
from torch.utils.flop_counter import FlopCounterMode

import cnncost
from cnncost import CnncostError
from cnncost.api import load_graph
from cnncost.formats.torch_in.torch_trace import trace_module
from cnncost.language import Spec


def read(net: nn.Module, shape: tuple[int, ...] = (3, 16, 16)) -> Spec:
    return load_graph(trace_module(net.eval().to("meta"), "net", {"x": shape}), "net")


class Proposals(nn.Module):
    """The first stage: a score and a box at each position, the best of which are kept."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(16, 16, 3, padding=1)
        self.score, self.delta = nn.Conv2d(16, 3, 1), nn.Conv2d(16, 12, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv(x))
        scores = self.score(x).permute(0, 2, 3, 1).reshape(-1)
        boxes = self.delta(x).permute(0, 2, 3, 1).reshape(-1, 4)
        best, which = scores.topk(20)
        boxes = boxes[which]
        kept = boxes[best.sigmoid() > 0.5]
        if kept.shape[0] > 10:
            kept = kept[:10]
        return kept


class TwoStages(nn.Module):
    """Features under each box that is kept go through a head of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(8, 16, 3, padding=1)
        )
        self.proposals = Proposals()
        self.head = nn.Linear(16, 5)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.body(x)
        boxes = self.proposals(x)
        found = x[0, :, boxes[:, 0].long(), boxes[:, 1].long()]
        return boxes, self.head(found.t())


BODY = 27 * 8 * 64 + 72 * 16 * 64
"""Multiply-accumulates: 8 maps of 8x8, 27 weights each, and 16, 72 each."""
STAGE = (144 * 16 + 16 * 15) * 64
HELD = (27 + 1) * 8 + (72 + 1) * 16 + (144 + 1) * 16 + 17 * 15


def test_a_detector_of_two_stages_is_read_up_to_its_boxes() -> None:
    spec = read(TwoStages())
    report = cnncost.count(spec)
    assert not report.complete
    assert report.totals.connections == BODY + STAGE
    assert report.totals.parameters == HELD + 17 * 5
    line, file = Proposals.forward.__code__.co_firstlineno + 7, Path(__file__).name
    (said,) = spec.audit
    assert said.startswith("reading stops at `if kept.shape[0] > 10:` (")
    assert said.endswith(
        f"{file}:{line}), which depends on data (index); "
        f"85 of {HELD + 85:,} parameters are not read, those of head"
    )
    learned = [node.name for node in spec.network.layers if node.layer.word == "conv"]
    assert learned == ["body_0", "body_2", "proposals_conv", "proposals_score", "proposals_delta"]
    # What is kept of the boxes is not known; the boxes and scores that it is kept from are.
    outputs = [spec.network.nodes[i].output.units for i in spec.network.outputs]
    assert sorted(outputs) == [20, 20 * 4]


class OneStage(nn.Module):
    """Heads over two sizes of maps; the choice is made for each size by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.down = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3, stride=2)
        self.classes, self.boxes = nn.Conv2d(8, 6, 3, padding=1), nn.Conv2d(8, 4, 1)

    def run_heads(self, x: Tensor) -> list[tuple[Tensor, Tensor]]:
        x = F.relu(self.body(x))
        return [(self.classes(level), self.boxes(level)) for level in (x, self.down(x))]

    def forward(self, x: Tensor) -> list[Tensor]:
        found = []
        for classes, boxes in self.run_heads(x):
            best, which = classes.flatten().topk(30)
            chosen = boxes.flatten(2)[0].t()[which // 6]
            kept = (best > 0.1).nonzero()[:, 0]
            for one in kept:  # over what depends on data
                found.append(chosen[one])  # noqa: PERF401  as people write it
        return found


def test_a_detector_of_one_stage_is_read_with_all_its_heads() -> None:
    net = OneStage().eval()
    with FlopCounterMode(display=False) as flops, torch.no_grad():
        net.run_heads(torch.zeros(1, 3, 16, 16))
    spec = read(net)
    report = cnncost.count(spec)
    assert not report.complete
    assert report.totals.connections == flops.get_total_flops() // 2
    assert report.totals.parameters == sum(p.numel() for p in net.parameters())
    assert len(spec.audit) == 1
    assert "depends on data (nonzero); all " in spec.audit[0]


class Parts(nn.Module):
    """Two convolutions; `how` puts them together."""

    def __init__(self, how: Callable[[Parts, Tensor], object]) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3)
        self.how = how

    def forward(self, x: Tensor) -> object:
        return self.how(self, x)


def branch(net: Parts, x: Tensor) -> object:
    x = net.a(x)
    return net.b(x) if x.sum() > 0 else x


def whole_number(net: Parts, x: Tensor) -> object:
    x = net.a(x)
    for _ in range(int(x.max().item())):
        x = net.b(x)
    return x


def over_rows(net: Parts, x: Tensor) -> object:
    x = net.a(x)
    return [net.b(x * row.sum()) for row in x.nonzero()]


def leaves_torch(net: Parts, x: Tensor) -> object:
    x = net.a(x)
    return net.b(x * float(x.detach().numpy().max()))


def listed(net: Parts, x: Tensor) -> object:
    x = net.a(x)
    return net.b(x * len(x.flatten().tolist()[: int(x.sum())]))


def masked(net: Parts, x: Tensor) -> object:
    x = net.a(x)
    chosen = x[x > 0]
    return net.b(x) if len(chosen) else x


@pytest.mark.parametrize(
    "how", [branch, whole_number, over_rows, leaves_torch, listed, masked], ids=lambda f: f.__name__
)
def test_the_layers_before_data_are_exact(how: Callable[[Parts, Tensor], object]) -> None:
    spec = read(Parts(how))
    report = cnncost.count(spec)
    assert not report.complete
    assert report.totals.connections == 27 * 4 * 14 * 14
    assert report.totals.parameters == 28 * 4 + 37 * 4
    assert "148 of 260 parameters are not read, those of b" in spec.audit[0]


def test_what_does_not_depend_on_data_is_read_behind_it_too() -> None:
    def later(net: Parts, x: Tensor) -> object:
        x = net.a(x)
        chosen = x[x > 0]
        y = net.b(x)
        return y[:, : len(chosen)] if chosen.shape[0] > 3 else y

    spec = read(Parts(later))
    assert cnncost.count(spec).totals.connections == 27 * 4 * 14 * 14 + 36 * 4 * 12 * 12
    assert spec.audit[0].endswith("all 260 parameters are read")


def test_images_may_be_a_list() -> None:
    def stacked(net: Parts, images: list[Tensor]) -> object:
        return net.b(net.a(torch.stack(images)))

    spec = read(Parts(stacked))  # type: ignore[arg-type]  # it takes a list
    assert cnncost.count(spec).complete
    assert cnncost.count(spec).totals.connections == 27 * 4 * 14 * 14 + 36 * 4 * 12 * 12


def test_a_failure_without_data_is_no_end_of_reading() -> None:
    with pytest.raises(CnncostError, match="cannot trace it"):
        read(Parts(lambda net, x: net.b(net.a(x).flatten(1))))


def test_nothing_before_data_is_refused() -> None:
    with pytest.raises(CnncostError, match=r"reading stops at .* which depends on data"):
        read(Parts(lambda net, x: net.a(x) if x.sum() > 0 else x))
