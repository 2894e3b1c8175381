"""Random small networks whose plans can all be tried."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import product

from cnncost.plans.decisions.cost_tables import SearchSpace
from cnncost.plans.edits.catalogue import parse_allowed_edits
from cnncost.plans.edits.edit import Edit
from cnncost.plans.edits.editable_spec import EditableSpec, read_editable_spec
from cnncost.plans.edits.text_changes import SpecText

LIKE_ALEXNET = """\
input: [{channels}, {size}, {size}]
layers:
  - {{conv: {a}, kernel: 3, padding: 1, stride: 2}}
  - relu
  - {{conv: {b}, kernel: 3, padding: 1}}
  - relu
  - {{dense: {c}}}
  - relu
  - {{dense: 10}}
"""

RESIDUAL = """\
input: [{channels}, {size}, {size}]
blocks:
  block(width):
    - residual: [{{conv: width, kernel: 3, padding: 1}}, relu, {{conv: channels, kernel: 1}}]
layers:
  - {{conv: {a}, kernel: 3, padding: 1}}
  - {{block: {b}}}
  - {{block: {c}}}
  - global_avgpool
  - {{dense: 10}}
"""

NORMED_RESIDUAL = RESIDUAL.replace("relu, {{conv: channels", "batchnorm, relu6, {{conv: channels")

WIDTHS = parse_allowed_edits(
    (),
    ["separable", "kernel-stack", "asymmetric", "bottleneck", "grouped", "low-rank", "depth"],
    (),
)
"""Kinds of which every plan of a small network can be tried."""


def draft_of(text: str) -> EditableSpec:
    """The draft of a text."""
    return read_editable_spec(SpecText("net.yaml", text))


def random_draft(pick: random.Random) -> EditableSpec:
    """A small network, in a chain or with residual blocks."""
    text = pick.choice([LIKE_ALEXNET, RESIDUAL]).format(
        channels=pick.choice([1, 3]),
        size=pick.choice([5, 8, 9]),
        a=pick.choice([8, 12, 16]),
        b=pick.choice([8, 12, 16]),
        c=pick.choice([8, 12, 16]),
    )
    return draft_of(text)


def find_least_score(space: SearchSpace, holds: Callable[[Sequence[Edit]], bool]) -> int | None:
    """The least score of all plans whose edits hold what is asked, each tried; None for none."""
    best = None
    for chosen in product(*(range(len(v.options)) for v in space.decisions)):
        options = space.edits_of(chosen)
        picked = zip(space.decisions, chosen, strict=True)
        score = sum(decision.options[k].score for decision, k in picked)
        touched = sum(edit.convolutions for edit in options)
        if touched > space.convolutions or (best is not None and score >= best):
            continue
        if holds(options):
            best = score
    return best
