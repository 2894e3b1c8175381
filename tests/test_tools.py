"""What other counters print: our rules against their own numbers, network by network."""

from __future__ import annotations

import csv
import gzip
from functools import cache
from pathlib import Path

import pytest
from command import run

import cnncost
from cnncost.costs import Report
from cnncost.study.tool_counts import (
    ToolCount,
    count_keras_parameters,
    list_tool_counts,
    name_tools,
)
from cnncost.study.tool_rules import TOOLS
from cnncost.views.page import Table
from cnncost.views.tools_page import tools_results

REFERENCE = Path(__file__).parent / "reference"

NAMES = {"fcm": "FlopCounterMode"}
BUNDLED = {"alexnet": "alexnet_torchvision", "googlenet": "googlenet_torchvision"}

UNKNOWN = {
    # GELU, linear layers on maps and layer norms: measured once, together.
    ("thop", "convnext_tiny"), ("ptflops", "convnext_tiny"),
}  # fmt: skip
"""What the rules leave open."""

BY_FUNCTIONS = {
    # torchvision calls F.adaptive_avg_pool2d there, ReLUs and other pools being modules.
    "mobilenet_v2", "densenet121",
    # F.relu and F.max_pool2d behind some convolutions, F.avg_pool2d.
    "googlenet", "inception_v3",
}  # fmt: skip
"""The networks of which some layers are functions: the number lies within the range."""


@cache
def report_of(network: str) -> Report:
    text = BUNDLED.get(network, network)
    if network == "vgg16":  # torchvision pools 7x7 to 7x7, which the bundled spec leaves out
        spec = cnncost.load("vgg16")
        pooled = spec.text.text.replace(
            "  - {name: fc6,", "  - adaptive_avgpool: 7\n  - {name: fc6,"
        )
        assert pooled != spec.text.text
        return cnncost.count(cnncost.loads(pooled))
    return cnncost.count(cnncost.load(text))


@cache
def counts_of(network: str) -> dict[str, ToolCount]:
    return {one.tool.name: one for one in list_tool_counts(report_of(network))}


def printed() -> list[tuple[str, str, str, int]]:
    with (REFERENCE / "counters.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["tool"] != "keras"]
    return [(row["tool"], row["version"], row["network"], int(float(row["count"]))) for row in rows]


@pytest.mark.parametrize(("tool", "version", "network", "number"), printed())
def test_what_a_tool_prints(tool: str, version: str, network: str, number: int) -> None:
    count = counts_of(network)[NAMES.get(tool, tool)]
    assert count.tool.version.split(",")[0] == version
    if (tool, network) in UNKNOWN:
        assert count.unknown
        assert count.low <= number
        return
    assert not count.unknown
    if network in BY_FUNCTIONS:
        assert count.low <= number <= count.high
        return
    assert number == count.high


def test_networks_of_functions_by_hand() -> None:
    """In densenet121 the last ReLU and pool, of 1024x7x7 units, are functions: ptflops counts each
    once. So is mobilenet_v2's pool, of 1280x7x7, which thop does not see."""
    numbers = {(tool, network): number for tool, _, network, number in printed()}
    dense, mobile = counts_of("densenet121"), counts_of("mobilenet_v2")
    assert numbers["ptflops", "densenet121"] == dense["ptflops"].high - 2 * 1024 * 7 * 7
    assert numbers["thop", "densenet121"] == dense["thop"].high - 1024 * (7 * 7 + 1)
    assert numbers["ptflops", "mobilenet_v2"] == mobile["ptflops"].low
    assert numbers["thop", "mobilenet_v2"] == mobile["thop"].low
    google = counts_of("googlenet")["ptflops"]
    units = sum(row.units for row in report_of("googlenet").layers if row.word == "relu")
    assert numbers["ptflops", "googlenet"] == google.high - units


def test_keras_counts_moving_statistics() -> None:
    with (REFERENCE / "counters.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["tool"] == "keras"]
    assert len(rows) == 4
    for row in rows:
        model = gzip.decompress((REFERENCE / "keras" / f"{row['network']}.json.gz").read_bytes())
        report = cnncost.count(_read_keras(model))
        assert count_keras_parameters(report) == int(row["parameters"])


def _read_keras(model: bytes) -> cnncost.Spec:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        path.write_bytes(model)
        return cnncost.load(path)


def numbers(line: str, dims: str) -> dict[str, tuple[int, int]]:
    report = cnncost.count(cnncost.loads(f"input: [{dims}]\nlayers: [{{{line}}}]\n"))
    return {
        one.tool.name: (one.low, one.high)
        for one in list_tool_counts(report) if not one.unknown
    }  # fmt: skip


def test_a_batch_norm_alone() -> None:
    """Printed for 8x16x16: torchinfo 16, fvcore 4096, ptflops 4096, thop 8192, others 0."""
    found = {tool: high for tool, (_, high) in numbers("batchnorm: ", "8, 16, 16").items()}
    assert found == {"FlopCounterMode": 0, "torchinfo": 16, "fvcore": 4096, "thop": 8192,
                     "ptflops": 4096, "calflops": 0}  # fmt: skip


@pytest.mark.parametrize("line", ["relu: ", "maxpool: 2"])
def test_no_weights_alone(line: str) -> None:
    """ptflops prints 4096 for nn.ReLU and nn.MaxPool2d on 8x16x16, all others 0."""
    found = {tool: high for tool, (_, high) in numbers(line, "8, 16, 16").items()}
    assert found == dict.fromkeys(found, 0) | {"ptflops": 4096}
    assert len(found) == len(TOOLS)


@pytest.mark.parametrize(
    ("line", "times", "unknown"),
    [
        # As multiples of the multiply-accumulates.
        ("conv_transpose: 8, kernel: 4, stride: 2, padding: 1, bias: false", 4, set()),
        ("conv_transpose: 8, kernel: 2, stride: 2, groups: 2, bias: false", 4, {"calflops"}),
        # Outputs are not stride times the inputs: not measured.
        ("conv_transpose: 8, kernel: 3, stride: 2, bias: false", None,
         {"torchinfo", "thop"}),
    ],
)  # fmt: skip
def test_transposed_convolutions(line: str, times: int | None, unknown: set[str]) -> None:
    true = cnncost.count(cnncost.loads(f"input: [8, 8, 8]\nlayers: [{{{line}}}]\n")).totals
    found = numbers(line, "8, 8, 8")
    assert {tool.name for tool in TOOLS} - set(found) == unknown
    expected = dict.fromkeys(found, (true.connections,) * 2)
    expected["FlopCounterMode"] = (2 * true.connections,) * 2
    for tool in ("torchinfo", "thop"):
        if times and tool in found:
            expected[tool] = (times * true.connections,) * 2
    assert found == expected


def test_products_of_activations() -> None:
    """x @ y: PyTorch's counter and fvcore count it, the others print 0."""
    text = "input: {a: [32, 32], b: [32, 64]}\nlayers: [{matmul: [a, b]}]\n"
    found = {one.tool.name: one.low for one in list_tool_counts(cnncost.count(cnncost.loads(text)))}
    macs = 32 * 32 * 64
    assert found == {"FlopCounterMode": 2 * macs, "fvcore": macs, "torchinfo": 0, "thop": 0,
                     "ptflops": 0, "calflops": 0}  # fmt: skip


def test_what_was_not_measured_is_only_bounded() -> None:
    report = cnncost.count(cnncost.load("lenet5"))
    assert all("C3" in one.unknown for one in list_tool_counts(report))
    text = "input: [4, 6, 6]\nlayers: [{locally_connected: 2, kernel: 3}]\n"
    counts = list_tool_counts(cnncost.count(cnncost.loads(text)))
    assert all((one.low, one.unknown) == (0, ("locally_connected1",)) for one in counts)


def test_shown() -> None:
    shown = run("explain", "resnet50", "--tools").stdout
    assert "4,111,512,576" in shown
    assert "+22,227,968   2 for each unit of a batch norm" in shown
    assert "25,610,152" in shown  # 25,557,032 and two for each of 26,560 channels of batch norms
    page = tools_results(report_of("lenet5"), list_tool_counts(report_of("lenet5")), 0).page()
    assert isinstance(page.blocks[0], Table)
    assert any(">= " in cell for row in page.blocks[0].rows for cell in row)


def test_a_table_of_another_counter() -> None:
    report = report_of("resnet50")
    assert list(name_tools(report.layers, 4_111_512_576)) == [
        "what fvcore counts: 2 for each unit of a batch norm, 1 for each input of adaptive pooling"
    ]
    done = run("check", "resnet50", "--table", "-", text="layer macs\ntotal 4,133,742,592\n")
    assert done.stdout.splitlines()[0] == (
        "total: connections 4,133,742,592 is wrong, 4,089,184,256 is right: what thop counts: "
        "4 for each unit of a batch norm, 1 for each input and output of adaptive pooling"
    )
