"""What `suggest` found, for people and for programs."""

from __future__ import annotations

from cnncost.plans.suggestion.answer import Suggestion
from cnncost.views.page import Page, Results


def suggestion_results(
    found: Suggestion, *, top: int | None = None, explain: bool = False, command: str = ""
) -> Results:
    """Return a suggestion in every format, with at most `top` single edits: without it a screenful
    for people, all for programs. `explain` and the `command` that writes the plan are for
    people."""
    from cnncost.views.suggest import suggestion_data

    return Results(
        page=lambda: _build_page(found, top, explain, command),
        records=lambda: suggestion_data.build_suggestion_records(found, top),
        data=lambda: suggestion_data.build_suggestion_data(found, top),
    )


def _build_page(found: Suggestion, top: int | None, explain: bool, command: str) -> Page:
    from cnncost.views.suggest.suggestion_page import SuggestionReport

    return SuggestionReport(found, top=top, explain=explain, command=command).build_page()


__all__ = ["suggestion_results"]
