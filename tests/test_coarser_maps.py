"""Strides doubled and pools widened or added: where they are offered, and what they write."""

from __future__ import annotations

import pytest
from spaces import draft_of
from suggested_edits import edits, phrases

HEAD = "input: [3, 32, 32]\nlayers:\n- {name: c, conv: 16, kernel: 3}\n"
TAIL = "- {name: d, conv: 16, kernel: 3}\n- global_avgpool\n- {dense: 10}\n"


@pytest.mark.parametrize(("pool", "wider"), [
    ("{maxpool: 2}", "{maxpool: 4}"),  # its stride follows its kernel
    ("{maxpool: 3, stride: 2}", "{maxpool: 4, stride: 4}"),  # no position is left out
    ("{avgpool: 3, stride: 2}", "{avgpool: 4, stride: 4}"),
    ("{maxpool: 5, stride: 2}", "{maxpool: 5, stride: 4}"),  # wide enough
    ("{maxpool: 4, stride: 2}", "{maxpool: 4, stride: 4}"),
    ("{maxpool: 3, stride: 1}", ""),  # it does not coarsen
    ("{maxpool: [2, 4], stride: [2, 4]}", ""),  # one number for two axes
    ("{maxpool: [2, 2]}", ""),
])  # fmt: skip
def test_a_pool_is_widened(pool: str, wider: str) -> None:
    editable = draft_of(f"{HEAD}- {pool}\n{TAIL}")
    found = [
        editable.edited_text(edit.changes).splitlines()[3]
        for edit in edits(editable)
        if edit.kind == "pooling" and "stride" in edit.phrase
    ]
    assert found == ([f"- {wider}"] if wider else [])


@pytest.mark.parametrize(("lines", "added"), [
    ("- relu\n", True),
    ("- batchnorm\n- relu\n", True),  # behind a convolution, whatever is between
    ("- relu\n- {maxpool: 2}\n", False),  # pooled already
    ("- relu\n- {avgpool: 2}\n", False),
    ("- relu\n- {lrn: 5}\n", False),
    ("- {depthwise_conv: 3}\n- relu\n", False),
    ("- {name: r, add: [c, c]}\n- relu\n", False),  # other paths lead here
])  # fmt: skip
def test_a_pool_is_added_behind_a_convolutions_activation(lines: str, added: bool) -> None:
    found = phrases(draft_of(HEAD + lines + TAIL), "pooling")
    assert any("added" in phrase for phrase in found) == added


@pytest.mark.parametrize("lines", [
    "- relu\n- {dense: 10}\n",  # the head has a pool of its own
    "- global_avgpool\n- relu\n- {dense: 10}\n",  # nothing to pool in a vector
])  # fmt: skip
def test_no_pool_is_added_before_a_dense_layer(lines: str) -> None:
    found = phrases(draft_of(HEAD + lines), "pooling")
    assert not any("added" in phrase for phrase in found)


@pytest.mark.parametrize(("conv", "doubled"), [
    ("{name: e, conv: 8, kernel: 3}", "{name: e, conv: 8, kernel: 3, stride: 2}"),
    ("{name: e, conv: 8, kernel: 5, stride: 2}", "{name: e, conv: 8, kernel: 5, stride: 4}"),
    ("{name: e, conv: 8, kernel: 4, stride: 2}", "{name: e, conv: 8, kernel: 4, stride: 4}"),
    ("{name: e, conv: 8, kernel: 3, stride: 2}", ""),  # would leave positions out
    ("{name: e, conv: 8, kernel: 1}", ""),
    ("{name: e, depthwise_conv: 3}", "{name: e, depthwise_conv: 3, stride: 2}"),
    ("{name: e, conv: 8, kernel: 3, padding: 1, repeat: 2}", ""),  # each copy's would double
    ("{name: e, conv: 8, kernel: 5, stride: [2, 1]}", ""),
])  # fmt: skip
def test_a_stride_is_doubled(conv: str, doubled: str) -> None:
    editable = draft_of(f"{HEAD}- {conv}\n{TAIL}")
    found = [
        editable.edited_text(edit.changes).splitlines()[3]
        for edit in edits(editable)
        if edit.kind == "stride" and edit.phrase.startswith("e")
    ]
    assert found == ([f"- {doubled}"] if doubled else [])


def test_a_block_is_coarsened_where_it_slides() -> None:
    blocks = """\
input: [3, 32, 32]
blocks:
  pooled(kernel, stride=1): [{maxpool: kernel, stride: stride}, relu]
  slid(filters, stride=1): [{conv: filters, kernel: 3, stride: stride}, relu]
layers:
- {name: p, pooled: 3}
- {name: s, slid: 16}
- global_avgpool
- {dense: 10}
"""
    editable = draft_of(blocks)
    assert phrases(editable, "stride") == ["s: stride 1 to 2"]
    # A pool behind a relu of the block would be in every call of it.
    assert not any("added" in phrase for phrase in phrases(editable, "pooling"))
