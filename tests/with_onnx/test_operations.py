"""Each operation and pattern that exporters write, beside the spec that a person would write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import pytest
from case import Case
from cases_curves import CURVES
from cases_joins import JOINS
from cases_norms import NORMS
from cases_products import PRODUCTS, RECURRENT
from cases_views import VIEWS
from cases_windows import WINDOWS
from models import model, save

import cnncost
from cnncost.formats.onnx_in.onnx_graph import OPERATIONS
from cnncost.network import Network

CASES = [*WINDOWS, *NORMS, *PRODUCTS, *RECURRENT, *CURVES, *VIEWS, *JOINS]


def described(network: Network) -> list[tuple[Any, ...]]:
    return [(node.layer, node.reads, node.output.dims, node.shares) for node in network.nodes]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_model_is_the_spec_that_a_person_would_write(case: Case, tmp_path: Path) -> None:
    proto = model(
        {"x": case.x}, case.nodes, weights=case.weights, numbers=case.numbers, opset=case.opset
    )
    lines = "".join(f"  - {line}\n" for line in case.lines.splitlines())
    expected = cnncost.loads(f"input: {list(case.x[1:])}\nlayers:\n{lines}")

    spec = cnncost.load(save(proto, tmp_path))

    assert spec.unknown == ()
    assert described(spec.network) == described(expected.network), spec.text.text
    assert cnncost.count(spec).totals == cnncost.count(expected).totals
    made = onnx.shape_inference.infer_shapes(proto, data_prop=True).graph.output[0]
    dims = tuple(dim.dim_value for dim in made.type.tensor_type.shape.dim)
    if dims and min(dims) > 0:  # ONNX's own inference, where it comes to an end
        (output,) = spec.network.outputs
        assert spec.network.nodes[output].output.dims == dims[1:]


STAND_INS = {
    **dict.fromkeys(
        (
            "Abs",
            "Atan",
            "Ceil",
            "Cos",
            "Erf",
            "Erfc",
            "Exp",
            "Floor",
            "Log",
            "Neg",
            "Reciprocal",
            "Round",
        ),
        "identity",
    ),
    **dict.fromkeys(("Sign", "Sin", "Softsign", "Sqrt"), "identity"),
    **dict.fromkeys(("ReduceSum", "ReduceProd", "ReduceL1", "ReduceL2"), "global_avgpool"),
    **dict.fromkeys(("ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp"), "global_avgpool"),
    "ReduceMin": "global_maxpool",
}
"""What costs the same: nothing."""


@pytest.mark.parametrize("op", STAND_INS)
def test_what_has_no_word_stands_as_what_costs_the_same(op: str, tmp_path: Path) -> None:
    nodes = f"r = Tanh (x)\ny = {op} (r{', a' if op.startswith('Reduce') else ''})"
    proto = model({"x": (1, 3, 4, 5)}, nodes, numbers={"a": [2, 3]}, opset=18)

    spec = cnncost.load(save(proto, tmp_path))

    word = STAND_INS[op]
    if op == "Neg":  # a line: no layer at all
        assert [n.layer and n.layer.word for n in spec.network.nodes] == [None, "tanh"]
        return
    assert [n.layer and n.layer.word for n in spec.network.nodes] == [None, "tanh", word]
    assert f"{op} is written as {word}" in spec.network.notes


def test_every_operation_is_tried() -> None:
    written = {
        node.op_type
        for case in CASES
        for node in model({"x": case.x}, case.nodes, opset=case.opset).graph.node
    }
    assert {*OPERATIONS} == written & {*OPERATIONS} | {*STAND_INS}
