"""Scalars that YAML 1.1 or another language takes for numbers or booleans, and this one refuses."""

from __future__ import annotations

import re
from collections.abc import Callable

BOOLEANS = dict.fromkeys(("yes", "Yes", "YES", "on", "On", "ON", "True", "TRUE"), "true") | (
    dict.fromkeys(("no", "No", "NO", "off", "Off", "OFF", "False", "FALSE"), "false")
)
"""What to write for the words that YAML 1.1 takes for true and false."""

_DIGITS = "a number is 12, 0.5 or 1e6, of 60 digits at most"

_NUMBERLIKE = re.compile(r"[-+]?[0-9.][0-9A-Fa-fxXoObB_,:.]*", re.A)

_FORMS: tuple[tuple[str, Callable[[str], str]], ...] = (
    (r"-?0[0-9]+", lambda s: f"write {int(s)}: numbers are decimal, without leading zeros"),
    (r"0[xX][0-9a-fA-F]{1,16}", lambda s: f"write {int(s, 16)}: numbers are decimal"),
    (r"0[oO][0-7]{1,16}", lambda s: f"write {int(s, 8)}: numbers are decimal"),
    (r"0[bB][01]{1,64}", lambda s: f"write {int(s[2:], 2)}: numbers are decimal"),
    (r"[0-9]+(_[0-9]+)+", lambda s: f"write {s.replace('_', '')}"),
    (r"[0-9]+(,[0-9]{3})+", lambda s: f"write {s.replace(',', '')}"),
    (r"[0-9]+(:[0-9]+)+", lambda s: "a ratio is written 1/2, a list [5, 30]"),
    (r"[0-9]+[xX][0-9xX]+", lambda s: f"write [{', '.join(re.split('[xX]', s))}]"),
    (r"\+[0-9.]+", lambda s: f"write {s[1:]}"),
    (r"-?\.[0-9]+", lambda s: f"write {s.replace('.', '0.')}"),
    (r"[0-9]+\.", lambda s: f"write {s[:-1]}"),
    (r"-?[0-9.]+", lambda s: _DIGITS),
)
"""Forms of numbers that this language refuses, and what to write for each; the first one counts."""


def hint_for_number(text: str) -> str:
    """Say what to write for a number that only YAML 1.1 or another language reads; else empty."""
    if not _NUMBERLIKE.fullmatch(text):
        return ""
    if len(text) > 60:
        return _DIGITS
    return next((hint(text) for form, hint in _FORMS if re.fullmatch(form, text)), "")
