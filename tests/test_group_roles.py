"""What each group is to its network, and its raw weight: the rules of the docs by hand."""

from __future__ import annotations

import pytest
from spaces import draft_of

from cnncost.suggest.text.channel_groups import ChannelGroup


def groups_of(lines: str, size: str = "[3, 9, 9]") -> dict[str, ChannelGroup]:
    """The group that each layer writes, by the last part of its name."""
    draft = draft_of(f"input: {size}\nlayers:\n{lines}")
    found = {}
    for node in draft.network.layers:
        group = draft.groups.group_written_by(node.index)
        if group is not None:
            found[node.name.rpartition(".")[2]] = group
    return found


STEM = "- {name: stem, conv: 8, kernel: 3, padding: 1}\n- {name: wide, conv: 16, kernel: 1}\n"
END = "- global_avgpool\n- {name: out, dense: 10}\n"


@pytest.mark.parametrize(("kernels", "role"), [
    # Bottleneck: 1x1, something wider, 1x1; everything else is a basic block.
    (("1", "3", "1"), "bottleneck"),
    (("1", "[1, 3]", "1"), "bottleneck"),
    (("1", "3", "3", "1"), "bottleneck"),
    (("1", "1", "3", "1"), "bottleneck"),
    (("[1, 3]", "3", "1"), "inside"),
    (("1", "3", "[3, 1]"), "inside"),
    (("3", "3", "1"), "inside"),
    (("1", "3", "3"), "inside"),
    (("1", "1", "1"), "inside"),
    (("1", "1"), "inside"),
    (("3", "3"), "inside"),
    (("1", "3"), "inside"),
])  # fmt: skip
def test_kinds_of_blocks(kernels: tuple[str, ...], role: str) -> None:
    padding = {"1": "0", "3": "1", "[1, 3]": "[0, 1]", "[3, 1]": "[1, 0]"}
    last = len(kernels) - 1
    inside = ", ".join(
        f"{{name: b{i}, conv: {16 if i == last else 4 * (i + 1)}, kernel: {k}, "
        f"padding: {padding[k]}}}"
        for i, k in enumerate(kernels)
    )
    found = groups_of(f"{STEM}- residual: [{inside}]\n{END}")
    for i in range(last):
        assert (found[f"b{i}"].role, found[f"b{i}"].blocks) == (role, 1)
        assert found[f"b{i}"].raw == (0.4 if role == "bottleneck" else 0.8)
    # The group of 16 is a layer's and a block's.
    assert found[f"b{last}"] is found["wide"]
    assert (found["wide"].role, found["wide"].blocks, found["wide"].raw) == ("", 2, 2.0)


def test_a_branch_ends_where_the_operands_fork() -> None:
    found = groups_of(STEM + """\
- {name: fork, conv: 16, kernel: 3, padding: 1}
- {name: in1, conv: 4, kernel: 1, from: fork}
- {name: one, conv: 16, kernel: 1}
- {name: in2, conv: 6, kernel: 3, padding: 1, from: fork}
- {name: two, conv: 16, kernel: 1}
- {name: sum, add: [one, two]}
- {name: after, conv: 12, kernel: 1}
""" + END)  # fmt: skip
    # Inside are in1 and in2 alone: the fork and what is before and after it are of no block.
    roles = {name: group.role for name, group in found.items()}
    assert roles == {"stem": "stem", "wide": "", "fork": "", "in1": "inside", "one": "",
                     "in2": "inside", "two": "", "after": "", "out": "dense"}  # fmt: skip
    # Both operands' last layers are written by one block; the fork's width is another group.
    assert found["one"] is found["two"]
    assert (found["one"].blocks, found["one"].raw) == (1, 1.0)
    assert (found["fork"].blocks, found["fork"].raw) == (1, 1.0)


def test_each_block_that_writes_a_group_counts_once() -> None:
    block = "[{name: a%d, conv: 4, kernel: 3, padding: 1}, {name: b%d, conv: 16, kernel: 1}]"
    blocks = "".join(f"- residual: {block % (i, i)}\n" for i in (1, 2, 3))
    found = groups_of(STEM + blocks + END)
    assert (found["wide"].blocks, found["wide"].raw) == (1 + 3, 4.0)
    assert [(found[f"a{i}"].role, found[f"a{i}"].raw) for i in (1, 2, 3)] == [("inside", 0.8)] * 3


def test_three_operands_of_one_sum() -> None:
    found = groups_of(STEM + """\
- {name: one, conv: 16, kernel: 1, from: wide}
- {name: in2, conv: 4, kernel: 1, from: wide}
- {name: two, conv: 16, kernel: 1}
- {name: in3, conv: 6, kernel: 1, from: wide}
- {name: three, conv: 16, kernel: 3, padding: 1}
- {name: sum, add: [one, two, three]}
""" + END)  # fmt: skip
    assert [found[name].role for name in ("in2", "in3")] == ["inside", "inside"]
    assert found["one"] is found["two"] is found["three"]
    assert (found["one"].blocks, found["wide"].blocks) == (1, 1)  # one block; the layer before


def test_a_block_of_dense_layers_counts_its_group_twice() -> None:
    found = groups_of("""\
- {name: stem, conv: 8, kernel: 3}
- {name: first, dense: 16}
- residual: [{name: a, dense: 4}, {name: b, dense: 16}]
- {name: out, dense: 10}
""")
    # Half for each of the two that write it; inside a block too, a dense layer is one.
    assert found["first"] is found["b"]
    assert (found["b"].role, found["b"].blocks, found["b"].raw) == ("dense", 2, 2 * 0.5)
    assert (found["a"].role, found["a"].raw) == ("dense", 0.5)


def test_a_group_of_a_convolution_and_a_dense_layer_is_no_dense_one() -> None:
    found = groups_of("""\
- {name: stem, conv: 8, kernel: 3}
- {name: c, conv: 16, kernel: 3}
- global_avgpool
- flatten
- residual: [{name: d, dense: 16}]
- {name: out, dense: 10}
""")
    assert found["c"] is found["d"]
    assert (found["c"].role, found["c"].raw) == ("", 2.0)


@pytest.mark.parametrize(("before", "role"), [
    ("", "stem"),
    ("- {pad: 1}\n- relu\n", "stem"),  # nothing is learned on the way
    ("- batchnorm\n", ""),
    ("- {concat: [input, input]}\n", ""),  # a join is no way from the input alone
])  # fmt: skip
def test_the_first_convolution(before: str, role: str) -> None:
    found = groups_of(before + "- {name: c, conv: 16, kernel: 3}\n" + END)
    assert (found["c"].role, found["c"].raw) == (role, 1.5 if role else 1.0)


def test_where_nothing_can_change_nothing_has_a_share() -> None:
    found = groups_of("- {name: c, conv: 16, kernel: 3}\n")
    assert (found["c"].frozen, found["c"].weight) == (True, 0.0)


@pytest.mark.parametrize(("size", "layer", "opens"), [
    ("[1, 9, 9]", "conv: 1, kernel: 1, groups: 1", True),
    ("[2, 9, 9]", "conv: 2, kernel: 1, groups: 2", False),  # depthwise
    ("[2, 9, 9]", "linear: 2", True),  # it has no groups at all
])  # fmt: skip
def test_a_depthwise_convolution_has_two_groups_or_more(size: str, layer: str, opens: bool) -> None:
    found = groups_of(f"- {{name: c, {layer}}}\n- {{conv: 4, kernel: 1}}\n", size)
    assert ("c" in found) == opens


BLOCKS = {
    # Expand, depthwise, project: the depthwise layer sets no width.
    "inverted residual": ("""\
- residual: [{name: x, conv: 48, kernel: 1}, {depthwise_conv: 3, padding: 1}, relu6,
             {name: z, conv: 16, kernel: 1}]
""", "inside"),
    "an activation is no layer of the pattern": ("""\
- residual: [{name: x, conv: 8, kernel: 1}, {name: z, conv: 16, kernel: 3, padding: 1}, relu]
""", "inside"),
    "a linear layer is a 1x1 convolution": ("""\
- residual: [{name: x, linear: 8}, {conv: 8, kernel: 3, padding: 1}, {name: z, linear: 16}]
""", "bottleneck"),
    "a projection beside the block is no part of its pattern": ("""\
- parallel:
  - [{name: x, conv: 8, kernel: 1}, {conv: 8, kernel: 3, padding: 1}, {conv: 16, kernel: 1}]
  - [{conv: 16, kernel: 3, padding: 1}]
  join: add
""", "bottleneck"),
    "what is concatenated is no residual branch": ("""\
- parallel: [[{name: x, conv: 8, kernel: 3, padding: 1}, {conv: 8, kernel: 1}], []]
""", ""),
    "nor what is multiplied": ("""\
- parallel: [[{name: x, conv: 8, kernel: 3, padding: 1}, {conv: 16, kernel: 1}], []]
  join: mul
""", ""),
}  # fmt: skip


@pytest.mark.parametrize("block", BLOCKS)
def test_what_is_inside_a_residual_branch(block: str) -> None:
    lines, role = BLOCKS[block]
    found = groups_of(STEM + lines + END)
    raw = {"inside": 0.8, "bottleneck": 0.4, "": 1.0}[role]
    assert (found["x"].role, found["x"].raw) == (role, raw)
