"""Devices with drawn costs, and small specs whose layers pay every one of them."""

from __future__ import annotations

import random

from spaces import NORMED_RESIDUAL

from cnncost.plans.edits.editable_spec import EditableSpec, read_editable_spec
from cnncost.plans.edits.meter import Meter
from cnncost.plans.edits.text_changes import SpecText
from cnncost.timing import Device, LayerTimer
from cnncost.timing.time_columns import TERMS

POOLED = """\
input: [{channels}, {size}, {size}]
layers:
  - {{conv: {a}, kernel: 3, padding: 1, stride: 2}}
  - batchnorm
  - relu
  - {{maxpool: 3, stride: 1, padding: 1}}
  - {{depthwise_conv: 3, padding: 1}}
  - {{conv: {b}, kernel: 1}}
  - relu
  - {{dense: {c}}}
  - relu
  - {{dense: 10}}
"""

BRANCHES = """\
input: [{channels}, {size}, {size}]
layers:
  - {{name: stem, conv: {a}, kernel: 3, padding: 1}}
  - {{name: left, conv: {b}, kernel: 1, from: stem}}
  - {{name: right, conv: {c}, kernel: 3, padding: 1, from: stem}}
  - {{concat: [left, right, stem]}}
  - {{lrn: 5}}
  - global_avgpool
  - {{dense: 10}}
"""


def drawn_device(pick: random.Random, *, every: bool = False) -> Device:
    """A device whose costs are some picoseconds to a nanosecond each, or nothing; with `every`
    none is nothing."""
    costs = {term: pick.choice([1e-12, 1e-10]) * pick.uniform(0.1, 10) for term in TERMS}
    free = [] if every else pick.sample(TERMS, pick.randrange(len(TERMS)))
    return Device(
        "drawn", "Drawn", "x", "fp32", (1, 16), {t: c for t, c in costs.items() if t not in free}
    )


def drawn_timer(pick: random.Random, *, every: bool = False) -> LayerTimer:
    """A timer of one drawn device, at some batch."""
    return LayerTimer(drawn_device(pick, every=every), pick.choice([None, 1, 3, 16]))


def drawn_text(pick: random.Random) -> str:
    """A small spec, in a chain, with residual blocks or with branches."""
    return pick.choice([POOLED, NORMED_RESIDUAL, BRANCHES]).format(
        channels=pick.choice([1, 3]),
        size=pick.choice([5, 8, 9]),
        a=pick.choice([8, 16]),
        b=pick.choice([8, 12]),
        c=pick.choice([8, 16]),
    )


def timed_spec(text: str, timer: LayerTimer, *bytes_: str) -> EditableSpec:
    """A text as a spec whose time is measured, and these bytes."""
    return read_editable_spec(SpecText("net.yaml", text), meter=Meter(bytes_, timer=timer))
