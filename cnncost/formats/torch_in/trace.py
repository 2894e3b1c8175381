"""A module's forward pass, traced by torch.export and read as layers one after another."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cnncost.errors import CnncostError
from cnncost.formats.graph import Graph
from cnncost.formats.torch_in import elementwise, shaping, windows
from cnncost.formats.torch_in.builder import Builder, Call
from cnncost.formats.torch_in.whole import key, whole
from cnncost.formats.torch_in.zeros import taken_in
from cnncost.formats.value import Constant, Value

if TYPE_CHECKING:
    from torch import fx, nn
    from torch.export import ExportedProgram

Handler = Callable[[Builder, Call], Any]
"""Any: a value, several, or what was passed through."""


def _for(handler: Handler, *targets: str) -> dict[str, Handler]:
    return dict.fromkeys(targets, handler)


HANDLERS: dict[str, Handler] = {
    **_for(windows.convolution, "conv1d", "conv2d", "conv3d"),
    **_for(windows.convolution, "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"),
    **_for(windows.linear, "linear"),
    **_for(windows.matmul, "matmul", "mm", "bmm"),
    **_for(windows.addmm, "addmm"),
    **_for(windows.pool, "max_pool1d", "max_pool2d", "max_pool3d"),
    **_for(windows.pool, "avg_pool1d", "avg_pool2d", "avg_pool3d"),
    **_for(windows.adaptive_pool, *(f"adaptive_max_pool{n}d" for n in "123")),
    **_for(windows.adaptive_pool, *(f"adaptive_avg_pool{n}d" for n in "123")),
    **_for(windows.upsample, *(f"upsample_nearest{n}d" for n in "123")),
    **_for(windows.upsample, "upsample_linear1d", "upsample_bilinear2d", "upsample_bicubic2d"),
    **_for(windows.upsample, "upsample_trilinear3d"),
    **_for(windows.pad, "pad", "constant_pad_nd"),
    **_for(elementwise.activation, *elementwise.ACTIVATIONS),
    **_for(elementwise.hardtanh, "hardtanh"),
    **_for(elementwise.prelu, "prelu"),
    **_for(elementwise.dropout, "dropout", "feature_dropout", "alpha_dropout"),
    **_for(elementwise.join, "add", "sub", "rsub", "mul", "div", "maximum", "minimum"),
    **_for(elementwise.addcmul, "addcmul"),
    **_for(elementwise.norm, "batch_norm", "instance_norm", "group_norm"),
    **_for(elementwise.layer_norm, "layer_norm"),
    **_for(elementwise.rms_norm, "rms_norm"),
    **_for(
        elementwise.stand_in, "pow", "square", "sqrt", "rsqrt", "exp", "log", "abs", "neg", "erf",
        "clamp", "clamp_min", "clamp_max", "sin", "cos", "hardshrink", "softsign", "threshold",
    ),
    **_for(
        elementwise.passed, "contiguous", "clone", "detach", "to", "_to_copy", "alias",
        "lift_fresh_copy", "type_as", "float", "view_as_real",
    ),
    **_for(shaping.view, "view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze"),
    **_for(shaping.view, "view_as", "reshape_as", "_unsafe_view"),
    **_for(shaping.permute, "permute"),
    **_for(shaping.transpose, "transpose", "swapaxes", "swapdims"),
    **_for(shaping.movedim, "movedim", "moveaxis"),
    **_for(shaping.expand, "expand", "expand_as"),
    **_for(shaping.slice_, "slice"),
    **_for(shaping.split, "split", "split_with_sizes", "chunk"),
    **_for(shaping.unbind, "unbind"),
    **_for(shaping.select, "select"),
    **_for(shaping.concatenate, "cat", "concat", "concatenate"),
    **_for(shaping.stack, "stack"),
    **_for(shaping.rearrange, "pixel_shuffle", "pixel_unshuffle"),
    **_for(shaping.rearrange, "channel_shuffle", "native_channel_shuffle"),
    **_for(shaping.reduce, "mean", "amax", "sum", "var", "std", "linalg_vector_norm", "norm"),
}  # fmt: skip
"""What reads each operation of a program; another becomes opaque."""
SILENT = ("_assert_tensor_metadata", "sym_size", "_assert_scalar", "sym_constrain_range")


def trace(module: nn.Module, name: str, shapes: dict[str, tuple[int, ...]]) -> Graph:
    """The module's graph for one example of each input's shape.

    Raises:
        CnncostError: torch.export cannot trace it.
    """
    program = _export(module, shapes)
    frozen, same = _parameters(module)
    builder = Builder(frozen=frozen, same=same)
    known: dict[fx.Node, Any] = {}  # Any: values, constants, numbers
    signature = program.graph_signature
    learned = {**signature.inputs_to_parameters}
    names = iter(shapes.items())
    outputs: list[Value] = []
    wholes: dict[str, Value | None] = {}
    for node in program.graph.nodes:
        if node.op == "placeholder":
            known[node] = _placeholder(node, learned, names, builder)
        elif node.op == "call_function":
            if key(node) not in wholes:
                wholes[key(node)] = whole(builder, node, known, module, _path(node))
            found = wholes[key(node)]
            known[node] = _call(builder, node, known) if found is None else found
        elif node.op == "output":
            outputs = _outputs(node, known)
    return _graph(builder, name, shapes, outputs)


def _export(module: nn.Module, shapes: dict[str, tuple[int, ...]]) -> ExportedProgram:
    import torch

    examples = tuple(torch.empty((1, *shape), device="meta") for shape in shapes.values())
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            return torch.export.export(module, examples, strict=False)
    except Exception as error:
        first = (str(error).strip().splitlines() or [""])[0][:200]
        raise CnncostError(
            f"torch.export cannot trace it: {type(error).__name__}: {first}",
            "check --input; control flow on data cannot be traced",
        ) from error


def _parameters(module: nn.Module) -> tuple[frozenset[str], dict[str, str]]:
    """The frozen ones, and for each name the first name of the same parameter."""
    first: dict[int, str] = {}
    same: dict[str, str] = {}
    frozen = set()
    for name, parameter in module.named_parameters(remove_duplicate=False):
        same[name] = first.setdefault(id(parameter), name)
        if not parameter.requires_grad:
            frozen.add(name)
    return frozenset(frozen), same


def _placeholder(node: fx.Node, learned: dict[str, str], names: Any, builder: Builder) -> Any:
    """Any: what iterates over the inputs; a constant or a value."""
    shape = tuple(node.meta["val"].shape)
    if node.name in learned:
        return Constant(shape, (learned[node.name],))
    if node.name.startswith(("b_", "c_")):
        return Constant(shape)
    name, given = next(names)
    return builder.start(name, given)


def _call(builder: Builder, node: fx.Node, known: dict[fx.Node, Any]) -> Any:
    """Any: what the call makes."""
    if node.target is operator.getitem:
        made, index = node.args
        return known[made][index]
    call = _described(node, known)
    if call.target in SILENT:
        return None
    if not call.values():
        return shaping.constant(call)
    made = _handled(builder, call)
    if call.inplace:
        changed = next(iter(node.args), None)
        if changed is not None:
            known[changed] = made  # what reads it later sees it changed
    return made


def _handled(builder: Builder, call: Call) -> Any:
    """Any: what the call makes."""
    handler = HANDLERS.get(call.target)
    reads = list(dict.fromkeys(call.values()))
    if handler is not None and not any(value.base in builder.turned for value in reads):
        try:
            return handler(builder, call)
        except shaping.Batched:
            pass  # what follows says what such a call becomes
    made = [builder.opaque(call, call.target, reads, shape[1:]) for shape in call.shapes]
    front = [shape[0] for shape in call.shapes]
    builder.turned |= {value.base for value, n in zip(made, front, strict=True) if n != 1}
    return made if len(made) > 1 else made[0]


def _described(node: fx.Node, known: dict[fx.Node, Any]) -> Call:
    schema = node.target._schema
    target = schema.name.split("::")[-1]
    given = {
        argument.name: value for argument, value in zip(schema.arguments, node.args, strict=False)
    }
    given |= node.kwargs
    arguments = {name: _resolved(value, known) for name, value in given.items()}
    plain = target.rstrip("_") if not target.startswith("_") else target
    return Call(plain, arguments, _path(node), _shapes(node), inplace=plain != target)


def _resolved(value: Any, known: dict[fx.Node, Any]) -> Any:
    """Any: arguments of all kinds, nodes replaced by what is known of them."""
    from torch import fx

    if isinstance(value, fx.Node):
        return known.get(value)
    if isinstance(value, list | tuple):
        return [_resolved(part, known) for part in value]
    return value


def _path(node: fx.Node) -> str:
    """The innermost module that called, by its dotted path."""
    stack = list(node.meta.get("nn_module_stack", {}).values())
    path = stack[-1][0] if stack else ""
    return path.removeprefix("L['self']").removeprefix(".").split("@")[0]


def _shapes(node: fx.Node) -> tuple[tuple[int, ...], ...]:
    made = node.meta.get("val")
    several = made if isinstance(made, list | tuple) else [made]
    return tuple(
        tuple(int(n) for n in tensor.shape) for tensor in several if hasattr(tensor, "shape")
    )


def _outputs(node: fx.Node, known: dict[fx.Node, Any]) -> list[Value]:
    found = [known[argument] for argument in node.args[0] if argument is not None]
    return [value for value in found if isinstance(value, Value)]


def _graph(
    builder: Builder, name: str, shapes: dict[str, tuple[int, ...]], outputs: list[Value]
) -> Graph:
    end = Call("output", {}, "", ())
    names = [builder.solid(end, value) for value in outputs]
    if not names:
        raise CnncostError(f"{name}: its outputs do not depend on its inputs")
    notes = [
        f"{note} ({count} times)" if count > 1 else note
        for note, count in builder.stands_in.items()
    ]
    return Graph(
        name, dict(shapes), taken_in(_alive(builder, names), builder.zeros, names),
        tuple(dict.fromkeys(names)),
        notes="\n".join(notes), unknown=tuple(builder.unknown),
    )  # fmt: skip


def _alive(builder: Builder, outputs: list[str]) -> tuple[Any, ...]:
    """The operations that some output needs."""
    needed = set(outputs)
    for op in reversed(builder.ops.values()):
        if op.name in needed:
            needed.update(op.reads)
    return tuple(op for op in builder.ops.values() if op.name in needed)
