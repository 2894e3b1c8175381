"""Write the list of boards: what each has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnncost.timing.board import Board
from cnncost.views.amounts import as_kibibytes
from cnncost.views.page import Page, Results, Table

TITLES = ("board", "core", "MHz", "SRAM", "flash", "mW")
RECORD = (
    *("name", "board", "core", "clock", "sram", "flash", "least_milliwatts", "most_milliwatts"),
    *("engines", "source", "power_source", "notes"),
)


def boards_results(boards: Sequence[Board]) -> Results:
    """Make the results of the list of boards."""
    return Results(
        page=lambda: _build_page(boards),
        records=lambda: _build_records(boards),
        data=lambda: [_board_entry(board) for board in boards],
    )


def _build_page(boards: Sequence[Board]) -> Page:
    rows = [
        [
            board.name,
            board.core_title or "?",
            "?" if board.clock is None else f"{board.clock / 1e6:,.0f}",
            *("?" if size is None else as_kibibytes(size) for size in (board.sram, board.flash)),
            "?" if board.milliwatts is None else "-".join(f"{p:.0f}" for p in board.milliwatts),
        ]
        for board in boards
    ]
    said = ["mW: while it computes, at one supply voltage or several; --format json has sources."]
    return Page([Table(TITLES, rows, words=(0, 1), caption=said)])


def _build_records(boards: Sequence[Board]) -> Iterator[Sequence[object]]:
    yield RECORD
    for board in boards:
        entry = _board_entry(board)
        entry["engines"] = " ".join(board.known_engines)
        yield ["" if entry[key] is None else entry[key] for key in RECORD]


def _board_entry(board: Board) -> dict[str, object]:
    least, most = board.milliwatts or (None, None)
    return {
        "name": board.name,
        "board": board.title,
        "core": board.core or None,
        "clock": board.clock,
        "sram": board.sram,
        "flash": board.flash,
        "least_milliwatts": least,
        "most_milliwatts": most,
        "engines": {name: list(ends) for name, ends in board.known_engines.items()},
        "source": board.source,
        "power_source": board.power_source,
        "notes": board.notes,
    }
