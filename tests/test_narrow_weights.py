"""Weights of four bits, and layers whose weights are of another type than most: exact bytes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import run
from tflite_files import VALID, Model, numbers, window

import cnncost
from cnncost.api import restore_structure
from cnncost.cli.scale import collect_scale
from cnncost.costs.memory.embedded import count_flash, give_types
from cnncost.costs.typed_bytes import count_typed_bytes, list_odd_weights
from cnncost.errors import CnncostError
from cnncost.network import Network
from cnncost.number_types import INT4, NumberTypes
from cnncost.plans.edits.edit import AllowedEdits
from cnncost.plans.suggestion.answer import PrecisionPlan
from cnncost.plans.suggestion.request import SuggestionRequest
from cnncost.plans.suggestion.suggester import Suggester

ODD = "input: [3, 7, 7]\nlayers: [{conv: 1, kernel: 3}, {conv: 1, kernel: 3}]\n"
TYPES = "types: {activations: int8, weights: int4, biases: int32}\n"


def _read(text: str) -> Network:
    return cnncost.loads(text).network


@pytest.mark.parametrize(("text", "due"), [
    # 27 and 9 weights of four bits fill 14 and 5 bytes; two biases.
    (ODD, 14 + 5 + 2 * 4),
    # A norm of 3 channels becomes the bias of the layer before it, which has none.
    ("input: [1, 5, 5]\nlayers: [{conv: 3, kernel: 3, bias: false}, batchnorm]\n", 14 + 3 * 4),
    # Width 3: its projections hold 9 x 3 and 3 x 3 weights as two tensors, with 9 and 3 biases.
    ("input: [3, 2, 2]\nlayers: [{reshape: [3, 4]}, {attention: 1}]\n", 14 + 5 + 12 * 4),
])  # fmt: skip
def test_each_tensor_of_four_bits_fills_whole_bytes(text: str, due: int) -> None:
    network = _read(f"{TYPES}{text}")
    assert count_flash(network) == due
    assert count_flash(give_types(_read(text), "int4")) == due


def test_int8_is_what_is_counted_without_a_word() -> None:
    assert count_flash(give_types(_read(ODD), "int8")) == count_flash(_read(ODD)) == 36 + 8


@pytest.mark.parametrize(("types", "dtype", "said"), [
    ("", "fp16", "none of a microcontroller's"),
    ("activations: float32", "int4", "are float32 activations"),
    ("activations: int8, weights: int8, biases: int32, other_bytes: 3", "int4", "3 bytes more"),
    ("activations: int8, weights: int4, biases: int32", "int8", "int4 weights"),
])  # fmt: skip
def test_types_that_a_network_cannot_take(types: str, dtype: str, said: str) -> None:
    network = _read(f"types: {{{types}}}\n{ODD}" if types else ODD)
    with pytest.raises(CnncostError, match=said):
        give_types(network, dtype)


def test_unsigned_files_keep_their_activations() -> None:
    types = "types: {activations: uint8, weights: uint8, biases: int32}\n"
    found = give_types(_read(f"{types}{ODD}"), "int4")
    assert found.types == NumberTypes("uint8", "int4", "int32")


def test_fit_and_check_take_it(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(ODD)
    fit = ("fit", "net.yaml", "--sram", "32KiB", "--flash", "30B", "-f", "json")
    assert run(*fit, cwd=tmp_path).returncode == 1
    done = run(*fit, "--dtype", "int4", cwd=tmp_path)
    assert (done.returncode, json.loads(done.stdout)["flash"]) == (0, 27)
    check = ("check", "net.yaml", "--budget", "flash=27B")
    assert run(*check, cwd=tmp_path).returncode == 1
    assert run(*check, "--dtype", "int4", cwd=tmp_path).returncode == 0
    refused = run("check", "net.yaml", "--budget", "sram=1KiB", "--dtype", "int4", cwd=tmp_path)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "it is for a budget of flash" in refused.stderr
    with pytest.raises(CnncostError, match="for flash alone"):
        collect_scale(None, "int4", None)


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A file of int8, with a stem in int4 and a head in floats."""
    model = Model("int8")
    x = model.input(1, 5, 5, 3)
    w, b = model.weights(5, 3, 3, 3, kind="int4"), model.weights(5, kind="int32")
    y = model.step("CONV_2D", [x, w, b], 1, 3, 3, 5, name="stem", options=window(VALID))
    b = model.weights(8, kind="int32")
    y = model.step("CONV_2D", [y, model.weights(8, 3, 3, 5), b], 1, 1, 1, 8, options=window(VALID))
    y = model.step("MEAN", [y, model.numbers(1, 2)], 1, 8, options=numbers(b_0=0))
    w, b = model.weights(2, 8, kind="float32"), model.weights(2, kind="float32")
    model.step("FULLY_CONNECTED", [y, w, b], 1, 2, name="head", options={})
    return model.save(tmp_path)


# 135 numbers of four bits fill 68 bytes; then 8 x 45 bytes, 16 floats, and 15 biases of 4 bytes.
MIXED = 68 + 360 + 16 * 4 + 15 * 4


def test_a_file_names_its_layers_of_other_types(mixed: Path) -> None:
    spec = restore_structure(cnncost.load(mixed))
    for network in (cnncost.load(mixed).network, spec.network):
        assert network.types is not None
        assert network.types[:3] == ("int8", "int8", "int32")
        assert count_flash(network) == MIXED
        assert count_typed_bytes(network, network.types).parameters == MIXED
        odd = list_odd_weights(network)
        assert [(one.word, one.bytes) for one in odd] == [("int4", 68), ("float32", 64)]
    names = [node.name for node in spec.network.layers]
    assert {one.layer for one in odd} <= set(names)


def test_pages_name_them(mixed: Path) -> None:
    """The spec that is written has no such layers: the bytes stay, as `other_bytes`."""
    for words in (("table",), ("fit", "--sram", "32KiB", "--flash", "1KiB")):
        text = " ".join(run(words[0], str(mixed), *words[1:]).stdout.split())
        assert "Weights of other types: stem int4 (68 bytes), head float32 (64 bytes)." in text
    again = cnncost.loads(cnncost.load(mixed).text.text).network
    assert (count_flash(again), list_odd_weights(again)) == (MIXED, [])


NET = """\
name: small
input: [3, 16, 16]
layers:
- {name: c1, conv: 13, kernel: 3}
- relu
- {name: c2, conv: 21, kernel: 3}
- relu
- global_avgpool
- {name: out, dense: 5}
"""
# Weights 351 + 2,457 + 105: in int8 2,913 bytes, in int4 176 + 1,229 + 53; 39 biases of 4 bytes.


def _plan(budget: str, text: str = NET) -> list[PrecisionPlan]:
    """The plans at smaller element types."""
    request = SuggestionRequest((budget,), allowed=AllowedEdits(precision=True))
    return list(Suggester(cnncost.loads(text), request).suggest().precisions)


def test_int4_weights_are_a_precision_of_flash() -> None:
    (exact,) = _plan("flash=1614B")
    assert (exact.dtype, exact.met, exact.score) == ("int4 weights", True, exact.price.score)
    (short,) = _plan("flash=1613B")
    assert not short.met
    assert short.plan is not None
    assert short.plan.after["flash"] == count_flash(_read(short.plan.text)) <= 1613
    assert "weights: int4" in short.plan.text
    assert short.score == short.price.score + short.plan.score


def test_its_price_is_shown_with_its_ends() -> None:
    words = ("suggest", "-", "--budget", "flash=1614B", "--allow", "precision")
    (found,) = json.loads(run(*words, "-f", "json", text=NET).stdout)["precisions"]
    assert [found[key] for key in ("price", "price_low", "price_high")] == [0.04, 0.0, 0.08]
    page = run(*words, "--explain", text=NET).stdout
    assert "0.040 (0.00 to 0.08)" in page
    assert "Krishnamoorthi" in page


@pytest.mark.parametrize("types", [
    "{activations: int8, weights: int8, biases: int32}",
    "\n  activations: uint8\n  weights: uint8\n  biases: int32",
])  # fmt: skip
def test_a_specs_own_types_are_replaced(types: str) -> None:
    (found,) = _plan("flash=1614B", f"types: {types}\n{NET}")
    assert found.met


def test_a_spec_in_braces_says_them_too() -> None:
    """27 and 9 weights of four bits, and two biases: 27 bytes."""
    text = "{input: [3, 7, 7], layers: [{conv: 1, kernel: 3}, {conv: 1, kernel: 3}]}"
    assert [one.met for one in _plan("flash=27B", text)] == [True]


def test_where_weights_are_narrow_already_there_is_no_such_plan() -> None:
    assert _plan("flash=1400B", f"{TYPES}{NET}") == []
    assert _plan("sram=1KiB") == []  # which weights are no part of


def test_the_types_that_it_names() -> None:
    assert INT4.describe() == "int8 activations, int4 weights, int32 biases"
