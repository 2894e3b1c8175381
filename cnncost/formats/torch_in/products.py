"""Products of a traced program: with learned matrices, and of two activations."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import NamedTuple

from cnncost.formats.tensor_value import Constant, Shape, Value
from cnncost.formats.torch_in.torch_elementwise import join
from cnncost.formats.torch_in.torch_importer import AXES, TorchCall, TorchImporter
from cnncost.formats.torch_in.torch_windows import changed, gained, with_gains

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


def linear(b: TorchImporter, call: TorchCall) -> Value:
    """A product with a matrix along the last axis."""
    a = call.arguments
    x, weight, bias = a["input"], a["weight"], a.get("bias")
    if not isinstance(weight, Constant) or not isinstance(x, Value) or isinstance(bias, Value):
        uses = prod(call.shape) * weight.shape[-1]
        return b.costed(call, call.target, call.values(), call.shape, uses, call.constants())
    if len(weight.shape) != 2:
        return b.opaque(call, call.target, call.values(), call.shape, call.constants())
    return _linear(b, call, x, weight, bias)


def _linear(
    b: TorchImporter, call: TorchCall, x: Value, weight: Constant, bias: Constant | None
) -> Value:
    """`weight` is one row per feature."""
    features, x = weight.shape[0], b.whole(call, x)
    own, gains = gained(weight, features)
    given = changed({"bias": (bias is not None, True)})
    rest = x.shape[1:-1] if len(x.shape) > 1 and x.shape[0] == 1 else x.shape[:-1]
    if not rest:
        vector = x.reshaped((x.shape[-1],))
        made = b.layer(
            call, "dense", [vector], (features,), learned=[own, bias], units=features, **given
        )
        return with_gains(b, call, made, gains).reshaped((*x.shape[:-1], features))
    flat = rest if len(rest) < AXES else (prod(rest),)
    front = x.front(len(x.shape) - 1).reshaped((x.shape[-1], *flat))
    made = b.layer(
        call, "linear", [front], (features, *flat), learned=[own, bias], features=features, **given
    )
    made = with_gains(b, call, made, gains).reshaped((features, *x.shape[:-1]))
    return made.back(len(x.shape) - 1)


def matmul(b: TorchImporter, call: TorchCall) -> Value:
    """mm, bmm, mv, dot, matmul: of two activations, or with a constant on either side."""
    a = call.arguments
    one = a["self"]
    other = next(a[key] for key in ("other", "mat2", "vec", "tensor") if key in a)
    return multiplied(b, call, one, other)


def multiplied(b: TorchImporter, call: TorchCall, one: Factor, other: Factor) -> Value:
    """As torch.matmul has it: batches are broadcast, vectors are a row or a column."""
    ones = (1, *one.shape) if len(one.shape) == 1 else one.shape
    others = (*other.shape, 1) if len(other.shape) == 1 else other.shape
    rank = max(len(ones), len(others))
    ones, others = (1,) * (rank - len(ones)) + ones, (1,) * (rank - len(others)) + others
    batch = tuple(max(p, q) for p, q in zip(ones[:-2], others[:-2], strict=True))
    n, k, m = ones[-2], ones[-1], others[-1]
    shape = (*batch, n, m)
    if isinstance(other, Constant) and len(other.shape) == 2 and isinstance(one, Value):
        seen = one.reshaped(ones) if not one.spread else b.whole(call, one).reshaped(ones)
        return _linear(b, call, seen, _turned(other), None).reshaped(call.shape)
    if isinstance(one, Constant):
        # A B is the other way round (B' A')'.
        swapped = _swapped(b, call, other, others)
        made = multiplied_of(b, call, swapped, _turned(one, ones), Sizes(prod(batch), m, k, n))
        return made.reshaped((*batch, m, n)).permuted(_exchange(rank)).reshaped(call.shape)
    first = _batched(b, call, one, ones, (*batch, n, k))
    second = _batched(b, call, other, others, (*batch, k, m))
    made = multiplied_of(b, call, first, second, Sizes(prod(batch), n, k, m))
    return made.reshaped(shape).reshaped(call.shape)


def _exchange(rank: int) -> tuple[int, ...]:
    return (*range(rank - 2), rank - 1, rank - 2)


def _turned(constant: Constant, shape: Shape = ()) -> Constant:
    wanted = shape or constant.shape
    return replace(constant, shape=(*wanted[:-2], wanted[-1], wanted[-2]))


def _swapped(b: TorchImporter, call: TorchCall, value: Factor, shape: Shape) -> Value:
    assert isinstance(value, Value)  # one of two factors depends on an input
    return b.whole(call, value).reshaped(shape).permuted(_exchange(len(shape)))


def _batched(
    b: TorchImporter, call: TorchCall, factor: Factor, shape: Shape, wanted: Shape
) -> Factor:
    """A factor with the whole batch: repeated, if it has a part of it."""
    if isinstance(factor, Constant):
        return replace(factor, shape=shape)
    seen = b.whole(call, factor).reshaped(shape)
    return seen if shape == wanted else b.whole(call, replace(seen, spread=wanted))


def multiplied_of(
    b: TorchImporter, call: TorchCall, one: Value | Factor, other: Factor, s: Sizes
) -> Value:
    """Stacks of matrices: the first of a batch x n x k, the second batch x k x m."""
    assert isinstance(one, Value)  # a constant stands second
    if isinstance(other, Value):
        first = one.reshaped((s.batch * s.n, s.k))
        second = other.reshaped((s.batch * s.k, s.m))
        groups = changed({"groups": (s.batch, 1)})
        return b.layer(call, "matmul", [first, second], (s.batch * s.n, s.m), **groups).reshaped(
            (s.batch, s.n, s.m)
        )
    if prod(other.shape[:-2]) == 1:
        rows = one.reshaped((s.batch, s.n, s.k))
        return _linear(b, call, rows, replace(other, shape=(s.m, s.k)), None)
    if prod(other.shape[:-2]) != s.batch:
        return b.costed(call, call.target, [one], (s.batch, s.n, s.m), s.connections, [other])
    # A learned matrix for each of the batch: a convolution of kernel 1 in as many groups.
    columns = one.reshaped((s.batch, s.n, s.k)).permuted((0, 2, 1)).reshaped((s.batch * s.k, s.n))
    made = b.layer(
        call, "conv", [columns], (s.batch * s.m, s.n), learned=[other],
        filters=s.batch * s.m, kernel=1, groups=s.batch, bias=False,
    )  # fmt: skip
    return made.reshaped((s.batch, s.m, s.n)).permuted((0, 2, 1))


def addmm(b: TorchImporter, call: TorchCall) -> Value:
    """addmm, addbmm's and baddbmm's: a term and a product."""
    a = call.arguments
    one = a["mat1"] if "mat1" in a else a["batch1"]
    other = a["mat2"] if "mat2" in a else a["batch2"]
    if not isinstance(one, Value) and not isinstance(other, Value):
        term = replace(call, arguments={"self": a["self"], "other": Constant(call.shape)})
        return b.costed(term, call.target, [a["self"]], call.shape, 0, call.constants())
    bias = a["self"]
    plain = a.get("alpha", 1) == 1 and a.get("beta", 1) == 1
    rows = isinstance(one, Value) and isinstance(other, Constant) and len(other.shape) == 2
    if rows and plain and isinstance(bias, Constant) and bias.size == other.shape[1]:
        return _linear(b, call, one, _turned(other), bias)
    product = multiplied(b, call, one, other)
    made: Value = join(b, replace(call, target="add", arguments={"self": bias, "other": product}))
    return made


def einsum(b: TorchImporter, call: TorchCall) -> Value:
    """Of two, with every index kept, in both, or summed over in both; else opaque."""
    found = _indices(call)
    tensors = call.arguments["tensors"]
    if found is None or not all(isinstance(t, Value | Constant) for t in tensors):
        return b.opaque(call, "einsum", call.values(), call.shape, call.constants())
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
        second = b.whole(call, other).permuted(order).reshaped((s.batch, s.k, s.m))
    order = tuple(left.index(i) for i in (*both, *free[0], *summed))
    first = b.whole(call, one).permuted(order).reshaped((s.batch, s.n, s.k))
    made = multiplied_of(b, call, first, second, s)
    have = (*both, *free[0], *free[1])
    turned = made.reshaped(tuple(size[i] for i in have))
    return turned.permuted(tuple(have.index(i) for i in out)).reshaped(call.shape)


def _indices(call: TorchCall) -> tuple[tuple[str, str], str] | None:
    """The letters of two operands and of the result; None where the language has no product."""
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


def attention(b: TorchImporter, call: TorchCall) -> Value:
    """scaled_dot_product_attention: two products, a softmax between them."""
    a = call.arguments
    query, key, value = (a[name] for name in ("query", "key", "value"))
    if not all(isinstance(t, Value) for t in (query, key, value)):
        return b.opaque(call, call.target, call.values(), call.shape, call.constants())
    key, value = (_repeated(b, call, t, query.shape) for t in (key, value))
    turned = b.whole(call, key).permuted(_exchange(len(key.shape)))
    shape = (*query.shape[:-1], key.shape[-2])
    inner = replace(call, shapes=(shape,), target="matmul")
    scores = multiplied(b, inner, query, turned)
    mask = a.get("attn_mask")
    if isinstance(mask, Value | Constant):
        scores = join(b, replace(inner, target="add", arguments={"self": scores, "other": mask}))
    plain = Value(scores.base, scores.made)
    soft = replace(b.layer(call, "softmax", [plain], scores.made), steps=scores.steps)
    return multiplied(b, call, soft, value)


def _repeated(b: TorchImporter, call: TorchCall, x: Value, query: Shape) -> Value:
    """Keys and values that several heads of queries read (grouped queries)."""
    if len(x.shape) < 3 or x.shape[-3] == query[-3] or not call.arguments.get("enable_gqa"):
        return x
    heads, times = x.shape[-3], query[-3] // x.shape[-3]
    front, back = x.shape[:-3], x.shape[-2:]
    seen = b.whole(call, x).reshaped((*front, heads, 1, *back))
    wide = b.whole(call, replace(seen, spread=(*front, heads, times, *back)))
    return wide.reshaped((*front, heads * times, *back))
