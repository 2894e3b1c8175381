"""Products of a traced program: with learned matrices, and of two activations."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import NamedTuple

from cnncost.formats.importing import AXES
from cnncost.formats.tensor_value import Constant, Shape, Value
from cnncost.formats.torch_in.torch_elementwise import emit_join
from cnncost.formats.torch_in.torch_importer import TorchCall, TorchImporter
from cnncost.formats.torch_in.torch_windows import emit_gains, nondefault_arguments, split_gains

Factor = Value | Constant


class Sizes(NamedTuple):
    """Of a product of two stacks of matrices: n x k times k x m, each stack of `batch`."""

    batch: int
    n: int
    k: int
    m: int

    @property
    def connections(self) -> int:
        return self.batch * self.n * self.k * self.m


def emit_linear(b: TorchImporter, call: TorchCall) -> Value:
    """Emit the product of the input's last axis with a matrix, and its bias."""
    a = call.arguments
    x, weight, bias = a["input"], a["weight"], a.get("bias")
    if not isinstance(weight, Constant) or not isinstance(x, Value) or isinstance(bias, Value):
        uses = prod(call.shape) * weight.shape[-1]
        return b.emit_costed(
            call, call.target, call.read_values(), call.shape, uses, call.read_constants()
        )
    if len(weight.shape) != 2:
        return b.emit_opaque(
            call, call.target, call.read_values(), call.shape, call.read_constants()
        )
    return _emit_linear_layer(b, call, x, weight, bias)


def _emit_linear_layer(
    b: TorchImporter, call: TorchCall, x: Value, weight: Constant, bias: Constant | None
) -> Value:
    """Emit a dense or linear layer; `weight` has one row per feature."""
    features, x = weight.shape[0], b.emit_whole(call, x)
    own, gains = split_gains(weight, features)
    given = nondefault_arguments({"bias": (bias is not None, True)})
    rest = x.shape[1:-1] if len(x.shape) > 1 and x.shape[0] == 1 else x.shape[:-1]
    if not rest:
        vector = x.reshape_to((x.shape[-1],))
        made = b.emit_layer(
            call, "dense", [vector], (features,), learned=[own, bias], units=features, **given
        )
        return emit_gains(b, call, made, gains).reshape_to((*x.shape[:-1], features))
    flat = rest if len(rest) < AXES else (prod(rest),)
    front = x.move_to_front(len(x.shape) - 1).reshape_to((x.shape[-1], *flat))
    made = b.emit_layer(
        call, "linear", [front], (features, *flat), learned=[own, bias], features=features, **given
    )
    made = emit_gains(b, call, made, gains).reshape_to((features, *x.shape[:-1]))
    return made.move_from_front(len(x.shape) - 1)


def emit_matmul(b: TorchImporter, call: TorchCall) -> Value:
    """Emit a product of two tensors (mm, bmm, mv, dot, matmul); one of them may be a constant."""
    a = call.arguments
    one = a["self"]
    other = next(a[key] for key in ("other", "mat2", "vec", "tensor") if key in a)
    return emit_product(b, call, one, other)


def emit_product(b: TorchImporter, call: TorchCall, one: Factor, other: Factor) -> Value:
    """Emit a product as torch.matmul defines it: batches are broadcast, a vector is a row or a
    column."""
    ones = (1, *one.shape) if len(one.shape) == 1 else one.shape
    others = (*other.shape, 1) if len(other.shape) == 1 else other.shape
    rank = max(len(ones), len(others))
    ones, others = (1,) * (rank - len(ones)) + ones, (1,) * (rank - len(others)) + others
    batch = tuple(max(p, q) for p, q in zip(ones[:-2], others[:-2], strict=True))
    n, k, m = ones[-2], ones[-1], others[-1]
    shape = (*batch, n, m)
    if isinstance(other, Constant) and len(other.shape) == 2 and isinstance(one, Value):
        seen = one.reshape_to(ones) if not one.spread else b.emit_whole(call, one).reshape_to(ones)
        return _emit_linear_layer(b, call, seen, _transpose_constant(other), None).reshape_to(
            call.shape
        )
    if isinstance(one, Constant):
        # A B is the other way round (B' A')'.
        swapped = _transpose_value(b, call, other, others)
        made = emit_stacked_product(
            b, call, swapped, _transpose_constant(one, ones), Sizes(prod(batch), m, k, n)
        )
        return (
            made.reshape_to((*batch, m, n))
            .permute_axes(_exchange_last_axes(rank))
            .reshape_to(call.shape)
        )
    first = _expand_value(b, call, one, ones, (*batch, n, k))
    if isinstance(other, Constant):
        second: Factor = replace(other, shape=others)
    else:
        second = _expand_value(b, call, other, others, (*batch, k, m))
    made = emit_stacked_product(b, call, first, second, Sizes(prod(batch), n, k, m))
    return made.reshape_to(shape).reshape_to(call.shape)


def _exchange_last_axes(rank: int) -> tuple[int, ...]:
    return (*range(rank - 2), rank - 1, rank - 2)


def _transpose_constant(constant: Constant, shape: Shape = ()) -> Constant:
    wanted = shape or constant.shape
    return replace(constant, shape=(*wanted[:-2], wanted[-1], wanted[-2]))


def _transpose_value(b: TorchImporter, call: TorchCall, value: Factor, shape: Shape) -> Value:
    return b.emit_whole(call, value).reshape_to(shape).permute_axes(_exchange_last_axes(len(shape)))


def _expand_value(
    b: TorchImporter, call: TorchCall, factor: Value, shape: Shape, wanted: Shape
) -> Value:
    """Return a factor repeated along the batch axes of which it has one position."""
    seen = b.emit_whole(call, factor).reshape_to(shape)
    return seen if shape == wanted else b.emit_whole(call, replace(seen, spread=wanted))


def emit_stacked_product(
    b: TorchImporter, call: TorchCall, one: Value, other: Factor, s: Sizes
) -> Value:
    """Emit the product of two stacks of matrices: the first has batch x n x k numbers, the second
    batch x k x m."""
    if isinstance(other, Value):
        first = one.reshape_to((s.batch * s.n, s.k))
        second = other.reshape_to((s.batch * s.k, s.m))
        groups = nondefault_arguments({"groups": (s.batch, 1)})
        return b.emit_layer(
            call, "matmul", [first, second], (s.batch * s.n, s.m), **groups
        ).reshape_to((s.batch, s.n, s.m))
    if prod(other.shape[:-2]) == 1:
        rows = one.reshape_to((s.batch, s.n, s.k))
        return _emit_linear_layer(b, call, rows, replace(other, shape=(s.m, s.k)), None)
    if prod(other.shape[:-2]) != s.batch:
        return b.emit_costed(call, call.target, [one], (s.batch, s.n, s.m), s.connections, [other])
    # A learned matrix for each of the batch: a convolution of kernel 1 in as many groups.
    columns = (
        one.reshape_to((s.batch, s.n, s.k)).permute_axes((0, 2, 1)).reshape_to((s.batch * s.k, s.n))
    )
    made = b.emit_layer(
        call, "conv", [columns], (s.batch * s.m, s.n), learned=[other],
        filters=s.batch * s.m, kernel=1, groups=s.batch, bias=False,
    )  # fmt: skip
    return made.reshape_to((s.batch, s.m, s.n)).permute_axes((0, 2, 1))


def emit_addmm(b: TorchImporter, call: TorchCall) -> Value:
    """Emit a term plus a product (addmm, addbmm, baddbmm)."""
    a = call.arguments
    one = a["mat1"] if "mat1" in a else a["batch1"]
    other = a["mat2"] if "mat2" in a else a["batch2"]
    if not isinstance(one, Value) and not isinstance(other, Value):
        term = replace(call, arguments={"self": a["self"], "other": Constant(call.shape)})
        return b.emit_costed(term, call.target, [a["self"]], call.shape, 0, call.read_constants())
    bias = a["self"]
    plain = a.get("alpha", 1) == 1 and a.get("beta", 1) == 1
    rows = isinstance(one, Value) and isinstance(other, Constant) and len(other.shape) == 2
    if rows and plain and isinstance(bias, Constant) and bias.size == other.shape[1]:
        return _emit_linear_layer(b, call, one, _transpose_constant(other), bias)
    product = emit_product(b, call, one, other)
    made: Value = emit_join(
        b, replace(call, target="add", arguments={"self": bias, "other": product})
    )
    return made


def emit_einsum(b: TorchImporter, call: TorchCall) -> Value:
    """Emit an Einsum of one tensor, which costs nothing; of two, with every index kept, in both, or
    summed over in both; else it is opaque."""
    found = _parse_indices(call)
    tensors = call.arguments["tensors"]
    if len(tensors) == 1 and call.read_values():
        return b.emit_moved(call, "einsum", tensors, call.shape)
    if found is None or not all(isinstance(t, Value | Constant) for t in tensors):
        return b.emit_opaque(call, "einsum", call.read_values(), call.shape, call.read_constants())
    (left, right), out = found
    one, other = tensors
    if isinstance(one, Constant):
        one, other, left, right = other, one, right, left
    size = dict(zip(left, one.shape, strict=True)) | dict(zip(right, other.shape, strict=True))
    both = [i for i in left if i in right and i in out]
    summed = [i for i in left if i in right and i not in out]
    free = [i for i in left if i not in right], [i for i in right if i not in left]
    s = Sizes(*(prod(size[i] for i in group) for group in (both, free[0], summed, free[1])))
    if isinstance(other, Constant):
        second: Factor = replace(other, shape=(s.batch, s.k, s.m))
    else:
        order = tuple(right.index(i) for i in (*both, *summed, *free[1]))
        second = b.emit_whole(call, other).permute_axes(order).reshape_to((s.batch, s.k, s.m))
    order = tuple(left.index(i) for i in (*both, *free[0], *summed))
    first = b.emit_whole(call, one).permute_axes(order).reshape_to((s.batch, s.n, s.k))
    made = emit_stacked_product(b, call, first, second, s)
    have = (*both, *free[0], *free[1])
    turned = made.reshape_to(tuple(size[i] for i in have))
    return turned.permute_axes(tuple(have.index(i) for i in out)).reshape_to(call.shape)


def _parse_indices(call: TorchCall) -> tuple[tuple[str, str], str] | None:
    """Return the letters of two operands and of the result; None where the language has no such
    product."""
    equation: str = call.arguments["equation"].replace(" ", "")
    inputs, arrow, out = equation.partition("->")
    parts = inputs.split(",")
    if len(parts) != 2 or len(call.arguments["tensors"]) != 2 or not arrow or "." in equation:
        return None
    left, right = parts
    if any(len(set(p)) < len(p) for p in (left, right, out)):
        return None
    alone = (set(left) ^ set(right)) - set(out)
    return None if alone or set(out) - set(left + right) else ((left, right), out)


def emit_attention(b: TorchImporter, call: TorchCall) -> Value:
    """Emit scaled_dot_product_attention as two products with a softmax between them."""
    a = call.arguments
    query, key, value = (a[name] for name in ("query", "key", "value"))
    if not all(isinstance(t, Value) for t in (query, key, value)):
        return b.emit_opaque(
            call, call.target, call.read_values(), call.shape, call.read_constants()
        )
    key, value = (_emit_repeated_heads(b, call, t, query.shape) for t in (key, value))
    turned = b.emit_whole(call, key).permute_axes(_exchange_last_axes(len(key.shape)))
    shape = (*query.shape[:-1], key.shape[-2])
    inner = replace(call, shapes=(shape,), target="matmul")
    scores = emit_product(b, inner, query, turned)
    mask = a.get("attn_mask")
    if isinstance(mask, Value | Constant):
        scores = emit_join(
            b, replace(inner, target="add", arguments={"self": scores, "other": mask})
        )
    plain = Value(scores.base, scores.made)
    soft = replace(b.emit_layer(call, "softmax", [plain], scores.made), steps=scores.steps)
    return emit_product(b, call, soft, value)


def _emit_repeated_heads(b: TorchImporter, call: TorchCall, x: Value, query: Shape) -> Value:
    """Emit keys or values once for each head of queries that reads them (grouped queries)."""
    if len(x.shape) < 3 or x.shape[-3] == query[-3] or not call.arguments.get("enable_gqa"):
        return x
    heads, times = x.shape[-3], query[-3] // x.shape[-3]
    front, back = x.shape[:-3], x.shape[-2:]
    seen = b.emit_whole(call, x).reshape_to((*front, heads, 1, *back))
    wide = b.emit_whole(call, replace(seen, spread=(*front, heads, times, *back)))
    return wide.reshape_to((*front, heads * times, *back))
