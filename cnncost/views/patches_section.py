"""What it saves to run a network's first layers patch by patch, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from cnncost.costs.memory.patches import WHOLE, PatchPlan
from cnncost.quantity import format_count
from cnncost.study.patch_choice import (
    PatchChoice,
    PatchHint,
    find_sram,
    has_enough_sram,
)
from cnncost.views.amounts import as_kibibytes
from cnncost.views.page import Page, Remark, Results, Title

USELESS = "No first layers were found of which patches save memory."


def add_patches(results: Results, choice: PatchChoice) -> Results:
    """Put what patches come to into the results of a network on boards."""
    plan = choice.taken.patches

    def build_page() -> Page:
        page = results.page()
        count = plan.patches if plan else choice.counts[0]
        title = Title("Patches" if count == WHOLE else f"In {count} x {count} patches")
        said = [] if choice.is_free and plan is None else [_say_plan(plan)]
        said += [_say_choice(choice)] if choice.is_free else []
        return page._replace(blocks=[*page.blocks, title, *map(Remark, said)])

    def build_data() -> object:
        data = results.data()
        return {**data, **_build_choice_data(choice)} if isinstance(data, dict) else data

    return results._replace(page=build_page, data=build_data)


def _say_plan(plan: PatchPlan | None) -> str:
    if plan is None:
        return USELESS
    share = 100 * plan.again / (plan.connections - plan.again)
    return (
        f"The layers up to {plan.layer} run patch by patch: the lower bound falls from "
        f"{as_kibibytes(plan.whole)} to {as_kibibytes(plan.sram)}, and "
        f"{format_count(plan.again, 'connection')} ({share:.1f} %) are computed again, where "
        "patches overlap (MCUNetV2, Lin et al. 2021). The input and that layer's output stay "
        "whole. TensorFlow Lite Micro does not run patches: no arena is planned for them."
    )


def _say_choice(choice: PatchChoice) -> str:
    """Say why so many patches are taken, where their number was left open."""
    if len(choice.fits) == 1:
        return USELESS
    taken, tried = choice.taken, f"2 to {choice.counts[-1]} patches along each axis"
    answers = [fit.holds for fit in taken.boards]
    boards = f" {answers.count(True)} of {len(answers)} boards" if len(answers) > 1 else ""
    if True in answers and taken.patches is None:
        more = f", and in {tried} not more" if boards else ""
        return f"It fits{boards} without patches{more}."
    if True in answers:
        return f"These are the fewest in which it fits{boards}."
    enough = any(map(partial(has_enough_sram, taken), range(len(answers))))
    why = "are the fewest that need no more SRAM than there is" if enough else "need the least SRAM"
    why = f"; these {why}" if taken.patches else ""
    return f"It surely fits neither without patches nor in {tried}{why}."


def _build_choice_data(choice: PatchChoice) -> dict[str, object]:
    """Return the same for programs; with what each number of patches comes to, if it was open."""
    data: dict[str, object] = {"patches": build_patches_data(choice.taken.patches)}
    if choice.is_free:
        data["patches_tried"] = [
            {
                "patches": fit.patches.patches if fit.patches else WHOLE,
                "sram": find_sram(fit),
                "fits": fit.holds,
            }
            for fit in choice.fits
        ]
    return data


def add_hints(results: Results, hints: Sequence[PatchHint]) -> Results:
    """Put last in how many patches SRAM would be enough, where it is too little."""

    def build_page() -> Page:
        page = results.page()
        return page._replace(blocks=[*page.blocks, *[Remark(_say_hint(one)) for one in hints]])

    def build_data() -> object:
        data = results.data()
        found = [{**one._asdict(), "board": one.board.name} for one in hints]
        return {**data, "enough_in_patches": found} if isinstance(data, dict) else data

    return results._replace(page=build_page, data=build_data)


def _say_hint(hint: PatchHint) -> str:
    count, title = hint.patches, hint.board.title
    would = f"it would fit {title}" if hint.fits else f"{title} would have enough SRAM for it"
    return f"With its first layers in {count} x {count} patches {would}: --patches {count}."


def build_patches_data(plan: PatchPlan | None) -> dict[str, object] | None:
    """Return the same for programs, in bytes and connections; None where none saves."""
    if plan is None:
        return None
    return {word: value for word, value in plan._asdict().items() if word != "passes"}


def name_patches(plan: PatchPlan) -> str:
    """Name what runs in patches."""
    return f"the first layers up to {plan.layer} in {plan.patches} x {plan.patches} patches"
