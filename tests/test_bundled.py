"""The bundled networks against what others measured or published for them.

`reference/layers/` holds every operation of a network as PyTorch ran it, `reference/totals.jsonl`
the sums; nothing here was computed by cnncost.
"""

import csv
import gzip

import pytest
from reference_totals import REFERENCE, TOTALS, agree_in_total, close_to

import cnncost
from cnncost import bundled
from cnncost.costs.promises import compare_expected

NAMES = {
    "alexnet": "alexnet_torchvision",
    "convnext_tiny": "convnext_tiny",
    "densenet121": "densenet121",
    "densenet169": "densenet169",
    "efficientnet_b0": "efficientnet_b0",
    "fcn_resnet50": "fcn_resnet50",
    "googlenet": "googlenet_torchvision",
    "inception_v3": "inception_v3",
    "mnasnet1_0": "mnasnet1_0",
    "mobilenet_v2": "mobilenet_v2",
    "mobilenet_v3_large": "mobilenet_v3_large",
    "mobilenet_v3_small": "mobilenet_v3_small",
    "resnet18": "resnet18",
    "resnet34": "resnet34",
    "resnet50": "resnet50",
    "resnext50_32x4d": "resnext50_32x4d",
    "shufflenet_v2_x1_0": "shufflenet_v2",
    "squeezenet1_0": "squeezenet1_0",
    "squeezenet1_1": "squeezenet1_1",
    "unet": "unet",
    "vgg11": "vgg11",
    "vgg13": "vgg13",
    "vgg16": "vgg16",
    "vgg19": "vgg19",
    "wide_resnet50_2": "wide_resnet50_2",
}
"""The name of each reference that has every layer, and that of the bundled network."""

NAMES_IN_TOTALS = NAMES | {
    "efficientnet_v2_s": "efficientnetv2_s",
    "hrnet_w18": "hrnet_w18",
    "inception_v4": "inception_v4",
    "legacy_xception": "xception",
    "regnet_y_400mf": "regnet_y_400mf",
    "regnetx_004": "regnet_x_400mf",
    "resnet101": "resnet101",
    "resnet152": "resnet152",
    "ssd300": "ssd300",
    "yolov3": "yolov3",
}

OPERATIONS = {
    "conv": "conv",
    "conv_transpose": "conv_transpose",
    "linear": "linear",
    "_native_batch_norm_legit_no_training": "norm",
    "native_layer_norm": "norm",
    "max_pool2d_with_indices": "max",
    "avg_pool2d": "mean",
    "_adaptive_avg_pool2d": "mean",
    "mean": "mean",
    "add": "add",
    "add_": "add",
    "mul": "mul",
    "cat": "concat",
    "relu": "relu",
    "relu_": "relu",
    "hardtanh_": "relu6",
    "silu_": "silu",
    "gelu": "gelu",
    "sigmoid": "sigmoid",
    "clone": "channel_shuffle",
}
"""PyTorch's operations and what both sides are called here; others change no number."""

TYPES = {
    "depthwise_conv": "conv",
    "dense": "linear",
    "batchnorm": "norm",
    "layernorm": "norm",
    "maxpool": "max",
    "avgpool": "mean",
    "adaptive_avgpool": "mean",
    "global_avgpool": "mean",
    "scale": "mul",
} | {name: name for name in OPERATIONS.values()}


def rows(reference):
    with gzip.open(REFERENCE / "layers" / f"{reference}.csv.gz", "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def measured(reference):
    """(operation, shape or units, weights, biases, other parameters, MACs, MACs inside)."""
    for row in rows(reference):
        operation = OPERATIONS.get(row["op"])
        shape = tuple(map(int, row["out_shape"].split("x")))[1:]
        if operation is None or (operation == "mean" and row["in_shapes"] == row["out_shape"]):
            continue  # an adaptive pooling to the shape that is there already
        if operation == "concat" and row["in_shapes"] == row["out_shape"]:
            continue  # what enters a dense block, joined with nothing
        if row["op"] in ("native_layer_norm", "gelu"):
            shape = (shape[-1], *shape[:-1])  # channels last
        if operation == "channel_shuffle":
            shape = (shape[0] * shape[1], *shape[2:])  # groups x channels
        if operation == "linear":
            shape = (int(row["out_units"]) // shape[-1], shape[-1])
        keys = ("weights", "biases", "other_params", "macs", "macs_nopad")
        yield (operation, without_ones(shape), *(int(row[key]) for key in keys))


def counted(name):
    spec = cnncost.load(name)
    every, inside = cnncost.count(spec), cnncost.count(spec, exclude_padding=True)
    for layer, other in zip(every.layers, inside.layers, strict=True):
        operation, y = TYPES.get(layer.word), layer.node.output
        if operation is None or (operation == "mean" and layer.node.inputs == (y,)):
            continue
        shape = (y.positions, y.channels) if operation == "linear" else y.dims
        others = layer.parameters - layer.weights - layer.biases
        yield (
            *(operation, without_ones(shape), layer.weights, layer.biases, others),
            *(layer.connections, other.connections),
        )


def without_ones(shape):
    return tuple(n for n in shape if n > 1)


@pytest.mark.parametrize("reference", sorted(NAMES))
def test_each_layer_agrees_with_pytorch(reference):
    theirs, ours = [*measured(reference)], [*counted(NAMES[reference])]

    assert ours == theirs
    assert len(ours) > 15


@pytest.mark.parametrize("reference", sorted(NAMES))
def test_the_shapes_of_counted_layers_agree_axis_by_axis(reference):
    layers = cnncost.count(cnncost.load(NAMES[reference])).layers
    ours = [layer.node.output.dims for layer in layers if "conv" in layer.word]
    theirs = [row["out_shape"] for row in rows(reference) if row["op"].startswith("conv")]

    assert ["x".join(map(str, (1, *dims))) for dims in ours] == theirs


@pytest.mark.parametrize("reference", sorted(TOTALS.keys() & NAMES_IN_TOTALS.keys()))
def test_totals_agree_with_pytorch(reference):
    agree_in_total(cnncost.load(NAMES_IN_TOTALS[reference]), TOTALS[reference])


# Parameters that a spec leaves out, as its notes say: 169 relative positions of a 7x7 window for
# each of 3, 6, 12 and 24 heads, in 2, 2, 6 and 2 blocks.
LEFT_OUT = {"swin_tiny_patch4_window7_224": 169 * (2 * 3 + 2 * 6 + 6 * 12 + 2 * 24)}

# DETR's batch norms are frozen: a scale and a shift for each of ResNet-50's 26,560 channels.
FROZEN = {"detr_encoder": 2 * 26_560}

TRANSFORMERS = {
    "detr_encoder": "detr_encoder",
    "swin_tiny_patch4_window7_224": "swin_t",
    "vit_base_patch16_224": "vit_b16",
}


@pytest.mark.parametrize("reference", TRANSFORMERS)
def test_transformers_agree_with_pytorch_in_all_but_units(reference):
    """PyTorch's queries, keys and values are units of layers of their own."""
    theirs, spec = TOTALS[reference], cnncost.load(TRANSFORMERS[reference])
    ours = cnncost.count(spec).totals
    inside = cnncost.count(spec, exclude_padding=True).totals

    assert ours.parameters == theirs["params"] - LEFT_OUT.get(reference, 0)
    assert ours.trainable_parameters == ours.parameters - FROZEN.get(reference, 0)
    assert (ours.weights, ours.biases) == (theirs["weights"], theirs["biases"])
    assert (ours.connections, inside.connections) == (theirs["macs"], theirs["macs_nopad"])


@pytest.mark.parametrize("name", bundled.list_names())
def test_published_figures_hold(name):
    spec = cnncost.load(name)

    assert spec.network.source
    assert not spec.warnings
    assert compare_expected(spec)
    assert [figure for figure in compare_expected(spec) if not figure.holds] == []


# LeNet-5: the text of section II-B gives each layer's trainable parameters and connections.
LENET5 = {
    "C1": (156, 122_304),
    "S2": (12, 5_880),
    "C3": (1_516, 151_600),
    "S4": (32, 2_000),
    "C5": (48_120, 48_120),
    "F6": (10_164, 10_164),
    "output": (840, 840),  # 84 fixed components for each of ten units
}


def test_lenet5_layer_by_layer():
    layers = cnncost.count(cnncost.load("lenet5"), biases=True).layers

    assert {x.name: (x.parameters, x.connections) for x in layers if x.counted} == LENET5


# Szegedy et al. 2015, table 1, "ops" in millions: the rows that its own widths yield. Not its
# conv1 (34M; the 7x7 filters need 118M) and 5a (54M; its widths are 4e's, at a quarter of the
# positions, on 832 channels: 51M).
GOOGLENET_OPS = {
    "conv2": 360, "i3a": 128, "i3b": 304, "i4a": 73, "i4b": 88, "i4c": 100, "i4d": 119,
    "i4e": 170, "i5b": 71, "output": 1,
}  # fmt: skip


def test_googlenet_stage_by_stage():
    ops = dict.fromkeys(GOOGLENET_OPS, 0)
    for layer in cnncost.count(cnncost.load("googlenet")).layers:
        stage = layer.name.partition(".")[0].removesuffix("_reduce")
        if stage in ops:
            ops[stage] += layer.connections

    assert {stage: close_to(published) for stage, published in GOOGLENET_OPS.items()} == ops
