"""What plans are chosen among, in words."""

from __future__ import annotations

from collections.abc import Sequence

from cnncost.quantity import format_count
from cnncost.suggest.edits.width_numbers import count_followers
from cnncost.suggest.search.compound_variants import MOST_COARSER, SpatialVariants
from cnncost.suggest.text.edit import Decision


def describe_space(variants: SpatialVariants, decisions: Sequence[Decision]) -> str:
    """Say how many options of each sort there are, and what the form of the file ties together."""
    changed = [decision for decision in decisions if len(decision.options) > 1]
    widths = sum(decision.group for decision in changed)
    others = sum(len(v.options) - 1 for v in changed if not v.group)
    spatial = len(variants.all) - 1
    moves = format_count(spatial, "spatial change") if spatial else "no spatial change"
    if spatial > 1:
        moves += f", alone and together (at most {MOST_COARSER} strides and pools)"
    ties = _describe_ties(variants, decisions)
    return (
        f"{format_count(widths, 'width')}, {format_count(others, 'structural choice')} "
        f"(replacing at most half of the convolutions) and {moves}{ties}"
    )


def _describe_ties(variants: SpatialVariants, decisions: Sequence[Decision]) -> str:
    """Say which layers the file changes alike; nothing where each has a line of its own."""
    lines = {
        frozenset(edit.substitutes)
        for decision in decisions
        for edit in decision.options
        if edit.convolutions > 1
    }
    said = [f"{sum(map(len, lines))} layers of {format_count(len(lines), 'line')}"] * bool(lines)
    followers = count_followers(variants.editable)
    said += [f"{format_count(followers, 'width')} that follow others"] * bool(followers)
    return f"; {' and '.join(said)} change alike (convert --flat unties them)" if said else ""
