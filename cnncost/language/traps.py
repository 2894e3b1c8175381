"""Scalars that YAML 1.1 or another language reads as numbers or booleans, and this one refuses."""

from __future__ import annotations

import re

BOOLEANS = dict.fromkeys(("yes", "Yes", "YES", "on", "On", "ON", "True", "TRUE"), "true") | (
    dict.fromkeys(("no", "No", "NO", "off", "Off", "OFF", "False", "FALSE"), "false")
)
"""What to write for the words that YAML 1.1 takes for true and false."""

_NUMBERLIKE = re.compile(r"[-+]?[0-9.][0-9A-Fa-fxXoObB_,:.]*", re.A)
_DIGITS = "a number is 12, 0.5 or 1e6, of 60 digits at most"


def hint_for_number(text: str) -> str:
    """What to write for a number that YAML 1.1 or another language would have read."""
    if not _NUMBERLIKE.fullmatch(text):
        return ""
    if len(text) > 60:
        return _DIGITS
    if re.fullmatch(r"-?0[0-9]+", text):
        return f"write {int(text)}: numbers are decimal, without leading zeros"
    if re.fullmatch(r"0[xX][0-9a-fA-F]{1,16}", text):
        return f"write {int(text, 16)}: numbers are decimal"
    if re.fullmatch(r"0[oO][0-7]{1,16}", text):
        return f"write {int(text, 8)}: numbers are decimal"
    if re.fullmatch(r"0[bB][01]{1,64}", text):
        return f"write {int(text[2:], 2)}: numbers are decimal"
    if re.fullmatch(r"[0-9]+(_[0-9]+)+", text):
        return f"write {text.replace('_', '')}"
    if re.fullmatch(r"[0-9]+(,[0-9]{3})+", text):
        return f"write {text.replace(',', '')}"
    if re.fullmatch(r"[0-9]+(:[0-9]+)+", text):
        return "a ratio is written 1/2, a list [5, 30]"
    if re.fullmatch(r"[0-9]+[xX][0-9xX]+", text):
        return f"write [{', '.join(re.split('[xX]', text))}]"
    if re.fullmatch(r"\+[0-9.]+", text):
        return f"write {text[1:]}"
    if re.fullmatch(r"-?\.[0-9]+", text):
        return f"write {text.replace('.', '0.')}"
    if re.fullmatch(r"[0-9]+\.", text):
        return f"write {text[:-1]}"
    if re.fullmatch(r"-?[0-9.]+", text):
        return _DIGITS
    return ""
