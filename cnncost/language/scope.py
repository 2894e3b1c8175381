"""Scopes of names, and frames: where a list of lines stands, and what goes for all inside."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from cnncost.errors import did_you_mean, quote_text
from cnncost.language.line import Line
from cnncost.language.nodes import Scalar
from cnncost.language.values import PATH, BoundValue, Misread, Reading, UnknownValue
from cnncost.layers.kinds import spell_value
from cnncost.place import Place


class BlockCall(NamedTuple):
    """One call of a block (or copy of a repeated structure), and the call around it."""

    place: Place
    block: str
    outer: BlockCall | None
    line: Line
    """The line that makes the call; it has the scalars of the arguments."""


_LONGEST = 1000
"""The most characters of a name with dots."""


class NoSuchName(Misread):
    """No layer has this name."""


class Scope:
    """The names within one call of a block, one copy of a repeat, or the whole network."""

    __slots__ = ("call", "counters", "names", "output", "prefix", "taken")

    def __init__(self, prefix: str, taken: dict[str, int], call: BlockCall | None = None) -> None:
        self.prefix = prefix
        self.taken = taken
        """The names that lines give in this scope; automatic numbering skips them."""
        self.call = call
        self.names: dict[str, Entry] = {}
        self.output: int | None = None
        """The node whose output leaves the block; None while it is open, or if it was refused."""
        self.counters: dict[str, int] = {}

    def next_name(self, word: str) -> str:
        """Return the next free name for an unnamed line of this type."""
        count = self.counters.get(word, 0) + 1
        while f"{word}{count}" in self.taken:
            count += 1
        self.counters[word] = count
        return f"{word}{count}"

    def find_entry(self, path: str, offset: int) -> Entry:
        """Find what a name stands for; dots lead into blocks and copies.

        Raises:
            Misread: there is no such name yet.
            UnknownValue: it was refused before.
        """
        if len(path) > _LONGEST or not PATH.fullmatch(path):
            raise Misread(offset, f"{quote_text(path)} is no layer's name")
        entry: Entry = self
        done = ""
        for part in path.split("."):
            if isinstance(entry, Copies) and part.isdigit():
                entry = entry.find_copy(int(part), done, offset)
            elif isinstance(entry, Joined) and part in entry.joins:
                entry = entry.joins[part]
            else:
                while isinstance(entry, Copies):
                    entry = entry.find_copy(len(entry.copies), done, offset)
                if not isinstance(entry, Scope):
                    raise Misread(offset, f"{quote_text(path)}: {done} is a layer, not a block")
                entry = entry._find_own_entry(part, path, done, offset)
            done = f"{done}.{part}" if done else part
        if isinstance(entry, Copies) and not entry.copies:
            raise Misread(offset, f"{quote_text(path)} is left out here: its repeat is 0 or false")
        return entry

    def _find_own_entry(self, part: str, path: str, done: str, offset: int) -> Entry:
        if part in self.names:
            entry = self.names[part]
            if entry is None:
                raise UnknownValue
            return entry
        if part in self.taken:
            raise Misread(
                offset, f"{quote_text(path)} stands further down", "references point upwards only"
            )
        raise NoSuchName(
            offset,
            f"no layer is called {quote_text(path)}",
            lambda: did_you_mean(part, self.known_names(), self._known_here(done)),
        )

    def known_names(self) -> list[str]:
        """List the names that a line here can refer to."""
        return [name for name, entry in self.names.items() if entry is not None]

    def _known_here(self, done: str) -> str:
        where = f" in {done}" if done else ""
        if self.call is not None and not done:
            return f"inside {self.call.block} only its own names are known: pass it as an argument"
        if known := self.known_names():
            return f"the names above{where}: {', '.join(known[-12:])}"
        return f"no layer stands above it{where}"


class Copies:
    """The copies of a repeated line."""

    __slots__ = ("copies",)

    def __init__(self) -> None:
        self.copies: list[Entry] = []

    def find_copy(self, number: int, name: str, offset: int) -> Entry:
        if not 1 <= number <= len(self.copies):
            have = len(self.copies)
            held = "1 copy" if have == 1 else f"{have} copies"
            raise Misread(offset, f"{name} has {held}, not {number}")
        return self.copies[number - 1]

    @property
    def leaving_entry(self) -> Entry:
        """The entry that the name of the line stands for: the last copy."""
        return self.copies[-1] if self.copies else None


class Joined(Copies):
    """The copies of a dense structure, whose outputs are joined."""

    __slots__ = ("joins", "output")

    def __init__(self) -> None:
        super().__init__()
        self.joins: dict[str, Entry] = {}
        """The joins whose outputs enter the copies, by name."""
        self.output: int | None = None
        """The join of all copies; None if it was refused."""

    @property
    def leaving_entry(self) -> Entry:
        """The entry that the name of the line stands for: the join."""
        return self.output


Entry = int | Scope | Copies | None
"""What a name stands for: a node by index, a block's call, copies; None if it was refused."""


def output_of(entry: Entry) -> int:
    """Return the node that an entry stands for; for a block, the one whose output leaves it.

    Raises:
        UnknownValue: it was refused before.
    """
    while isinstance(entry, Copies):
        entry = entry.leaving_entry
    if isinstance(entry, Scope):
        entry = entry.output
    if not isinstance(entry, int):
        raise UnknownValue
    return entry


# Frames


@dataclass
class Frame:
    """What holds for all lines of one call, one copy of a structure, or the whole network."""

    scope: Scope
    env: dict[str, BoundValue | None]
    entering: int | None
    """The node whose output enters the block; None if it was refused or inputs are several."""
    frozen: bool = False
    sharing: Scope | None = None
    """The call whose layers the layers here share parameters with, name by name."""
    partner: Entry = None
    """What the line itself shares parameters with, if it says so."""
    depth: int = 0

    def inherit_keys(self, line: Line) -> Frame:
        """Return the frame with the line's own `frozen` and `share`.

        Raises:
            Misread: one of them has a wrong value, or they contradict each other.
            UnknownValue: what is shared was refused before.
        """
        frozen, share = line.common.get("frozen"), line.common.get("share")
        if frozen is None and share is None:
            return self
        inner = replace(self)
        if frozen is not None:
            value = Reading(self.env).evaluate_node(frozen)
            if not isinstance(value, bool):
                raise Misread(
                    frozen.start, f"frozen must be true or false, but is {spell_value(value)}"
                )
            inner.frozen = value or self.frozen
        if share is not None:
            if frozen is not None:
                raise Misread(
                    frozen.start, "frozen and share on one line: the parameters are another's",
                    f"freeze {share.text}",
                )  # fmt: skip
            inner.partner = self._named_partner(line, share)
        return inner

    def _named_partner(self, line: Line, share: Scalar) -> Entry:
        entry = self.scope.find_entry(share.text.strip(), share.start)
        if isinstance(entry, Copies):
            entry = entry.copies[-1]
        called = entry.call.block if isinstance(entry, Scope) and entry.call else ""
        if line.bodies or called != (line.block.name if line.block else ""):
            raise Misread(
                share.start, f"{line.word} cannot share the parameters of {share.text}",
                "a layer shares those of a layer of its type, a call of a block those of "
                "another call of it",
            )  # fmt: skip
        return entry

    def partner_of(self, name: str, line: Line) -> Entry:
        """Find the entry whose parameters a line of this name, in this scope, shares."""
        if self.partner is not None or self.sharing is None:
            return self.partner
        return self.sharing.find_entry(name, line.start)

    def shared_call(self, name: str, line: Line) -> Scope | None:
        """Find the call that a call or structure of this name shares its parameters with."""
        partner = self.partner_of(name, line)
        return partner if isinstance(partner, Scope) else None
