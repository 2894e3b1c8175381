"""Changes to a spec's text: spans replaced, everything else left as it stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cnncost.place import Place


class TextChange(NamedTuple):
    """One span of the text and what takes its place: words, and spans of the old text.

    A span that is taken over carries the smaller changes within it, so a line can be
    rewritten and the number in it changed at once.
    """

    place: Place
    parts: tuple[str | Place, ...]


def replace_span(place: Place, text: str) -> TextChange:
    """The change of one span to a text."""
    return TextChange(place, (text,))


def apply_changes(text: str, changes: Iterable[TextChange]) -> str:
    """Return the text with all changes made.

    >>> apply_changes("conv: 96", [replace_span(Place(6, 8), "48")])
    'conv: 48'

    Changes may nest: one inside another is made where the outer takes its span over, and
    is lost with the span where it does not.
    """
    ordered = sorted(dict.fromkeys(changes), key=_position)
    return _render(text, Place(0, len(text)), ordered)


def _render(text: str, span: Place, changes: Sequence[TextChange]) -> str:
    out: list[str] = []
    at = span.start
    position = 0
    while position < len(changes):
        change = changes[position]
        position += 1
        inner = []
        while position < len(changes) and _is_within(changes[position].place, change.place):
            inner.append(changes[position])
            position += 1
        out.append(text[at : change.place.start])
        out.extend(_render_part(text, part, inner) for part in change.parts)
        at = max(at, change.place.end)
    out.append(text[at : span.end])
    return "".join(out)


def _position(change: TextChange) -> tuple[int, bool, int]:
    """An insertion before what starts there, outer before inner."""
    start, end = change.place
    return start, end > start, -end


def _render_part(text: str, part: str | Place, inner: Sequence[TextChange]) -> str:
    if isinstance(part, str):
        return part
    return _render(text, part, [change for change in inner if _is_within(change.place, part)])


def _is_within(inner: Place, outer: Place) -> bool:
    if inner.start == inner.end:  # an insertion at either edge is outside
        return outer.start < inner.start < outer.end
    return outer.start <= inner.start and inner.end <= outer.end


def unified_diff(before: str, after: str, name: str) -> str:
    """The difference as `patch` applies it, a file without a last line break included.

    `patch` takes no names from outside its directory: of such a file the last part is said.
    """
    from difflib import unified_diff as difference

    outside = name.startswith("/") or ".." in name.split("/")
    name = base_name(name) if outside else name

    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    lines = difference(old, new, fromfile=f"a/{name}", tofile=f"b/{name}")
    return "".join([line if line.endswith("\n") else f"{line}\n{_NO_BREAK}\n" for line in lines])


def base_name(name: str) -> str:
    """The last part of a file's name."""
    return name.replace("\\", "/").rpartition("/")[2]


_NO_BREAK = "\\ No newline at end of file"
"""What `diff` and `patch` say of a last line without a break."""
