"""What it saves to run a network's first layers patch by patch, and what it costs."""

from __future__ import annotations

from cnncost.costs.memory.patches import PatchPlan
from cnncost.quantity import format_count
from cnncost.views.amounts import as_kibibytes
from cnncost.views.page import Page, Remark, Results, Title


def add_patches(results: Results, plan: PatchPlan | None, patches: int) -> Results:
    """Put a plan of patches into the results of a network on boards; None where none saves."""

    def build_page() -> Page:
        page = results.page()
        title = Title(f"In {patches} x {patches} patches")
        return page._replace(blocks=[*page.blocks, title, Remark(_say_plan(plan))])

    def build_data() -> object:
        data = results.data()
        return {**data, "patches": build_patches_data(plan)} if isinstance(data, dict) else data

    return results._replace(page=build_page, data=build_data)


def _say_plan(plan: PatchPlan | None) -> str:
    if plan is None:
        return "No first layers were found of which patches save memory."
    share = 100 * plan.again / (plan.connections - plan.again)
    return (
        f"The layers up to {plan.layer} run patch by patch: the lower bound falls from "
        f"{as_kibibytes(plan.whole)} to {as_kibibytes(plan.sram)}, and "
        f"{format_count(plan.again, 'connection')} ({share:.1f} %) are computed again, where "
        "patches overlap (MCUNetV2, Lin et al. 2021). The input and that layer's output stay "
        "whole. TensorFlow Lite Micro does not run patches: no arena is planned for them."
    )


def build_patches_data(plan: PatchPlan | None) -> dict[str, object] | None:
    """Return the same for programs, in bytes and connections; None where none saves."""
    if plan is None:
        return None
    return {word: value for word, value in plan._asdict().items() if word != "passes"}


def name_patches(plan: PatchPlan) -> str:
    """Name what runs in patches, in short."""
    return f"up to {plan.layer} in {plan.patches} x {plan.patches} patches"
