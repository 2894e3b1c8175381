"""Write what a calibration measured, and predicted from the other networks."""

from __future__ import annotations

from cnncost.costs.duration import PER_SECOND
from cnncost.verify.calibration import Calibration
from cnncost.views.amounts import as_duration

TITLES = ("network", "batch", "measured", "predicted", "error")


def calibration_lines(calibration: Calibration) -> list[str]:
    """Write a table of the networks, each predicted from all others, and the median error."""
    rows = [
        (
            row.network,
            f"{row.batch:,}",
            as_duration(PER_SECOND * row.measured),
            as_duration(PER_SECOND * row.predicted),
            f"{100 * (row.predicted / row.measured - 1):+.0f} %",
        )
        for row in calibration.rows
    ]
    widths = [max(len(row[i]) for row in (TITLES, *rows)) for i in range(len(TITLES))]
    lines = [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in (TITLES, *rows)
    ]
    fitted = calibration.device.fitted
    error = 100 * (fitted.median_error or 0.0)
    count = f"{fitted.networks:,} networks"
    lines.append(f"{calibration.device.label}")
    lines.append(f"Each is predicted from the others: median error {error:.1f} % over {count}.")
    return lines
