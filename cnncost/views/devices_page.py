"""Write the list of devices: what each is, and how well times on it are estimated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnncost.timing import Device
from cnncost.views.page import Page, Results, Table

TITLES = ("device", "runs", "batch", "error")
RECORD = (
    *("name", "device", "runs", "dtype", "least_batch", "most_batch", "median_error"),
    *("networks", "source", "date"),
)


def devices_results(devices: Sequence[Device]) -> Results:
    """Make the results of the list of devices."""
    return Results(
        page=lambda: _build_page(devices),
        records=lambda: _build_records(devices),
        data=lambda: [_device_entry(device) for device in devices],
    )


def _build_page(devices: Sequence[Device]) -> Page:
    rows = [
        [
            device.name,
            device.runs,
            _batch_text(device),
            _error_text(device),
        ]
        for device in devices
    ]
    said = [
        "Error: the median of |predicted / measured - 1| on networks that were kept out of the "
        "fit, convolutional ones. cnncost calibrate measures this machine."
    ]
    return Page([Table(TITLES, rows, words=(0, 1), caption=said)])


def _batch_text(device: Device) -> str:
    least, most = device.batches
    return f"{least:,}" if least == most else f"{least:,}-{most:,}"


def _error_text(device: Device) -> str:
    error = device.fitted.median_error
    return "" if error is None else f"{100 * error:.0f} %"


def _build_records(devices: Sequence[Device]) -> Iterator[Sequence[object]]:
    yield RECORD
    for device in devices:
        entry = _device_entry(device)
        yield ["" if entry[key] is None else entry[key] for key in RECORD]


def _device_entry(device: Device) -> dict[str, object]:
    fitted = device.fitted
    return {
        "name": device.name,
        "device": device.title,
        "runs": device.runs,
        "dtype": device.dtype,
        "least_batch": device.batches[0],
        "most_batch": device.batches[1],
        "seconds": dict(device.seconds),
        "median_error": fitted.median_error,
        "interval": list(fitted.interval) if fitted.interval else None,
        "networks": fitted.networks,
        "on": fitted.on,
        "source": fitted.source,
        "date": fitted.date,
    }
