"""What an operation of a traced program does: whether it writes, gives a view, depends on data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import fx


def operation_name(node: fx.Node) -> str:
    """The operation of a call, as `conv2d`; empty for Python's own functions."""
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
