"""Find the module path of each operation in its source, from the names that imports keep."""

from __future__ import annotations

import re
from os.path import commonprefix
from typing import TYPE_CHECKING

from cnncost.layers import FAMILIES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnncost.formats.graph import Graph, Op

DEEPEST = 12
"""How deep modules within modules are told apart."""

_FOLLOWING = frozenset(
    (*FAMILIES["normalisation"], *FAMILIES["activation"], *FAMILIES["regularisation"])
)
"""Types that belong to the layer before them if nothing else is known."""


def source_paths(graph: Graph) -> dict[str, str]:
    """Return each operation's path, modules separated by dots, by the operation's name.

    If few names of the graph have a dot (Keras, specs), underscores separate modules too, as
    in `conv2_block1_1_conv`.
    """
    own = [op.name for op in graph.ops if not is_numbered(op)]
    dotted = 2 * sum("." in name for name in own) > len(own)
    return {op.name: _split_name(op.name, r"\." if dotted else r"[._]") for op in graph.ops}


def is_numbered(op: Op) -> bool:
    """Whether an operation has no name from its source, only its type's word with a number."""
    return re.fullmatch(rf"{op.word}_?\d*", op.name) is not None


def follows_input(op: Op) -> bool:
    """Whether an operation belongs to the module of what it reads: if its source does not say, or
    if it is a shuffle, whose reshape the source may do later."""
    return (op.word in _FOLLOWING and is_numbered(op)) or op.word == "channel_shuffle"


def join_path(home: str, name: str) -> str:
    """Join a module's path and a name."""
    return f"{home}.{name}" if home else name


def common_module(found: Iterable[str]) -> str:
    """Return the modules that all paths begin with."""
    return ".".join(commonprefix([path.split(".") for path in found]))  # noqa: RUF071  lists of names, not texts


def _split_name(name: str, mark: str) -> str:
    """Split a name into its parts; if there are too many, the last ones stay together."""
    parts = [part for part in re.split(mark, name) if part]
    if len(parts) > DEEPEST:
        parts = [*parts[: DEEPEST - 1], "_".join(parts[DEEPEST - 1 :])]
    return ".".join(parts) or name
