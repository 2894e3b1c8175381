"""`explain --matrix`: published sizes, matrices written by hand, what is refused."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

import pytest
from command import run

import cnncost
from cnncost.cli.explain_pages import PageChoice, build_page
from cnncost.errors import CnncostError
from cnncost.study.convolution_matrix import (
    ConvolutionMatrix,
    describe_matrix,
    find_transposed_twin,
    measure_product,
)
from cnncost.views.matrix_page import list_matrix_lines, matrix_results, name_entries
from cnncost.views.page_writers import write_results


def matrix(layer: str, dims: str) -> ConvolutionMatrix:
    (node,) = cnncost.loads(f"input: [{dims}]\nlayers: [{{{layer}}}]\n").network.layers
    return describe_matrix(node)


def lines(layer: str, dims: str) -> list[str]:
    found = matrix(layer, dims)
    names = name_entries(found)
    assert names is not None
    return list(list_matrix_lines(found, names))


def sizes(found: ConvolutionMatrix) -> dict[str, int]:
    return {working.quantity: int(working.number) for working in found.sizes}


def test_the_toeplitz_matrix_of_three_taps() -> None:
    assert lines("conv: 1, kernel: 3", "1, 5") == [
        "w1 w2 w3  .  .",
        " . w1 w2 w3  .",
        " .  . w1 w2 w3",
    ]


def test_stride_padding_dilation() -> None:
    assert lines("conv: 1, kernel: 2, stride: 2, padding: 1, dilation: 2", "1, 5") == [
        " . w2  .  .  .",
        " . w1  . w2  .",
        " .  .  . w1  .",
    ]


def test_the_transposed_is_the_transpose() -> None:
    straight = [line.split() for line in lines("conv: 1, kernel: 3, stride: 2", "1, 7")]
    across = [line.split() for line in lines("conv_transpose: 1, kernel: 3, stride: 2", "1, 3")]
    assert across == [list(column) for column in zip(*straight, strict=True)]


def test_the_product_of_a_transposed_one() -> None:
    """Two groups, each of 3 taps for 1 filter by 2 channels, times 2 channels at 3 positions."""
    found = matrix("conv_transpose: 2, kernel: 3, stride: 2, groups: 2", "4, 3")
    assert measure_product(found.node, found.groups) == (3, 3, 2)
    twin = find_transposed_twin(found.node)
    assert twin is not None
    assert (twin.filters, twin.groups, twin.stride, twin.bias) == (4, 2, (2,), False)


@pytest.mark.parametrize(
    "layer",
    [
        # A convolution over what dilation and output_padding leave has 4 outputs, not 3.
        "conv_transpose: 1, kernel: 2, dilation: 3, output_padding: 2",
        # `same` crops less than nothing where a stride is wider than the kernel.
        "conv_transpose: 1, kernel: 1, stride: 2, padding: same",
    ],
)
def test_a_transposed_one_without_a_twin(layer: str) -> None:
    assert find_transposed_twin(matrix(layer, "1, 3").node) is None


def test_how_large_a_matrix_is_written_out() -> None:
    assert matrix("conv: 40, kernel: 1", "40, 1").entries is not None
    assert matrix("conv: 41, kernel: 1", "40, 1").entries is None
    assert matrix("conv: 1, kernel: 1", "41, 1").entries is None


def test_blocks_by_filter_and_channel() -> None:
    assert lines("conv: 2, kernel: 2", "2, 3") == [
        "a1 a2  . | b1 b2  .",
        " . a1 a2 |  . b1 b2",
        "---------+---------",
        "c1 c2  . | d1 d2  .",
        " . c1 c2 |  . d1 d2",
    ]
    assert lines("conv: 2, kernel: 2, groups: 2", "2, 2") == [
        "a1 a2 |  .  .",
        "------+------",
        " .  . | b1 b2",
    ]


def test_a_filter_that_sees_some_maps() -> None:
    found = matrix("conv: 2, kernel: 1, connects: [[0, 2], [1]]", "3, 1")
    assert name_entries(found) == [["a", ".", "b"], [".", "c", "."]]
    assert sizes(found)["independent"] == 3


def test_many_pairs_are_numbered() -> None:
    names = name_entries(matrix("conv: 6, kernel: 1", "6, 1"))
    assert names == [[str(6 * row + column + 1) for column in range(6)] for row in range(6)]


def test_weights_that_meet_padding_only() -> None:
    found = matrix("conv: 1, kernel: 3, padding: 1", "1, 1")
    assert name_entries(found) == [["w2"]]
    assert sizes(found)["independent"] == 1
    page = matrix_results("net", found).page()
    assert any(
        "2 more meet padding only" in block.text for block in page.blocks if hasattr(block, "text")
    )


def test_im2col_of_alexnet() -> None:
    """CS231n, "Implementation as Matrix Multiplication": X_col [363 x 3025], W_row [96 x 363]."""
    node = next(n for n in cnncost.load("alexnet").network.layers if n.name == "conv1")
    found = describe_matrix(node)
    assert [int(w.number) for w in found.im2col[:2]] == [363, 3025]
    assert int(found.im2col[3].number) == 363 * 3025 * 4
    assert measure_product(found.node, 1) == (96, 3025, 363)
    assert found.entries is None
    assert sizes(found) == {
        "rows": 290_400, "columns": 154_587, "entries": 290_400 * 154_587,
        "not zero": 55 * 55 * 363 * 96, "independent": 34_848, "bytes": 4 * 290_400 * 154_587,
    }  # fmt: skip


def test_groups_are_products_apart() -> None:
    node = next(n for n in cnncost.load("alexnet").network.layers if n.name == "conv2")
    found = describe_matrix(node)
    # Two towers: 128 filters of 5 x 5 x 48 at 27 x 27 positions each.
    assert measure_product(found.node, found.groups) == (128, 729, 1200)
    assert int(found.im2col[2].number) == 2 * 1200 * 729


TEXT = "input: [1, 3, 3]\nlayers: [{name: c, conv: 1, kernel: 2}]\n"


def test_written_out_and_drawn(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(TEXT)
    shown = run("explain", "net.yaml", "c", "--matrix", cwd=tmp_path).stdout
    assert "   w11 w12   . | w21 w22   . |   .   .   .\n" in shown
    assert "doubly block Toeplitz" in shown
    latex = StringIO()
    page = build_page(cnncost.loads(TEXT), "c", PageChoice(matrix=True), every=False)
    write_results(latex, page, "latex")
    assert "  w_{11} & w_{12} & 0 & w_{21} & w_{22} & 0 & 0 & 0 & 0 \\\\" in latex.getvalue()
    done = run("explain", "net.yaml", "c", "--matrix", "-o", "m.svg", cwd=tmp_path)
    assert done.returncode == 0
    svg = (tmp_path / "m.svg").read_text()
    assert [len(re.findall(f">{name}<", svg)) for name in ("w11", "w22")] == [4, 4]


def test_data() -> None:
    page = build_page(cnncost.loads(TEXT), "c", PageChoice(matrix=True), every=False)
    data = page.data()
    assert isinstance(data, dict)
    assert data["product"] == {"times": 1, "rows": 1, "sums": 4, "columns": 4}
    assert data["entries"][0] == ["w11", "w12", ".", "w21", "w22", ".", ".", ".", "."]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["alexnet", "conv1", "--matrix", "-o", "m.svg"], "too large to draw"),
    ],
)
def test_refusals(arguments: list[str], said: str, tmp_path: Path) -> None:
    done = run("explain", *arguments, cwd=tmp_path)
    assert (done.returncode, said in done.stderr) == (2, True)
    assert not list(tmp_path.iterdir())


def test_a_matrix_is_of_one_layer() -> None:
    spec = cnncost.load("googlenet")
    for layer, said in (("", "--matrix is of one layer"), ("i3a", "is a block of")):
        with pytest.raises(CnncostError, match=said):
            build_page(spec, layer, PageChoice(matrix=True), every=False)


def test_a_layer_that_is_no_convolution() -> None:
    with pytest.raises(CnncostError, match="relu1 is relu, no convolution"):
        matrix("relu: ", "1, 3")
