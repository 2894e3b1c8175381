"""What can replace a convolution, kind by kind; and a dense layer as two of low rank.

separable     a depthwise convolution and a 1x1 (MobileNet)
kernel-stack  a large kernel as a stack of 3x3 (VGG)
asymmetric    k x k as 1 x k and k x 1 (Inception)
bottleneck    the convolution between a 1x1 that narrows and a 1x1 that widens (ResNet)
grouped       a convolution in groups, with its channels shuffled behind it (ShuffleNet)
low-rank      a convolution to fewer channels and a 1x1
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from cnncost.layers import Layer
from cnncost.plans.edits.edit import NO_EDIT, Decision, Edit, Evidence
from cnncost.plans.edits.edit_site import EditSite, list_sites
from cnncost.plans.edits.editable_spec import EditableSpec
from cnncost.plans.edits.replacement import (
    KEPT,
    LayerReplacement,
    NewLayer,
    ReplacementRule,
    conv_fields,
    is_centred,
    layers_between,
    make_replacement,
    shared_kernel,
)
from cnncost.shape import Shape

if TYPE_CHECKING:
    from cnncost.layers.kinds import Raw

POINTWISE = NewLayer("conv", {"filters": KEPT, "kernel": 1, "bias": KEPT})
"""A 1x1 convolution to as many filters as the layer that is replaced has."""

SEPARABLE = "separable"

SEPARABLE_EVIDENCE = Evidence(
    "Howard et al. 2017, table 4 (a full convolution in place of each separable one); trained "
    "variants, .07 to .16 a layer. It may raise units and peak memory"
)


def list_separable(site: EditSite) -> Iterator[LayerReplacement]:
    """The depthwise convolution takes kernel, stride, padding and dilation, with the norm and
    activation that the original has behind it."""
    pairs = list(zip(site.nodes, site.layers, strict=True))
    before = sum(layer.weights(node.inputs[0]) for node, layer in pairs)
    after = sum(_separable_weights(node.inputs[0], layer) for node, layer in pairs)
    if after >= before:
        return
    words = layers_between(site)
    fields = ("kernel", "stride", "padding", "dilation", "bias")
    first = NewLayer("depthwise_conv", dict.fromkeys(fields, KEPT))
    yield LayerReplacement(SEPARABLE, "depthwise, then 1x1", [first, *words, POINTWISE])


def _separable_weights(x: Shape, layer: Layer) -> int:
    conv = conv_fields(layer)
    filters: int = conv.filters
    taps = layer.weights(x) // (x.channels * filters)
    return x.channels * (taps + filters)


KERNEL_STACK = "kernel-stack"

STACK_EVIDENCE = Evidence(
    "Simonyan & Zisserman 2015, sec. 2.3 (a stack of 3x3 beats one 5x5); Szegedy et al. 2016",
    "that it gains as any layer of depth does: no such pair was measured",
)

STACK_WORDS = {5: "two", 7: "three"}


def list_stacks(site: EditSite) -> Iterator[LayerReplacement]:
    """5x5 as two, 7x7 as three; the stride on the first, all of the original's width."""
    kernel = shared_kernel(site)
    if kernel is None or len(dict.fromkeys(kernel)) > 1 or kernel[0] not in STACK_WORDS:
        return
    if not is_centred(site):
        return
    filters, inputs = site.shared_field("filters"), {n.inputs[0].channels: None for n in site.nodes}
    if not isinstance(filters, int) or len(inputs) > 1:
        return
    (channels,) = inputs
    count, words = (kernel[0] - 1) // 2, layers_between(site)
    # Where the layer widens, the stack widens at its end: all of its width would save nothing.
    inner = channels if channels < filters else None
    layers: list[NewLayer] = []
    for position in range(count):
        layers += words if position else []
        width = KEPT if inner is None or position == count - 1 else inner
        common: dict[str, Raw] = {
            "filters": width,
            "kernel": 3,
            "padding": 1,
            "groups": KEPT,
            "bias": KEPT,
        }
        stride = {} if position else {"stride": KEPT}
        layers.append(NewLayer("conv", {**common, **stride}))
    through = "" if inner is None else f", through {inner} filters"
    large, small = ("x".join(str(size) for _ in kernel) for size in (kernel[0], 3))
    what = f"{large} as {STACK_WORDS[kernel[0]]} {small}{through}"
    yield LayerReplacement(KERNEL_STACK, what, layers)


ASYMMETRIC = "asymmetric"

ASYMMETRIC_EVIDENCE = Evidence(
    "Szegedy et al. 2016, sec. 3.2: works on maps of 12 to 20 positions, less well on early layers",
    "that the two together count as one layer, of which two variants were trained",
)


def list_asymmetric(site: EditSite) -> Iterator[LayerReplacement]:
    """Two-dimensional square kernels whose padding keeps the extents."""
    kernel, stride = shared_kernel(site), site.shared_field("stride")
    if kernel is None or len(kernel) != 2 or kernel[0] != kernel[1] or not is_centred(site):
        return
    if not isinstance(stride, tuple) or kernel[0] % 2 == 0:
        return
    words = layers_between(site)
    k, half = kernel[0], kernel[0] // 2
    across = _thin_layer((1, k), (0, half), (1, stride[1]))
    down = _thin_layer((k, 1), (half, 0), (stride[0], 1))
    yield LayerReplacement(ASYMMETRIC, f"1x{k}, then {k}x1", [across, *words, down])


def _thin_layer(
    kernel: tuple[int, int], padding: tuple[int, int], stride: tuple[int, int]
) -> NewLayer:
    step = {"stride": stride} if max(stride) > 1 else {}
    sizes = {"kernel": kernel, "padding": padding, **step}
    return NewLayer("conv", {"filters": KEPT, **sizes, "bias": KEPT})


BOTTLENECK = "bottleneck"

BOTTLENECK_EVIDENCE = Evidence(
    "He et al. 2016, sec. 4.1; Iandola et al. 2016 (squeeze layers); trained: a 5x5 of 64 channels "
    "through 16 costs .11, estimated .07"
)

BOTTLENECK_PARTS = (2, 4)


def list_bottlenecks(site: EditSite) -> Iterator[LayerReplacement]:
    """1x1 to a half or a quarter of the narrower side, k x k there, 1x1 back up."""
    filters = site.shared_field("filters")
    inputs = {node.inputs[0].channels: None for node in site.nodes}
    if not isinstance(filters, int) or len(inputs) > 1:
        return
    words = layers_between(site)
    narrower = min(filters, *inputs)
    for part in BOTTLENECK_PARTS:
        rank = narrower // part
        if rank < 4:
            continue
        first = NewLayer("conv", {"filters": rank, "kernel": 1, "bias": KEPT})
        kept = dict.fromkeys(("kernel", "stride", "padding", "dilation", "bias"), KEPT)
        spatial = NewLayer("conv", {"filters": rank, **kept})
        yield LayerReplacement(
            BOTTLENECK,
            f"1x1 to {rank}, the kernel there, 1x1 up",
            [first, *words, spatial, *words, POINTWISE],
        )


GROUPED = "grouped"

GROUPED_EVIDENCE = Evidence(
    "ResNeXts with 2 to 64 groups on CIFAR and SVHN, CaffeNet with 2: 35 pairs; trained variants; "
    "ShuffleNet (Zhang et al. 2018)"
)

GROUPS = (2, 4, 8)


def list_grouped(site: EditSite) -> Iterator[LayerReplacement]:
    """Groups that split all widths; the shuffle lets the next layer see every group."""
    if site.given_argument("groups"):
        return  # the key stands there already
    if any(node.output.positions == 1 for node in site.nodes):
        return  # over one position a convolution is a dense layer
    widths = [w for n in site.nodes for w in (n.inputs[0].channels, n.output.channels)]
    for groups in GROUPS:
        if any(width % groups or width < 4 * groups for width in widths):
            continue
        kept = dict.fromkeys(("filters", "kernel", "stride", "padding", "dilation"), KEPT)
        conv = NewLayer("conv", {**kept, "groups": groups, "bias": KEPT})
        yield LayerReplacement(
            GROUPED,
            f"in {groups} groups, shuffled",
            [conv, NewLayer("channel_shuffle", {"groups": groups})],
        )


LOW_RANK = "low-rank"

LOW_RANK_EVIDENCE = Evidence(
    "Zhang et al. 2015 (VGG-16's convolutions); Kim et al. 2016; trained: a 5x5 to 16 channels, "
    "with a 1x1 behind it to the 64 that there were, costs .07",
    "that a kernel without a non-linearity counts half of one that has it",
)

RANK_PARTS, DENSE_RANK_PARTS = (2, 4), (2, 4, 8)


def list_low_rank(site: EditSite) -> Iterator[LayerReplacement]:
    """k x k to a part of the filters without a bias, then 1x1 to all of them."""
    filters = site.shared_field("filters")
    if not isinstance(filters, int):
        return
    for part in RANK_PARTS:
        rank = filters // part
        if rank < 4:
            continue
        kept = dict.fromkeys(("kernel", "stride", "padding", "dilation"), KEPT)
        first = NewLayer("conv", {"filters": rank, **kept, "bias": False})
        yield LayerReplacement(LOW_RANK, f"{rank} filters, then 1x1 up", [first, POINTWISE])


def dense_rank_decisions(editable: EditableSpec, kept: Sequence[str]) -> Iterator[Decision]:
    """A decision for each line of dense layers, with the ranks that save."""
    for site in list_sites(editable, "dense", kept):
        options = [
            edit for part in DENSE_RANK_PARTS if (edit := _split_dense(site, part)) is not None
        ]
        if options:
            yield Decision(site.label, (NO_EDIT, *options), site.nodes[0].index)


def _split_dense(site: EditSite, part: int) -> Edit | None:
    sides = [min(node.inputs[0].units, node.output.units) for node in site.nodes]
    rank = min(sides) // part
    if rank < 4:
        return None
    first = NewLayer("dense", {"units": rank, "bias": False})
    last = NewLayer("dense", {"units": KEPT, "bias": KEPT})
    return make_replacement(
        site, LayerReplacement(LOW_RANK, f"as two of rank {rank}", [first, last])
    )


class ReplacementKind(NamedTuple):
    """A kind of edit that puts other layers in a convolution's place."""

    rule: ReplacementRule
    evidence: Evidence
    of_groups: bool = False
    """Whether convolutions in groups may be replaced too."""
    of_first: bool = False
    """Whether convolutions that read an input of few channels may be replaced too."""


REPLACEMENTS: Mapping[str, ReplacementKind] = {
    SEPARABLE: ReplacementKind(list_separable, SEPARABLE_EVIDENCE),
    KERNEL_STACK: ReplacementKind(list_stacks, STACK_EVIDENCE, of_groups=True),
    ASYMMETRIC: ReplacementKind(list_asymmetric, ASYMMETRIC_EVIDENCE, of_first=True),
    BOTTLENECK: ReplacementKind(list_bottlenecks, BOTTLENECK_EVIDENCE),
    GROUPED: ReplacementKind(list_grouped, GROUPED_EVIDENCE),
    LOW_RANK: ReplacementKind(list_low_rank, LOW_RANK_EVIDENCE),
}
"""What can stand in a convolution's place: options of one decision a line."""

STRUCTURAL = tuple(REPLACEMENTS)
"""The kinds that put other layers in a layer's place."""
