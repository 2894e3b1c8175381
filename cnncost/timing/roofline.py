"""The roofline of a device: what bounds each layer, computing or reading and writing memory.

A layer of intensity I, in multiply-accumulates a byte, can run at most at

    min(peak MACs a second, I x peak bytes a second)

(Williams, Waterman and Patterson 2009, "Roofline: an insightful visual performance model"). Bytes
are those of its inputs, its output and its parameters, each moved once, as if nothing stayed in a
cache between two layers and nothing were moved twice within one.
"""

from __future__ import annotations

from cnncost.costs import LayerCount
from cnncost.costs.memory.memory_report import DTYPES
from cnncost.costs.roof import Roof, RoofPoint
from cnncost.errors import CnncostError
from cnncost.network import Network
from cnncost.timing.device import Device
from cnncost.timing.time_columns import count_layers


def place_layers(network: Network, device: Device, batch: int | None = None) -> Roof:
    """Place each layer that multiplies under a device's roof.

    Args:
        batch: examples at once; the least batch that the device was measured with if left out.

    Raises:
        CnncostError: the device's file has no peaks.
    """
    if device.peak is None:
        hint = "add peak: {macs: ..., bytes: ..., source: ...} to its file"
        raise CnncostError(f"{device.name} has no peaks, so no roofline", hint)
    batch = device.batches[0] if batch is None else batch
    points: list[RoofPoint | None] = [None] * len(network.nodes)
    for row in count_layers(network):
        if row.connections:
            moved = DTYPES[device.dtype] * _count_numbers(row, batch)
            points[row.node.index] = RoofPoint(batch * row.connections, moved, device.peak)
    return Roof(device.label, device.dtype, batch, device.peak, tuple(points))


def _count_numbers(row: LayerCount, batch: int) -> int:
    """Count the numbers that a layer reads and writes; shared parameters are read again."""
    node = row.node
    maps = sum(shape.units for shape in node.inputs) + node.output.units
    return batch * maps + node.layer.parameters(node.inputs[0])
