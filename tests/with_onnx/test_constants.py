"""Steps over constants: a shape that a file works out itself is the shape that it comes to."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from models import model, save

import cnncost

X = {"x": (1, 48)}

WORKED_OUT = {
    # The numbers that `s` comes to by ONNX's operators, by hand: 48 = product of all.
    "gather, product": ("g = Gather (a, i)\nm = Mul (g, two)\ns = Concat <axis=0> (one, m, v)",
                        {"a": [7, 3, 5], "i": [1], "two": [2], "one": [1], "v": [8]}, (6, 8)),
    "division cuts towards zero": ("d = Div (a, b)\nn = Neg (d)\ns = Concat <axis=0> (n, v)",
                                   {"a": [-7], "b": [4], "v": [6, 8]}, (6, 8)),
    "slice backwards": ("s = Slice (a, i, j, axis, by)",
                        {"a": [8, 6, 1], "i": [-1], "j": [-9], "axis": [0], "by": [-1]}, (6, 8)),
    "unsqueeze, squeeze": ("u = Unsqueeze (a, i)\nq = Squeeze (u, i)\ns = Cast <to=7> (q)",
                           {"a": [1.0, 6.0, 8.0], "i": [0]}, (6, 8)),
    "transpose, reshape": ("t = Transpose (a)\ns = Reshape (t, i)",
                           {"a": [[1, 8], [6, 1]], "i": [-1]}, (6, 8, 1)),
    "filled": ("f = ConstantOfShape <value = int64[1] {2}> (n)\ns = Concat <axis=0> (one, f, v)",
               {"n": [2], "one": [1], "v": [12]}, (2, 2, 12)),
    "range": ("r = Range (a, b, c)\ns = Concat <axis=0> (one, r, v)",
              {"a": 2, "b": 5, "c": 1, "one": [1], "v": [2]}, (2, 3, 4, 2)),
    "tile": ("t = Tile (a, n)\ns = Concat <axis=0> (one, t)",
             {"a": [2, 12], "n": [1], "one": [1, 2]}, (2, 2, 12)),
    "expand": ("e = Expand (a, n)\ns = Concat <axis=0> (one, e, v)",
               {"a": [2], "n": [3], "one": [1], "v": [6]}, (2, 2, 2, 6)),
    "where": ("q = Equal (a, b)\nw = Where (q, c, a)\ns = Concat <axis=0> (one, w)",
              {"a": [-1, 8], "b": [-1, -1], "c": [6, 9], "one": [1]}, (6, 8)),
    "clip": ("c = Clip (a, low, top)\ns = Cast <to=7> (c)",
             {"a": [-3.0, 6.0, 99.0], "low": 1.0, "top": 8.0}, (6, 8)),
    "split": ("p, q = Split <axis=0> (a, n)\ns = Concat <axis=0> (q, p)",
              {"a": [6, 8, 1], "n": [2, 1]}, (6, 8)),
    "remainder of fractions has the sign of what is divided": (
        "m = Mod <fmod=1> (a, b)\nn = Neg (m)\nc = Cast <to=7> (n)\n"
        "s = Concat <axis=0> (one, c, v)",
        {"a": [-10.0], "b": [4.0], "one": [1], "v": [24]}, (2, 24)),
    "product of all": ("p = ReduceProd <axes=[0], keepdims=1> (a)\ns = Concat <axis=0> (one, p, v)",
                       {"a": [2, 3], "one": [1], "v": [8]}, (6, 8)),
    "flattened from a later axis": (
        "f = Flatten <axis=2> (a)\nd = Shape (f)\ns = Concat <axis=0> (one, d)",
        {"a": [[[0] * 12, [0] * 12], [[0] * 12, [0] * 12]], "one": [1]}, (4, 12)),
}  # fmt: skip


@pytest.mark.parametrize("name", WORKED_OUT)
def test_a_shape_that_is_worked_out(name: str, tmp_path: Path) -> None:
    nodes, numbers, dims = WORKED_OUT[name]
    proto = model(X, f"{nodes}\ny = Reshape (x, s)", numbers=numbers)

    spec = cnncost.load(save(proto, tmp_path))

    assert spec.unknown == ()
    (output,) = spec.network.outputs
    assert spec.network.nodes[output].output.dims == dims


def test_what_is_made_of_weights_without_their_numbers_has_their_count(tmp_path: Path) -> None:
    """16 x 3 numbers, turned, flattened and put in another shape: 48 inputs, one feature."""
    nodes = (
        "t = Transpose <perm = [1, 0]> (w)\nf = Flatten <axis = 2> (t)\nr = Reshape (f, n)\n"
        "y = MatMul (x, r)"
    )
    proto = model(X, nodes, weights={"w": (16, 3)}, numbers={"n": [48, 1]})
    totals = cnncost.count(cnncost.load(save(proto, tmp_path))).totals
    assert (totals.weights, totals.biases, totals.connections) == (48, 0, 48)


@pytest.mark.parametrize(
    ("nodes", "numbers"),
    [
        ("s = Expand (one, n)", {}),
        ("s = Tile (one, n)", {}),
        ("s = ConstantOfShape (n)", {}),
        ("s = Range (a, b, c)", {"a": 0, "b": 2**40, "c": 1}),
    ],
)
def test_no_huge_constant_is_made(nodes: str, numbers: Mapping[str, Any], tmp_path: Path) -> None:
    given = {"one": [1], "n": [2**40], **numbers}
    path = save(model(X, f"{nodes}\nr = Relu (x)\ny = Mul (r, s)", numbers=given), tmp_path)
    start = time.process_time()
    with contextlib.suppress(cnncost.CnncostError):  # in words; time and memory are what counts
        cnncost.load(path)
    assert time.process_time() - start < 3


@pytest.mark.parametrize(("nodes", "loads"), [("gather, product", False), ("tile", True)])
def test_the_reference_is_imported_only_for_what_needs_it(
    nodes: str, loads: bool, tmp_path: Path
) -> None:
    worked, numbers, _ = WORKED_OUT[nodes]
    path = save(model(X, f"{worked}\ny = Reshape (x, s)", numbers=numbers), tmp_path)
    code = "import sys, cnncost; cnncost.load(sys.argv[1]); print('onnx.reference' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(loads)
