"""Signs that stand for those that the output's encoding lacks: `-` for a rule, `#` for a bar.

Views that know better, as bars and the gradient equations do, ask for the encoding themselves.
"""

import codecs
import sys

NAME = "cnncost.signs"

_ALIKE = {
    "-": "─━╌╴╶\u2010\u2011\u2013\u2014\u2212",
    "|": "│┃╷╵",
    "+": "┌┐└┘├┤┬┴┼╭╮╰╯",
    "#": "█▉▊▋▌▍▎▏■",
    "*": "∗⋆•",
    ".": "·",
    "o": "∘",
    "x": "\u00d7",
    "'": "\u2018\u2019\u2032",
    '"': "“”",
    "...": "…",
    "<=": "≤",
    ">=": "≥",
    "->": "→",
    " ": "\u00a0",
}
"""For signs of ASCII those that are like them."""

SIGNS = {sign: plain for plain, signs in _ALIKE.items() for sign in signs}


def write_signs_alike() -> None:
    """Have both streams write what they cannot encode in signs that are like it."""
    codecs.register_error(NAME, _replace_signs)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=NAME)


def _replace_signs(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)  # no stream here reads
    lacking = error.object[error.start : error.end]
    return "".join(map(_plain_sign, lacking)), error.end


def _plain_sign(character: str) -> str:
    """ASCII for a character: a sign like it, a letter without its accent, or its number."""
    if character in SIGNS:
        return SIGNS[character]
    from unicodedata import combining, normalize

    if combining(character):
        return ""
    plain = normalize("NFKD", character).encode("ascii", "ignore").decode()
    return plain or f"\\u{ord(character):04x}"
