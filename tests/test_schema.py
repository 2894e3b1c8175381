"""The JSON Schema, in a real validator: it takes the bundled specs and refuses wrong ones."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from command import run
from jsonschema import Draft202012Validator

from cnncost import bundled, loads
from cnncost.errors import CnncostError
from cnncost.language.lines import COMMON, STRUCTURES
from cnncost.language.nodes import Items, Node, Pairs, parse_yaml
from cnncost.language.problems import Problems
from cnncost.layers import TYPES, layer_type
from cnncost.place import Source
from cnncost.quantity import BUDGETS, BYTES, UNITS, parse_number
from cnncost.views import schema

VALIDATOR = Draft202012Validator(schema.spec_schema())


def plain(node: Node | None) -> Any:  # Any: what JSON holds
    """A spec's nodes as JSON values, by YAML 1.2's types."""
    if isinstance(node, Items):
        return [plain(item) for item in node.items]
    if isinstance(node, Pairs):
        return {key.text: plain(value) for key, value in node.pairs}
    assert node is not None
    if not node.plain:
        return node.text
    if node.is_null:
        return None
    if node.text in ("true", "false"):
        return node.text == "true"
    number = None if node.text[-1:].isalpha() else parse_number(node.text)
    return (
        float(number) if isinstance(number, Fraction) else node.text if number is None else number
    )


def valid(text: str) -> bool:
    return bool(VALIDATOR.is_valid(plain(parse_yaml(text, Problems(Source("net.yaml", text))))))


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(schema.spec_schema())


@pytest.mark.parametrize("name", bundled.list_names())
def test_it_takes_the_bundled_specs(name: str) -> None:
    text = bundled.network_path(name).read_text(encoding="utf-8")
    value = plain(parse_yaml(text, Problems(Source(name, text))))
    assert [error.message for error in VALIDATOR.iter_errors(value)] == []


RIGHT = (
    "[{opaque: {output: [4], op: Einsum}, from: [input]}]",
    "[{conv: 4, kernel: [1, 3], padding: [[0, 1], 2]}, {relu, name: x}, relu]",
    "[{conv: 8 // 2, kernel: 3, padding: same, groups: depthwise, bias: false}]",
    "[{upsample, size: [8, 8]}, {dense: 20M, repeat: 0}, {dropout: 0.5}]",
    "[{name: a, conv: 4, kernel: 1}, {residual: [{conv: 4, kernel: 1}], shortcut: []}]",
    "[{parallel: [[], [relu]], join: add}, {attention: 2}, {groupnorm: 2, affine: false}]",
)


@pytest.mark.parametrize("layers", RIGHT)
def test_right_lines(layers: str) -> None:
    assert valid(f"input: [4, 4, 4]\nlayers: {layers}\n")


WRONG = (
    "input: [4, 4, 4]\n",
    "layers: [relu]\n",
    "input: [4, 4, 4, 4, 4]\nlayers: [relu]\n",
    "input: [0, 4]\nlayers: [relu]\n",
    "input: [4]\nlayers: []\n",
    "input: [4]\nlayer: [relu]\nlayers: [relu]\n",
    "input: [4]\nlayers: [{conv: 8, kernal: 3, kernel: 3}]\n",
    "input: [4, 4]\nlayers: [{conv: 8}]\n",
    "input: [4, 4]\nlayers: [conv]\n",
    "input: [4, 4]\nlayers: [{conv: 0, kernel: 3}]\n",
    "input: [4, 4]\nlayers: [{conv: 2.5, kernel: 3}]\n",
    "input: [4, 4]\nlayers: [{conv: 8, kernel: 3, bias: 1}]\n",
    "input: [4, 4]\nlayers: [{conv: 8, kernel: 3, maxpool: 2}]\n",
    "input: [4, 4]\nlayers: [{relu: 3}]\n",
    "input: [4]\nlayers: [{dropout: 1}]\n",
    "input: [4]\nlayers: [{dropout: -0.1}]\n",
    "input: [4]\nlayers: [{name: 3x, dense: 1}]\n",
    "input: [4]\nlayers: [{add: [input]}]\n",
    "input: [4]\nlayers: [{parallel: [[relu]]}]\n",
    "input: [4]\nlayers: [{parallel: [[], [relu]], join: sum}]\n",
    "input: [4]\nlayers: [{densely: [relu]}]\n",
    "input: [4]\nlayers: [{densely: [], times: 2}]\n",
    "input: [4]\nlayers: [{densely: [relu], times: 0}]\n",
    "input: [4]\nlayers: [densely]\n",
    "input: [4]\nlayers: [[relu]]\n",
    "input: [4]\nlayers: [{dense: 1, repeat: -1}]\n",
    "input: [4]\nlayers: [relu]\nbudget: {weight: 1}\n",
    "input: [4]\nlayers: [relu]\nexpect: {weights: -1}\n",
    "input: [4]\nlayers: [relu]\nparams: {a: [1]}\n",
)


@pytest.mark.parametrize("text", WRONG)
def test_it_refuses_what_a_reading_refuses(text: str) -> None:
    with pytest.raises(CnncostError):
        loads(text)
    assert not valid(text)


def test_budgets_are_those_of_the_language() -> None:
    """Metrics, amounts and units drawn together: both take a budget, or both refuse it."""
    rng = random.Random(1)
    words = [*BUDGETS, *BYTES, *(name.replace("_", "-") for name in BYTES), "biases", "ram"]
    taken = {True: 0, False: 0}
    for _ in range(3000):
        number = rng.choice(["0", "7", "512", "1.5", "0.25", "12.250", "2.0", "010", "-3", "1_0"])
        unit = rng.choice(["", "", "k", "K", "M", "G", "T", "%", " ", *UNITS, *UNITS, " KiB", "kb"])
        written = rng.choice([number + unit, f"'{number}{unit}'", f"{number}{unit} "])
        written = rng.choice([written] * 9 + ["2 * 10M", "true", "[3]", "1e6", "~", "(4)", "{}"])
        text = f"input: [4]\nlayers: [relu]\nbudget: {{{rng.choice(words)}: {written}}}\n"
        try:
            right = bool(loads(text).budget)
        except CnncostError:
            right = False
        taken[right] += 1
        assert valid(text) == right, text
    assert min(taken.values()) > 300


@pytest.mark.parametrize(
    ("budget", "right"),
    [
        ("{sram: 512KiB}", True),
        ("{parameter_memory: 1.5MB, training-memory: 1 GiB, weights: 20M}", True),
        ("{weights: 50%}", False),
        ("{flash: 512}", False),
        ("{parameter_memory: 1MB, parameter-memory: 1MB}", False),
        ("", True),
    ],
)
def test_budgets_by_hand(budget: str, right: bool) -> None:
    text = f"input: [4]\nlayers: [relu]\nbudget: {budget}\n"
    assert valid(text) == right
    if right:
        loads(text)
    else:
        with pytest.raises(CnncostError):
            loads(text)


def test_nothing_is_left_out() -> None:
    assert list(schema.COMMON) == list(COMMON)
    assert {word: tuple(keys)[1:] for word, keys in schema.STRUCTURES.items()} == STRUCTURES
    layer: Any = schema.spec_schema()["$defs"]
    assert set(TYPES) <= set(layer["layer"]["properties"])
    for word in TYPES:
        for kind in layer_type(word).kinds.values():
            assert schema.field_schema(kind)


def test_the_command_prints_it() -> None:
    assert json.loads(run("zoo", "--schema").stdout) == schema.spec_schema()
    assert run("zoo", "alexnet", "--schema").returncode == 2


def test_descriptions_are_the_docstrings() -> None:
    layer: Any = schema.spec_schema()["$defs"]
    about = layer["layer"]["properties"]["conv"]["description"]
    assert about.startswith("A convolution: every filter sees a window of all channels")


def test_the_bundled_specs_name_the_schema_and_copies_do_not() -> None:
    for name in bundled.list_names():
        path = bundled.network_path(name)
        first, _, rest = path.read_text(encoding="utf-8").partition("\n")
        relative = first.removeprefix("# yaml-language-server: $schema=")
        assert (path.parent / relative).is_file()
        if name == "alexnet":
            assert run("zoo", name).stdout == rest


def test_the_way_to_an_own_copy(tmp_path: Path) -> None:
    page = Path(__file__).parent.parent / "docs" / "editors.md"
    (script,) = re.findall(r"^```sh\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S)
    (tmp_path / "cnncost").write_text(
        f"#!/bin/sh\nexec {sys.executable} -c 'from cnncost.cli import main; main()' \"$@\"\n"
    )
    (tmp_path / "cnncost").chmod(0o755)
    env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    subprocess.run(["sh", "-ec", script], cwd=tmp_path, env=env, check=True)
    first = (tmp_path / "my.yaml").read_text(encoding="utf-8").splitlines()[0]
    named = tmp_path / first.removeprefix("# yaml-language-server: $schema=")
    assert json.loads(named.read_text(encoding="utf-8")) == schema.spec_schema()
    assert run("check", "my.yaml", cwd=tmp_path).returncode == 0
