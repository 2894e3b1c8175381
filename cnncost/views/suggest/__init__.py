"""What `suggest` found, for people and for programs."""

from __future__ import annotations

from cnncost.suggest.suggestion.answer import Suggestion
from cnncost.views.page import Page, Results


def results(found: Suggestion, *, top: int | None = None, explain: bool = False) -> Results:
    """A suggestion in every format; `top` and `explain` are for people."""
    from cnncost.views.suggest import suggestion_data

    return Results(
        page=lambda: _page(found, top=top, explain=explain),
        records=lambda: suggestion_data.records(found),
        data=lambda: suggestion_data.data(found),
    )


def _page(found: Suggestion, *, top: int | None, explain: bool) -> Page:
    from cnncost.views.suggest.suggestion_page import SuggestionReport

    return SuggestionReport(found, top=top, explain=explain).page()


__all__ = ["results"]
