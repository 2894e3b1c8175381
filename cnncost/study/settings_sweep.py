"""Networks under every combination of settings: the cases, and what measures them, in order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import NamedTuple

from cnncost.accuracy import Damage
from cnncost.costs import Totals
from cnncost.costs.duration import NetworkTime
from cnncost.errors import CnncostError
from cnncost.quantity import parse_number

MOST_VALUES = 100_000
"""The most values of a range."""


class SweepCase(NamedTuple):
    """One network under one combination of settings, each as it was written."""

    arch: str
    settings: Mapping[str, str]


class Figure(NamedTuple):
    """What a column holds of a case: in the metric's unit, picoseconds for time."""

    amount: int | float
    exact: bool = True
    """False for a lower bound."""


class SweepRow(NamedTuple):
    """What was found of a case."""

    case: SweepCase
    name: str = ""
    """The network's."""
    figures: Mapping[str, Figure | None] = {}
    """By column; None for what is not known."""
    totals: Totals | None = None
    unknown: tuple[str, ...] = ()
    """Layers of unknown costs."""
    damage: Damage | None = None
    time: NetworkTime | None = None
    trouble: str = ""
    """Why the case makes no network."""


def parse_range(text: str) -> list[str]:
    """Return the values of `128..224:32`, both ends included where the step meets them; of any
    other text that text alone.

    Without a step it is one unit of the last decimal that is written.

    >>> parse_range("128..224:32"), parse_range("0.8..1"), parse_range("3x32x32")
    (['128', '160', '192', '224'], ['0.8', '0.9', '1'], ['3x32x32'])

    Raises:
        CnncostError: an end or the step is no number, or the values are none, or too many.
    """
    match = re.fullmatch(r"([^:]+?)\.\.([^:]+)(?::(.+))?", text)
    if match is None:
        return [text]
    decimals = max(len(end.partition(".")[2]) for end in match.groups(default="") if end)
    given = match[3] or (f"0.{'0' * (decimals - 1)}1" if decimals else "1")
    first, last, step = (parse_number(one.strip()) for one in (match[1], match[2], given))
    if first is None or last is None or step is None or step <= 0 or last < first:
        raise CnncostError(f"{text}: no range", "write it as 128..224:32 or 0.25..1.4:0.05")
    count = int((last - first) / step) + 1
    if count > MOST_VALUES:
        raise CnncostError(f"{text}: {count:,} values", f"a range has at most {MOST_VALUES:,}")
    places = max(decimals, len(given.partition(".")[2]))
    return [_write_number(float(first + step * i), places) for i in range(count)]


def _write_number(value: float, places: int) -> str:
    text = f"{value:.{places}f}"
    return text.rstrip("0").rstrip(".") if places else text


def list_cases(archs: Sequence[str], axes: Mapping[str, Sequence[str]]) -> list[SweepCase]:
    """List each network under every combination of the axes' values; the last axis is fastest."""
    return [
        SweepCase(arch, dict(zip(axes, values, strict=True)))
        for arch in archs
        for values in product(*axes.values())
    ]


Measure = Callable[[SweepCase], SweepRow]
_measures: list[Measure] = []
"""What a process that is forked off finds here measures its cases."""


def measure_cases(
    measure: Measure, cases: Sequence[SweepCase], jobs: int = 1
) -> Iterator[SweepRow]:
    """Measure the cases in their order, each as soon as it and those before it are there.

    With several jobs, so many processes are forked off, which have all that this one has read.

    Raises:
        CnncostError: several jobs are asked for on a system that cannot fork.
    """
    if jobs == 1 or len(cases) < 2:
        yield from map(measure, cases)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_all_start_methods, get_context

    if "fork" not in get_all_start_methods():
        raise CnncostError("several jobs need a system that forks processes", "drop --jobs")
    _measures.append(measure)
    pool = ProcessPoolExecutor(jobs, get_context("fork"))
    try:
        chunk = max(1, min(64, len(cases) // (4 * jobs)))
        yield from pool.map(_measure_case, cases, chunksize=chunk)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        _measures.pop()


def _measure_case(case: SweepCase) -> SweepRow:
    return _measures[-1](case)


def find_efficient(rows: Sequence[SweepRow], columns: Sequence[str]) -> list[SweepRow]:
    """Return the rows that no other row beats: none is as small in all columns, smaller in one.

    What is not known exactly beats nothing, and is left out.
    """
    known = [(row, [row.figures[column] for column in columns]) for row in rows]
    points = [
        (row, [figure.amount for figure in figures if figure is not None])
        for row, figures in known
        if all(figure is not None and figure.exact for figure in figures)
    ]
    return [
        row
        for row, own in points
        if not any(
            other != own and all(a <= b for a, b in zip(other, own, strict=True))
            for _, other in points
        )
    ]
