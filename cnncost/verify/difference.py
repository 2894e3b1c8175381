"""Compare a network's figures with PyTorch's, and tell which must agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from cnncost.costs import Convention, count_network
from cnncost.costs.gradients import backward_connections
from cnncost.costs.memory import Memory, measure_memory
from cnncost.costs.memory.storage import may_be_view
from cnncost.errors import CnncostError
from cnncost.formats import missing_package
from cnncost.formats.torch_out.torch_code import pytorch_classes, pytorch_code
from cnncost.network import Network, Node
from cnncost.verify.measure import Measured, measure_forward, measure_network

if TYPE_CHECKING:
    from cnncost.language.assembly import Written

STEP = Fraction(2, 10_000)
"""How far the predicted peak of a training step may be from the measured one, as a share."""

SCALARS = 16
"""How many bytes a peak may differ besides: single numbers are tensors while PyTorch works with
them (a loss and its gradient, the constants of a local response norm)."""

TURNING = ("permute", "linear", "layernorm", "rmsnorm", "slice", "crop")
"""The layer types that may give maps other strides in PyTorch than those of their shape."""

LAYOUT = "PyTorch's strides of turned or sliced maps are not modelled"


HINTS = {
    "than 1 value": "batch norm over one position needs --batch 2",
    "does not require grad": "through a step no gradient goes, so nothing trains: verify what "
    "stands above it",
}
"""What to do where PyTorch's sentence has these words."""


class FigureLine(NamedTuple):
    """One figure, computed from the spec and measured; None if it is unknown."""

    quantity: str
    computed: int | None
    measured: int | None
    unit: str = ""
    tolerance: Fraction = Fraction(0)
    slack: int = 0
    """How many bytes of difference do not count."""
    note: str = ""
    """Why the figure is not compared."""

    @property
    def agrees(self) -> bool | None:
        """Whether the two are equal, within the tolerance; None if they are not compared."""
        if self.computed is None or self.measured is None or self.note:
            return None
        allowed = max(self.tolerance * self.measured, Fraction(self.slack))
        return abs(self.computed - self.measured) <= allowed

    @property
    def deviation(self) -> Fraction | None:
        """How far the computed figure is from the measured one, as a share; None if unknown."""
        if self.computed is None or not self.measured:
            return None
        return Fraction(self.computed - self.measured, self.measured)


class Wrong(NamedTuple):
    """A layer whose output has another shape in PyTorch."""

    layer: str
    computed: tuple[int, ...]
    measured: tuple[int, ...] | None


class Verdict(NamedTuple):
    """Everything that was compared."""

    lines: tuple[FigureLine, ...]
    wrong_shapes: tuple[Wrong, ...]

    @property
    def differences(self) -> int:
        return sum(line.agrees is False for line in self.lines)


def verify_network(
    network: Network, batch: int, tell: Callable[[str], None], dtype: str = "fp32"
) -> Verdict:
    """Build the network's PyTorch code, run it, and compare.

    Args:
        batch: examples at once.
        tell: is called with the name of what is measured next.
        dtype: fp32, fp16 or bf16.

    Raises:
        CnncostError: PyTorch is not installed, the network has an opaque layer, or PyTorch
            has no kernel of that type for one of its operations.
    """
    code = pytorch_code(network, measured=True)
    try:
        found = measure_network(
            code, [node.output.dims for node in network.inputs], batch, tell, dtype
        )
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise missing_package("PyTorch", "torch") from None
    except (RuntimeError, ValueError) as error:
        raise cannot_run(network, error) from None
    wrong = _find_wrong_shapes(network, found)
    return Verdict(
        (*_compare_counts(network, found, wrong), *_compare_memory(network, found, batch, dtype)),
        wrong,
    )


def cannot_run(network: Network, error: Exception) -> CnncostError:
    """Say in PyTorch's words why it does not run a network, and what to do where that is known."""
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    hint = next((hint for words, hint in HINTS.items() if words in reason), "")
    return CnncostError(f"PyTorch cannot run {network.name}: {reason}", hint)


def verify_exported_file(
    network: Network, written: Mapping[int, Written], batch: int, tell: Callable[[str], None]
) -> tuple[FigureLine, ...]:
    """Compare the file that `convert` writes, which has classes for blocks.

    A caller holds a block's input until the block returns, so the peaks are those of
    `verify_network`'s flat code or a little higher; all else is the same.

    Args:
        written: where each layer stands in its spec (a Spec's `written`).
        tell: as in `verify_network`, which has run the network before.
    """
    tell("the exported file")
    shapes = [node.output.dims for node in network.inputs]
    found = measure_forward(pytorch_classes(network, written), shapes, batch)
    ours: Memory = measure_memory(network, batch=batch)
    saved = ours.saved.total if ours.complete and ours.saved else None
    wanted = [network.nodes[i].output.dims for i in network.outputs]
    right = sum(a == b for a, b in zip(wanted, found.outputs, strict=True))
    parameters = count_network(network, Convention()).totals.parameters
    kept = FigureLine("exported file: saved", saved, found.saved, "bytes")
    return (
        FigureLine("exported file: outputs", len(wanted), right),
        FigureLine("exported file: parameters", parameters, found.parameters),
        excuse_strides(network, kept),
    )


def _find_wrong_shapes(network: Network, found: Measured) -> tuple[Wrong, ...]:
    return tuple(
        Wrong(node.name, node.output.dims, found.shapes.get(node.name))
        for node in network.layers
        if found.shapes.get(node.name) != node.output.dims
    )


def _compare_counts(
    network: Network, found: Measured, wrong: tuple[Wrong, ...]
) -> tuple[FigureLine, ...]:
    total = count_network(network, Convention()).totals
    layers = len(network.layers)
    backward = sum(both.weights + both.input for both in backward_connections(network))
    return (
        FigureLine("layers of that shape", layers, layers - len(wrong)),
        FigureLine("parameters", total.parameters, found.parameters),
        FigureLine("trainable parameters", total.trainable_parameters, found.trainable),
        FigureLine("connections", total.connections, found.connections),
        FigureLine("backward connections", backward, found.backward),
    )


def _compare_memory(
    network: Network, found: Measured, batch: int, dtype: str
) -> tuple[FigureLine, ...]:
    """Compare the bytes if every layer's rules are known; if not, they are lower bounds."""
    ours: Memory = measure_memory(network, batch=batch, dtype=dtype)
    known = ours.complete
    saved = ours.saved.total if known and ours.saved else None
    peak = ours.inference.bytes if known else None
    step = ours.training.bytes if known and ours.training else None
    lines = (
        FigureLine(
            "peak activations, inference", peak, found.inference_peak, "bytes", slack=SCALARS
        ),
        FigureLine("saved for backward", saved, found.saved, "bytes"),
        FigureLine("peak of a training step", step, found.step_peak, "bytes", STEP, SCALARS),
    )
    return tuple(excuse_strides(network, line) for line in lines)


def excuse_strides(network: Network, line: FigureLine) -> FigureLine:
    """Return the line; if it differs, and PyTorch may copy maps to lay them out anew, mark it as
    not compared."""
    if line.agrees is False and any(_may_turn(node) for node in network.layers):
        return line._replace(note=LAYOUT)
    return line


def _may_turn(node: Node) -> bool:
    """Whether strides may differ from those of the shape; a vector's cannot."""
    maps = max(node.inputs[0].positions, node.output.positions) > 1
    return maps and (node.layer.word in TURNING or may_be_view(node))
