"""Random networks as users write them: plain, residual, depthwise, branching, dense, with heads."""

from __future__ import annotations

import random
from collections.abc import Callable

BODY = "input: {shape}\n{params}{blocks}layers:\n{lines}"

BLOCKS = """\
blocks:
  conv_bn(filters, kernel=1, stride=1, groups=1):
    - {conv: filters, kernel: kernel, stride: stride, padding: kernel // 2, groups: groups}
    - batchnorm
    - relu
  basic(width, stride=1, project=false):
    - residual: [{conv_bn: width, kernel: 3, stride: stride}, {conv: width, kernel: 3, padding: 1}]
      shortcut: [{conv: width, kernel: 1, stride: stride, repeat: project}]
    - relu
  inverted(width, factor=4):
    - residual:
        - {conv_bn: factor * channels}
        - {depthwise_conv: 3, padding: 1}
        - {conv: width, kernel: 1}
  fire(squeeze, expand):
    - {conv: squeeze, kernel: 1}
    - relu
    - parallel: [[{conv: expand, kernel: 1}, relu], [{conv: expand, kernel: 3, padding: 1}, relu]]
  gate(squeeze):
    - parallel:
        - []
        - [global_avgpool, {conv: squeeze, kernel: 1}, relu, {conv: channels, kernel: 1}, sigmoid]
      join: mul
"""


class Drawn:
    """One network in the making: its lines, and its width as it stands."""

    def __init__(self, pick: random.Random) -> None:
        self.pick = pick
        self.width = pick.choice([1, 3, 4])
        self.lines: list[str] = []
        self.scaled = pick.random() < 0.2

    def widths(self) -> int:
        return self.pick.choice([3, 8, 16, 20, 24, 32, 48, 64])

    def said(self, width: int) -> str:
        """A width as the file has it: scaled by a parameter where there is one."""
        return f"'multiple({width} * alpha, 4)'" if self.scaled else str(width)

    def add(self, line: str) -> None:
        """Another line, of which some have names."""
        if self.pick.random() < 0.4 and "name:" not in line:
            inside = line if line.startswith("{") else f"{{{line}}}"
            line = f"{inside[:-1]}, name: n{len(self.lines)}}}"
        self.lines.append(f"  - {line}\n")

    def conv(self) -> None:
        self.width = self.widths()
        kernel = self.pick.choice([1, 3, 3, 5, 7])
        stride = self.pick.choice(["", "", "", ", stride: 2"])
        said = self.said(self.width)
        self.add(f"{{conv: {said}, kernel: {kernel}, padding: {kernel // 2}{stride}}}")
        self.add(self.pick.choice(["relu", "batchnorm", "{relu, inplace: false}", "silu"]))

    def block(self) -> None:
        self.width = self.widths()
        self.add(f"{{conv_bn: {self.width}, kernel: 3}}")

    def depthwise(self) -> None:
        multiplier = self.pick.choice([1, 1, 2])
        self.width *= multiplier
        self.add(f"{{depthwise_conv: 3, padding: 1, multiplier: {multiplier}}}")
        if self.pick.random() < 0.7:
            self.width = self.widths()
            self.add(f"{{conv: {self.width}, kernel: 1}}")

    def residual(self) -> None:
        self.width = self.widths()
        self.add(f"{{basic: {self.width}, project: true}}")
        if self.pick.random() < 0.5:
            self.add(f"{{basic: {self.width}, repeat: {self.pick.choice([1, 2, 3])}}}")

    def inverted(self) -> None:
        self.add(f"{{inverted: {self.width}, factor: {self.pick.choice([2, 3, 6])}}}")

    def fire(self) -> None:
        expand = self.pick.choice([8, 16, 32])
        self.width = 2 * expand
        self.add(f"{{fire: {self.pick.choice([4, 8])}, expand: {expand}}}")

    def gate(self) -> None:
        self.add(f"{{gate: {self.pick.choice([2, 4, 8])}}}")

    def grouped(self) -> None:
        if self.width % 4 == 0:
            self.width = self.pick.choice([8, 16, 32])
            self.add(f"{{conv: {self.width}, kernel: 3, padding: 1, groups: 4}}")

    def dense_net(self) -> None:
        growth, times = self.pick.choice([4, 8, 12]), self.pick.choice([2, 3])
        self.width += growth * times
        self.add(f"{{densely: [relu, {{conv: {growth}, kernel: 3, padding: 1}}], times: {times}}}")

    def transposed(self) -> None:
        self.width = self.widths()
        self.add(f"{{conv_transpose: {self.width}, kernel: 2, stride: 2}}")

    def attended(self) -> None:
        if self.width % 2 == 0:
            self.add(f"{{attention: 2, dim: {self.width}}}")

    def linear(self) -> None:
        self.width = self.widths()
        self.add(f"{{linear: {self.width}}}")

    def frozen(self) -> None:
        self.width = self.widths()
        self.add(f"{{conv: {self.width}, kernel: 3, padding: 1, frozen: true}}")

    def shared(self) -> None:
        """The same convolution twice."""
        self.add(f"{{conv: {self.width}, kernel: 3, padding: 1, name: s{len(self.lines)}}}")
        self.add(f"{{conv: {self.width}, kernel: 3, padding: 1, share: s{len(self.lines) - 1}}}")

    def unknown(self) -> None:
        self.width = 12
        self.add("{opaque: {output: [12, 8, 8], op: Custom}}")

    def pool(self) -> None:
        self.add(self.pick.choice(["{maxpool: 2, ceil: true}", "{avgpool: 3, stride: 1}"]))

    def head(self) -> None:
        heads: list[Callable[[], None]] = [
            self.dense_head, self.dense_head, self.pooled_head, self.conv_head, self.shuffled_head,
            self.depthwise_head, self.flat_head, self.sliced_head, self.two_heads,
        ]  # fmt: skip
        self.pick.choice(heads)()

    def dense_head(self) -> None:
        for _ in range(self.pick.choice([0, 1, 2])):
            self.add(f"{{dense: {self.pick.choice([16, 64, 200, 512])}}}")
            self.add("relu")
        self.add("{dense: 10}")

    def pooled_head(self) -> None:
        self.add("global_avgpool")
        self.add("{dense: 10}")

    def conv_head(self) -> None:
        self.add("{conv: 40, kernel: 1}")
        self.add("relu")
        self.add("global_avgpool")
        self.add("flatten")

    def shuffled_head(self) -> None:
        self.add("{conv: 48, kernel: 3, padding: 1}")
        self.add("{pixel_shuffle: 4}")

    def depthwise_head(self) -> None:
        self.add(f"{{conv: {self.widths()}, kernel: 3, padding: 1}}")
        self.add("{depthwise_conv: 3, padding: 1, multiplier: 2}")

    def flat_head(self) -> None:
        self.add(f"{{conv: {self.widths()}, kernel: 1}}")
        self.add("flatten")

    def sliced_head(self) -> None:
        self.add("{conv: 32, kernel: 1}")
        self.add("{slice: [0, 16]}")

    def two_heads(self) -> None:
        self.add("{name: a, conv: 12, kernel: 1}")
        self.add("{relu, name: left}")
        self.add("{name: right, conv: 24, kernel: 3, padding: 1, from: a}")


def wild_network(pick: random.Random) -> str:
    """A spec's text."""
    one = Drawn(pick)
    size = pick.choice([9, 16, 17, 32])
    shape = f"[{one.width}, {size}, {pick.choice([size, size, 12])}]"
    parts = [
        one.conv, one.conv, one.block, one.depthwise, one.residual, one.inverted, one.fire,
        one.gate, one.grouped, one.dense_net, one.pool, one.transposed, one.attended, one.linear,
        one.frozen, one.shared, *([one.unknown] if pick.random() < 0.2 else []),
    ]  # fmt: skip
    chosen = pick.sample(parts, pick.choice([1, 2, 3, 4]))
    one.conv()
    for _ in range(pick.choice([1, 2, 3, 5])):
        pick.choice(chosen)()
    one.head()
    params = "params: {alpha: 1.0}\n" if one.scaled else ""
    return BODY.format(shape=shape, params=params, blocks=BLOCKS, lines="".join(one.lines))
