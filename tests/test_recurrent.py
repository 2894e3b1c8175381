"""Recurrent layers and embeddings: arithmetic spelled out, equations, memory, what is refused."""

from __future__ import annotations

import json
from math import prod
from pathlib import Path

import pytest
from command import run
from rows import the_row

import cnncost
from cnncost.costs.gradients import backward_connections
from cnncost.costs.memory import measure_memory
from cnncost.costs.memory.kv_cache import count_kv_bytes
from cnncost.study.backward.backward_pass import derive_equations

# Input, layer, output, weights, biases, connections: each written as the textbook would.
FORMULAS = [
    # Four gates over 64 inputs and 128 of the state; two biases each, as PyTorch has.
    ("[64, 100]", "{lstm: 128}",
     (128, 100), 4 * 128*(64 + 128), 2 * 4*128, 4 * 128*(64 + 128) * 100),
    # The textbook's 4 ((d + h) h + h), d = 64, h = 128.
    ("[64, 100]", "{lstm: 128, single_bias: true, last: true}",
     (128,), 4 * (64 + 128)*128, 4 * 128, 4 * (64 + 128)*128 * 100),
    # Both directions, twice: the second layer reads 2 x 6 channels; projected from 8 to 6.
    ("[5, 7]", "{lstm: 8, layers: 2, bidirectional: true, projection: 6}",
     (12, 7), 2 * (4*8*(5 + 6) + 8*6) + 2 * (4*8*(12 + 6) + 8*6), 2*2 * 2 * 4*8,
     (2 * (4*8*(5 + 6) + 8*6) + 2 * (4*8*(12 + 6) + 8*6)) * 7),
    ("[64, 100]", "{gru: 128, single_bias: true}",
     (128, 100), 3 * (64 + 128)*128, 3 * 128, 3 * (64 + 128)*128 * 100),
    ("[5, 7]", "{gru: 4, layers: 3, bias: false}",
     (4, 7), 3*4*(5 + 4) + 2 * 3*4*(4 + 4), 0, (3*4*(5 + 4) + 2 * 3*4*(4 + 4)) * 7),
    ("[5, 7]", "{rnn: 4, bidirectional: true, last: true}",
     (8,), 2 * 4*(5 + 4), 2 * 2*4, 2 * 4*(5 + 4) * 7),
    # A vector for each of 10,000 words; a look-up multiplies nothing.
    ("[128]", "{embedding: 64, vocabulary: 10000}", (64, 128), 10000*64, 0, 0),
]  # fmt: skip


@pytest.mark.parametrize(
    ("shape", "line", "output", "weights", "biases", "connections"),
    FORMULAS,
    ids=[line for _, line, *_ in FORMULAS],
)
def test_formula(
    shape: str, line: str, output: tuple[int, ...], weights: int, biases: int, connections: int
) -> None:
    row = the_row(shape, line)
    assert row.counted
    assert (row.node.output.dims, row.units) == (output, prod(output))
    assert (row.weights, row.biases, row.parameters) == (weights, biases, weights + biases)
    assert row.connections == connections
    # A bias is added at every step, whatever is given on.
    steps = row.node.inputs[0].positions
    assert the_row(shape, line, biases=True).connections == connections + biases * steps


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        # 4 gates of 4 units: 3 inputs and 4 of the state over 5 steps, but 4 steps send back.
        ("lstm: 4", 4*4*(3 + 4)*5 + 4*4*3*5 + 4*4*4*4),
        # The candidate's weights read what is reset at all 5 steps; the two gates send back at 4.
        ("gru: 4, single_bias: true", 3*4*(3 + 4)*5 + 3*4*3*5 + 4*4*5 + 2*4*4*4),
        # The second layer's input is the first one's states, of both directions.
        ("rnn: 4, layers: 2, bidirectional: true",
         2*4*(3 + 4)*5 + 2*4*(8 + 4)*5 + 2*4*3*5 + 2*4*8*5 + 2 * 2*4*4*4),
    ],
)  # fmt: skip
def test_the_backward_pass_is_as_long_as_its_equations(line: str, expected: int) -> None:
    text = f"input: [2, 5]\nlayers: [{{linear: 3, bias: false}}, {{{line}}}]\n"
    network = cnncost.loads(text).network
    below = 2 * 3 * 5
    equations = derive_equations(network).equations
    assert sum(e.connections or 0 for e in equations if e.needed) == expected + below
    found = backward_connections(network)
    assert sum(b.weights + b.input for b in found) == expected + below


def test_what_training_keeps() -> None:
    """Of 5 steps: 8 of the input; gates, cell and its tanh of 4 each."""
    found = measure_memory(cnncost.loads("input: [8, 5]\nlayers: [{lstm: 4}]\n").network)
    assert found.saved is not None
    assert sum(found.saved.layers) == 4 * (8 * 5 + 6 * 4 * 5)
    assert not found.complete


# Transformers


TIED = """\
input: [5]
layers:
  - {name: words, embedding: 4, vocabulary: 7}
  - {name: out, linear: 7, bias: false, share: words}
"""


def test_a_tied_table_counts_once_and_has_the_gradients_of_both_uses() -> None:
    spec = cnncost.loads(TIED)
    assert cnncost.count(spec).totals.parameters == 7 * 4
    assert cnncost.count(spec).totals.connections == 5 * 4 * 7
    equations = derive_equations(spec.network).equations
    (table,) = [e for e in equations if e.left.word == "W"]
    assert table.right.kind == "+"
    assert len(table.right.operands) == 2


@pytest.mark.parametrize(
    ("line", "batch", "size", "expected"),
    [
        # Llama 2 7B's layer: keys and values of 32 heads of 128, in two bytes a number.
        ("{attention: 32}", 1, 2, 2 * 4096 * 3 * 2),
        # 8 of 32 heads keep a quarter; four examples.
        ("{attention: 32, kv_heads: 8}", 4, 4, 2 * 1024 * 3 * 4 * 4),
    ],
)
def test_the_kv_cache(line: str, batch: int, size: int, expected: int) -> None:
    spec = cnncost.loads(f"input: [4096, 3]\nlayers: [{line}]\n")
    assert count_kv_bytes(spec.network, batch, size) == expected


def test_memory_shows_the_kv_cache_where_it_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text("input: [8, 3]\nlayers: [{attention: 2}]\n")
    data = json.loads(run("memory", str(path), "--kv-cache", "-f", "json").stdout)
    assert data["kv_cache"] == 2 * 8 * 3 * 4


def test_what_has_no_kv_cache() -> None:
    done = run("memory", "lenet5", "--kv-cache")
    assert (done.returncode, done.stdout) == (2, "")
    assert "LeNet-5 has no attention layer" in done.stderr


def test_suggest_says_what_it_leaves_alone(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(
        "input: [40]\nlayers: [{embedding: 8, vocabulary: 50}, {gru: 16, last: true}, {dense: 64}, "
        "relu, {dense: 3}]\n"
    )
    shown = " ".join(run("suggest", str(path), "--budget", "weights=2K").stdout.split())
    assert "No edit is offered of gru, embedding alone" in shown
