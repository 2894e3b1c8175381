"""Names that a spec gives: how they may look, and which words belong to the language."""

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
"""Keys that every layer takes."""

STRUCTURES = {
    "residual": ("shortcut",),
    "parallel": ("join",),
    "densely": ("times",),
    "sequence": (),
}
"""The structures, and the further keys of each."""

KEYWORDS = ("same", "valid", "depthwise", "nearest", "bilinear", "true", "false", "previous")

RESERVED = frozenset((*TYPES, *STRUCTURES, *COMMON, *KEYWORDS, "shortcut", "join", "values"))
"""Words that cannot be the name of a parameter, block or layer."""


Names = dict[str, int]
"""The names given in one scope, with the offset in the file at which each is given."""


def check_name(problems: Problems, at: Scalar, what: str, also: Collection[str] = ()) -> bool:
    """Check that a name is well formed and not reserved, and report it if not.

    The words in `also` are allowed though they are reserved.
    """
    name = at.text
    if not NAME.fullmatch(name):
        hint = "letters a to z, digits and underscores, and no digit first"
        problems.add(at.start, f"{quote_text(name)} is no name for {what}", hint)
        return False
    if name in RESERVED or (name in ("channels", "input") and name not in also):
        problems.add(
            at.start, f"{name!r} is no name for {what}: it is a word of the language", "rename it"
        )
        return False
    return True
