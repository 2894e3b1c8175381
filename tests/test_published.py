"""`published`: what a paper prints, in its own words, beside what a spec expects; and how the
papers' texts come by their figures."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from command import run
from rows import the_row
from small import SMALL

import cnncost
from cnncost import bundled
from cnncost.views.zoo_page import citation_year, leading_number

PRINTED = SMALL + 'published:\n  weights: "72: so it says (table 1)"\n  macs: two hundred\n'

# Looked up in the papers, not in the specs.
PAPERS = {
    "vgg11": {"parameters": "133 million"},
    "vgg13": {"parameters": "133 million"},
    "vgg19": {"parameters": "144 million"},
    "resnet20": {"parameters": "0.27M"},
    "resnet34": {"connections": "3.6 x 10^9 FLOPs"},
    "resnet50_v1": {"connections": "3.8 x 10^9 FLOPs"},
    "resnet101": {"connections": "7.6 x 10^9 FLOPs"},
    "resnet152": {"connections": "11.3 x 10^9 FLOPs"},
    "resnext50_32x4d": {"parameters": "25.0 x 10^6", "connections": "4.2 x 10^9 FLOPs"},
    "wide_resnet50_2": {"parameters": "68.9M"},
    "squeezenet1_0": {"parameters": "1,248,424"},
    "mobilenet_v3_large": {"parameters": "5.4M", "connections": "219M MAdds"},
    "mobilenet_v3_small": {"parameters": "2.5M", "connections": "56M MAdds"},
    "regnet_x_400mf": {"parameters": "5.2M params", "connections": "0.4B flops"},
    "regnet_y_400mf": {"parameters": "4.3M params", "connections": "0.4B flops"},
    "inception_v3": {
        "parameters": "less than 25 million parameters",
        "connections": "5 billion multiply-adds",
    },
    "shufflenet_v1": {"connections": "137M"},
    "unet_plus_plus": {"parameters": "9.04M"},
    "yolov3_tiny": {"connections": "5.56 Bn FLOPS"},
    "alexnet": {"units": "650,000 neurons", "parameters": "60 million parameters"},
    "vgg16": {"parameters": "138 million"},
    "lenet5": {
        "trainable_parameters": "60,000 trainable free parameters",
        "connections": "340,908 connections",
    },
    "resnet18": {"connections": "1.8 x 10^9 FLOPs"},
    "resnet50": {"connections": "3.8 x 10^9 FLOPs"},
    "mobilenet_v1": {"parameters": "4.2 million", "connections": "569 million mult-adds"},
    "mobilenet_v2": {"parameters": "3.4M", "connections": "300M MAdds"},
    "efficientnet_b0": {"parameters": "5.3M", "connections": "0.39B FLOPS"},
    "efficientnet_b4": {"parameters": "19M", "connections": "4.2B FLOPS"},
    "googlenet": {"connections": "1.5 billion multiply-adds"},
    "shufflenet_v2": {"parameters": "2.3M", "connections": "146M FLOPs"},
    "convnext_tiny": {"parameters": "29M", "connections": "4.5G FLOPs"},
    "m5": {"parameters": "0.5M"},
    "efficientnetv2_s": {"parameters": "22M", "connections": "8.8B FLOPs"},
    "xception": {"parameters": "22,855,952"},
    "yolov3": {"connections": "65.86 Bn FLOPS"},
    "hrnet_w18": {"parameters": "21.3M", "connections": "3.99 GFLOPs"},
    "vit_b16": {"parameters": "86M"},
    "swin_t": {"parameters": "29M", "connections": "4.5G FLOPs"},
}


@pytest.mark.parametrize("name", PAPERS)
def test_what_papers_print(name: str) -> None:
    printed = dict(cnncost.load(name).network.published)
    assert list(printed) == list(PAPERS[name])
    for figure, words in PAPERS[name].items():
        assert printed[figure].startswith(words)
        assert printed[figure].endswith(")")  # where it stands


def test_no_paper_prints_what_its_version_in_the_zoo_is_not() -> None:
    for name in ("squeezenet1_1", "alexnet_torchvision", "googlenet_torchvision", "minmax"):
        assert cnncost.load(name).network.published == ()


def test_the_words_are_kept_on_one_line() -> None:
    spec = cnncost.loads(PRINTED)
    assert spec.network.published == (
        ("weights", "72: so it says (table 1)"),
        ("macs", "two hundred"),
    )
    assert cnncost.loads(SMALL + "published:\n").network.published == ()
    assert cnncost.loads(SMALL + "published: {weights: 61M}\n").network.published == (
        ("weights", "61M"),
    )


HARD = ["null", "true", 'a "quoted" word', "back\\slash", "'single'", "{braces}", "x: y", "# no"]


@pytest.mark.parametrize("form", ["--flat", "--structured"])
def test_writing_anew_keeps_the_words(tmp_path: Path, form: str) -> None:
    for words in HARD:
        text = SMALL + f"published: {{weights: {json.dumps(words)}}}\n"
        done = run("convert", "-", "-", form, text=text, cwd=tmp_path)
        assert cnncost.loads(done.stdout).network.published == (("weights", words),)


def test_a_plan_is_another_network() -> None:
    done = run("suggest", "alexnet", "--budget", "weights=150M", "--write", "-")
    assert done.returncode == 0
    assert "\npublished:" not in done.stdout  # but in a comment
    assert cnncost.loads(done.stdout).network.published == ()


def test_check_does_not_hold_them(tmp_path: Path) -> None:
    (tmp_path / "n.yaml").write_text(SMALL + "published: {weights: 5}\n")
    done = run("check", "n.yaml", cwd=tmp_path)
    assert done.stdout == "n.yaml: ok (valid; no expect, no budget)\n"


# The zoo's lists


@pytest.mark.parametrize("columns", ["80", "200"])
def test_zoo_has_a_line_a_network(columns: str) -> None:
    head, *lines = run("zoo", COLUMNS=columns).stdout.partition("\n\n")[0].splitlines()
    assert head.split() == ["network", "year", "input", "weights", "connections", "paper", "prints"]
    assert [line.split()[0] for line in lines] == bundled.list_names()
    assert all(len(line) <= 80 for line in (head, *lines))
    rows = {line.split()[0]: line.split(maxsplit=5)[1:] for line in lines}
    assert rows["resnet50"] == ["2016", "3x224x224", "25.50M", "4.089G", "3.8B"]
    assert rows["lenet5"][-1] == "60,000; 340,908"
    assert rows["resnext50_32x4d"][-1] == "25.0M; 4.2B"
    assert rows["two_stream"] == ["2014", "2", "inputs", "181.3M", "4.278G"]
    assert rows["squeezenet1_1"] == ["2016", "3x224x224", "1.232M", "349.2M"]


def test_the_long_list_of_one_network() -> None:
    said = run("zoo", "--long", "lenet5").stdout
    assert said.startswith("lenet5: LeNet-5, input 1x32x32\n\nLeCun, Bottou, Bengio & Haffner,")
    flat = " ".join(said.split())
    assert "connections (biases) 340,908 340,908 340,908 connections (sec. II-B)" in flat
    assert "The paper counts biases among the connections." in flat
    assert "alexnet" not in said


def test_the_long_list_says_where_nothing_is_expected_or_printed() -> None:
    flat = " ".join(run("zoo", "--long", "alexnet").stdout.split())
    # 200,415,264 weights, and a bias a filter and unit: 96+256+384+384+256 + 4096+4096+1000.
    assert "parameters - 200,425,832 60 million parameters (abstract)" in flat
    assert "weights 200,415,264 200,415,264 -" in flat


def test_the_long_list_of_all() -> None:
    said = run("zoo", "--long").stdout
    heads = [line.partition(":")[0] for line in said.splitlines() if ", input " in line]
    assert heads == bundled.list_names()


def test_a_name_alone_still_prints_the_spec() -> None:
    said = run("zoo", "lenet5").stdout
    assert cnncost.loads(said).network.published == cnncost.load("lenet5").network.published


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--long", "-f", "csv"], "--long is the table's: csv has every figure\n"),
        (["--long", "--schema"], "--schema takes no --long\n"),
        (["--long", "lenet"], "no bundled network is called 'lenet'\n"),
    ],
)
def test_what_does_not_go_together(arguments: list[str], said: str) -> None:
    done = run("zoo", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(said)


def test_machine_formats_have_all_three() -> None:
    rows = list(csv.DictReader(io.StringIO(run("zoo", "-f", "csv").stdout)))
    assert list(rows[0]) == [
        *("network", "input", "figure", "expected", "computed", "published", "source"),
    ]
    data = {entry["name"]: entry for entry in json.loads(run("zoo", "-f", "json").stdout)}
    assert data["lenet5"]["expected"] == {"trainable_parameters": 60000, "connections": 340908}
    assert data["lenet5"]["computed"] == data["lenet5"]["expected"]
    assert data["lenet5"]["published"]["connections"] == "340,908 connections (sec. II-B)"


def test_years_and_numbers() -> None:
    assert citation_year("He et al., CVPR 2016 (after 2015)") == "2016"
    assert citation_year("textbook exercise (after He et al., CVPR 2016)") == ""
    assert leading_number("about a million") == ""
    assert leading_number("1.5 billion multiply-adds, a budget (sec. 1)") == "1.5B"
    assert leading_number("5.56 Bn FLOPS (a page)") == "5.56B"
    assert leading_number("4.2 x 10^12 FLOPs") == "4.2 x 10^12"
    assert leading_number("26915 (the tutorial's output)") == "26915"


# Krizhevsky et al. 2012, figure 2: units, weights, connections.
ALEXNET = {
    "conv1": (290_400, 34_848, 105_415_200),
    "conv2": (186_624, 307_200, 223_948_800),
    "conv3": (64_896, 884_736, 149_520_384),
    "conv4": (64_896, 663_552, 112_140_288),
    "conv5": (43_264, 442_368, 74_760_192),
    "fc1": (4_096, 177_209_344, 177_209_344),
    "fc2": (4_096, 16_777_216, 16_777_216),
    "output": (1_000, 4_096_000, 4_096_000),
}


def test_alexnet_to_the_digit() -> None:
    report = cnncost.count(cnncost.load("alexnet"))
    counted = [row for row in report.layers if row.counted]

    assert {row.name: (row.units, row.weights, row.connections) for row in counted} == ALEXNET
    totals = report.totals
    assert (totals.units, totals.weights) == (659_272, 200_415_264)
    assert totals.connections == 863_867_424


def test_alexnet_as_the_book_words_it() -> None:
    assert ALEXNET["conv1"][1:] == (2*11*11*3*48, 2*11*11*3*48 * 55*55)  # fmt: skip
    assert ALEXNET["fc1"][1] == 13*13*128*2 * 2048*2  # fmt: skip


def test_alexnet_pooled() -> None:
    report = cnncost.count(cnncost.load("alexnet_pooled"))

    assert {row.name: row.weights for row in report.layers}["fc1"] == 37_748_736
    assert (report.totals.weights, report.totals.connections) == (60_954_656, 724_406_816)


def test_alexnet_with_512_dense_units_a_tower() -> None:
    assert the_row("[256, 13, 13]", "{dense: 1024}").weights == 13*13*128*512*4  # fmt: skip
    assert the_row("[256, 13, 13]", "{dense: 1024}").weights == 44_302_336


C3 = (
    "[[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5], [4, 5, 0], [5, 0, 1], "
    "[0, 1, 2, 3], [1, 2, 3, 4], [2, 3, 4, 5], [3, 4, 5, 0], [4, 5, 0, 1], [5, 0, 1, 2], "
    "[0, 1, 3, 4], [1, 2, 4, 5], [0, 2, 3, 5], [0, 1, 2, 3, 4, 5]]"
)
"""LeCun et al. 1998, table I."""

# LeCun et al. 1998, sec. II-B: trainable parameters, and connections, biases counted.
LENET5 = [
    ("[1, 32, 32]", "{conv: 6, kernel: 5}", 156, 122_304),
    ("[6, 28, 28]", "{subsample: 2}", 12, 5_880),
    ("[6, 14, 14]", "{conv: 16, kernel: 5, connects: " + C3 + "}", 1_516, 151_600),
    ("[16, 10, 10]", "{subsample: 2}", 32, 2_000),
    ("[16, 5, 5]", "{conv: 120, kernel: 5}", 48_120, 48_120),
    ("[120]", "{dense: 84}", 10_164, 10_164),
]


@pytest.mark.parametrize(
    ("shape", "line", "parameters", "connections"), LENET5, ids=["C1", "S2", "C3", "S4", "C5", "F6"]
)
def test_lenet5(shape: str, line: str, parameters: int, connections: int) -> None:
    row = the_row(shape, line, biases=True)

    assert (row.parameters, row.connections) == (parameters, connections)


def test_lenet5_adds_up() -> None:
    output = the_row("[84]", "{dense: 10, bias: false}", biases=True)
    assert output.connections == 840

    assert sum(parameters for _, _, parameters, _ in LENET5) == 60_000
    assert sum(connections for *_, connections in LENET5) + output.connections == 340_908
