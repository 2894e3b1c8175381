"""Families of released models as specs: the members of one differ by one kind of edit.

Families and members are called as the evidence calls them (`families.csv`). Squeeze-and-excitation,
pre-activation, ResNet-D's pooled shortcuts: left out, for they stand on both sides of a pair.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

import cnncost
from cnncost.language import Spec


class Family(NamedTuple):
    """Networks that were trained alike."""

    kind: str
    """The kind of edit that they differ by; empty where members differ by several kinds."""
    name: str
    members: Mapping[str, Spec]


class Blocks(NamedTuple):
    """A stage of residual blocks: bottlenecks where `inner` is given, else basic ones."""

    blocks: int
    out: int
    inner: int = 0
    groups: int = 1
    stride: int = 2


def conv(filters: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> list[str]:
    rest = f"padding: {kernel // 2}, " if kernel > 1 else ""
    rest += f"stride: {stride}, groups: {groups}, bias: false"
    return [f"{{conv: {filters}, kernel: {kernel}, {rest}}}", "batchnorm"]


def as_list(lines: Sequence[str], indent: int = 2) -> str:
    return "".join(f"{' ' * indent}- {line}\n" for line in lines)


def network(size: int, layers: str, head: Sequence[str] = ("global_avgpool",)) -> Spec:
    """A classifier of 1,000 classes; no term sees how many they are."""
    text = f"input: [3, {size}, {size}]\nlayers:\n{layers}"
    return cnncost.loads(text + as_list([*head, "{dense: 1000}"]))


def block(stage: Blocks, stride: int, channels: int) -> str:
    lines = [*conv(stage.out, 3, stride), "relu", *conv(stage.out, 3)]
    if stage.inner:
        spatial = [*conv(stage.inner, 3, stride, stage.groups), "relu"]
        lines = [*conv(stage.inner), "relu", *spatial, *conv(stage.out)]
    text = "  - residual:\n" + as_list(lines, 6)
    if stride > 1 or channels != stage.out:
        text += "    shortcut:\n" + as_list(conv(stage.out, 1, stride), 6)
    return text + "  - relu\n"


def residual_net(stages: Sequence[Blocks], stem: Sequence[str], channels: int, size: int) -> Spec:
    text = as_list(stem)
    for stage in stages:
        for k in range(stage.blocks):
            text += block(stage, stage.stride if k == 0 else 1, channels)
            channels = stage.out
    return network(size, text)


def imagenet_stem(filters: int = 64) -> list[str]:
    return [*conv(filters, 7, 2), "relu", "{maxpool: 3, stride: 2, padding: 1}"]


BASIC = {34: "3463", 26: "3333", 18: "2222", 16: "2221", 14: "2211", 12: "2111", 10: "1111"}
BOTTLENECKS = {
    152: (3, 8, 36, 3), 101: (3, 4, 23, 3), 50: (3, 4, 6, 3), 38: (3, 3, 3, 3), 26: (2, 2, 2, 2),
    14: (1, 1, 1, 1),
}  # fmt: skip


def basic(depth: int, scale: float = 1) -> Spec:
    """ResNet of basic blocks; the last of them is never scaled, as in imgclsmob."""
    widths = [int(scale * 64 * 2**k) for k in range(4)]
    plan = zip(map(int, BASIC[depth]), widths, (1, 2, 2, 2), strict=True)
    *stages, last = [Blocks(n, w, stride=stride) for n, w, stride in plan]
    few = last.blocks - 1
    stages += [last._replace(blocks=few), Blocks(1, 512, stride=1 if few else 2)]
    return residual_net(stages, imagenet_stem(widths[0]), widths[0], 224)


def bottlenecks(depth: int, inner: int = 64, groups: int = 1, strides: str = "1222") -> Spec:
    """ResNet, wide ResNet and ResNeXt, with `inner` channels in the first stage's 3x3."""
    plan = enumerate(zip(BOTTLENECKS[depth], map(int, strides), strict=True))
    stages = [Blocks(n, 256 << k, inner << k, groups, stride) for k, (n, stride) in plan]
    return residual_net(stages, imagenet_stem(), 64, 224)


def cifar_net(blocks: int, stem: int = 16, inner: int = 0, groups: int = 1) -> Spec:
    """Three stages at 32 px: of basic blocks, or with `inner` channels in the first's 3x3."""
    wide = 4 * stem if inner else stem
    stages = [Blocks(blocks, wide << k, inner << k, groups, 2 if k else 1) for k in range(3)]
    return residual_net(stages, [*conv(stem, 3), "relu"], stem, 32)


def regnet(numbers: Sequence[int]) -> Spec:
    """Four widths, four depths, the width of a group."""
    plan, group = zip(numbers[:4], numbers[4:8], strict=True), numbers[8]
    stages = [Blocks(depth, width, width, max(1, width // group)) for width, depth in plan]
    return residual_net(stages, [*conv(32, 3, 2), "relu"], 32, 224)


def vgg(depth: int, size: int = 224, units: int = 4096) -> Spec:
    text, blocks = "", {11: "11222", 13: "22222", 16: "22333", 19: "22444"}[depth]
    for count, width in zip(map(int, blocks), (64, 128, 256, 512, 512), strict=True):
        text += as_list([*conv(width, 3), "relu"] * count + ["{maxpool: 2}"])
    return network(size, text, [f"{{dense: {units}}}", "relu"] * 2)


def densenet(blocks: Sequence[int], growth: int, size: int) -> Spec:
    channels = 2 * growth
    text = as_list(imagenet_stem() if size == 224 else conv(channels, 3)[:1])
    body = ["batchnorm", "relu", *conv(4 * growth), "relu", conv(growth, 3)[0]]
    for k, count in enumerate(blocks):
        text += f"  - times: {count}\n    densely:\n" + as_list(body, 6)
        channels = (channels + count * growth) // 2
        between = [conv(channels)[0], "{avgpool: 2}"] if k < len(blocks) - 1 else []
        text += as_list(["batchnorm", "relu", *between])
    return network(size, text)


def mobilenet(version: int, alpha: str, resolution: int = 224) -> Spec:
    params: dict[str, int | Fraction] = {"alpha": Fraction(alpha), "resolution": resolution}
    return cnncost.load(f"mobilenet_v{version}", params=params)


def shufflenet(*widths: int) -> Spec:
    """ShuffleNetV2 with other widths in its three stages and its last convolution."""
    text = cnncost.load("shufflenet_v2").text.text.partition("published:")[0]
    places = ("down: 116}", "down: 232}", "down: 464}", "conv_bn: 1024}")
    for place, width in zip(places, widths, strict=True):
        text = text.replace(place, f"{place.partition(' ')[0]} {width}}}")
    return cnncost.loads(text)


POOL = "{maxpool: 3, stride: 2, ceil: true}"


def caffenet(
    size: int = 128, units: int = 2048, groups: int = 2, *, first: str = "kernel: 11, stride: 4",
    more: Sequence[str] = (), pool: str = POOL,
) -> Spec:  # fmt: skip
    """CaffeNet for 128 px; `more` stands behind its first layer."""
    layers = [
        *(f"{{conv: 96, {first}}}", "relu", *more, pool, conv(256, 5, groups=groups)[0], "relu"),
        *(pool, conv(384, 3)[0], "relu", conv(384, 3, groups=groups)[0], "relu"),
        *(conv(256, 3, groups=groups)[0], "relu"),
    ]
    return network(size, as_list(layers), [pool, *[f"{{dense: {units}}}", "relu"] * 2])


REGNETS = """
32GF 336 672 1344 2520 2 7 13 1 168; 16GF 256 512 896 2048 2 6 13 1 128;
12GF 224 448 896 2240 2 5 11 1 112; 8.0GF 80 240 720 1920 2 5 15 1 120;
6.4GF 168 392 784 1624 2 4 10 1 56; 4.0GF 80 240 560 1360 2 5 14 2 40;
3.2GF 96 192 432 1008 2 6 15 2 48; 1.6GF 72 168 408 912 2 4 10 2 24;
800MF 64 128 288 672 1 3 7 5 16; 600MF 48 96 240 528 1 3 5 7 24;
400MF 32 64 160 384 1 2 7 12 16; 200MF 24 56 152 368 1 1 4 7 8"""


def share(kind: str, nets: Mapping[str, Spec], names: str) -> Iterator[Family]:
    """Give families of the same networks; `names` has each family's name and its members'."""
    for entry in names.split(";"):
        family, pattern = entry.split(maxsplit=1)
        yield Family(kind, family, {pattern.format(key): net for key, net in nets.items()})


def list_widths() -> Iterator[Family]:
    nets = {f"18{k and ' x'}{k}": basic(18, float(k or 1)) for k in ("", "0.75", "0.5", "0.25")}
    names = "osmr:ResNet-18-width ResNet-{}; osmr:PreResNet-18-width PreResNet-{}"
    yield from share("width", nets, names)
    nets = {a: mobilenet(1, a) for a in ("1.0", "0.75", "0.5", "0.50", "0.25")}
    names = "osmr:MobileNetb-width MobileNetb x{}; keras:MobileNet-width MobileNet(alpha={})"
    yield from share("width", nets, names)
    nets = {a: mobilenet(2, a) for a in ("1.0", "0.75", "0.5", "0.25")}
    names = "osmr:MobileNetV2-width MobileNetV2 x{}; osmr:MobileNetV2b-width MobileNetV2b x{}"
    yield from share("width", nets, names)
    alphas = ["2.0", "1.5", "0.75", "0.5", "0.25"]
    nets = {f"_x{a}".replace(".", "_"): mobilenet(2, a) for a in alphas} | {"": mobilenet(2, "1")}
    yield from share("width", nets, "paddle:MobileNetV2-width MobileNetV2{}")
    nets = {
        "_x2_0": shufflenet(244, 488, 976, 2048), "_x1_5": shufflenet(176, 352, 704, 1024),
        "": shufflenet(116, 232, 464, 1024), "_x0_5": shufflenet(48, 96, 192, 1024),
        "_x0_33": shufflenet(32, 64, 128, 512), "_x0_25": shufflenet(24, 48, 96, 512),
    }  # fmt: skip
    yield from share("width", nets, "paddle:ShuffleNetV2-width ShuffleNetV2{}")
    nets = {str(k): densenet((6, 6, 6), k, 32) for k in (36, 24, 12)}
    yield from share("width", nets, "osmr:DenseNet-BC-40-growth-CIFAR-100 DenseNet-BC-40 (k={})")
    for version, widths in ((1, "1.0 0.75 0.5 0.25"), (2, "1.4 1.3 1.0 0.75 0.5 0.35")):
        grid = [(a, r) for a in widths.split() for r in (224, 192, 160, 128, 96)]
        nets = {f"{a}@{r}": mobilenet(version, a, r) for a, r in grid}
        yield from share("", nets, f"tf:mobilenet_v{version}-grid {{}}")
    rows = (row.split() for row in REGNETS.split(";"))
    nets = {name: regnet([*map(int, numbers)]) for name, *numbers in rows}
    yield from share("width and depth", nets, "pycls:RegNetX-scale RegNetX-{}")


def list_blocks() -> Iterator[Family]:
    """What stands inside the blocks: their inner widths, groups of one width, a stride."""
    for depth, names in (
        (14, "osmr:ResNeXt-14-inner ResNeXt-14 ({})"),
        (26, "osmr:ResNeXt-26-inner ResNeXt-26 ({})"),
        (50, "paddle:ResNeXt50_vd-inner ResNeXt50_vd_{}"),
        (101, "paddle:ResNeXt101-inner ResNeXt101_{}; paddle:ResNeXt101_vd-inner ResNeXt101_vd_{}"),
        (152, "paddle:ResNeXt152_vd-inner ResNeXt152_vd_{}"),
    ):
        sizes = ((64, 4), (32, 4), (32, 2), (16, 4))
        nets = {f"{g}x{w}d": bottlenecks(depth, g * w, g) for g, w in sizes}
        yield from share("inner width", nets, names)
    nets = {name: bottlenecks(50, 128) for name in ("wide_resnet50_2", "WRN-50-2")}
    nets |= {name: bottlenecks(50) for name in ("resnet50", "ResNet-50b")}
    nets |= {"wide_resnet101_2": bottlenecks(101, 128), "resnet101": bottlenecks(101)}
    for family in ("torchvision:wide-resnet-50", "torchvision:wide-resnet-101", "osmr:WRN-50-2"):
        yield Family("inner width", f"{family}-inner", nets)
    nets = {f"ResNeXt-20 (2x{w}d)": cifar_net(2, 64, 2 * w, 2) for w in (64, 32)}
    for data in ("CIFAR-100", "SVHN"):
        yield Family("inner width", f"osmr:ResNeXt-20-inner-{data}", nets)
    for depth, inner, name in ((20, 64, "20"), (56, 64, "56"), (20, 128, "20-128")):
        nets = {
            f"{depth} ({g}x{inner // g}d)": cifar_net((depth - 2) // 9, 64, inner, g)
            for g in (1, 2, 4, 8, 16, 32, 64)
        }
        for data in ("CIFAR-10", "CIFAR-100", "SVHN"):
            yield from share("groups", nets, f"osmr:ResNeXt-{name}-groups-{data} ResNeXt-{{}}")
    nets = {"(D)-50b": bottlenecks(50, strides="1211"), "-50b": bottlenecks(50)}
    yield from share("stride", nets, "osmr:ResNet-D-dilated ResNet{}")


def list_depths() -> Iterator[Family]:
    names = """osmr:PreResNet-basic-depth PreResNet-{}; torchvision:resnet-depth-basic resnet{};
        osmr:SE-PreResNet-basic-depth SE-PreResNet-{}; timm:resnet-basic-a1_in1k resnet{};
        mmpretrain:ResNet-depth-basic resnet{}_8xb32_in1k"""
    yield from share("depth, basic blocks", {str(d): basic(d) for d in BASIC}, names)
    names = """pycls:ResNet-depth ResNet-{}; mmpretrain:ResNetV1d-depth resnetv1d{}_8xb32_in1k;
        timm:resnet-bottleneck-a2_in1k resnet{}; timm:resnet-bottleneck-a3_in1k resnet{}"""
    nets = {str(d): bottlenecks(d) for d in BOTTLENECKS}
    yield from share("depth, bottlenecks", nets, names)
    nets = {f"{'BC-' * (int(d) < 50)}{d}b": net for d, net in nets.items()}
    yield from share("depth, bottlenecks", nets, "osmr:PreResNet-bottleneck-depth PreResNet-{}")
    names = """paddle:ResNeXt-32x4d-depth ResNeXt{}_32x4d; paddle:ResNeXt_vd-32x4d-depth
        ResNeXt{}_vd_32x4d; mmpretrain:ResNeXt-32x4d-depth resnext{}-32x4d_8xb32_in1k"""
    nets = {str(d): bottlenecks(d, 128, 32) for d in (152, 101, 50)}
    yield from share("depth, bottlenecks", nets, names)
    nets = {str(d): bottlenecks(d, 256, 64) for d in (152, 101, 50)}
    yield from share("depth, bottlenecks", nets, "paddle:ResNeXt-64x4d-depth ResNeXt{}_64x4d")
    nets = {str(d): vgg(d) for d in (19, 16, 13, 11)}
    yield from share("depth, VGG", nets, "osmr:VGG-depth VGG-{}; osmr:BN-VGG-depth BN-VGG-{}")
    yield from share("depth, VGG", nets, "paddle:VGG-depth VGG{}; torchvision:vgg-depth vgg{}")
    nets = {str(d): vgg(d, 32, 512) for d in (19, 16, 13, 11)}
    yield from share("depth, VGG", nets, "chenyaofo:vgg_bn-depth-CIFAR-10 vgg{}_bn")
    plans = {"201": (6, 12, 48, 32), "169": (6, 12, 32, 32), "121": (6, 12, 24, 16)}
    nets = {depth: densenet(blocks, 32, 224) for depth, blocks in plans.items()}
    yield from share("depth, DenseNet", nets, "osmr:DenseNet-depth DenseNet-{}")
    nets = {str(d): cifar_net((d - 2) // 6) for d in (110, 56, 44, 32, 20)}
    deep = {str(d): cifar_net((d - 2) // 9, 16, 16) for d in (542, 272, 164)}
    for data in ("CIFAR-10", "CIFAR-100", "SVHN"):
        yield from share("depth, CIFAR", nets, f"chenyaofo:resnet-depth-{data} resnet{{}}")
        for net in ("ResNet", "SE-ResNet", "PreResNet", "SE-PreResNet"):
            name = f"osmr:{net}-basic-depth-{data} {net}-{{}}"
            yield from share("depth, CIFAR", nets, name)
            name = f"osmr:{net}-bottleneck-depth-{data} {net}-{{}}(BN)"
            yield from share("depth, CIFAR bottlenecks", deep, name)


def list_caffenets() -> Iterator[Family]:
    nets = {"_4096": caffenet(units=4096), "": caffenet()}
    yield from share("dense width", nets, "caffenet:fc-width CaffeNet128{}")
    nets = {", no group conv": caffenet(groups=1), "": caffenet()}
    yield from share("groups", nets, "caffenet:groups CaffeNet128{}")
    pools = {" 3x3/2": POOL, " 2x2/2": "{maxpool: 2, ceil: true}"}
    pools[" 3x3/2 pad1"] = POOL.replace("}", ", padding: 1}")
    nets = {name: caffenet(pool=pool) for name, pool in pools.items()}
    yield from share("pooling before dense", nets, "caffenet:pool-windows MaxPool{}")
    for kernel in (1, 3):
        layer = [conv(96, kernel)[0], "relu"]
        named = {f"+ {n}x ({kernel}x{kernel}x96 NiN)": n for n in (9, 7, 5, 3, 1)}
        named |= {"+ 1x1x96 NiN": 1, "Default, no 1x1 or 3x3": 0}
        nets = {name: caffenet(more=layer * n) for name, n in named.items()}
        yield from share("early depth", nets, f"caffenet:conv1-{kernel}x{kernel}-depth {{}}")
    nets = {"Default, 128_K11_S4": caffenet()} | {
        f"{size}_K{k}_S{s}": caffenet(size, first=f"kernel: {k}, stride: {s}")
        for size, k, s in ((160, 11, 5), (96, 7, 3), (64, 5, 2), (32, 3, 1))
    }
    yield Family("first layer at equal maps", "Conv1 parameters", nets)
    nets = {f"MaxPool{size}-{n}": caffenet(size, n) for size, n in ((227, 4096), (128, 4096))}
    yield Family("resolution", "General pooling testing", nets)


FAMILIES = (list_widths, list_blocks, list_depths, list_caffenets)
