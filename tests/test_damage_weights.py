"""What each group of channels weighs: the raw weights of the published fits, shared out by hand."""

from __future__ import annotations

from fractions import Fraction
from math import log

import pytest
from spaces import draft_of
from suggested_edits import edits, one, phrases

from cnncost.suggest.edits.width import width_decisions
from cnncost.suggest.text import damage
from cnncost.suggest.text.editable_spec import EditableSpec, read_editable_spec
from cnncost.suggest.text.text_places import SpecText


def phi(u: float) -> float:
    """The fit over MobileNet's width tables, as the notes on it give it."""
    return 0.2373 * u + 0.1027 * u * u


def phi_resolution(u: float) -> float:
    return 0.2558 * u + 0.1437 * u * u


def weights(editable: EditableSpec) -> dict[str, tuple[str, float]]:
    """The role and the weight of the group that each layer writes."""
    found = {}
    for node in editable.network.layers:
        group = editable.groups.group_written_by(node.index)
        if group is not None:
            found[node.name] = (group.role, 0.0 if group.frozen else group.weight)
    return found


def expected(raws: dict[str, tuple[str, float]]) -> dict[str, tuple[str, object]]:
    total = sum(Fraction(str(raw)) for _, raw in raws.values())
    return {
        name: (role, pytest.approx(float(Fraction(str(raw)) / total), abs=1e-12))
        for name, (role, raw) in raws.items()
    }


def test_a_chain() -> None:
    editable = draft_of("""\
input: [3, 16, 16]
layers:
- {name: stem, conv: 16, kernel: 3}
- {name: mid, conv: 16, kernel: 3}
- {name: hidden, dense: 16}
- {name: out, dense: 10}
""")
    # 1.5 the stem, 1 a convolution, 0.5 a hidden dense layer; the output's width stays.
    raws = {"stem": ("stem", 1.5), "mid": ("", 1.0), "hidden": ("dense", 0.5), "out": ("dense", 0)}
    assert weights(editable) == expected(raws)


def test_groups_that_blocks_write_and_groups_inside_them() -> None:
    editable = draft_of("""\
input: [3, 16, 16]
layers:
- {name: stem, conv: 16, kernel: 3}
- {name: first, conv: 32, kernel: 3}
- residual: [{name: a, conv: 8, kernel: 1}, {name: b, conv: 8, kernel: 3, padding: 1},
             {name: c, conv: 32, kernel: 1}]
- residual: [{name: d, conv: 24, kernel: 3, padding: 1}, {name: e, conv: 32, kernel: 3, padding: 1}]
- global_avgpool
- {name: out, dense: 10}
""")
    found = {name.rpartition(".")[2]: value for name, value in weights(editable).items()}
    # Inside a bottleneck (1x1, 3x3, 1x1) 0.4 a group; inside another block 0.8. The group of 32
    # is written by a layer and two blocks. All: 1.5 + 3 + 0.4 + 0.4 + 0.8.
    total = 1.5 + 3 + 0.4 + 0.4 + 0.8
    raws = {"stem": ("stem", 1.5), "first": ("", 3), "a": ("bottleneck", 0.4),
            "b": ("bottleneck", 0.4), "c": ("", 3), "d": ("inside", 0.8), "e": ("", 3),
            "out": ("dense", 0)}  # fmt: skip
    assert found == {name: (role, pytest.approx(raw / total)) for name, (role, raw) in raws.items()}


def test_a_stem_that_blocks_add_to_weighs_its_half_more_once() -> None:
    editable = draft_of("""\
input: [3, 16, 16]
layers:
- {name: stem, conv: 16, kernel: 3}
- residual: [{name: a, conv: 24, kernel: 3, padding: 1}, {name: b, conv: 16, kernel: 1}]
- global_avgpool
- {name: out, dense: 10}
""")
    found = {name.rpartition(".")[2]: value[1] for name, value in weights(editable).items()}
    # The group of 16 is the stem's and a block's: 1.5 + 1; a is inside: 0.8.
    assert found["stem"] == found["b"] == pytest.approx(2.5 / 3.3)
    assert found["a"] == pytest.approx(0.8 / 3.3)


@pytest.mark.parametrize(("line", "opens"), [
    ("{conv: 4, kernel: 3, groups: 4}", False),  # depthwise: its width follows its input's
    ("{conv: 8, kernel: 3, groups: 4}", True),
    ("{conv: 4, kernel: 3, groups: 2}", True),
    ("{conv: 4, kernel: 3}", True),
])  # fmt: skip
def test_which_layers_set_a_width(line: str, opens: bool) -> None:
    editable = draft_of(f"input: [3, 9, 9]\nlayers:\n- {{conv: 4, kernel: 1}}\n- {line}\n- relu\n")
    assert (editable.groups.group_written_by(2) is not None) == opens


def test_a_layer_of_one_channel_sets_its_width() -> None:
    editable = draft_of(
        "input: [1, 9, 9]\nlayers:\n- {conv: 1, kernel: 3}\n- {conv: 4, kernel: 1}\n"
    )
    assert editable.groups.group_written_by(1) is not None


def test_a_width_costs_its_weight_times_the_curve() -> None:
    editable = draft_of("""\
input: [3, 16, 16]
layers:
- {name: stem, conv: 16, kernel: 3}
- {name: mid, conv: 16, kernel: 3}
- {name: hidden, dense: 16}
- {name: out, dense: 10}
""")
    for name, raw, what in (("stem", 1.5, "filters"), ("hidden", 0.5, "units")):
        edit = one(editable, f"{name}: 16 to 8 {what}")
        # In units of 1e-5, and 1e-4 for an edit.
        assert edit.score == round(100_000 * raw / 3 * phi(log(2))) + 10


def test_channels_end_at_a_quarter() -> None:
    text = "input: [3, 8, 8]\nlayers:\n- {name: c, conv: 36, kernel: 3}\n- {conv: 10, kernel: 1}\n"
    # 7/8 to 2/8 of 36 are 31.5, 27, 22.5, 18, 13.5 and 9, to multiples of 4, halves up; 8 is less
    # than a quarter.
    widths = [phrase.split()[3] for phrase in phrases(draft_of(text), "width")]
    assert widths == ["32", "28", "24", "20", "12"]


def test_a_stack_that_is_narrower_inside_is_priced_as_a_rank() -> None:
    editable = draft_of("""\
input: [8, 16, 16]
layers:
- {name: wide, conv: 32, kernel: 5, padding: 2}
- {name: mid, conv: 16, kernel: 3}
- {name: out, conv: 10, kernel: 1}
""")
    edit = one(editable, "wide: 5x5 as two 3x3, through 8 filters")
    # The stem weighs 1.5 of 2.5; the rank is 8 of 32.
    assert edit.score == round(100_000 * 0.75 * (1.5 / 2.5) * phi(log(4))) + 10


def test_a_stride_costs_the_square_of_the_share_behind_it() -> None:
    editable = draft_of("""\
input: [3, 16, 16]
layers:
- {name: stem, conv: 16, kernel: 3}
- {name: mid, conv: 16, kernel: 3}
- {name: last, conv: 16, kernel: 3}
- {name: out, conv: 10, kernel: 1}
""")
    for name, share in (("stem", 1.0), ("mid", 2 / 3.5), ("last", 1 / 3.5)):
        edit = one(editable, f"{name}: stride 1 to 2")
        assert edit.score == round(100_000 * phi_resolution(log(2)) * share**2) + 10


def test_a_number_of_two_groups_costs_both() -> None:
    editable = draft_of("""\
input: [3, 16, 16]
blocks:
  pair(width):
  - {conv: width, kernel: 3}
  - {conv: width, kernel: 3}
layers:
- {name: stem, conv: 16, kernel: 3}
- {name: two, pair: 32}
- global_avgpool
- {name: out, dense: 10}
""")
    (edit,) = [c for c in edits(editable) if c.kind == "width" and "32 to 16" in c.phrase]
    # 1.5 the stem, 1 each of the pair.
    assert edit.score == round(100_000 * 2 / 3.5 * phi(log(2))) + 10


def test_below_a_quarter_only_where_that_is_allowed() -> None:
    text = "input: [3, 8, 8]\nlayers:\n- {name: c, conv: 36, kernel: 3}\n- {conv: 10, kernel: 1}\n"
    editable = draft_of(text)
    for extrapolate, widths in ((False, "32 28 24 20 12"), (True, "32 28 24 20 12 8 4")):
        (decision,) = width_decisions(editable, extrapolate=extrapolate)
        # 3/16 and 1/8 of 36 are 6.75 and 4.5: 8, which 2/8 gives too, and 4.
        assert [c.phrase.split()[3] for c in decision.options[1:]] == widths.split()


@pytest.mark.parametrize(("lines", "widths"), [
    # Multiples of 8 of 32: 28, 24, 20, 16, 12 and 8, halves up.
    ("{name: c, conv: 32, kernel: 1}", "24 16 8"),
    ("{name: c, conv: 32, kernel: 1}\n- {depthwise_conv: 3}", "24 16 8"),  # it follows
    # Of 9 any: 7.875, 6.75, 5.625, 4.5 and 3.375; 2.25 would be less than a quarter.
    ("{name: c, conv: 9, kernel: 1}", "8 7 6 5 3"),
    # Of 24 multiples of 4, and of 3 groups 12.
    ("{name: c, conv: 24, kernel: 1}", "20 16 12 8"),
    ("{name: c, conv: 24, kernel: 1}\n- {conv: 9, kernel: 1, groups: 3}", "12"),
    ("{name: c, dense: 4096}", "3072 2048 1024 512 256"),  # parts, and the usual three
    ("{name: c, dense: 100}", "75 50 25 12"),
])  # fmt: skip
def test_the_widths_that_are_offered(lines: str, widths: str) -> None:
    last = "dense: 10" if "dense:" in lines else "conv: 12, kernel: 1"
    editable = draft_of(f"input: [3, 8, 8]\nlayers:\n- {lines}\n- {{name: out, {last}}}\n")
    found = [c.phrase for v in width_decisions(editable, extrapolate=False) for c in v.options[1:]]
    assert [phrase.split()[3] for phrase in found if phrase.startswith("c:")] == widths.split()


def test_a_stride_within_a_block_is_ahead_of_one_writer_of_two() -> None:
    editable = draft_of("""\
input: [3, 16, 16]
layers:
- {name: stem, conv: 16, kernel: 3}
- residual: [{name: a, conv: 24, kernel: 3, padding: 1}, {name: b, conv: 16, kernel: 1}]
- global_avgpool
- {name: out, dense: 10}
""")
    (edit,) = [c for c in edits(editable) if c.phrase.endswith("a: stride 1 to 2")]
    # The group of 16 weighs 2.5 of 3.3, half of its writers stand behind; a's own 0.8.
    share = (2.5 / 2 + 0.8) / 3.3
    assert edit.score == round(100_000 * phi_resolution(log(2)) * share**2) + 10


@pytest.mark.parametrize("line", [
    "{reshape: [4, 72]}", "{permute: [1, 3, 2]}", "{slice: [0, 8]}", "{pixel_shuffle: 1}",
    "{space_to_depth: 1}", "flatten", "{depthwise_conv: 1, multiplier: 2}",
])  # fmt: skip
def test_moved_numbers_are_other_channels(line: str) -> None:
    text = f"input: [3, 6, 6]\nlayers:\n- {{conv: 8, kernel: 1}}\n- {line}\n- relu\n"
    groups = draft_of(text).groups
    assert set(groups.groups_at(1)).isdisjoint(groups.groups_at(2))
    assert groups.groups_at(3) == groups.groups_at(2)  # a relu's are its input's


def test_what_does_not_shrink_costs_nothing() -> None:
    assert [damage.ratio_damage(8, after) for after in (8, 9, 16)] == [0, 0, 0]
    assert damage.ratio_damage(8, 4) == pytest.approx(phi(log(2)))
    assert [damage.equivalent_width(score) for score in (0, -1, -5000)] == [1, 1, 1]


def test_a_kept_layers_width_weighs_nothing() -> None:
    text = """\
input: [3, 16, 16]
layers:
- {name: stem, conv: 16, kernel: 3}
- {name: mid, conv: 16, kernel: 3}
- {name: end, conv: 10, kernel: 1}
"""
    editable = read_editable_spec(SpecText("net.yaml", text), kept=["mid"])
    # The stem is all that can change.
    assert weights(editable) == {"stem": ("stem", 1.0), "mid": ("", 0.0), "end": ("", 0.0)}
    assert [c.phrase.split(":")[0] for c in edits(editable) if c.kind == "width"] == ["stem"] * 3
