"""Reads matrix products: with weights they are dense or linear layers, of activations matmul."""

from __future__ import annotations

from math import prod

from cnncost.formats.importing import Inexpressible
from cnncost.formats.onnx_in.onnx_axes import emit_as_channels
from cnncost.formats.onnx_in.onnx_importer import OnnxImporter
from cnncost.formats.onnx_in.onnx_joins import emit_repeat
from cnncost.formats.onnx_in.onnx_model import OnnxNode
from cnncost.formats.onnx_in.onnx_windows import emit_own_bias
from cnncost.formats.onnx_in.tensor_states import elementwise_shape
from cnncost.formats.tensor_value import Value


def emit_gemm(importer: OnnxImporter, step: OnnxNode) -> None:
    """Gemm: the rows of A, one per example, times weights, plus a bias."""
    a, b = step.inputs[:2]
    weight = importer.constants.get(b)
    turned = [bool(step.attributes.get(key, 0)) for key in ("transA", "transB")]
    if weight is None or not importer.is_activation(a):
        sides = [importer.emit_value(t) for t in (a, b)]
        _emit_activation_product(
            importer,
            step,
            *(s.permute_axes((1, 0)) if turn else s for s, turn in zip(sides, turned, strict=True)),
        )
        return
    if len(weight.dims) != 2 or turned[0]:
        raise Inexpressible(f"weights of {list(weight.dims)} from the left")
    inputs, features = weight.dims[:: -1 if turned[1] else 1]
    _emit_weighted(importer, step, (a, 1), (inputs, features))


def emit_matmul(importer: OnnxImporter, step: OnnxNode) -> None:
    """MatMul, with weights on either side or of two activations."""
    a, b = step.inputs
    sides = [importer.constants.get(t) for t in (a, b)]
    weight = sides[0] or sides[1]
    if weight is None:
        _emit_activation_product(importer, step, importer.emit_value(a), importer.emit_value(b))
        return
    if prod(weight.dims[:-2]) != 1 or len(weight.dims) < 2:
        raise Inexpressible(f"weights of {list(weight.dims)}")
    rows, columns = weight.dims[-2:]
    if sides[0] is None:
        axis = len(importer.tensor_dims(a)) - 1
        _emit_weighted(importer, step, (a, axis), (rows, columns))
    else:
        axis = max(0, len(importer.tensor_dims(b)) - 2)
        _emit_weighted(importer, step, (b, axis), (columns, rows))


def _emit_weighted(
    importer: OnnxImporter,
    step: OnnxNode,
    read: tuple[str, int],
    sizes: tuple[int, int],
) -> None:
    """Emit weights along an axis of a tensor: a dense layer where that is all, else a linear
    one."""
    (tensor, axis), (inputs, features) = read, sizes
    shape = importer.tensor_dims(tensor)
    if shape[axis] != inputs:
        raise Inexpressible(f"{shape[axis]} columns, but weights for {inputs}")
    weights = tuple(t for t in step.inputs[:2] if t in importer.constants)
    apart = importer.owners.file_tensors(weights) in importer.apart
    biases = () if apart else tuple(t for t in step.inputs[2:3] if t)
    learned = {"learned": weights, "shifts": biases}
    if prod(shape) == inputs:
        name = importer.emit_vector(step, tensor)
        made = importer.emit_layer(
            step, "dense", [name], **learned, units=features, bias=bool(biases)
        )
        made = emit_own_bias(importer, step, made)
        dims = (*shape[:axis], features, *shape[axis + 1 :])
        importer.values[step.outputs[0]] = made.reshape_to(dims)
        return
    name, back = emit_as_channels(importer, step, tensor, axis)
    made = importer.emit_layer(
        step, "linear", [name], **learned, features=features, bias=bool(biases)
    )
    made = emit_own_bias(importer, step, made)
    importer.values[step.outputs[0]] = back(made)


def _emit_activation_product(importer: OnnxImporter, step: OnnxNode, a: Value, b: Value) -> None:
    """[..., P, Q] times [..., Q, C]: as `matmul` reads them, C x Q times Q x P, a group for each
    pair of matrices."""
    if min(len(a.shape), len(b.shape)) < 2:
        raise Inexpressible("a product of vectors")
    batch = elementwise_shape([a.shape[:-2] or (1,), b.shape[:-2] or (1,)])
    groups, names = prod(batch), []
    for value in (b, a):
        rows, columns = value.shape[-2:]
        ranked = value.reshape_to(
            (*(1,) * (len(batch) - len(value.shape) + 2), *value.shape[:-2], rows, columns)
        )
        whole = emit_repeat(importer, step, ranked, (*batch, rows, columns))
        each = whole.reshape_to((groups, rows, columns)).permute_axes((0, 2, 1))
        names.append(importer.emit_views(step, each.reshape_to((groups * columns, rows))))
    made = importer.emit_layer(step, "matmul", names, groups=groups)
    turned = made.reshape_to((groups, b.shape[-1], a.shape[-2])).permute_axes((0, 2, 1))
    dims = (*(batch if len(a.shape) > 2 or len(b.shape) > 2 else ()), a.shape[-2], b.shape[-1])
    importer.values[step.outputs[0]] = turned.reshape_to(dims)


OPERATIONS = {
    "Gemm": emit_gemm,
    "MatMul": emit_matmul,
}
