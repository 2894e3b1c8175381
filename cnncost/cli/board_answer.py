"""What a search for a board is answered with: the plan, what it comes to there, and its patches."""

from collections.abc import Iterator
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from cnncost.cli.board_search import BoardSearch, FoundPlan, read_plan
from cnncost.cli.board_target import BoardTarget
from cnncost.costs.memory.patches import WHOLE

if TYPE_CHECKING:
    from cnncost.network import Network
    from cnncost.plans.edits.text_changes import TextChange
    from cnncost.plans.search.plan import PatchedStep, Plan
    from cnncost.plans.search.plan_search import Progress
    from cnncost.plans.suggestion.answer import Suggestion
    from cnncost.plans.suggestion.suggester import Suggester
    from cnncost.study.board_fit import NetworkFit
    from cnncost.views.page import Results
    from cnncost.views.suggest.board_section import BoardReport, TriedPatches


class BoardAnswer(NamedTuple):
    """What is taken of all that was found, and what it comes to on the board."""

    study: "Suggester"
    found: "Suggestion"
    report: "BoardReport"
    target: BoardTarget
    """With the number of patches that was taken."""

    def holds(self, plan: "Plan | None") -> bool:
        """Whether a plan of what was found, or else the network as it is, surely fits."""
        fits = dict(zip(map(id, self.found.alternatives), self.report.instead, strict=False))
        return fits.get(id(plan), self.report.after).is_planned_to_hold


def search_board(
    target: BoardTarget,
    study: "Suggester",
    network: "Network",
    seconds: float,
    progress: "Progress | None",
) -> BoardAnswer:
    """Search for the plan that fits a board, and recount what it comes to there.

    `study` is ready for the first search, which has a share of the `seconds`; `network` is what is
    edited, as its file has it.
    """
    from cnncost.plans.search.plan import write_edits
    from cnncost.plans.suggestion.suggester import CLOSING

    search = BoardSearch(target, study, network, seconds, progress)
    best = search.find_best()
    count = best.fit.patches.patches if best.fit.patches else WHOLE
    taken = target._replace(counts=(count,))
    step, report = _make_patched_step(study, taken, best), _build_report(search, best, taken)
    plan = best.plan or (write_edits(study.editable, (), 0) if step else None)
    found = replace(best.found, plan=plan, in_patches=step) if step else best.found
    # What is written has the budgets of the search that found it, and there is time to show it.
    study.renew(target.list_budgets(best.bound), 0.0)
    study.editable.clock.close(max(search.end, monotonic()) + CLOSING)
    return BoardAnswer(study, found, report, taken)


def _make_patched_step(
    study: "Suggester", target: BoardTarget, best: FoundPlan
) -> "PatchedStep | None":
    """Make the last step of a plan, that its first layers run in patches; None where they do
    not."""
    from cnncost.plans.edits.edit import Edit
    from cnncost.plans.search.plan import PatchedStep, PlanStep
    from cnncost.quantity import TIME
    from cnncost.views.patches_section import name_patches

    patches, time = best.fit.patches, best.fit.boards[0].time
    if patches is None or best.is_lost:
        return None
    before = best.plan.after if best.plan else study.before
    after = {
        **before,
        "connections": before["connections"] + patches.again,
        "sram": patches.sram,
        **({TIME: time.picoseconds} if time and TIME in before else {}),
    }
    whole = target.fit_whole(best.fit.network).boards[0].time
    longer = time.picoseconds - whole.picoseconds if time and whole else None
    step = PlanStep(Edit("patches", name_patches(patches)), after, best.score, 0)
    return PatchedStep(step, patches.whole - patches.sram, patches.again, longer)


def _build_report(search: BoardSearch, best: FoundPlan, taken: BoardTarget) -> "BoardReport":
    from cnncost.study.patch_choice import find_hints
    from cnncost.views.patches_section import name_patches
    from cnncost.views.suggest.board_section import BoardReport

    whole, today = taken.fit_whole(search.network), taken.fit(search.network)
    steps: list[tuple[str, NetworkFit | None]] = [("as it is", whole)]
    if today.patches:
        steps.append((name_patches(today.patches), today))
    steps += list_edit_fits(taken, best.plan) if best.plan else []
    others = best.found.alternatives if best.plan and best.plan.edits else ()
    asked = search.target.counts != (WHOLE,)
    return BoardReport(
        taken.engine,
        tuple(steps),
        best.fit,
        tuple([taken.fit(read_plan(search.study, other)) for other in others]),
        taken.limits.get("sram"),
        best.bound,
        best.tightened,
        _list_tried(search) if len(search.target.counts) > 1 else (),
        () if asked else find_hints(whole, engine=taken.engine, limits=taken.limits),
        taken.is_useless,
    )


def _list_tried(search: BoardSearch) -> "tuple[TriedPatches, ...]":
    """List what each number of patches came to, the fewest first."""
    from cnncost.views.suggest.board_section import TriedPatches

    tried = []
    for row in sorted(search.rows, key=lambda one: one.count):
        one = row.last
        score = one.score if one and not one.is_lost and one.fit.is_planned_to_hold else None
        passed = score is None and search.is_passed_over(row)
        tried.append(TriedPatches(row.count, score, passed))
    return tuple(tried)


def list_edit_fits(target: BoardTarget, plan: "Plan") -> "Iterator[tuple[str, NetworkFit | None]]":
    """List what the network needs once each edit of a plan is made; None where the edits so far
    make no network."""
    parts = ((plan.origin or plan.editable, plan.leading), (plan.editable, plan.own_edits))
    for editable, edits in parts:
        changes: list[TextChange] = []
        for edit in edits:
            changes += edit.changes
            spec = editable.read_edited(changes)
            yield edit.phrase, None if spec is None else target.fit(spec.network)


def add_board(results: "Results", report: "BoardReport") -> "Results":
    """Put what a plan comes to on a board into a suggestion's results."""
    from cnncost.views.suggest.board_section import add_board_section, build_board_data

    def build_data() -> object:
        data = results.data()
        return {**data, "board": build_board_data(report)} if isinstance(data, dict) else data

    return results._replace(page=lambda: add_board_section(results.page(), report), data=build_data)
