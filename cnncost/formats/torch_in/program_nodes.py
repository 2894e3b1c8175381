"""One operation of a traced program: what it is given, and whether it writes, gives a view or
depends on data."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cnncost.formats.torch_in.torch_importer import TorchCall

if TYPE_CHECKING:
    from torch import fx


SHAPE_TAKERS = ("view_as", "reshape_as", "expand_as", "type_as")
"""Operations that take only the shape, or the type, of their second tensor."""


def operation_name(node: fx.Node) -> str:
    """Return the operation of a call, as `conv2d`; empty for Python's own functions."""
    schema = getattr(node.target, "_schema", None)
    return "" if schema is None else str(schema.name).split("::")[-1]


def writes_into_a_part(node: fx.Node) -> bool:
    """Whether it changes a tensor that others see a part of, or that is a part of another."""
    if not changes_input(node) or "dropout" in str(node.target):
        return False  # in inference dropout changes nothing
    target: Any = next(iter(node.args), None)
    seen = []
    while target is not None and hasattr(target, "op"):
        seen.append(target)
        if target.op == "placeholder" or is_view(target):
            return True
        target = target.args[0] if changes_input(target) else None
    return any(is_view(user) for one in seen for user in one.users if user is not node)


def changes_input(node: fx.Node) -> bool:
    """Whether an operation writes into what it is given."""
    schema = getattr(node.target, "_schema", None)
    return node.op == "call_function" and schema is not None and bool(schema.is_mutable)


def is_view(node: fx.Node) -> bool:
    """Whether a result may be a part of what the operation is given."""
    import operator

    if node.op != "call_function":
        return False
    if node.target is operator.getitem:
        made: Any = node.args[0]
        return is_view(made)
    schema = getattr(node.target, "_schema", None)
    marks = [] if schema is None else [result.alias_info for result in schema.returns]
    return any(mark is not None and not mark.is_write for mark in marks)


def is_unsized(node: fx.Node) -> bool:
    """Whether the size of an operation's result depends on data."""
    made = node.meta.get("val")
    several = made if isinstance(made, list | tuple) else [made]
    return any(
        not isinstance(size, int) for one in several if hasattr(one, "shape") for size in one.shape
    )


def describe_call(node: fx.Node, known: dict[fx.Node, Any]) -> TorchCall:
    """Describe a node as a call, its arguments by name and replaced by what is known of them."""
    call = replace(describe_arguments(node, known), shapes=_result_shapes(node))
    return replace(call, used=_used_results(node)) if len(call.shapes) > 1 else call


def _used_results(node: fx.Node) -> tuple[int, ...]:
    """Return which of several results the program reads."""
    taken: dict[int, bool] = {}
    for user in node.users:
        place: Any = user.args[1] if len(user.args) > 1 else 0
        if type(place) is int:
            taken[place] = taken.get(place, False) or bool(user.users)
    return tuple(place for place in sorted(taken) if taken[place])


def describe_arguments(node: fx.Node, known: dict[fx.Node, Any]) -> TorchCall:
    """Describe a call without the shapes of its results."""
    target: Any = node.target
    schema, name = target._schema, operation_name(node)
    given = {
        argument.name: value for argument, value in zip(schema.arguments, node.args, strict=False)
    }
    given |= node.kwargs
    if name in SHAPE_TAKERS:
        del given["other"]
    arguments = {key: _resolve_argument(value, known) for key, value in given.items()}
    plain = name.rstrip("_") if not name.startswith("_") else name
    return TorchCall(plain, arguments, module_path(node), (), inplace=plain != name)


def _resolve_argument(value: Any, known: dict[fx.Node, Any]) -> Any:
    """Any: arguments of all kinds, nodes replaced by what is known of them."""
    from torch import fx

    if isinstance(value, fx.Node):
        return known.get(value)
    if isinstance(value, list | tuple):
        return [_resolve_argument(part, known) for part in value]
    return value


def module_path(node: fx.Node) -> str:
    """Return the innermost module that called, by its dotted path."""
    stack = list(node.meta.get("nn_module_stack", {}).values())
    path = stack[-1][0] if stack else ""
    return path.removeprefix("L['self']").removeprefix(".").split("@")[0]


def _result_shapes(node: fx.Node) -> tuple[tuple[int, ...], ...]:
    made = node.meta.get("val")
    several = made if isinstance(made, list | tuple) else [made]
    return tuple(
        tuple(int(n) for n in tensor.shape) for tensor in several if hasattr(tensor, "shape")
    )
