"""Matrix products: with weights they are dense or linear layers; of activations, matmul."""

from __future__ import annotations

from math import prod

from cnncost.formats.onnx_in.importer import Importer
from cnncost.formats.onnx_in.inexpressible import Inexpressible
from cnncost.formats.onnx_in.learned import bias_ahead
from cnncost.formats.onnx_in.model import Step
from cnncost.formats.torch_in.value import Value


def gemm(importer: Importer, step: Step) -> None:
    """Gemm: the rows of A, of which there is one a batch, times weights, and a bias."""
    a, b = step.inputs[:2]
    weight = importer.constants.get(b)
    if weight is None or len(weight.dims) != 2 or step.attributes.get("transA", 0):
        raise Inexpressible("weights that are computed while the network runs")
    inputs, features = weight.dims[:: -1 if step.attributes.get("transB", 0) else 1]
    bias = len(step.inputs) > 2 and step.inputs[2] != ""
    _weighted(importer, step, a, (inputs, features), bias=bias)


def matmul(importer: Importer, step: Step) -> None:
    """MatMul, with weights or of two activations."""
    a, b = step.inputs
    weight = importer.constants.get(b)
    if weight is not None and importer.known(a):
        if prod(weight.dims[:-2]) != 1 or len(weight.dims) < 2:
            raise Inexpressible(f"weights of {list(weight.dims)}")
        _weighted(importer, step, a, (weight.dims[-2], weight.dims[-1]), bias=False)
    elif importer.known(a) and importer.known(b):
        _of_activations(importer, step, importer.see(a), importer.see(b))
    else:
        raise Inexpressible("constants times an activation")


def _weighted(
    importer: Importer, step: Step, tensor: str, sizes: tuple[int, int], *, bias: bool
) -> None:
    inputs, features = sizes
    value = importer.see(tensor)
    shape = value.shape
    if shape[-1] != inputs:
        raise Inexpressible(f"{shape[-1]} columns, but weights for {inputs}")
    bias = bias or bias_ahead(importer, step, features)
    weights = (step.inputs[1],)
    if prod(shape[:-1]) == 1:
        name = importer.flat(step, tensor)
        made = importer.emit(step, "dense", [name], weights=weights, units=features, bias=bias)
        importer.values[step.outputs[0]] = made.reshaped((*shape[:-1], features))
        return
    rank = len(shape)
    first = value.permuted((rank - 1, *range(rank - 1)))
    # Without the batch; where that leaves too many axes, or one that is none, all in a row.
    rest = shape[1:-1] if shape[0] == 1 and rank <= 5 else (prod(shape[:-1]),)
    name = importer.solid(step, first.reshaped((inputs, *rest)))
    made = importer.emit(step, "linear", [name], weights=weights, features=features, bias=bias)
    turned = made.reshaped((features, *shape[:-1])).permuted((*range(1, rank), 0))
    importer.values[step.outputs[0]] = turned


def _of_activations(importer: Importer, step: Step, a: Value, b: Value) -> None:
    """[..., P, Q] times [..., Q, C]: as `matmul` reads them, C x Q times Q x P."""
    if prod(a.shape[:-2]) != 1 or prod(b.shape[:-2]) != 1 or min(len(a.shape), len(b.shape)) < 2:
        raise Inexpressible("a product for each of several heads")
    left = b.reshaped(b.shape[-2:]).permuted((1, 0))
    right = a.reshaped(a.shape[-2:]).permuted((1, 0))
    names = [importer.solid(step, value) for value in (left, right)]
    made = importer.emit(step, "matmul", names)
    dims = (*a.shape[:-1], b.shape[-1])
    importer.values[step.outputs[0]] = made.permuted((1, 0)).reshaped(dims)


OPERATIONS = {"Gemm": gemm, "MatMul": matmul}
