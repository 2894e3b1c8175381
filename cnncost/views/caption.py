"""Write what stands under a table: its convention, the outputs, the spec's notes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cnncost.costs import Report

if TYPE_CHECKING:
    from cnncost.costs.footprint import Footprints


def convention_text(report: Report) -> str:
    """State the convention in a sentence, without which a number is worth little."""
    biases, exclude_padding = report.convention
    return (
        "Per example. A connection is one use of a weight"
        + (" or bias" if biases else " (a multiply-accumulate)")
        + f"; those to zero padding {'do not ' if exclude_padding else ''}count"
        + ("" if biases else ", biases do not")
        + ". Pooling, activations, norms and joins have none."
    )


def bounds_text(report: Report) -> str:
    """Say that the totals of a network with layers of unknown costs are lower bounds."""
    return (
        f"The costs of {some_of(report.unknown_layers)} are unknown: the totals are lower bounds."
    )


def list_remarks(report: Report) -> list[str]:
    """List what else a reader of the totals must know."""
    network, totals = report.network, report.totals
    lines = []
    if report.unknown_layers:
        lines.append(bounds_text(report))
    if any(row.word == "attention" for row in report.layers):
        lines.append("Attention's two products of activations, which use no weight, count as well.")
    if any(row.word == "matmul" for row in report.layers):
        lines.append("A matmul multiplies activations: it has connections, but no weights.")
    frozen = totals.parameters - totals.trainable_parameters
    if frozen:
        lines.append(
            f"{totals.trainable_parameters:,} of {totals.parameters:,} parameters are trained, "
            f"{frozen:,} frozen."
        )
    if any(row.node.shares is not None for row in report.layers):
        lines.append("Shared parameters count once, where they stand first.")
    if len(network.outputs) > 1:
        names = ", ".join(network.nodes[i].name for i in network.outputs)
        lines.append(f"Outputs: {names}.")
    return lines


def step_text(report: Report, found: Footprints) -> str:
    """State the connections of both passes of a training step in a sentence."""
    forward = report.totals.connections
    least = "" if report.complete else "at least "
    return (
        f"Connections of a training step, per example: {least}{forward:,} forward + "
        f"{found.backward:,} backward = {forward + found.backward:,}."
    )


def scale_text(found: Footprints) -> str:
    """Say which batch, element type and optimiser the amounts of memory are for."""
    return f"Bytes for batch {found.batch}, {found.dtype}, trained with {found.optimizer}"


def memory_text(report: Report, found: Footprints) -> str:
    """Summarise memory and training in one paragraph."""
    from cnncost.views.memory_page import summary_figures

    amounts = [
        f"{figure.label} {'' if figure.exact else '>= '}{figure.bytes:,}"
        for figure in summary_figures(found.memory, found.embedded)
    ]
    return f"{step_text(report, found)} {scale_text(found)}: {'; '.join(amounts)}."


def some_of(names: Sequence[str], most: int = 5) -> str:
    """List the names, or the first few of them and how many more there are."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most:,} more"


def inputs_text(report: Report) -> str:
    """List the inputs' shapes, with names if there are several."""
    nodes = report.network.inputs
    if len(nodes) == 1:
        return f"input {nodes[0].output.words}"
    return "inputs " + ", ".join(f"{node.name} {node.output.words}" for node in nodes)
