"""What each group is to its network, and how many blocks write it, by the docs' rules."""

from __future__ import annotations

import pytest
from spaces import draft_of

from cnncost.plans.edits.channel_groups import ChannelGroup


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


@pytest.mark.parametrize("kernels", [("1", "3", "1"), ("3", "3"), ("1", "3"), ("1", "1", "1")])
def test_a_block_writes_the_group_that_it_adds_to(kernels: tuple[str, ...]) -> None:
    padding = {"1": "0", "3": "1"}
    last = len(kernels) - 1
    inside = ", ".join(
        f"{{name: b{i}, conv: {16 if i == last else 4 * (i + 1)}, kernel: {k}, "
        f"padding: {padding[k]}}}"
        for i, k in enumerate(kernels)
    )
    found = groups_of(f"{STEM}- residual: [{inside}]\n{END}")
    for i in range(last):
        assert (found[f"b{i}"].role, found[f"b{i}"].blocks) == ("", 1)
    # The group of 16 is a layer's and a block's.
    assert found[f"b{last}"] is found["wide"]
    assert (found["wide"].role, found["wide"].blocks) == ("", 2)


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
    roles = {name: group.role for name, group in found.items() if group.role}
    assert roles == {"stem": "stem", "out": "dense"}
    # Both operands' last layers are written by one block; the fork's width is another group.
    assert found["one"] is found["two"]
    assert found["one"].blocks == 1
    assert found["fork"].blocks == 1


def test_each_block_that_writes_a_group_counts_once() -> None:
    block = "[{name: a%d, conv: 4, kernel: 3, padding: 1}, {name: b%d, conv: 16, kernel: 1}]"
    blocks = "".join(f"- residual: {block % (i, i)}\n" for i in (1, 2, 3))
    found = groups_of(STEM + blocks + END)
    assert found["wide"].blocks == 1 + 3
    assert [found[f"a{i}"].blocks for i in (1, 2, 3)] == [1] * 3


def test_three_operands_of_one_sum() -> None:
    found = groups_of(STEM + """\
- {name: one, conv: 16, kernel: 1, from: wide}
- {name: in2, conv: 4, kernel: 1, from: wide}
- {name: two, conv: 16, kernel: 1}
- {name: in3, conv: 6, kernel: 1, from: wide}
- {name: three, conv: 16, kernel: 3, padding: 1}
- {name: sum, add: [one, two, three]}
""" + END)  # fmt: skip
    assert found["one"] is found["two"] is found["three"]
    assert (found["one"].blocks, found["wide"].blocks) == (1, 1)  # one block; the layer before


@pytest.mark.parametrize("lines", [
    # What is concatenated or multiplied is no residual branch: its writer counts for itself.
    "- parallel: [[{name: x, conv: 8, kernel: 3, padding: 1}, {conv: 8, kernel: 1}], []]\n",
    "- parallel: [[{name: x, conv: 8, kernel: 3, padding: 1}, {conv: 16, kernel: 1}], []]\n"
    "  join: mul\n",
])  # fmt: skip
def test_other_joins_are_no_blocks(lines: str) -> None:
    found = groups_of(STEM + lines + END)
    assert found["wide"].blocks == (2 if "mul" in lines else 1)  # two layers, and no block


def test_a_block_of_dense_layers_writes_its_group_too() -> None:
    found = groups_of("""\
- {name: stem, conv: 8, kernel: 3}
- {name: first, dense: 16}
- residual: [{name: a, dense: 4}, {name: b, dense: 16}]
- {name: out, dense: 10}
""")
    assert found["first"] is found["b"]
    assert (found["b"].role, found["b"].blocks) == ("dense", 2)
    assert (found["a"].role, found["a"].blocks) == ("dense", 1)


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
    assert found["c"].role == ""


@pytest.mark.parametrize(("before", "role"), [
    ("", "stem"),
    ("- {pad: 1}\n- relu\n", "stem"),  # nothing is learned on the way
    ("- batchnorm\n", ""),
    ("- {concat: [input, input]}\n", ""),  # a join is no way from the input alone
])  # fmt: skip
def test_the_first_convolution(before: str, role: str) -> None:
    found = groups_of(before + "- {name: c, conv: 16, kernel: 3}\n" + END)
    assert found["c"].role == role


def test_a_stem_that_blocks_add_to_is_one() -> None:
    found = groups_of("""\
- {name: stem, conv: 16, kernel: 3}
- residual: [{name: a, conv: 24, kernel: 3, padding: 1}, {name: b, conv: 16, kernel: 1}]
""" + END)  # fmt: skip
    assert found["stem"] is found["b"]
    assert (found["b"].role, found["b"].blocks) == ("stem", 2)


def test_the_output_s_width_stays() -> None:
    found = groups_of("- {name: c, conv: 16, kernel: 3}\n")
    assert found["c"].frozen


@pytest.mark.parametrize(("size", "layer", "opens"), [
    ("[1, 9, 9]", "conv: 1, kernel: 1, groups: 1", True),
    ("[2, 9, 9]", "conv: 2, kernel: 1, groups: 2", False),  # depthwise
    ("[2, 9, 9]", "linear: 2", True),  # it has no groups at all
    ("[4, 9, 9]", "conv: 4, kernel: 3, groups: 4", False),  # its width follows its input's
    ("[4, 9, 9]", "conv: 8, kernel: 3, groups: 4", True),
    ("[4, 9, 9]", "conv: 4, kernel: 3, groups: 2", True),
    ("[4, 9, 9]", "conv: 4, kernel: 3", True),
])  # fmt: skip
def test_a_depthwise_convolution_has_two_groups_or_more(size: str, layer: str, opens: bool) -> None:
    found = groups_of(f"- {{name: c, {layer}}}\n- {{conv: 4, kernel: 1}}\n", size)
    assert ("c" in found) == opens


@pytest.mark.parametrize("line", [
    "{reshape: [4, 72]}", "{permute: [1, 3, 2]}", "{slice: [0, 8]}", "{pixel_shuffle: 1}",
    "{space_to_depth: 1}", "flatten", "{depthwise_conv: 1, multiplier: 2}",
])  # fmt: skip
def test_moved_numbers_are_other_channels(line: str) -> None:
    text = f"input: [3, 6, 6]\nlayers:\n- {{conv: 8, kernel: 1}}\n- {line}\n- relu\n"
    groups = draft_of(text).groups
    assert set(groups.groups_at(1)).isdisjoint(groups.groups_at(2))
    assert groups.groups_at(3) == groups.groups_at(2)  # a relu's are its input's
