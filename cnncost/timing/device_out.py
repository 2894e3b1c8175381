"""Write a device as the text of its file, which `device_text` reads."""

from __future__ import annotations

import json

from cnncost.timing.device import Device


def write_device(device: Device) -> str:
    """Write a device's file."""
    least, most = device.batches
    lines = [
        f"device: {_quote(device.title)}",
        f"runs: {_quote(device.runs)}",
        f"dtype: {device.dtype}",
        f"batch: {least}" if least == most else f"batch: [{least}, {most}]",
        "seconds:",
        *(f"  {term}: {cost:.4e}" for term, cost in device.seconds.items()),
        *_fitted_lines(device),
    ]
    if device.peak is not None:
        peak = device.peak
        lines += ["peak:", f"  macs: {peak.macs:.6e}", f"  bytes: {peak.bytes:.6e}"]
        lines.append(f"  source: {_quote(peak.source)}")
    if device.notes:
        lines.append(f"notes: {_quote(device.notes)}")
    return "".join(f"{line}\n" for line in lines)


def _fitted_lines(device: Device) -> list[str]:
    fitted = device.fitted
    lines = ["fitted:", f"  on: {_quote(fitted.on)}", f"  networks: {fitted.networks}"]
    if fitted.kept_out:
        lines.append(f"  kept_out: {fitted.kept_out}")
    if fitted.connections is not None:
        lines.append(f"  connections: [{fitted.connections[0]}, {fitted.connections[1]}]")
    if fitted.median_error is not None:
        lines.append(f"  median_error: {fitted.median_error:.4f}")
    if fitted.interval is not None:
        # To the outside, so that 1 stays within.
        low, high = fitted.interval
        lines.append(f"  interval: [{min(low, 1):.4f}, {max(high, 1):.4f}]")
    return [*lines, f"  source: {_quote(fitted.source)}", f"  date: {_quote(fitted.date)}"]


def _quote(text: str) -> str:
    """Write a text in double quotes, as JSON does: YAML reads that too."""
    return json.dumps(text, ensure_ascii=False)
