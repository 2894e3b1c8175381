"""An import's figures beside those of the module itself: what the import lost shows here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import TYPE_CHECKING

from cnncost.costs import Convention, count_network
from cnncost.costs.memory import measure_memory
from cnncost.errors import CnncostError
from cnncost.network import Network
from cnncost.verify.difference import SCALARS, STEP, FigureLine, Verdict, excuse_strides
from cnncost.verify.original_runs import OriginalRun, measure_original

if TYPE_CHECKING:
    from torch import nn

UNREACHED = "a variable holds its tensor until it is left, which a spec does not say"
"""Why the eager peak of a module is no figure of its spec."""


def verify_original(
    network: Network,
    module: nn.Module,
    shapes: Mapping[str, tuple[int, ...]],
    batch: int,
    tell: Callable[[str], None],
) -> Verdict:
    """Compare an imported network with the module that it was read from.

    Args:
        module: with memory for its weights.
        shapes: of its inputs, without the batch.
        tell: is called with what is measured next.

    Raises:
        CnncostError: the module cannot be run.
    """
    try:
        found = measure_original(module, shapes, batch, tell)
    except (RuntimeError, ValueError, TypeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        hint = "batch norm over one position needs --batch 2" if "than 1 value" in reason else ""
        raise CnncostError(f"PyTorch cannot run {network.name}: {reason}", hint) from None
    return Verdict((*_counts(network, found), *_memory(network, found, batch)), ())


def _counts(network: Network, found: OriginalRun) -> tuple[FigureLine, ...]:
    report = count_network(network, Convention())
    total, known = report.totals, report.complete
    wanted = [network.nodes[i].output.units for i in network.outputs]
    given = sorted(prod(shape) for shape in found.outputs)
    same = given == sorted(wanted)
    outputs = FigureLine("outputs of that size", len(wanted), len(wanted) if same else 0)
    connections = total.connections if known else None
    return (
        outputs if len(given) == len(wanted) else outputs._replace(measured=len(given)),
        FigureLine("parameters", total.parameters if known else None, found.parameters),
        FigureLine(
            "trainable parameters", total.trainable_parameters if known else None, found.trainable
        ),
        FigureLine("connections", connections, found.connections),
    )


def _memory(network: Network, found: OriginalRun, batch: int) -> tuple[FigureLine, ...]:
    """The bytes, where every layer's rules are known; otherwise they are lower bounds."""
    ours = measure_memory(network, batch=batch)
    known = ours.complete
    saved = ours.saved.total if known and ours.saved else None
    step = ours.training.bytes if known and ours.training else None
    lines = (
        FigureLine(
            "peak activations, inference (last use)",
            ours.inference.bytes if known else None,
            found.lasting_peak,
            "bytes",
            slack=SCALARS,
        ),
        FigureLine(
            "peak activations, inference (eager)",
            None,
            found.eager_peak,
            "bytes",
            note=UNREACHED,
        ),
        FigureLine("saved for backward", saved, found.saved, "bytes"),
        FigureLine("peak of a training step", step, found.step_peak, "bytes", STEP, SCALARS),
    )
    return tuple(excuse_strides(network, line) for line in lines)
