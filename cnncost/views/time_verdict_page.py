"""Write a network's predicted time beside the one that was measured on this machine."""

from __future__ import annotations

from math import isfinite

from cnncost.costs.duration import PER_SECOND, NetworkTime
from cnncost.verify.stopwatch import Stopwatch
from cnncost.views.amounts import as_duration
from cnncost.views.caption import batch_text
from cnncost.views.page import Page, Results, Table
from cnncost.views.table_data import time_data

TITLES = ("network", "predicted", "90 % interval", "measured", "error", "")


def time_verdict_results(
    name: str, found: NetworkTime, measured: float, watch: Stopwatch
) -> Results:
    """Make the results of a comparison of times; `measured` is in seconds."""
    error = found.seconds / measured - 1
    within = found.low <= measured <= found.high if isfinite(found.high) else None
    interval = ""
    if isfinite(found.high):
        low, high = (as_duration(PER_SECOND * end) for end in (found.low, found.high))
        interval = f"{low} to {high}"
    cells = [
        name,
        ("" if found.complete else ">= ") + as_duration(found.picoseconds),
        interval,
        as_duration(PER_SECOND * measured),
        f"{100 * error:+.0f} %",
        {True: "within", False: "outside", None: ""}[within],
    ]
    said = [
        f"Predicted {batch_text(found)} on {found.device}; measured on "
        f"{watch.describe_machine()} ({watch.describe_software()}).",
        *found.remarks,
    ]
    entry = {
        "network": name,
        **time_data(found),
        "measured": measured,
        "error": error,
        "within": within,
        "machine": f"{watch.describe_machine()} ({watch.describe_software()})",
    }
    keys = ("network", "device", "batch", "seconds", "low", "high", "measured", "error", "within")
    return Results(
        page=lambda: Page([Table(TITLES, [cells], words=(0, 5), caption=said)]),
        records=lambda: [keys, [_plain_cell(entry[key]) for key in keys]],
        data=lambda: entry,
    )


def _plain_cell(value: object) -> object:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else value
