"""Each layer knows its line, and each of its numbers the scalars that it derives from."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st
from kinds import list_kinds

from cnncost import Spec, load
from cnncost.errors import CnncostError
from cnncost.language import Settings, read_spec
from cnncost.language.values import Origin
from cnncost.layers.convolution import Conv
from cnncost.layers.dense import Dense
from cnncost.place import Place

SPEC = """\
input: [3, 32, 32]
params: {alpha: 0.5}
blocks:
  unit(width, kernel=3, se=false, how=nearest, twice=2 * width):
    - {name: a, conv: width, kernel: kernel, padding: same}
    - {name: b, conv: 4 * width, kernel: [1, kernel], bias: se, padding: [0, kernel // 2]}
    - {name: c, conv: twice, kernel: 1}
    - {upsample: 2, mode: how}
    - {conv: channels, kernel: 1, name: d}
  stage(n, width): [{unit: width, repeat: n, name: u}]
layers:
  - {name: first, conv: "8", kernel: 5, stride: [2, 1]}
  - {name: second, conv: 64 * alpha, kernel: 1}
  - {name: third, conv: multiple(10 * alpha), kernel: 1, groups: alpha * 2}
  - {name: s, stage: 2, width: 7}
  - {name: t, unit: 6, kernel: 5, se: true, how: bilinear, twice: 9}
  - dense: 10
    name: out
"""


def origins(spec: Spec, name: str, field: str) -> list[tuple[str, str]]:
    """The texts and roles of a field's origins."""
    (node,) = (node for node in spec.network.layers if node.name == name)
    found = spec.written[node.index].origins.get(field, ())
    return [(spec.text.read_span(origin.place), origin.role) for origin in found]


@pytest.mark.parametrize(
    ("layer", "field", "wanted"),
    [
        ("first", "filters", [('"8"', "number")]),
        ("first", "kernel", [("5", "number")]),
        ("first", "stride", [("2", "number"), ("1", "number")]),
        ("first", "padding", []),
        ("second", "filters", [("64 * alpha", "expression"), ("0.5", "param")]),
        ("third", "groups", [("alpha * 2", "expression"), ("0.5", "param")]),
        ("s.u.1.a", "filters", [("7", "number")]),
        ("s.u.2.a", "filters", [("7", "number")]),
        ("s.u.2.a", "kernel", [("3", "default")]),
        ("s.u.2.a", "padding", [("same", "word")]),
        ("s.u.2.b", "filters", [("4 * width", "expression"), ("7", "number")]),
        ("s.u.2.b", "kernel", [("1", "number"), ("3", "default")]),
        ("s.u.2.b", "bias", [("false", "default")]),
        ("s.u.2.b", "padding", [("0", "number"), ("kernel // 2", "expression"), ("3", "default")]),
        ("s.u.1.c", "filters", [("2 * width", "default"), ("7", "number")]),
        ("s.u.1.upsample1", "factor", [("2", "number")]),
        ("s.u.1.upsample1", "mode", [("nearest", "default")]),
        ("s.u.1.d", "filters", []),
        ("t.a", "filters", [("6", "number")]),
        ("t.a", "kernel", [("5", "number")]),
        ("t.b", "bias", [("true", "boolean")]),
        ("t.c", "filters", [("9", "number")]),
        ("t.upsample1", "mode", [("bilinear", "word")]),
        ("out", "units", [("10", "number")]),
    ],
)
def test_origins(layer: str, field: str, wanted: list[tuple[str, str]]) -> None:
    assert origins(read_spec(SPEC, "x.yaml"), layer, field) == wanted


def test_a_param_that_is_set_from_outside() -> None:
    spec = read_spec(SPEC, "x.yaml", Settings({"alpha": 2}))
    assert origins(spec, "second", "filters") == [("64 * alpha", "expression"), ("0.5", "setting")]


def test_lines_and_calls() -> None:
    spec = read_spec(SPEC, "x.yaml")
    node = next(node for node in spec.network.layers if node.name == "s.u.2.b")
    assert spec.text.line_column(node.place.start) == (6, 7)
    call = spec.written[node.index].call
    calls = []
    while call is not None:
        calls.append((call.block, spec.text.line_column(call.place.start)))
        call = call.outer
    assert calls == [("unit", (10, 21)), ("stage", (15, 5))]
    last = spec.network.layers[-1]
    assert spec.text.read_span(last.place) == "dense: 10\n    name: out"
    assert spec.text.line_column(last.place.start) == (17, 5)


@pytest.mark.parametrize("name", list_kinds())
def test_every_layer_of_the_bundled_networks(name: str) -> None:
    spec = load(name)
    for node in spec.network.layers:
        written = spec.written[node.index]
        assert written.line.place == node.place
        text = spec.text.read_span(node.place)
        assert text == text.strip()
        for field, found in written.origins.items():
            value = getattr(node.layer, field)
            if len(found) == 1 and found[0].role == "number":
                scalar = spec.text.read_span(found[0].place)
                flat = set(_flat(value))
                # The parts of a list may be numbers of the same line, such as a slice's 0.
                assert len(flat) == 1 or field == "span", f"{node.name}: {field}"
                assert Fraction(scalar) in flat


# Another number at a place changes just the fields that have it among their origins


@st.composite
def specs(draw: st.DrawFn) -> str:
    """A spec whose numbers pass through params, blocks, defaults, expressions and repeats, all
    of them linear with positive factors, so that no change is lost."""
    blocks: list[tuple[str, list[str]]] = []
    parts = ["input: [3, 40, 40]", "params: {p: 2, q: 1}", "blocks:"]
    for index in range(draw(st.integers(0, 2))):
        names = [f"w{index}", f"k{index}"][: draw(st.integers(1, 2))]
        known = ["p", "q"]
        signature = names[:1]
        for name in names[1:]:
            default = _number(draw, [*known, names[0]]).replace("'", "")
            signature += [f"{name}={default}"]
        key = f"b{index}({', '.join(signature)})"
        quote = draw(st.sampled_from(["", '"', "'"]))
        parts.append(f"  {quote}{key}{quote}:")
        parts += _lines(draw, [*known, *names], blocks, "    ")
        blocks.append((f"b{index}", names))
    if not blocks:
        parts[-1] = "blocks: {}"
    parts.append("layers:")
    parts += _lines(draw, ["p", "q"], blocks, "  ")
    return draw(st.sampled_from(["\n", "\r\n"])).join([*parts, ""])


def _lines(
    draw: st.DrawFn, names: list[str], blocks: list[tuple[str, list[str]]], indent: str
) -> list[str]:
    lines = []
    for _ in range(draw(st.integers(1, 3))):
        keys = _keys(draw, names, blocks)
        if draw(st.booleans()):
            keys.append(("repeat", draw(st.sampled_from(["1", "2"]))))
        if draw(st.booleans()):
            lines.append(f"{indent}- {{{', '.join(f'{key}: {value}' for key, value in keys)}}}")
        else:
            lines.append(f"{indent}- " + f"\n{indent}  ".join(f"{k}: {v}" for k, v in keys))
    return [line for text in lines for line in text.split("\n")]


def _keys(
    draw: st.DrawFn, names: list[str], blocks: list[tuple[str, list[str]]]
) -> list[tuple[str, str]]:
    kind = draw(st.sampled_from(["conv", "lrn", "block"]))
    if kind == "block" and blocks:
        block, parameters = draw(st.sampled_from(blocks))
        given = [block, *parameters[1:]][: draw(st.integers(1, 2))]
        return [(key, _number(draw, names)) for key in given]
    if kind == "lrn":
        return [("lrn", _number(draw, names))]
    kernel = _number(draw, names)
    if draw(st.booleans()):
        kernel = f"[{kernel}, {_number(draw, names)}]"
    return [("conv", _number(draw, names)), ("kernel", kernel), ("padding", "same")]


def _number(draw: st.DrawFn, names: list[str]) -> str:
    literal = str(draw(st.integers(1, 4)))
    name, other = draw(st.sampled_from(names)), draw(st.sampled_from(names))
    linear = [f"{name} + {literal}", f"2 * {name}", f"({name}+{other})"]
    return draw(st.sampled_from([literal, f"'{literal}'", name, *linear]))


def _fields(spec: Spec) -> dict[tuple[int, str], tuple[Any, tuple[Origin, ...]]]:
    """For each field that a line gives: its value and origins."""
    return {
        (node.index, field): (getattr(node.layer, field), found)
        for node in spec.network.layers
        for field, found in spec.written[node.index].origins.items()
    }


def _flat(value: Any) -> list[Any]:
    return [n for item in value for n in _flat(item)] if isinstance(value, tuple) else [value]


@budget(max_examples=150, deadline=None)
@given(specs())
def test_another_number_changes_just_what_derives_from_it(text: str) -> None:
    before = read_spec(text, "x.yaml")
    fields = _fields(before)
    places = sorted({o.place for _, found in fields.values() for o in found if o.role != "word"})
    for place in places:
        roles = {o.role for _, found in fields.values() for o in found if o.place == place}
        assert len(roles) == 1, "one scalar, one role"
        old = before.text.read_span(place).strip("'")
        new = f"({old}) + 1" if roles & {"expression"} or not old.isdigit() else str(int(old) + 1)
        patched = text[: place.start] + new + text[place.end :]
        after = _fields(read_spec(patched, "x.yaml"))
        assert after.keys() == fields.keys()
        for key, (value, found) in fields.items():
            derives = any(origin.place == place for origin in found)
            assert (after[key][0] != value) == derives, (
                f"{key} from {before.text.locate_offset(place[0])}"
            )
            if [origin.role for origin in found] == ["number"] and derives:
                assert set(_flat(after[key][0])) == {int(new)}


@budget(max_examples=30, deadline=None)
@given(specs())
def test_what_is_set_from_outside_is_not_the_files(text: str) -> None:
    outside = Settings({"p": 3})
    before = read_spec(text, "x.yaml", outside)
    fields = _fields(before)
    for place in {o.place for _, found in fields.values() for o in found if o.role == "setting"}:
        assert before.text.read_span(place) == "2"
        patched = text[: place.start] + "7" + text[place.end :]
        after = _fields(read_spec(patched, "x.yaml", outside))
        assert {key: value for key, (value, _) in after.items()} == {
            key: value for key, (value, _) in fields.items()
        }
        assert all(o.place != place or o.role == "setting" for _, f in after.values() for o in f)


def test_the_property_is_not_empty() -> None:
    """The spec of the examples above has the roles that an edit may meet."""
    spec = read_spec(SPEC, "x.yaml")
    roles = {o.role for _, found in _fields(spec).values() for o in found}
    assert roles == {"number", "expression", "default", "param", "boolean", "word"}


def test_spans_in_a_text_with_wide_characters() -> None:
    spec = read_spec("name: '𝄞 Ä'\ninput: [3, 8, 8]\nlayers: [{conv: 12, kernel: 3}]", "x.yaml")
    (node,) = spec.network.layers
    assert isinstance(node.layer, Conv)
    assert origins(spec, "conv1", "filters") == [("12", "number")]


def test_a_line_in_a_list_of_one_line_in_block_style_ends_with_its_last_value() -> None:
    text = "input: [3]\nlayers:\n- dense:\n    4\n  # a comment\n\n- name: x\n  dense: 5\n\n"
    spec = read_spec(text, "x.yaml")
    assert [spec.text.read_span(node.place) for node in spec.network.layers] == [
        "dense:\n    4",
        "name: x\n  dense: 5",
    ]
    assert all(isinstance(node.layer, Dense) for node in spec.network.layers)
    assert spec.text.line_column(spec.network.layers[1].place.start) == (7, 3)


def test_an_edit_that_does_not_fit_is_refused_at_its_place() -> None:
    text = "input: [3, 8, 8]\nblocks:\n  b(w): [{conv: w, kernel: 1}]\nlayers: [{b: 4}]"
    spec = read_spec(text, "x.yaml")
    (found,) = spec.written[1].origins["filters"]
    assert found == Origin(Place(text.index("4}]"), text.index("}]", text.index("4}]"))), "number")
    with pytest.raises(CnncostError, match=r"^x.yaml:4:14: conv: filters must be a whole number"):
        read_spec(text[: found.place.start] + "0" + text[found.place.end :], "x.yaml")
