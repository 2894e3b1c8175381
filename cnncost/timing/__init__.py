"""Time before a network exists: devices as data, and the seconds that a network takes on them.

The time of a run is a sum over layers, and linear in figures of each layer (`time_columns`):

    seconds = sum over layers and terms of  cost x figure x how often it is paid

Some figures are paid once per example (connections, units), others once per run, whatever its
batch (reading the parameters, starting a layer). A device's file (`device_text`) gives the costs,
how well they held on networks that they were not fitted on, and its peaks for the `roofline`.
"""

from __future__ import annotations

from cnncost.costs.duration import NetworkTime
from cnncost.timing.device import Device
from cnncost.timing.device_text import read_device
from cnncost.timing.time_estimate import LayerTimer, estimate_time

__all__ = ["Device", "LayerTimer", "NetworkTime", "estimate_time", "read_device"]
