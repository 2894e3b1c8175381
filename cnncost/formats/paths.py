"""Where in its source each operation stood: module paths, from the names that imports keep."""

from __future__ import annotations

import re
from os.path import commonprefix
from typing import TYPE_CHECKING

from cnncost.layers import FAMILIES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnncost.formats.graph import Graph, Op

DEEPEST = 12
"""Modules inside each other that are told apart."""

_FOLLOWING = frozenset(
    (*FAMILIES["normalisation"], *FAMILIES["activation"], *FAMILIES["regularisation"])
)
"""Types that belong to the layer before them where nothing else is known."""


def source_paths(graph: Graph) -> dict[str, str]:
    """Each operation's path by its name, its modules apart by dots.

    Where few names of the graph have a dot (Keras, specs), underscores part them as well:
    `conv2_block1_1_conv`.
    """
    own = [op.name for op in graph.ops if not is_numbered(op)]
    dotted = 2 * sum("." in name for name in own) > len(own)
    return {op.name: _split_name(op.name, r"\." if dotted else r"[._]") for op in graph.ops}


def is_numbered(op: Op) -> bool:
    """Whether it has no name of its source: its type's word with a number."""
    return re.fullmatch(rf"{op.word}_?\d*", op.name) is not None


def follows_input(op: Op) -> bool:
    """Whether it belongs to what it reads: if its source does not say, or a shuffle, which is
    a reshape that the source may do later."""
    return (op.word in _FOLLOWING and is_numbered(op)) or op.word == "channel_shuffle"


def join_path(home: str, name: str) -> str:
    """The path of a name in a module."""
    return f"{home}.{name}" if home else name


def common_module(found: Iterable[str]) -> str:
    """The modules that all paths begin with."""
    return ".".join(commonprefix([path.split(".") for path in found]))  # noqa: RUF071  lists of names, not texts


def _split_name(name: str, mark: str) -> str:
    """A name's parts, the last ones together if there are too many."""
    parts = [part for part in re.split(mark, name) if part]
    if len(parts) > DEEPEST:
        parts = [*parts[: DEEPEST - 1], "_".join(parts[DEEPEST - 1 :])]
    return ".".join(parts) or name
