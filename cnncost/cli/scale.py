"""The scale at which bytes are measured: batch, element type and optimiser."""

from collections.abc import Collection, Mapping
from typing import TypedDict

from cnncost.errors import CnncostError
from cnncost.quantity import CHANGES


class MeasureScale(TypedDict, total=False):
    """The options of scale that the user gave."""

    batch: int
    dtype: str
    optimizer: str


def collect_scale(batch: int | None, dtype: str | None, optimizer: str | None) -> MeasureScale:
    """Collect the options of scale that the user gave.

    Raises:
        CnncostError: the dtype or the optimiser is unknown.
    """
    if dtype == "int4":
        hint = "check and fit take it, and suggest --allow precision prices it"
        raise CnncostError("--dtype int4 is for flash alone, and changes no figure here", hint)
    if dtype is not None or optimizer is not None:
        from cnncost.costs.memory import refuse_unknown

        refuse_unknown(dtype or "fp32", optimizer or "sgd")
    scale: MeasureScale = {}
    if batch is not None:
        scale["batch"] = batch
    if dtype is not None:
        scale["dtype"] = dtype
    if optimizer is not None:
        scale["optimizer"] = optimizer
    return scale


def refuse_idle(scale: MeasureScale, metrics: Collection[str]) -> None:
    """Refuse options that change none of the limited metrics.

    Raises:
        CnncostError: an option has no effect.
    """
    for option in scale:
        changed = CHANGES[option]
        if not any(metric in metrics for metric in changed):
            words = f"{', '.join(changed[:-1])} or {changed[-1]}" if changed[1:] else changed[0]
            raise CnncostError(
                f"--{option} changes no figure here", f"it is for a budget of {words}"
            )


def compose_check_command(
    path: str, budgets: Mapping[str, str], scale: MeasureScale, device: str = ""
) -> str:
    """Write the command line that checks a written file against budgets at this scale, on the
    device if one limits time."""
    from shlex import join

    words = ["cnncost", "check", "FILE" if path == "-" else path]
    for metric, amount in budgets.items():
        words += ["--budget", f"{metric}={amount}"]
    words += ["--device", device] if device else []
    for option, value in scale.items():
        words += [f"--{option}", str(value)]
    return join(words)
