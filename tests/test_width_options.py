"""The widths that are offered: parts of a number, in its own steps, down to what is known."""

from __future__ import annotations

from fractions import Fraction

import pytest
from spaces import draft_of
from suggested_edits import edits, phrases

from cnncost.plans.edits.edit import NARROWEST, AllowedEdits
from cnncost.plans.edits.editable_spec import EditableSpec, read_editable_spec
from cnncost.plans.edits.text_changes import SpecText
from cnncost.plans.edits.width import BEYOND, DENSE_PARTS, DENSE_UNITS, PARTS, width_decisions


def multiples(width: int, step: int, parts: tuple[Fraction, ...] = PARTS) -> list[str]:
    """Parts of a width as multiples of a step, halves up, without those below a quarter."""
    found = {step * max(1, int(width * part / step + Fraction(1, 2))) for part in parts}
    return [str(n) for n in sorted(found, reverse=True) if NARROWEST * width <= n < width]


def offered(editable: EditableSpec, name: str, *, extrapolate: bool = False) -> list[str]:
    """The widths that the layer of a name is offered."""
    found = [
        edit.phrase
        for decision in width_decisions(editable, AllowedEdits(extrapolate=extrapolate))
        for edit in decision.options[1:]
    ]
    return [phrase.split()[3] for phrase in found if phrase.startswith(f"{name}:")]


def test_parts_lie_between_all_and_a_quarter() -> None:
    assert min(PARTS) == Fraction(NARROWEST) == Fraction(1, 4)
    assert max(PARTS) < 1
    assert {Fraction(1, 2), Fraction(3, 4), Fraction(7, 8)} <= set(PARTS)
    assert max(BEYOND) < Fraction(1, 4)


@pytest.mark.parametrize(("lines", "width", "step"), [
    ("{name: c, conv: 32, kernel: 1}", 32, 8),
    ("{name: c, conv: 32, kernel: 1}\n- {depthwise_conv: 3}", 32, 8),  # it follows
    ("{name: c, conv: 9, kernel: 1}", 9, 1),
    ("{name: c, conv: 256, kernel: 1}", 256, 8),
    ("{name: c, conv: 36, kernel: 1}", 36, 4),
    # Of 24 multiples of 4, of fewer than four steps none; and of 3 groups 12.
    ("{name: c, conv: 24, kernel: 1}", 24, 4),
    ("{name: c, conv: 24, kernel: 1}\n- {conv: 9, kernel: 1, groups: 3}", 24, 12),
])  # fmt: skip
def test_the_widths_of_channels(lines: str, width: int, step: int) -> None:
    text = f"input: [3, 8, 8]\nlayers:\n- {lines}\n- {{name: out, conv: 12, kernel: 1}}\n"
    found = offered(draft_of(text), "c")
    assert found == multiples(width, step)
    assert found


@pytest.mark.parametrize("units", [4096, 1000, 100])
def test_the_widths_of_dense_layers(units: int) -> None:
    text = f"input: [3, 8, 8]\nlayers:\n- {{name: c, dense: {units}}}\n- {{dense: 10}}\n"
    parts = {int(units * part) for part in DENSE_PARTS} | set(DENSE_UNITS)
    expected = [str(n) for n in sorted(parts, reverse=True) if n < units]
    assert offered(draft_of(text), "c") == expected
    assert str(units // 2) in expected


SMALL = "input: [3, 8, 8]\nlayers:\n- {name: c, conv: 36, kernel: 3}\n- {conv: 10, kernel: 1}\n"


def test_channels_end_at_a_quarter() -> None:
    # 2/8 of 36 is 9, to multiples of 4 it would be 8: less than a quarter.
    widths = [int(phrase.split()[3]) for phrase in phrases(draft_of(SMALL), "width")]
    assert min(widths) == 12
    assert max(widths) == 32


def test_below_a_quarter_only_where_that_is_allowed() -> None:
    editable = draft_of(SMALL)
    known = offered(editable, "c")
    # 3/16 and 1/8 of 36 are 6.75 and 4.5: 8, which 2/8 gives too, and 4.
    assert offered(editable, "c", extrapolate=True) == [*known, "8", "4"]
    assert {"8", "4"}.isdisjoint(known)


def test_a_number_of_two_groups_is_one_width() -> None:
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
    assert "{name: two, pair: 16}" in editable.edited_text(edit.changes)


def test_a_kept_layer_s_width_stays() -> None:
    text = """\
input: [3, 16, 16]
layers:
- {name: stem, conv: 16, kernel: 3}
- {name: mid, conv: 16, kernel: 3}
- {name: end, conv: 10, kernel: 1}
"""
    editable = read_editable_spec(SpecText("net.yaml", text), kept=["mid"])
    labels = {c.phrase.split(":")[0] for c in edits(editable) if c.kind == "width"}
    assert labels == {"stem"}
