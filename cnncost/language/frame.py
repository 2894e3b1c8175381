"""Where a list of lines stands: its names, the values in scope, what goes for all inside."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cnncost.language.line import Line
from cnncost.language.nodes import Scalar
from cnncost.language.scope import Copies, Entry, Scope
from cnncost.language.values import BoundValue, Misread, Reading
from cnncost.layers.kinds import spell_value


@dataclass
class Frame:
    """One block's call, one copy of a structure, or the whole network; and what is shared."""

    scope: Scope
    env: dict[str, BoundValue | None]
    entering: int | None
    """The node that enters the block (None: several inputs, or refused)."""
    frozen: bool = False
    sharing: Scope | None = None
    """The call whose layers these share, name by name."""
    partner: Entry = None
    """What the line itself shares, if it says so."""
    depth: int = 0

    def inherit_keys(self, line: Line) -> Frame:
        """The frame with the line's own `frozen` and `share`.

        Raises:
            Misread: one of them has no such value, or they contradict.
            Unknown: what is shared was refused before.
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
        """What a line of this name, within its scope, shares the parameters of."""
        if self.partner is not None or self.sharing is None:
            return self.partner
        return self.sharing.find_entry(name, line.start)

    def shared_call(self, name: str, line: Line) -> Scope | None:
        """The call that a call or structure of this name shares its layers with."""
        partner = self.partner_of(name, line)
        return partner if isinstance(partner, Scope) else None
