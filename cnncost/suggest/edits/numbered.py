"""Layers that a spec refers to by number (`relu2`): no edit may make that another layer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from cnncost.layers import TYPES
from cnncost.spec.line import Line
from cnncost.spec.nodes import Items, Node, Scalar
from cnncost.suggest.change import Change
from cnncost.suggest.draft import Draft
from cnncost.suggest.variable import Choice, Variable

WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
NUMBERED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*?)[0-9]+")


def steady(draft: Draft, variables: Iterator[Variable]) -> Iterator[Variable]:
    """The variables without the choices after which a number means another layer."""
    words = _referred(draft)
    for variable in variables:
        kept = [c for c in variable.choices if not _renumbers(draft, c.changes, words)]
        if len(kept) > 1:
            yield replace(variable, choices=tuple(kept))


def steady_choices(draft: Draft, choices: Iterator[Choice]) -> Iterator[Choice]:
    """The choices after which every number means the same layer."""
    words = _referred(draft)
    return (choice for choice in choices if not _renumbers(draft, choice.changes, words))


def _referred(draft: Draft) -> tuple[str, ...]:
    """The types and blocks of which layers are referred to by number."""
    lines: dict[int, Line] = {w.line.start: w.line for w in draft.spec.written.values()}
    lines.update(draft.calls())
    named = {line.name: None for line in lines.values()}
    blocks = {line.block.name: None for line in lines.values() if line.block is not None}
    found: dict[str, None] = {}
    for line in lines.values():
        for node in (*line.arguments.values(), *line.common.values(), *_main(line)):
            for name in _names(node):
                match = NUMBERED.fullmatch(name)
                if match and name not in named and (match[1] in TYPES or match[1] in blocks):
                    found[match[1]] = None
    return tuple(found)


def _main(line: Line) -> list[Node]:
    return [line.main] if line.main is not None and not line.bodies else []


def _names(node: Node) -> Iterator[str]:
    """The parts of every name in a value."""
    if isinstance(node, Scalar):
        yield from WORD.findall(node.text)
    elif isinstance(node, Items):
        for item in node.items:
            yield from _names(item)


def _renumbers(draft: Draft, changes: Sequence[Change], words: Sequence[str]) -> bool:
    """Whether a change has more or fewer layers of these types than the text in its place."""
    text = draft.sheet.text
    for change in changes if words else ():
        old = WORD.findall(text[change.place.start : change.place.end])
        said = (p if isinstance(p, str) else text[p.start : p.end] for p in change.parts)
        new = WORD.findall(" ".join(said))
        if any(old.count(word) != new.count(word) for word in words):
            return True
    return False
