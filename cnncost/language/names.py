"""Names that a spec gives: how they are formed, and which words are taken by the language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncost.errors import quote_text
from cnncost.language.nodes import Scalar
from cnncost.language.values import NAME
from cnncost.layers import TYPES

if TYPE_CHECKING:
    from collections.abc import Collection

    from cnncost.language.problems import Problems

COMMON = ("name", "from", "repeat", "frozen", "share")
"""Keys that go with every layer."""

STRUCTURES = {
    "residual": ("shortcut",),
    "parallel": ("join",),
    "densely": ("times",),
    "sequence": (),
}
"""Each structure's further keys."""

KEYWORDS = ("same", "valid", "depthwise", "nearest", "bilinear", "true", "false", "previous")

RESERVED = frozenset((*TYPES, *STRUCTURES, *COMMON, *KEYWORDS, "shortcut", "join", "values"))
"""What no parameter, block or layer may be called."""


Names = dict[str, int]
"""The names given in one scope, with the offset of each."""


def check_name(problems: Problems, at: Scalar, what: str, also: Collection[str] = ()) -> bool:
    """Whether a name is well formed and free; `also` is allowed though reserved."""
    name = at.text
    if not NAME.fullmatch(name):
        hint = "letters, digits and underscores, and no digit first"
        problems.add(at.start, f"{quote_text(name)} is no name for {what}", hint)
        return False
    if name in RESERVED or (name in ("channels", "input") and name not in also):
        problems.add(
            at.start, f"{name!r} is no name for {what}: it is a word of the language", "rename it"
        )
        return False
    return True
