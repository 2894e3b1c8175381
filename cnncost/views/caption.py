"""Write what stands under a table: its convention, the outputs, the spec's notes."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING

from cnncost.costs import Convention, Report
from cnncost.costs.duration import PER_SECOND
from cnncost.views.amounts import as_duration

if TYPE_CHECKING:
    from cnncost.costs.duration import NetworkTime
    from cnncost.costs.footprint import Footprints
    from cnncost.costs.roof import Roof


def convention_text(convention: Convention) -> str:
    """State the convention in a sentence, without which a number is worth little."""
    biases, exclude_padding = convention
    return (
        "Per example. A connection is one use of a weight"
        + (" or bias" if biases else " (a multiply-accumulate)")
        + f"; those to zero padding {'do not ' if exclude_padding else ''}count"
        + ("" if biases else ", biases do not")
        + ". Pooling, activations, norms and joins have none."
    )


def bounds_text(unknown: Sequence[str]) -> str:
    """Say that the totals of a network with layers of unknown costs are lower bounds."""
    return f"The costs of {some_of(unknown)} are unknown: the totals are lower bounds."


def list_remarks(report: Report) -> list[str]:
    """List what else a reader of the totals must know."""
    network, totals = report.network, report.totals
    lines = []
    if report.unknown_layers:
        lines.append(bounds_text(report.unknown_layers))
    if typed := types_text(report):
        lines.append(typed)
    if any(row.word == "attention" for row in report.layers):
        lines.append("Attention's two products of activations, which use no weight, count as well.")
    if any(row.word in ("lstm", "gru", "rnn") for row in report.layers):
        lines.append(
            "A recurrent layer's products of gates and states, which use no weight, do not count."
        )
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


def types_text(report: Report) -> str:
    """Say which types the network's numbers have, and their bytes; empty if nothing says it."""
    types = report.network.types
    if types is None:
        return ""
    from cnncost.costs.typed_bytes import count_typed_bytes  # few networks have types
    from cnncost.views.type_words import odd_weights_text

    typed = count_typed_bytes(report.network, types)
    least = "" if report.complete else "at least "
    return (
        f"Its numbers are {types.describe()}: {least}{typed.parameters:,} bytes of parameters, "
        f"{typed.sram:,} of activations alive at once.{odd_weights_text(report.network)}"
    )


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
        for figure in summary_figures(found.memory, found.embedded, report.network.types)
    ]
    return f"{step_text(report, found)} {scale_text(found)}: {'; '.join(amounts)}."


def device_lines(report: Report) -> list[str]:
    """Say what times and rooflines are of, how sure they are, and what their reader must know."""
    said = []
    if report.roof is not None:
        said.append(roof_text(report.roof))
    if report.time is not None:
        said += [f"Time: {describe_time(report.time)}.", *report.time.remarks]
    return said


def roof_text(roof: Roof) -> str:
    """Describe a roof: its peaks, with their source, and what is compared with them."""
    peak = roof.peak
    return (
        f"Roofline of {roof.device}, batch {roof.batch:,}: at most {peak.macs / 1e12:,.3g}T MACs "
        f"and {peak.bytes / 1e9:,.4g} GB a second ({peak.source}), so {peak.ridge:,.1f} MACs a "
        f"byte keep it busy. Bytes are {roof.dtype}: input, output and parameters, moved once."
    )


def describe_time(found: NetworkTime) -> str:
    """Describe a time with its interval: what runs, where, and how well such estimates held."""
    low, high = (PER_SECOND * seconds for seconds in (found.low, found.high))
    least = "" if found.complete else "at least "
    sure = f", 90 % interval {as_duration(low)} to {as_duration(high)}" if isfinite(high) else ""
    return f"{least}{as_duration(found.picoseconds)} {time_basis(found)}{sure}"


def time_basis(found: NetworkTime) -> str:
    """Describe what a time is an estimate of, without the time."""
    basis = f" ({found.basis})" if found.basis else ""
    return f"{batch_text(found)} on {found.device}, estimated{basis}"


def batch_text(found: NetworkTime) -> str:
    """Say what runs: a batch, or an example of a batch such as the device was measured with."""
    if found.batch is not None:
        return f"at batch {found.batch:,}"
    if found.least_batch == 1:
        return "per example at batch 1"
    return f"per example in batches of {found.least_batch:,} and more"


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
